// Privileges: what a daemon keeps, dropped once, verified afterwards by looking, not by believing.
//
// Order in a process: apply_realtime(), then drop_privileges(); both before the first byte from
// anybody is parsed. Errors are for start-up: whoever gets one refuses to run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/child_process.hpp"

namespace hb::runtime {

// Which system calls a process may use (an allow-list; all others kill the process).
enum class SyscallProfile : std::uint8_t {
    kNone,      // no filter: hb-master, hb-resource (their agents are arbitrary programs that
                // would inherit it)
    kChannels,  // reads and writes what it was given; journal: hb-membership, hb-ipfail
    kNetwork,   // and sockets, packet sockets, netlink: hb-comm
};

struct PrivilegePlan {
    Identity identity;              // uid 0: stays root
    std::vector<int> capabilities;  // CAP_*: permitted and effective; nothing else is kept
    // Also what a program that we exec may get back (it must stay whole for agents run as root).
    bool keep_bounding_set = false;
    bool no_new_privileges = true;
    SyscallProfile profile = SyscallProfile::kNone;
    bool explain_denied = false;  // debug: name the refused system call on stderr, then die
};

// Drops, then verifies (below), then loads the system call filter and asks the kernel whether it is
// there.
[[nodiscard]] Result<void> drop_privileges(const PrivilegePlan& plan);

// Reads /proc/self/status back and tries to become root again.
[[nodiscard]] Result<void> verify_privileges(const PrivilegePlan& plan);

// The comparison behind it, as a function of the text of /proc/self/status.
[[nodiscard]] Result<void> check_status_text(std::string_view status, const PrivilegePlan& plan);

// Loads the filter of a profile; for drop_privileges(). Irrevocable, inherited by children.
[[nodiscard]] Result<void> load_syscall_filter(SyscallProfile profile, bool explain_denied);

// SCHED_RR (not inherited by children) and locked memory. Returns what could not be had, one
// sentence part each ("memory is not locked: ..."); empty: all well. Containers often refuse.
[[nodiscard]] std::vector<std::string> apply_realtime(int priority);
// Locked memory alone; empty: done.
[[nodiscard]] std::string lock_memory();

}  // namespace hb::runtime
