// Several cores on a small network: views come to rest, whoever hears whom (W1), and as few as
// possible. The simulator does this with everything else; here it is membership alone.
#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <random>
#include <set>

#include "tests/unit/daemons/hb-membership/bench.hpp"

namespace hb::membership::test {
namespace {

using testing::ElementsAre;

// What an hb-comm keeps: the newest topics of its node, and of whom it has heard when.
struct Station {
    std::unique_ptr<MembershipCore> core;
    std::uint64_t generation = 100;
    std::uint32_t respawns = 0;
    bool up = false;
    Session session;
    std::uint64_t sequence = 0;
    Incarnation incarnation;
    std::map<std::size_t, std::pair<TopicVersion, TopicValue>> topics;  // by index of the value
    std::map<NodeId, MonoTime> heard;
    std::map<NodeId, Session> echoed;
    std::vector<View> accepted;  // in order
    std::vector<std::string> log;
};

class Net {
  public:
    explicit Net(std::size_t nodes) : stations_(nodes), cut_(nodes * nodes) {}

    void boot(std::size_t i) {
        Station& s = stations_[i];
        ++s.generation;
        s.respawns = 0;
        s.session = {1, static_cast<std::uint32_t>(s.generation)};
        s.sequence = 0;
        s.heard.clear();
        s.echoed.clear();
        s.up = true;
        spawn(i);
    }
    void off(std::size_t i) { stations_[i].up = false; }
    void kill_membership(std::size_t i) { spawn(i); }
    void cut(std::size_t from, std::size_t to, bool cut = true) {
        cut_[from * stations_.size() + to] = cut;
    }
    void cut_both(std::size_t a, std::size_t b, bool c = true) {
        cut(a, b, c);
        cut(b, a, c);
    }

    // Time passes in steps of a keepalive; each changed topic goes out at once.
    void pass(Duration time) {
        const MonoTime end = now_ + time;
        while (now_ < end) {
            MonoTime next = std::min({end, beat_ + kKeepalive, now_ + kDeadtime / 8});
            for (std::size_t i = 0; i < stations_.size(); ++i)
                if (stations_[i].up) handle(i, ipc::CommListens{});
            for (Station& s : stations_)
                if (s.up) next = std::min(next, std::max(s.core->next_deadline(), now_));
            now_ = next;
            for (std::size_t i = 0; i < stations_.size(); ++i)
                if (stations_[i].up && stations_[i].core->next_deadline() <= now_) {
                    std::vector<MembershipAction> out;
                    stations_[i].core->on_deadline(now_, out);
                    ASSERT_GT(stations_[i].core->next_deadline(), now_);
                    act(i, out);
                }
            if (now_ == beat_ + kKeepalive) {
                beat_ = now_;
                for (std::size_t i = 0; i < stations_.size(); ++i)
                    send(i);
            }
            deliver();
        }
    }

    [[nodiscard]] const std::vector<View>& views(std::size_t i) const {
        return stations_[i].accepted;
    }
    [[nodiscard]] StatusView status(std::size_t i) const { return stations_[i].core->status(); }
    [[nodiscard]] std::set<std::size_t> members(std::size_t i) const {
        std::set<std::size_t> found;
        if (const auto view = status(i).accepted)
            for (const Member& m : view->members)
                found.insert(rank(m.node));
        return found;
    }

    [[nodiscard]] std::string log(std::size_t i) const {
        std::string all;
        for (const std::string& line : stations_[i].log)
            all += "\n  " + line;
        return all;
    }

