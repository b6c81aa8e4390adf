// The one source of chance of a simulated world: xoshiro256**, seeded by splitmix64. Integers only,
// so that a seed means the same run with every compiler.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/time.hpp"

namespace hb::sim {

class Prng {
  public:
    explicit Prng(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15U;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
            word = z ^ (z >> 31U);
        }
    }
    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    // 0 .. n-1. The bias of the remainder does not matter here.
    std::uint64_t below(std::uint64_t n) {
        HB_ASSERT(n > 0);
        return next() % n;
    }
    std::size_t index(std::size_t n) { return static_cast<std::size_t>(below(n)); }
    // True in `per_mille` of 1000 cases.
    bool chance(unsigned per_mille) { return below(1000) < per_mille; }
    Duration between(Duration low, Duration high) {
        if (high <= low) return low;
        return low + Duration(static_cast<Duration::rep>(
                         below(static_cast<std::uint64_t>((high - low).count()) + 1)));
    }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }

  private:
    std::uint64_t state_[4]{};
};

// How long something takes: mostly `low`..`high`, in `tail_per_mille` of the cases up to `tail`.
struct Delay {
    Duration low{};
    Duration high{};
    Duration tail{};
    unsigned tail_per_mille = 0;
    [[nodiscard]] Duration draw(Prng& prng) const {
        if (tail_per_mille > 0 && prng.chance(tail_per_mille)) return prng.between(high, tail);
        return prng.between(low, high);
    }
    [[nodiscard]] Duration longest() const { return tail_per_mille > 0 ? tail : high; }
};

}  // namespace hb::sim
