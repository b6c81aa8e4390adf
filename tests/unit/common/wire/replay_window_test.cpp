#include "common/wire/replay_window.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hb::wire {
namespace {

using V = ReplayWindow::Verdict;

TEST(ReplayWindow, Table) {
    struct Step {
        std::uint64_t sequence;
        V verdict;
    };
    const std::vector<std::vector<Step>> cases = {
        {{0, V::kTooOld}},
        {{1, V::kNewest}, {1, V::kSeen}, {2, V::kNewest}, {1, V::kSeen}},
        {{5, V::kNewest}, {3, V::kLate}, {3, V::kSeen}, {4, V::kLate}, {5, V::kSeen}},
        {{100, V::kNewest}, {37, V::kLate}, {36, V::kTooOld}, {101, V::kNewest}, {37, V::kTooOld}},
        {{1, V::kNewest}, {64, V::kNewest}, {1, V::kSeen}, {65, V::kNewest}, {1, V::kTooOld}},
        {{1, V::kNewest}, {65, V::kNewest}, {2, V::kLate}},
        {{1, V::kNewest}, {1'000'000, V::kNewest}, {999'999, V::kLate}, {1, V::kTooOld}},
        {{~0ULL, V::kNewest}, {~0ULL, V::kSeen}, {~0ULL - 1, V::kLate}},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        ReplayWindow w;
        for (const Step& s : cases[i])
            EXPECT_EQ(w.accept(s.sequence), s.verdict) << "case " << i << ", " << s.sequence;
    }
}

}  // namespace
}  // namespace hb::wire
