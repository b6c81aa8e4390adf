// A simulated serial line, at one end: what of the frames leaves, and when, as SerialMedium does
// it.
#pragma once

#include <optional>

#include "common/base/line_budget.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/line_framing.hpp"
#include "daemons/hb-comm/slow_frames.hpp"
#include "proto/codec_node.hpp"

namespace hb::sim {

class SlowLink {
  public:
    SlowLink(unsigned baud, Duration keepalive, Duration deadtime)
        : baud_(baud), keepalive_(keepalive), deadtime_(deadtime), frames_(keepalive) {}

    struct Leaving {
        comm::SlowFrame frame;
        Duration takes{};
    };
    void offer(const FrameHeader& header, const FrameBody& body, MonoTime now) {
        frames_.offer(header, body, now);
        asked_ = false;
    }
    [[nodiscard]] std::optional<Leaving> take(MonoTime now) {
        if (now < free_at_ || !frames_.waits()) return std::nullopt;
        const std::size_t envelope = wire::kHeaderBytes + wire::kMaxTagBytes;
        const std::size_t head =
            envelope + proto::encode(FrameBody{*frames_.head(), {}, {}}).size();
        const std::size_t room = line_room(keepalive_, deadtime_, head, baud_);
        auto frame = frames_.take(room, now);
        const std::size_t bytes = envelope + proto::encode(frame->body).size();
        const Duration takes = line_time(bytes + wire::line_overhead(bytes), baud_);
        free_at_ = now + takes;
        return Leaving{std::move(*frame), takes};
    }
    // It is free, and more of a topic waits: the core is asked once for another frame.
    [[nodiscard]] bool asks(MonoTime now) {
        if (asked_ || now < free_at_ || frames_.waits() || !frames_.more()) return false;
        asked_ = true;
        return true;
    }
    [[nodiscard]] MonoTime next_deadline() const {
        return frames_.waits() || (frames_.more() && !asked_) ? free_at_ : kForever;
    }

  private:
    unsigned baud_;
    Duration keepalive_;
    Duration deadtime_;
    comm::SlowFrames frames_;
    MonoTime free_at_{};
    bool asked_ = false;
};

}  // namespace hb::sim
