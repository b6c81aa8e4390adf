// CommDaemon: a reload of the configuration.
#include <fmt/format.h>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-comm/comm_daemon.hpp"

namespace hb::comm {

namespace {

Result<wire::KeyRing> ring_of(config::AuthKeys keys) {
    return wire::KeyRing::make(keys);  // it wipes what it is given
}

}  // namespace

std::string CommDaemon::prepare_settings(const ipc::Setup& fresh) noexcept {
    if (!fresh.keys) return "no keys";
    const auto ring = ring_of(*fresh.keys);
    return ring ? std::string() : fmt::format("authkeys: {}", ring.error().text);
}

void CommDaemon::adopt_settings(const ipc::Setup& before) noexcept {
    const config::Settings& s = setup_.settings;
    if (setup_.keys) {
        if (auto ring = ring_of(*setup_.keys)) {
            keys_ = std::move(*ring);
            host_.log().log(Level::kInfo, "keys-read",
                            fmt::format("Authentication keys read again: signing with key {} ({})",
                                        keys_.signing_index(),
                                        wire::to_string(*keys_.method(keys_.signing_index()))));
        } else {
            host_.log().log(Level::kError, "keys-refused",
                            fmt::format("authkeys: {}; the keys in use stay", ring.error().text));
        }
    }
    if (s.keepalive != before.settings.keepalive || s.deadtime != before.settings.deadtime)
        for (const auto& [link, line] : lines_)
            line->set_times(s.keepalive, s.deadtime);
    feed(NewTimings{.keepalive = s.keepalive,
                    .deadtime = s.deadtime,
                    .warntime = s.warntime,
                    .deadping = s.deadping,
                    .gate_ignore = {s.gate_ignore.begin(), s.gate_ignore.end()}});
}

}  // namespace hb::comm
