#include "daemons/hb-ipfail/ipfail_daemon.hpp"

#include <utility>

#include "common/runtime/system_clock.hpp"
#include "proto/codec_membership_ipfail.hpp"

namespace hb::ipfail {
namespace {

IpfailSettings core_settings(const ipc::Setup& setup) {
    IpfailSettings s{.self = setup.self,
                     .node_names = setup.settings.nodes,
                     .ping_nodes = {},
                     .deadping = setup.settings.deadping};
    for (const config::PingNode& ping : setup.settings.pings)
        s.ping_nodes.push_back(ping.name);
    return s;
}

}  // namespace

IpfailDaemon::IpfailDaemon(skeleton::Host& host, const ipc::Setup& setup)
    : host_(host),
      core_(core_settings(setup)),
      timer_(host.loop(), [this]() noexcept { deadline(); }) {}

void IpfailDaemon::on_neighbour(ipc::Program neighbour) noexcept {
    if (neighbour == ipc::Program::kMembership) give(MembershipHere{});
}

void IpfailDaemon::on_message(ipc::Program from, std::string_view bytes) noexcept {
    if (from != ipc::Program::kMembership) return host_.fault(from, "no message is expected of it");
    const auto message = proto::decode_membership_to_ipfail(bytes);
    if (!message) return host_.fault(from, message.error().text);
    std::visit([this](const auto& m) { give(m); }, *message);
}

void IpfailDaemon::on_neighbour_gone(ipc::Program) noexcept {}

void IpfailDaemon::on_gap(Duration) noexcept {}  // what it says is about others, and stands

void IpfailDaemon::give(const IpfailInput& input) {
    core_.handle(input, runtime::now(), actions_);
    carry_out();
}

void IpfailDaemon::deadline() noexcept {
    core_.on_deadline(runtime::now(), actions_);
    carry_out();
}

void IpfailDaemon::carry_out() {
    for (const IpfailAction& action : std::exchange(actions_, {})) {
        if (const auto* event = std::get_if<Event>(&action))
            host_.log().log(*event);
        else
            host_.send(
                ipc::Program::kMembership,
                proto::encode(ipc::IpfailToMembership(std::get<ipc::IpfailPublish>(action))));
    }
    timer_.arm(core_.next_deadline());
}

}  // namespace hb::ipfail
