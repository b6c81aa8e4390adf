// IgnoredAnswers: who answers for an address of ours and is disregarded (gate_ignore), told once
// per address and MAC, again after ten minutes. Bounded: who is asked for what is ours to choose.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "common/base/event.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

class IgnoredAnswers {
  public:
    static constexpr Duration kAgain = 10min;
    static constexpr std::size_t kMost = 4096;

    // What is to be said of it now.
    [[nodiscard]] std::optional<Event> note(const PlacedAddress& where, const MacAddress& by,
                                            MonoTime now);

  private:
    std::map<std::pair<PlacedAddress, MacAddress>, MonoTime> said_;
};

}  // namespace hb::comm
