// Scene: a cluster whose every hop takes 5 ms, with deadtime 1 s and keepalive 250 ms, processes
// and agents quick: gaps are hops. What the checkers find fails the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/sim/checkers/rest_checker.hpp"
#include "tests/sim/checkers/view_checker.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"
#include "tests/sim/scenario.hpp"

namespace hb::sim {

inline constexpr Duration kHop = 5ms;
inline constexpr Duration kStep = 3ms;  // a few messages between processes of one node

// When groups were released and begun, by node.
class Diary final : public Checker {
  public:
    explicit Diary(World& world) : world_(world) {}
    void starts(NodeId node, const GroupName&) override { started[node] = world_.now(); }
    void reported(NodeId node, const Report& report) override {
        for (const auto& [name, g] : report.groups) {
            if (g.state == GroupState::kStopped && before_[{node, name}] == GroupState::kStopping)
                released[node] = world_.now();
            before_[{node, name}] = g.state;
        }
    }
    std::map<NodeId, WorldTime> started, released;

  private:
    World& world_;
    std::map<std::pair<NodeId, GroupName>, GroupState> before_;
};

class Scene : public testing::Test {
  protected:
    void build(std::size_t nodes, const std::function<void(ClusterConfig&)>& change = {}) {
        ClusterConfig c;
        c.nodes = nodes;
        c.auto_failback = false;
        c.clocks_differ = false;
        c.channel = {20us, 60us, 0ns, 0};
        c.link.delay = {kHop, kHop, 0ns, 0};
        c.agents = {{1ms, 2ms, 0ns, 0}, {1ms, 2ms, 0ns, 0}, {1ms, 1ms, 0ns, 0}, 2s, 100ms, 2};
        c.groups.push_back({.name = "g", .address = IpAddress::v4(0x0a000064)});
        if (change) change(c);
        // HA_SIM_TRACE=1 tells the scene, one line per event.
        if (std::getenv("HA_SIM_TRACE") != nullptr)
            world_.trace_to([](std::string_view line) {
                std::fwrite(line.data(), 1, line.size(), stdout);
                std::fputc('\n', stdout);
            });
        cluster_ = std::make_unique<Cluster>(world_, c);
        add_checkers(*cluster_);
        cluster_->add(std::make_unique<ViewChecker>(*cluster_));
        auto diary = std::make_unique<Diary>(world_);
        diary_ = diary.get();
        cluster_->add(std::move(diary));
    }
    void run_for(Duration length) { world_.run_until(world_.now() + length); }
    void settled(std::size_t nodes, const std::function<void(ClusterConfig&)>& change = {}) {
        build(nodes, change);
        cluster_->boot_all();
        run_for(4s);
        ASSERT_EQ(not_at_rest(*cluster_), std::nullopt);
        diary_->started.clear();
        diary_->released.clear();
    }
    Node& node(char name) { return cluster_->node(static_cast<std::size_t>(name - 'a')); }
    static NodeId id(char name) { return node_id(static_cast<std::size_t>(name - 'a')); }
    [[nodiscard]] std::string owner() const { return cluster_->holders(0); }
    std::string gate_reason(char name) {
        const auto& report = node(name).resource()->published();
        return report ? report->groups.at("g").gate_reason : "";
    }
    std::size_t members(char name) { return node(name).membership()->accepted()->members.size(); }
    // Views from now on. The checker belongs to the cluster.
    void count_views() {
        auto views = std::make_unique<ViewChecker>(*cluster_);
        views_ = views.get();
        cluster_->add(std::move(views));
    }
    // For 60 deadtimes: away for longer than a deadtime, and back for less than two.
    static constexpr unsigned kFlaps = 20;
    void flap(LinkId link, bool both_ways) {
        count_views();
        for (unsigned i = 0; i < 2 * kFlaps; i++) {
            const bool cut = i % 2 == 0;
            cluster_->network().set_cut(id('a'), id('b'), link, cut);
            if (both_ways) cluster_->network().set_cut(id('b'), id('a'), link, cut);
            run_for(cut ? 1300ms : 1700ms);
        }
    }
    void nothing_moved() {
        EXPECT_EQ(owner(), "a");
        EXPECT_TRUE(diary_->released.empty());
        EXPECT_TRUE(diary_->started.empty());
    }
    void standby(char name) {
        cluster_->wish(id(name), ipc::RequestKind::kStandby, ipc::Scope::kAll);
    }
    void split() {
        for (std::size_t a = 0; a < cluster_->size(); a++)
            for (std::size_t b = a + 1; b < cluster_->size(); b++)
                cluster_->network().cut_both(node_id(a), node_id(b));
    }
    Duration gap(char from, char to) {
        return diary_->started.at(id(to)) - diary_->released.at(id(from));
    }
    void TearDown() override {
        if (cluster_) {
            EXPECT_FALSE(cluster_->violation())
                << cluster_->violation()->property << ": " << cluster_->violation()->detail;
        }
    }

    World world_{1};
    std::unique_ptr<Cluster> cluster_;
    Diary* diary_ = nullptr;
    ViewChecker* views_ = nullptr;
};

}  // namespace hb::sim
