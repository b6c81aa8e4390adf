// What all nodes see below /media: a memory file system in a mount namespace of its own.
//
//   /media/build        the build directory, readable for every user of a node wherever it is
//   /media/libexec      links to the daemons of the build
//   /media/bin          links to its tools
//   /media/node1 ...    the disks
//
// Nothing of it can be seen from the machine's own namespace, and it goes when the descriptors
// below go, however the lab's process ends. A node's disk outlives the node (a power-off keeps it).
#pragma once

#include <string>

#include "tests/lab/os.hpp"

namespace hb::lab {

class Vault {
  public:
    explicit Vault(const std::string& build_directory);

    // The mount namespace in which it is mounted, at mount_point().
    [[nodiscard]] int mount_namespace() const { return mount_namespace_.get(); }
    [[nodiscard]] static const char* mount_point() { return "/media"; }

    // Path of a file in the vault that this process can open, from its own mount namespace.
    [[nodiscard]] std::string path(const std::string& inside) const;

    // Creates the directory and what is missing above it.
    void make_directory(const std::string& inside) const;

  private:
    void link_programs(const std::string& build_directory) const;

    Fd mount_namespace_;
    Fd root_;
};

}  // namespace hb::lab
