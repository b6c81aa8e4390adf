// Frames that were refused, told at a bounded rate: the first of a kind at once, then once per
// interval how many there were. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

class BadFrames {
  public:
    static constexpr Duration kInterval = 10s;
    // Kinds told apart; a flood with invented sources shares one line.
    static constexpr std::size_t kKinds = 32;

    // `from`: where they come from, for people.
    void add(const std::string& from, const std::string& interface, const std::string& why,
             MonoTime now, std::vector<Event>& out);
    void on_deadline(MonoTime now, std::vector<Event>& out);
    [[nodiscard]] MonoTime next_deadline() const { return next_; }  // kForever: none

  private:
    struct Kind {
        std::string from;  // or "many hosts"
        std::string interface;
        std::string why;
        auto operator<=>(const Kind&) const = default;
    };
    static Event event(const Kind& kind, std::uint64_t count);

    std::map<Kind, std::uint64_t> untold_;  // 0: told, and quiet since
    MonoTime next_ = kForever;
};

}  // namespace hb::comm
