#include "daemons/skeleton/privilege_table.hpp"

#include <linux/capability.h>

#include <algorithm>

#include "common/base/assert.hpp"

namespace hb::skeleton {

using ipc::Program;
using runtime::SyscallProfile;

runtime::PrivilegePlan privileges_of(Program program, const runtime::Identity& unprivileged) {
    switch (program) {
        case Program::kComm:
            return {.identity = unprivileged,
                    .capabilities = {CAP_NET_RAW, CAP_NET_BIND_SERVICE},
                    .profile = SyscallProfile::kNetwork};
        case Program::kMembership:
        case Program::kIpfail:
            return {.identity = unprivileged, .profile = SyscallProfile::kChannels};
        case Program::kFence:
            return {.identity = unprivileged};
        case Program::kResource:
            return {.capabilities = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN, CAP_KILL},
                    .keep_bounding_set = true,
                    .no_new_privileges = false};
        case Program::kMaster:
            break;
    }
    HB_UNREACHABLE();
}

int realtime_priority(Program program, int least) {
    if (least == 0) return 0;
    switch (program) {
        case Program::kComm:
            return std::min(least + 2, 99);
        case Program::kMembership:
            return std::min(least + 1, 99);
        case Program::kResource:
            return least;
        case Program::kIpfail:
        case Program::kFence:
        case Program::kMaster:
            return 0;
    }
    HB_UNREACHABLE();
}

}  // namespace hb::skeleton
