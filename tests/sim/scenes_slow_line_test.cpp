// A serial line as a link: slow, and all that the rules promise all the same.
#include <gtest/gtest.h>

#include "tests/sim/scene.hpp"

namespace hb::sim {
namespace {

class SlowLine : public Scene {
  protected:
    // Of real bytes, so that they take their time.
    static void only_line(ClusterConfig& c) {
        c.links = 1;
        c.slow_baud = 38400;
        c.codecs = true;
    }
    static void line_beside(ClusterConfig& c) {
        c.slow_baud = 38400;
        c.codecs = true;
    }
    static void add_groups(ClusterConfig& c, unsigned count) {
        for (unsigned i = 1; i < count; ++i)
            c.groups.push_back(
                {.name = fmt::format("group-{}", i), .address = IpAddress::v4(0x0a000064 + i)});
    }
};

TEST_F(SlowLine, AloneIsEnoughForHandoverAndDeath) {
    settled(2, only_line);
    ASSERT_EQ(owner(), "a");
    standby('a');
    run_for(2s);
    EXPECT_EQ(owner(), "b");
    EXPECT_GE(gap('a', 'b'), 20ms) << "a frame of the line";
    EXPECT_LE(gap('a', 'b'), 500ms);
    node('b').power_off();
    run_for(3s);
    EXPECT_EQ(owner(), "a");
    node('b').boot();
    run_for(5s);
    EXPECT_EQ(owner(), "a");
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

TEST_F(SlowLine, KeepsAClusterWhoseNetworkIsCut) {
    settled(2, line_beside);
    count_views();
    for (const char from : {'a', 'b'})
        cluster_->network().set_cut(id(from), id(from == 'a' ? 'b' : 'a'), link_id(0), true);
    run_for(20s);
    nothing_moved();
    EXPECT_EQ(members('a'), 2U);
    standby('a');
    run_for(2s);
    EXPECT_EQ(owner(), "b");
}

TEST_F(SlowLine, AloneWhenItIsCutNobodyTakesWhatAnswers) {
    settled(2, only_line);
    split();
    run_for(10s);
    nothing_moved();
    cluster_->network().heal_all();
    run_for(5s);
    nothing_moved();
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
}

// Ten times what one of its frames carries.
TEST_F(SlowLine, CarriesStateThatIsMuchLongerThanItsFrames) {
    build(2, [](ClusterConfig& c) {
        only_line(c);
        add_groups(c, 60);
    });
    cluster_->boot_all();
    run_for(20s);
    EXPECT_EQ(not_at_rest(*cluster_), std::nullopt);
    standby('a');
    run_for(20s);
    for (std::size_t g = 0; g < 60; ++g)
        EXPECT_EQ(cluster_->holders(g), "b") << g;
}

// Any trouble at all, with a line as one of two links, or as the only one.
TEST(SlowLines, RandomFaultsBreakNoPromise) {
    for (const std::size_t links : {1U, 2U}) {
        RunOptions options;
        options.profile.adjust = [links](ClusterConfig& c) {
            c.links = links;
            c.link_on_service = false;
            c.slow_baud = c.deadtime >= 1s ? 57600 : 460800;
            c.codecs = true;
        };
        for (options.seed = 1; options.seed <= 150; ++options.seed) {
            const RunResult result = run_seed(options);
            ASSERT_FALSE(result.violation)
                << "seed " << options.seed << ", " << links
                << " links: " << result.violation->property << ": " << result.violation->detail;
        }
    }
}

}  // namespace
}  // namespace hb::sim
