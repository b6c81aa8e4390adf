#include "daemons/hb-notify/line_queue.hpp"

#include <algorithm>

namespace hb::notify {

bool LineQueue::push(std::string line) {
    lines_.push_back(std::move(line) + '\n');
    std::size_t at = 0;  // the first line of which nothing was written
    for (std::size_t bytes = 0; bytes < written_; ++at)
        bytes += lines_[at].size();
    if (lines_.size() - at <= most_) return true;
    if (lost_ != 0 && lost_at_ == at) {
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        ++lost_;
    } else {
        // An earlier loss, if any, was told already. Its place becomes that of the line that tells.
        lost_ = 1;
        lost_at_ = at;
    }
    lines_[at] = lost_line_(lost_) + '\n';
    return false;
}

std::string_view LineQueue::next() const {
    std::size_t skip = written_;
    for (const std::string& line : lines_) {
        if (skip < line.size()) return std::string_view(line).substr(skip);
        skip -= line.size();
    }
    return {};
}

void LineQueue::written(std::size_t bytes) {
    written_ += bytes;
}

void LineQueue::unread(std::size_t bytes) {
    std::size_t read = written_ - std::min(bytes, written_);
    while (!lines_.empty() && lines_.front().size() <= read) {
        read -= lines_.front().size();
        written_ -= lines_.front().size();
        lines_.pop_front();
        ++delivered_;
        if (lost_ == 0) continue;
        if (lost_at_ == 0) lost_ = 0;
        if (lost_at_ > 0) --lost_at_;
    }
}

}  // namespace hb::notify
