#include "daemons/hb-comm/serial_medium.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/limits.hpp"
#include "common/base/line_budget.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/wire/envelope.hpp"
#include "proto/codec_node.hpp"

namespace hb::comm {

using runtime::Interest;

namespace {

constexpr Duration kOpenAgain = 1s;
// Between two looks at the line's settings.
constexpr Duration kLook = 1s;
// A line takes what it is given, whoever listens; one that does not is not there.
constexpr Duration kTakesNothing = 1s;
constexpr Duration kHourly = 3600s;
constexpr std::size_t kReadsAtOnce = 8;

}  // namespace

SerialMedium::SerialMedium(SerialContext context, SerialLine line)
    : context_(std::move(context)),
      line_(std::move(line)),
      frames_(line_.keepalive),
      rare_complaints_(kHourly),
      event_(context_.loop,
             [this](runtime::Readiness ready) noexcept {
                 if (ready.writable) pump();
                 if (ready.readable) drain();
             }),
      pacing_(context_.loop, [this]() noexcept { pump(); }),
      look_(context_.loop, [this]() noexcept { look(); }) {}

SerialMedium::~SerialMedium() {
    event_.cancel();
}

void SerialMedium::complain(Level level, const char* id, std::string_view key,
                            const std::string& text) {
    if (const auto more = complaints_.allow(key, runtime::now()))
        context_.log.log(level, id, text + log::more_suffix(*more), {{"HB_LINK", line_.device}});
}

void SerialMedium::opened(runtime::UniqueFd fd, const std::string& problem) {
    if (!problem.empty()) {
        complain(Level::kError, "medium-open-failed", "open " + problem,
                 fmt::format("Unable to open serial {}: {}", line_.device, problem));
        return look_.arm(runtime::now() + kOpenAgain);
    }
    fd_ = std::move(fd);
    decoder_.restart();
    frames_.restart();
    counter_ = wire::kFirstCounter;
    unwritten_.clear();
    stuck_since_ = kNever;
    context_.log.log(
        Level::kInfo, "medium-started",
        fmt::format("Starting serial heartbeat on tty {} ({} baud)", line_.device, line_.baud),
        {{"HB_LINK", line_.device}});
    event_.watch(fd_.get(), Interest::kRead);
    look_.arm(runtime::now() + kLook);
    context_.on_carrier(line_.link, true);
}

void SerialMedium::lost(const std::string& why) {
    if (!fd_) return;
    complain(Level::kWarn, "serial-lost", "lost",
             fmt::format("serial {} is lost: {}; waiting for it", line_.device, why));
    event_.cancel();
    pacing_.disarm();
    fd_.reset();
    unwritten_.clear();
    frames_.restart();
    look_.arm(runtime::now() + kOpenAgain);
    context_.on_carrier(line_.link, false);
}

void SerialMedium::look() noexcept {
    if (!fd_) return ask();
    look_.arm(runtime::now() + kLook);
    check_settings();
}

// A getty sets a line to talk to people: then nothing of ours gets through unchanged.
void SerialMedium::check_settings() {
    termios now{};
    if (::tcgetattr(fd_.get(), &now) != 0) return lost(std::strerror(errno));
    const bool raw = (now.c_lflag & (ICANON | ECHO | ISIG)) == 0 && (now.c_oflag & OPOST) == 0 &&
                     (now.c_iflag & (IXON | ICRNL | ISTRIP)) == 0;
    if (!raw) lost("another program changed its settings (a getty?)");
}

// ---- out

void SerialMedium::send(const FrameHeader& header, const FrameBody& body) {
    if (!fd_) return;
    frames_.offer(header, body, runtime::now());
    pump();
}

void SerialMedium::pump() {
    if (!fd_) return;
    write_some();
    if (!fd_) return;
    const MonoTime now = runtime::now();
    if (!unwritten_.empty()) return pacing_.arm(now + kTakesNothing);
    if (now < free_at_) return pacing_.arm(free_at_);
    if (frames_.waits()) {
        make_frame(now);
        write_some();
        if (fd_) pacing_.arm(unwritten_.empty() ? free_at_ : now + kTakesNothing);
    } else if (frames_.more()) {
        context_.on_room();
    }
}

void SerialMedium::make_frame(MonoTime now) {
    const std::size_t head = proto::encode(FrameBody{*frames_.head(), {}, {}}).size();
    const std::size_t heartbeat = wire::kHeaderBytes + wire::kNonceBytes + wire::kMaxTagBytes +
                                  head + wire::line_overhead(wire::kHeaderBytes + head);
    std::size_t room = line_room(line_.keepalive, line_.deadtime, heartbeat, line_.baud);
    // One datagram, as long as the head of many nodes leaves room for that.
    if (head + kLineRoom <= limits::kPartBytes) room = std::min(room, limits::kPartBytes - head);
    const auto frame = frames_.take(room, now);
    const auto sealed = context_.seal(frame->header, frame->body);
    if (!sealed) return complain(Level::kError, "frame-too-large", "seal", sealed.error().text);
    for (const std::string& datagram : *sealed)
        unwritten_ +=
            wire::to_line(std::exchange(counter_, wire::next_counter(counter_)), datagram);
    free_at_ = now + line_time(unwritten_.size(), line_.baud);
}

void SerialMedium::write_some() {
    while (!unwritten_.empty()) {
        const ssize_t n = ::write(fd_.get(), unwritten_.data(), unwritten_.size());
        if (n > 0) {
            unwritten_.erase(0, static_cast<std::size_t>(n));
            stuck_since_ = kNever;
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) return lost(std::strerror(errno));
        const MonoTime now = runtime::now();
        if (stuck_since_ == kNever) stuck_since_ = now;
        if (now - stuck_since_ < kTakesNothing) return event_.watch(fd_.get(), Interest::kBoth);
        // What is left is a stump of an old frame; the next one begins with a boundary.
        unwritten_.clear();
        stuck_since_ = kNever;
        if (const auto more = rare_complaints_.allow("stuck", now))
            context_.log.log(Level::kWarn, "serial-stuck",
                             fmt::format("TTY write timeout on [{}] (no connection?){}",
                                         line_.device, log::more_suffix(*more, kHourly)),
                             {{"HB_LINK", line_.device}});
    }
    event_.watch(fd_.get(), Interest::kRead);
}

// ---- in

bool SerialMedium::read_some() {
    if (!fd_) return false;
    std::array<char, 4096> buffer;
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
        if (n == 0) check_settings();  // a terminal ends at a character
        if (fd_) lost(n == 0 ? "it was hung up" : std::strerror(errno));
        return false;
    }
    decoder_.feed({buffer.data(), static_cast<std::size_t>(n)}, [this](std::string_view datagram) {
        context_.on_datagram(line_.link, datagram);
    });
    count_faults();
    return static_cast<std::size_t>(n) == buffer.size();
}

void SerialMedium::drain() {
    for (std::size_t i = 0; i < kReadsAtOnce && read_some(); ++i) {
    }
}

void SerialMedium::count_faults() {
    const wire::LineCounts counts = decoder_.counts();
    if (counts.garbled != told_.garbled) {
        complain(Level::kWarn, "serial-garbled", "garbled",
                 fmt::format("serial {}: what comes is garbled ({} good and {} bad pieces so far): "
                             "noise, a bad cable, a getty at the other end, or another rate there "
                             "(ours is {} baud)",
                             line_.device, counts.good, counts.garbled, line_.baud));
        if (fd_) check_settings();
    } else if (counts.lost != told_.lost) {
        complain(Level::kWarn, "serial-losses", "lost frames",
                 fmt::format("serial {}: frames were lost on the line ({} of {} so far)",
                             line_.device, counts.lost, counts.good + counts.lost));
    }
    told_ = counts;
}

void SerialMedium::echoed() {
    complain(Level::kWarn, "serial-echo", "echo",
             fmt::format("serial {}: our own frames come back: a loopback plug, or a terminal that "
                         "echoes (a getty at the other end?)",
                         line_.device));
}

}  // namespace hb::comm
