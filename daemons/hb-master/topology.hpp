// Who talks to whom: the table from which hb-master makes the channels. Nobody else can make one,
// so this is all the traffic there is between processes of a host.
#pragma once

#include <array>
#include <vector>

#include "common/base/ipc/program.hpp"

namespace hb::master {

using ipc::Program;

struct Link {
    Program a{};
    Program b{};
};

inline constexpr std::array kLinks = {
    Link{Program::kComm, Program::kMembership},      // frames, links; what we publish
    Link{Program::kComm, Program::kResource},        // claims and probes; acknowledgements
    Link{Program::kMembership, Program::kResource},  // views, peers' state; reports and tables
    Link{Program::kMembership, Program::kIpfail},    // ping nodes
    Link{Program::kResource, Program::kFence},       // who has to be off
};

// The suite's daemons in the order of their start; they end in the reverse order.
inline constexpr std::array kStartOrder = {Program::kComm, Program::kMembership, Program::kIpfail,
                                           Program::kFence, Program::kResource};

[[nodiscard]] constexpr bool are_neighbours(Program x, Program y) {
    for (const Link& link : kLinks)
        if ((link.a == x && link.b == y) || (link.a == y && link.b == x)) return true;
    return false;
}

}  // namespace hb::master