  private:
    void spawn(std::size_t i) {
        Station& s = stations_[i];
        MembershipSettings settings = Bench::settings(stations_.size(), node_id(i));
        settings.incarnation = s.incarnation = {s.generation, ++s.respawns};
        settings.respawned = s.respawns > 1;
        s.topics.clear();
        s.core = std::make_unique<MembershipCore>(settings, now_);
        handle(i, ipc::CommHello{s.session, {"eth0"}});
        handle(i, ipc::ResourceHello{{1, 1}, {}, {}});
    }
    void handle(std::size_t i, const MembershipInput& input) {
        std::vector<MembershipAction> out;
        stations_[i].core->handle(input, now_, out);
        act(i, out);
    }
    void act(std::size_t i, const std::vector<MembershipAction>& actions) {
        Station& s = stations_[i];
        for (const MembershipAction& action : actions) {
            if (const auto* publish = std::get_if<PublishValues>(&action)) {
                for (const auto& topic : publish->topics)
                    s.topics[topic.second.index()] = topic;
                send(i);
            } else if (const auto* view = std::get_if<ipc::ViewChanged>(&action)) {
                if (s.accepted.empty() || s.accepted.back() != view->view)
                    s.accepted.push_back(view->view);
            } else if (const auto* event = std::get_if<Event>(&action)) {
                s.log.push_back(to_string(now_.time_since_epoch()) + " " + event->text);
            }
        }
    }
    void send(std::size_t from) {
        Station& s = stations_[from];
        if (!s.up) return;
        PeerFrame f;
        f.seen.peer = node_id(from);
        f.seen.generation = s.generation;
        f.seen.session = s.session;
        f.seen.sequence = ++s.sequence;
        f.seen.head.incarnation = s.incarnation;
        f.seen.head.deadtime = kDeadtime;
        for (const auto& [peer, when] : s.heard)
            f.seen.head.heard.push_back(
                {peer, now_ - when < kDeadtime ? 1u : 0u, s.echoed[peer], 1, now_ - when, {}});
        for (const auto& [index, topic] : s.topics) {
            f.seen.head.own.push_back({static_cast<Topic>(index + 1), topic.first});
            f.topics.push_back(topic);
        }
        for (std::size_t to = 0; to < stations_.size(); ++to)
            if (to != from && !cut_[from * stations_.size() + to]) in_flight_.push_back({to, f});
    }
    void deliver() {
        while (!in_flight_.empty()) {
            auto [to, f] = std::move(in_flight_.front());
            in_flight_.erase(in_flight_.begin());
            Station& s = stations_[to];
            if (!s.up) continue;
            ASSERT_LT(++delivered_, 200000u) << "no rest";
            f.seen.received = now_;
            for (const Heard& h : f.seen.head.heard)
                if (h.peer == node_id(to) && h.session == s.session) f.seen.fresh = true;
            s.heard[f.seen.peer] = now_;
            s.echoed[f.seen.peer] = f.seen.session;
            if (!f.seen.fresh) {
                f.topics.clear();
                f.seen.head = {};
            }
            handle(to, f);
        }
    }

    MonoTime now_{std::chrono::seconds(1000)};
    MonoTime beat_ = now_;
    std::vector<Station> stations_;
    std::vector<bool> cut_;
    std::vector<std::pair<std::size_t, PeerFrame>> in_flight_;
    std::size_t delivered_ = 0;
};

TEST(Cluster, ColdStartMakesOneView) {
    for (const std::size_t n : {std::size_t{2}, std::size_t{3}, std::size_t{5}}) {
        Net net(n);
        for (std::size_t i = 0; i < n; ++i)
            net.boot(i);
        net.pass(1s);
        std::set<std::size_t> everybody;
        for (std::size_t i = 0; i < n; ++i)
            everybody.insert(i);
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_EQ(net.members(i), everybody);
            EXPECT_TRUE(net.status(i).installed);
            EXPECT_EQ(net.status(i).nodes[i].status, NodeStatus::kActive);
            EXPECT_EQ(net.views(i).size(), 1u) << "node " << i << " of " << n;
        }
    }
}

TEST(Cluster, AStragglerJoinsWithOneMoreView) {
    Net net(3);
    net.boot(0);
    net.boot(1);
    net.pass(kInitdead + 1s);
    EXPECT_EQ(net.members(0), (std::set<std::size_t>{0, 1}));
    net.boot(2);
    net.pass(1s);
    EXPECT_EQ(net.members(0).size(), 3u);
    EXPECT_EQ(net.views(0).size(), 2u);
    EXPECT_EQ(net.views(2).size(), 1u);
}

TEST(Cluster, DeathOfTheCoordinatorAndItsReturn) {
    Net net(3);
    for (std::size_t i = 0; i < 3; ++i)
        net.boot(i);
    net.pass(1s);
    net.off(0);
    net.pass(2s);
    EXPECT_EQ(net.members(1), (std::set<std::size_t>{1, 2}));
    EXPECT_EQ(net.members(2), (std::set<std::size_t>{1, 2}));
    net.boot(0);
    net.pass(2s);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(net.members(i).size(), 3u);
        EXPECT_EQ(net.status(i).accepted->id.coordinator, node_id(0));
        EXPECT_TRUE(net.status(i).installed);
    }
}

