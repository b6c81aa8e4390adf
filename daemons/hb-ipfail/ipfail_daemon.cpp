#include "daemons/hb-ipfail/ipfail_daemon.hpp"

#include "proto/codec_membership_ipfail.hpp"

namespace hb::ipfail {

IpfailDaemon::IpfailDaemon(skeleton::Host& host) : host_(host) {
    host_.log().log(Level::kInfo, "ipfail-idle",
                    "ping nodes are not yet in effect: hb-ipfail has no opinion and moves nothing");
}

void IpfailDaemon::on_neighbour(ipc::Program) noexcept {}

void IpfailDaemon::on_message(ipc::Program from, std::string_view bytes) noexcept {
    if (from != ipc::Program::kMembership) return host_.fault(from, "no message is expected of it");
    if (const auto message = proto::decode_membership_to_ipfail(bytes); !message)
        host_.fault(from, message.error().text);
}

void IpfailDaemon::on_neighbour_gone(ipc::Program) noexcept {}

void IpfailDaemon::on_gap(Duration) noexcept {}  // nothing here depends on time

}  // namespace hb::ipfail
