// SendArp: announces an address on an interface that need not have it.
#include <fmt/format.h>

#include "common/config/address_spec.hpp"
#include "daemons/hb-resource/agents/announcing.hpp"
#include "daemons/hb-resource/agents/local_addresses.hpp"
#include "daemons/hb-resource/agents/marker.hpp"

namespace hb::agent {
namespace {

constexpr std::string_view kType = "SendArp";

Result<resource::Announce> announcement(const Call& call) {
    const auto here = LocalAddresses::open(call.deadline);
    if (!here) return std::unexpected(here.error());
    const std::string& nic = call["nic"];
    const std::string device = nic.substr(0, nic.find(':'));
    const resource::KernelLink* const link = (*here)->kernel().link(device);
    if (link == nullptr) return failure(fmt::format("{}: no such device", device));
    if (!link->up) return failure(fmt::format("{} is down", device));
    if (!link->can_arp) return failure(fmt::format("{} knows no ARP", device));
    const IpAddress address = *IpAddress::parse(call["ip"]);
    if ((*here)->kernel().find(address).empty())
        say(fmt::format("{} is announced, and this host does not have it", call["ip"]));
    return resource::Announce{address, link->index, link->mac};
}

Answer start(const Call& call) {
    const Marker marker(kType, call);
    if (marker.is_set()) return {};
    const auto what = announcement(call);
    if (!what) return {Code::kGenericError, what.error().text};
    const Answer announced = call.yes("background") ? Announcing(kType, call).begin({*what})
                                                    : announce_to_the_end({*what});
    if (announced.code != Code::kSuccess) return announced;
    say(fmt::format("announcing {} on {} at {}", call["ip"], call["nic"], what->mac.to_string()));
    return marker.set();
}

Answer stop(const Call& call) {
    const Answer ended = Announcing(kType, call).end();
    return ended.code == Code::kSuccess ? Marker(kType, call).clear() : ended;
}

Answer monitor(const Call& call) {
    if (Marker(kType, call).is_set()) return {};
    return {Code::kNotRunning, {}};
}

}  // namespace

Agent send_arp_agent() {
    return {.type = kType, .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
