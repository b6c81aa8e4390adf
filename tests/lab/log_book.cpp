#include "tests/lab/log_book.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace hb::lab {

namespace {

// "12:34:56.123456 hb-comm[7]: ...": the daemons say when they said it, by the clock that all of us
// share; when we come to read it depends on the load. Takes the time off the line.
LabTime take_time(std::string& text) {
    using namespace std::chrono;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned micros = 0;
    int length = 0;
    const LabTime read_at = LabClock::now();
    if (std::sscanf(text.c_str(), "%2u:%2u:%2u.%6u %n", &hour, &minute, &second, &micros,
                    &length) != 4 ||
        length != 16)
        return read_at;
    timespec now{};
    tm local{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    ::localtime_r(&now.tv_sec, &local);
    const auto of_day = [](auto h, auto m, auto s) { return hours(h) + minutes(m) + seconds(s); };
    const Duration said = of_day(hour, minute, second) + microseconds(micros);
    Duration age =
        of_day(local.tm_hour, local.tm_min, local.tm_sec) + nanoseconds(now.tv_nsec) - said;
    if (age < -12h) age += 24h;  // midnight between the two
    text.erase(0, static_cast<std::size_t>(length));
    return age >= Duration::zero() && age < 1h ? read_at - age : read_at;
}

}  // namespace

void LogBook::write(std::string source, std::string text) {
    const LabTime at = take_time(text);
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back({at, std::move(source), std::move(text)});
        if (follower_) follower_(lines_.back());
    }
    wakeup_.ring();
}

std::size_t LogBook::mark() const {
    const std::lock_guard lock(mutex_);
    return lines_.size();
}

std::optional<LogLine> LogBook::find(const std::string& source, const std::string& text,
                                     std::size_t from) const {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = from; i < lines_.size(); ++i)
        if (lines_[i].source.starts_with(source) && lines_[i].text.find(text) != std::string::npos)
            return lines_[i];
    return std::nullopt;
}

std::size_t LogBook::count(const std::string& source, const std::string& text,
                           std::size_t from) const {
    const std::lock_guard lock(mutex_);
    std::size_t n = 0;
    for (std::size_t i = from; i < lines_.size(); ++i)
        if (lines_[i].source.starts_with(source) && lines_[i].text.find(text) != std::string::npos)
            ++n;
    return n;
}

std::vector<LogLine> LogBook::lines(std::size_t from) const {
    const std::lock_guard lock(mutex_);
    if (from >= lines_.size()) return {};
    return {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.end()};
}

std::string LogBook::text(std::size_t from, std::size_t at_most) const {
    std::vector<LogLine> all = lines(from);
    std::string shown;
    std::size_t first = 0;
    if (all.size() > at_most) {
        first = all.size() - at_most;
        shown = fmt::format("... {} earlier lines left out\n", first);
    }
    for (std::size_t i = first; i < all.size(); ++i)
        shown += fmt::format("{:9.3f} {:<16} {}\n", seconds(all[i].at), all[i].source, all[i].text);
    return shown;
}

void LogBook::follow(std::function<void(const LogLine&)> with) {
    const std::lock_guard lock(mutex_);
    follower_ = std::move(with);
}

}  // namespace hb::lab
