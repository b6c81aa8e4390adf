// Where the disks of the nodes are: a memory file system in a mount namespace of its own.
//
// Nothing of it can be seen from the machine's own namespace, and it goes when the descriptors
// below go, however the lab's process ends. A node's disk outlives the node (a power-off keeps it).
#pragma once

#include <string>

#include "tests/lab/os.hpp"

namespace hb::lab {

class Vault {
  public:
    Vault();

    // The mount namespace in which the disks are mounted, below mount_point().
    [[nodiscard]] int mount_namespace() const { return mount_namespace_.get(); }
    [[nodiscard]] static const char* mount_point() { return "/media"; }

    // Path of a file in the vault that this process can open, from its own mount namespace.
    [[nodiscard]] std::string path(const std::string& inside) const;

    // Creates the directory and what is missing above it.
    void make_directory(const std::string& inside) const;

  private:
    Fd mount_namespace_;
    Fd root_;
};

}  // namespace hb::lab
