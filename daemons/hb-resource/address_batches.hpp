// AddressBatches: in which order, and how many at once, requests for addresses leave for the
// kernel. Pure.
//
// One batch is under way, and the next leaves when every request of it is answered: what came of
// the first addresses is told and announced while the others still wait. The kernel needs about a
// millisecond for kBatch of them, and that long this process does nothing else.
//
// What is given up does not wait for what is taken: deletions go first, unless an addition of the
// same address waits, which stays before. Of deletions secondaries go before primaries: to promote
// the next of a thousand a thousand times is seconds of the kernel's time.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "daemons/hb-resource/address_agent.hpp"

namespace hb::resource {

class AddressBatches {
  public:
    static constexpr std::size_t kBatch = 64;

    void push(AddressRequest request);
    // Nothing while a batch is under way, or when nothing waits.
    [[nodiscard]] std::vector<AddressRequest> take();
    void answered(std::uint32_t request) { under_way_.erase(request); }
    // Answers were lost: which are never answered. Nothing is under way after that.
    [[nodiscard]] std::set<std::uint32_t> lost();
    [[nodiscard]] bool idle() const {
        return under_way_.empty() && secondaries_.empty() && deletions_.empty() && others_.empty();
    }

  private:
    std::deque<AddressRequest> secondaries_;  // to be deleted
    std::deque<AddressRequest> deletions_;    // of others
    std::deque<AddressRequest> others_;
    std::multiset<IpAddress> waits_;  // of others_
    std::set<std::uint32_t> under_way_;
};

}  // namespace hb::resource
