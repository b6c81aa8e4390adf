// CommDaemon: serial lines.
#include <algorithm>

#include "common/base/ipc/master.hpp"
#include "common/wire/envelope.hpp"
#include "daemons/hb-comm/comm_daemon.hpp"
#include "proto/codec_node.hpp"

namespace hb::comm {

void CommDaemon::make_line(LinkId link, const LinkPlan& plan, const config::Settings& settings) {
    const SerialLine line{.link = link,
                          .device = plan.interface,
                          .baud = plan.baud,
                          .keepalive = settings.keepalive,
                          .deadtime = settings.deadtime};
    lines_[link] = std::make_unique<SerialMedium>(
        SerialContext{
            .loop = host_.loop(),
            .log = host_.log(),
            .ask_for =
                [this](const std::string& device) { host_.tell_master(ipc::OpenLine{device}); },
            .on_carrier =
                [this, device = plan.interface](LinkId, bool carrier) {
                    feed(CarrierChanged{device, carrier});
                },
            .on_datagram = [this](LinkId by,
                                  std::string_view bytes) { datagram(by, bytes, std::nullopt); },
            .seal =
                [this](const FrameHeader& header, const FrameBody& body) {
                    return wire::seal(header, proto::encode(body), keys_);
                },
            .on_room = [this] { feed(LinkHasRoom{}); }},
        line);
}

void CommDaemon::on_line(const std::string& device, runtime::UniqueFd fd,
                         const std::string& problem) noexcept {
    for (const auto& [link, line] : lines_)
        if (line->line().device == device) return line->opened(std::move(fd), problem);
}

}  // namespace hb::comm
