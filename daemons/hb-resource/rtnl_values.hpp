// Between libnl's objects and our plain values. The netlink socket's other half: no I/O.
#pragma once

#include <memory>
#include <vector>

#include "common/base/result.hpp"
#include "daemons/hb-resource/address_agent.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

struct nl_msg;

namespace hb::resource {

struct FreeMessage {
    void operator()(nl_msg* message) const;
};
using NetlinkMessage = std::unique_ptr<nl_msg, FreeMessage>;

// What a message of the kernel says: nothing, one thing, or (a route with several next hops) more.
// What we do not keep (other tables, bridge ports) and what does not parse says nothing.
[[nodiscard]] std::vector<KernelUpdate> updates_of(nl_msg* message);

// The message that carries out a request, numbered with it and asking for an answer.
[[nodiscard]] Result<NetlinkMessage> message_of(const AddressRequest& request);

}  // namespace hb::resource
