// Standing proof that the simulator can see: each rule of docs/protocol.md section 12, dropped, is
// found within a bounded number of seeds, as what its absence does; and under the same faults
// nothing is found while it holds.
#include "tests/sim/rules.hpp"

#include <gtest/gtest.h>

namespace hb::sim {
namespace {

std::optional<Violation> first_violation(const Rule& rule, bool drop, std::uint64_t seeds,
                                         const std::string& property = {}) {
    for (std::uint64_t seed = 1; seed <= seeds; seed++) {
        RunOptions options;
        options.seed = seed;
        options.profile = rule.profile();
        if (drop) options.drop = rule.drop;
        RunResult result = run_seed(options);
        if (!result.violation) continue;
        if (property.empty() || result.violation->property == property) return result.violation;
    }
    return std::nullopt;
}

class Rules : public testing::TestWithParam<Rule> {};

TEST_P(Rules, DroppedIsSeen) {
    const auto& [name, row, shows, drop, profile, seeds] = GetParam();
    EXPECT_TRUE(first_violation(GetParam(), true, seeds, shows))
        << row << ": dropped, and not seen as '" << shows << "' in " << seeds << " seeds";
}

TEST_P(Rules, KeptIsQuiet) {
    const auto violation = first_violation(GetParam(), false, 60);
    EXPECT_FALSE(violation) << violation->property << ": " << violation->detail;
}

INSTANTIATE_TEST_SUITE_P(Section12, Rules, testing::ValuesIn(rules()), [](const auto& rule) {
    std::string name = rule.param.name;
    std::erase(name, '-');
    return name;
});

}  // namespace
}  // namespace hb::sim
