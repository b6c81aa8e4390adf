// A serial line: a link to one other node, which carries bytes and is slow.
//
// What leaves is cut to the line (slow_frames.hpp) and paced to its rate, so that nothing waits in
// the kernel: a frame is made when the one before it has left, of the newest state. What comes is
// taken apart by common/wire/line_framing. The line is opened by hb-master, and asked for again
// when it is lost (a USB adapter that was unplugged, a hangup) or when somebody else changed its
// settings.
//
// Owns the descriptor. Never blocks. Noise, echoes, lost datagrams and a line that takes nothing
// are counted and logged at a bounded rate; none of them stops it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/log/logger.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/unique_fd.hpp"
#include "common/wire/line_framing.hpp"
#include "daemons/hb-comm/slow_frames.hpp"

namespace hb::comm {

struct SerialLine {
    LinkId link{};
    std::string device;
    unsigned baud = 19200;
    Duration keepalive{};
    Duration deadtime{};
};

struct SerialContext {
    runtime::EventLoop& loop;
    log::Logger& log;
    std::function<void(const std::string& device)> ask_for;  // hb-master answers with opened()
    std::function<void(LinkId, bool)> on_carrier;            // it is open, or lost
    std::function<void(LinkId, std::string_view)> on_datagram;
    std::function<Result<std::vector<std::string>>(const FrameHeader&, const FrameBody&)> seal;
    // There is time on the line, and more of a topic to send.
    std::function<void()> on_room;
};

class SerialMedium {
  public:
    SerialMedium(SerialContext context, SerialLine line);
    ~SerialMedium();
    SerialMedium(const SerialMedium&) = delete;
    SerialMedium& operator=(const SerialMedium&) = delete;

    void ask() { context_.ask_for(line_.device); }
    // The answer: the line, or why there is none.
    void opened(runtime::UniqueFd fd, const std::string& problem);
    void send(const FrameHeader& header, const FrameBody& body);
    // Everything that waits to be read, up to a bound.
    void drain();
    // A frame of our own came back.
    void echoed();

    void set_times(Duration keepalive, Duration deadtime) {
        line_.keepalive = keepalive;
        line_.deadtime = deadtime;
    }
    [[nodiscard]] const SerialLine& line() const { return line_; }

  private:
    void pump();
    void make_frame(MonoTime now);
    void write_some();
    bool read_some();
    void count_faults();
    void check_settings();
    void lost(const std::string& why);
    void complain(Level level, const char* id, std::string_view key, const std::string& text);
    void look() noexcept;

    SerialContext context_;
    SerialLine line_;
    runtime::UniqueFd fd_;
    SlowFrames frames_;
    wire::LineDecoder decoder_;
    wire::LineCounts told_;
    std::string unwritten_;
    MonoTime stuck_since_ = kNever;
    MonoTime free_at_{};  // when what was written has left
    std::uint8_t counter_ = wire::kFirstCounter;
    log::RateLimiter complaints_;
    log::RateLimiter rare_complaints_;
    runtime::FdEvent event_;
    runtime::Timer pacing_;
    runtime::Timer look_;
};

}  // namespace hb::comm
