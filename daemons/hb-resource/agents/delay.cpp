// Delay: waits. An operation that ends before its wait is over has failed, as everywhere.
#include <time.h>

#include <cerrno>
#include <cstdlib>

#include "daemons/hb-resource/agents/marker.hpp"

namespace hb::agent {
namespace {

constexpr std::string_view kType = "Delay";

void wait(const std::string& seconds) {
    const double given = std::strtod(seconds.c_str(), nullptr);
    timespec left{};
    left.tv_sec = static_cast<time_t>(given);
    left.tv_nsec = static_cast<long>((given - static_cast<double>(left.tv_sec)) * 1e9);
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

Answer start(const Call& call) {
    const Marker marker(kType, call);
    if (marker.is_set()) return {};
    wait(call["startdelay"]);
    return marker.set();
}

Answer stop(const Call& call) {
    const Marker marker(kType, call);
    if (!marker.is_set()) return {};
    wait(call["stopdelay"]);
    return marker.clear();
}

Answer monitor(const Call& call) {
    wait(call["mondelay"]);
    if (Marker(kType, call).is_set()) return {};
    return {Code::kNotRunning, {}};
}

}  // namespace

Agent delay_agent() {
    return {.type = kType, .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
