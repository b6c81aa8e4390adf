// LineQueue: lines that a program is to read, in order, none without bound.
//
// A line counts as delivered when the program has read it: what is still in the pipe when it ends
// is given to the next one, from the beginning of the line. When more than `most` wait to be
// written, the oldest of them is dropped, and how many were is told in their place.
//
// Pure: it writes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace hb::notify {

class LineQueue {
  public:
    // Makes the line that says how many were lost, without its end.
    using LostLine = std::function<std::string(std::uint64_t lost)>;
    LineQueue(std::size_t most, LostLine lost_line)
        : most_(most), lost_line_(std::move(lost_line)) {}

    // Without its end. False: an older one was dropped for it.
    bool push(std::string line);
    // What is to be written next; empty: nothing.
    [[nodiscard]] std::string_view next() const;
    void written(std::size_t bytes);
    // So many of the bytes written are not read yet.
    void unread(std::size_t bytes);
    // The program is gone, and what it did not read with it.
    void start_again() { written_ = 0; }

    [[nodiscard]] bool empty() const { return lines_.empty(); }
    [[nodiscard]] std::size_t size() const { return lines_.size(); }
    // Ever read by a program.
    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

  private:
    std::size_t most_;
    LostLine lost_line_;
    std::deque<std::string> lines_;  // each with its end
    std::size_t written_ = 0;        // bytes, from the first line on
    std::uint64_t lost_ = 0;         // told by lines_[lost_at_], if not 0
    std::size_t lost_at_ = 0;
    std::uint64_t delivered_ = 0;
};

}  // namespace hb::notify