TEST(Cluster, ARespawnedMembershipMakesOneNewView) {
    for (const std::size_t victim : {std::size_t{0}, std::size_t{1}}) {
        Net net(2);
        net.boot(0);
        net.boot(1);
        net.pass(1s);
        net.kill_membership(victim);
        net.pass(1s);
        EXPECT_EQ(net.members(0).size(), 2u);
        EXPECT_EQ(net.status(0).accepted, net.status(1).accepted);
        EXPECT_EQ(net.views(1 - victim).size(), 2u) << "never a view of one";
        EXPECT_EQ(net.views(victim).size(), 2u);
    }
}

TEST(Cluster, HearingIsNotTransitive) {
    Net net(3);
    net.cut_both(0, 2);
    for (std::size_t i = 0; i < 3; ++i)
        net.boot(i);
    net.pass(kInitdead + 5s);
    EXPECT_EQ(net.members(0), (std::set<std::size_t>{0, 1}));
    EXPECT_EQ(net.members(1), (std::set<std::size_t>{0, 1}));
    EXPECT_EQ(net.members(2), (std::set<std::size_t>{2}));
    const auto views = net.views(1).size();
    net.pass(60s);
    EXPECT_EQ(net.views(1).size(), views) << "at rest";
}

TEST(Cluster, OneWayCutAndHealing) {
    Net net(2);
    net.boot(0);
    net.boot(1);
    net.pass(1s);
    net.cut(0, 1);
    net.pass(5s);
    EXPECT_EQ(net.members(0), (std::set<std::size_t>{0}));
    EXPECT_EQ(net.members(1), (std::set<std::size_t>{1}));
    net.cut(0, 1, false);
    net.pass(2 * kKeepalive);
    EXPECT_EQ(net.members(0).size(), 2u);
    EXPECT_EQ(net.status(0).accepted, net.status(1).accepted);
}

// Any pattern of cuts comes to rest, and at rest everybody's view is held by its members.
TEST(Cluster, AnyPatternOfHearingComesToRest) {
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        const std::size_t n = 2 + random() % 4;
        Net net(n);
        for (std::size_t i = 0; i < n; ++i)
            net.boot(i);
        net.pass(1s);
        for (int step = 0; step < 4; ++step) {
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    if (i != j) net.cut(i, j, random() % 3 == 0);
            if (random() % 3 == 0) net.kill_membership(random() % n);
            if (random() % 3 == 0) net.boot(random() % n);
            net.pass(Duration(random() % 3000) * 1'000'000);
        }
        net.pass(70s);  // longer than the longest back-off here
        std::vector<std::size_t> before;
        for (std::size_t i = 0; i < n; ++i)
            before.push_back(net.views(i).size());
        net.pass(70s);
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_EQ(net.views(i).size(), before[i]) << "round " << round << " node " << i;
            for (const std::size_t m : net.members(i))
                EXPECT_EQ(net.status(m).accepted, net.status(i).accepted) << "round " << round;
        }
        // Whole again: one view, in two keepalives and the hops.
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                net.cut(i, j, false);
        net.pass(3 * kKeepalive);
        for (std::size_t i = 0; i < n; ++i)
            EXPECT_EQ(net.members(i).size(), n) << "round " << round << " node " << i << net.log(i);
    }
}

}  // namespace
}  // namespace hb::membership::test
