#include "tests/lab/log_book.hpp"

#include <fmt/format.h>

namespace hb::lab {

void LogBook::write(std::string source, std::string text) {
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back({LabClock::now(), std::move(source), std::move(text)});
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
