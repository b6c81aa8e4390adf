// A disk with an ext4 file system that all nodes of a lab reach, as on a SAN, and that knows who
// has it mounted.
//
// What is modelled: one file in the lab's memory is the platter. Each node has a loop device of its
// own over it, so its own cache and, when it mounts, its own superblock: what node1 has not written
// node2 does not see, and two nodes that mount it at once destroy it, as two hosts would. Nodes
// call it by one name, device(), a link to the loop device.
//
// A power-off: at the instant at which the node's cables are dead its file system is shut down
// without a flush (the kernel's own "pull the plug" for tests): what was not synchronized is lost,
// the journal is left for the next mount. What the journal had committed may still travel to its
// place on the disk while the node dies; Node::power_off() returns after the last of it. Until then
// the node counts as having it mounted, so a survivor that was quicker would be seen. (On two hosts
// nothing travels any more; but what travels here is what the journal holds too.)
//
// What is not modelled: a disk that loses what it acknowledged, torn sectors, paths that fail, and
// reservations. A mount that is just beginning when the power goes may end as an orderly unmount.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/lab/disk_watch.hpp"
#include "tests/lab/loop_device.hpp"
#include "tests/lab/os.hpp"

namespace hb::lab {

class Lab;
class Node;

class SharedDisk {
  public:
    // Made by Lab::add_shared_disk().
    SharedDisk(Lab& lab, std::string name, std::uint64_t bytes);
    SharedDisk(const SharedDisk&) = delete;
    SharedDisk& operator=(const SharedDisk&) = delete;

    // As the nodes call it.
    [[nodiscard]] std::string device() const { return "/var/lib/lab/" + name_; }
    [[nodiscard]] const DiskWatch& watch() const { return *watch_; }

    // Mounts that nobody saw: the file system counts its mounts, the watch those that it saw.
    [[nodiscard]] long mounts_unseen() const;

    // Called by Node.
    void node_boots(const Node& node);
    void cut(const Node& node);            // its cables are dead, it lives
    void wait_released(const Node& node);  // it is dead

  private:
    Lab& lab_;
    const std::string name_;
    Fd image_;
    std::map<unsigned, std::unique_ptr<LoopDevice>> devices_;
    std::unique_ptr<DiskWatch> watch_;
};

}  // namespace hb::lab
