// The privileges of every daemon, on one page. hb-master keeps what it was started with: it starts
// the others.
//
//   program        user       capabilities                      system calls
//   hb-comm        hacluster  NET_RAW NET_BIND_SERVICE          sockets, a resolver, reading files
//   hb-membership  hacluster  none                              its channels, no file
//   hb-ipfail      hacluster  none                              its channels, no file
//   hb-fence       hacluster  none                              unfiltered
//   hb-resource    root       NET_ADMIN NET_RAW SYS_ADMIN KILL  unfiltered
//
// hb-resource starts agents. They, and the services they start, would inherit a filter and
// no_new_privs for ever; so it has neither, and its bounding set stays for them. hb-fence starts
// fence agents, which are programs of all kinds that speak to networks: they inherit its user, its
// empty bounding set and no_new_privs, but no filter.
#pragma once

#include "common/base/ipc/program.hpp"
#include "common/runtime/privileges.hpp"

namespace hb::skeleton {

// `unprivileged`: uid and gid of hacluster, for those that are not root.
[[nodiscard]] runtime::PrivilegePlan privileges_of(ipc::Program program,
                                                   const runtime::Identity& unprivileged);

// hb-comm and those that start or decide must not wait for memory or for other processes.
// `least`: of all daemons', 1 to 99; 0: none. Returns 0 for no priority. Otherwise the higher goes
// first: a heartbeat never waits for the time slice of somebody who works on two hundred groups.
[[nodiscard]] int realtime_priority(ipc::Program program, int least);

}  // namespace hb::skeleton
