#include "tests/lab/watchdog_stand_in.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace hb::lab {

WatchdogStandIn::WatchdogStandIn(Lab& lab, unsigned node, Duration timeout)
    : lab_(lab), node_(node), timeout_(timeout), stop_(must(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
    const std::string path = fmt::format("/proc/{}/root{}", lab.node(node).init_pid(), kPath);
    must(::mkfifo(path.c_str(), 0600), path);
    fifo_ = Fd(must(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), path));
    thread_ = std::thread([this] { loop(); });
}

WatchdogStandIn::~WatchdogStandIn() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
}

std::map<std::string, std::string> WatchdogStandIn::environment() {
    return {{"LD_PRELOAD", "/media/build/tests/lab/libwatchdog_shim.so"},
            {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
}

void WatchdogStandIn::take(const char* bytes, std::size_t count) {
    last_was_v_ = bytes[count - 1] == 'V';
    fed_ = LabClock::now();
    if (!armed_.exchange(true))
        lab_.log().write("lab", fmt::format("the watchdog of node{} is armed", node_));
}

void WatchdogStandIn::loop() {
    for (;;) {
        int wait = -1;
        if (armed_ && !expired_) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(fed_ + timeout_ - LabClock::now());
            wait = static_cast<int>(std::clamp<long>(left.count(), 0, 1000));
        }
        pollfd polls[2] = {{fifo_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        if (::poll(polls, 2, wait) < 0) continue;
        if (polls[1].revents != 0) return;
        char buffer[256];
        const ssize_t count =
            polls[0].revents != 0 ? ::read(fifo_.get(), buffer, sizeof buffer) : -1;
        if (count > 0) take(buffer, static_cast<std::size_t>(count));
        // Nobody holds it any more: it runs on, unless that was the magic close.
        if (count == 0 && armed_ && last_was_v_) {
            armed_ = false;
            lab_.log().write("lab", fmt::format("the watchdog of node{} is disarmed", node_));
        }
        if (armed_ && !expired_ && LabClock::now() >= fed_ + timeout_) {
            expired_ = true;
            lab_.log().write("lab", fmt::format("the watchdog of node{} RUNS OFF", node_));
        }
        lab_.wakeup().ring();
        // The end of a FIFO without a writer is reported again and again.
        if (count == 0) std::this_thread::sleep_for(1ms);
    }
}

}  // namespace hb::lab
