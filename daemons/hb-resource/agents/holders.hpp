// Who keeps a file system busy: processes with something open, mapped, or as their directory on it,
// and what the kernel itself has there (swap, loop devices).
//
// The walk through /proc is made by a child that is given up when it takes too long: one process
// with a file on a dead server must not hide all the others. Never names this process, its
// ancestors (whoever called us) or process 1.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/time.hpp"

namespace hb::agent {

struct Holder {
    pid_t pid = 0;
    std::string command;
    std::string user;
    std::string how;  // "/srv/data/log", "its directory is /srv", "maps /srv/lib.so"
    bool operator==(const Holder&) const = default;
};

struct Place {
    std::vector<std::string> directories;  // mount points, as this mount namespace has them
    std::uint64_t device = 0;              // st_dev of a local file system; 0: ask it nothing
};

[[nodiscard]] std::vector<Holder> find_holders(const Place& place, Duration patience);

// "swap file /srv/swap"
[[nodiscard]] std::vector<std::string> find_kernel_holders(const Place& place);

// Processes in other mount namespaces where the device is still mounted, one for each, and where.
[[nodiscard]] std::vector<Holder> find_namespaces(std::uint64_t device, Duration patience);

// "postgres (pid 812, user postgres: /srv/data/base), ..."
[[nodiscard]] std::string describe(const std::vector<Holder>& holders);

}  // namespace hb::agent
