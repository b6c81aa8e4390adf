// What is mounted, as the kernel says it: /proc/self/mountinfo, read by libmount. Nothing here
// touches a mounted file system, so a dead NFS server hangs nobody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace hb::agent {

struct MountEntry {
    int id = 0;
    int parent = 0;
    std::uint64_t device = 0;  // st_dev of what is on it
    std::string root;          // the part of the file system that is mounted: "/", "/sub"
    std::string target;
    std::string fstype;
    std::string source;               // "/dev/sdb1", "host:/path", "tmpfs"
    std::string mount_options;        // of this mount: "rw,relatime"
    std::string super_options;        // of the file system, all its mounts: "rw,errors=remount-ro"
    std::uint64_t source_device = 0;  // of a source that is a block device: its own number
    std::string image;                // of a loop device: the file behind it
    bool operator==(const MountEntry&) const = default;
};
using MountTable = std::vector<MountEntry>;  // in the order in which they were mounted

// pid 0: of this process's mount namespace.
[[nodiscard]] Result<MountTable> read_mount_table(int pid = 0);

// The one that is seen there: the latest. Null: nothing is mounted there.
[[nodiscard]] const MountEntry* find_mount(const MountTable& table, std::string_view target);

}  // namespace hb::agent
