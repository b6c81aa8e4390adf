#include "daemons/hb-comm/link_watch.hpp"

#include <gtest/gtest.h>

namespace hb::comm {
namespace {

using ipc::LinkFault;
constexpr NodeId kB = node_id(1);
constexpr LinkId kEth0 = link_id(0), kEth1 = link_id(1);
const MonoTime t0{100s};

class Links : public testing::Test {
  protected:
    // What settle() says, as "eth0 up", "eth0 silent", ... and the ids of its events.
    std::vector<std::string> said(MonoTime now, bool timed = true) {
        std::vector<LinkNews> news;
        watch.settle(now, timed, news);
        std::vector<std::string> said;
        for (const LinkNews& n : news) {
            static constexpr const char* kFaults[] = {"up", "silent", "no carrier", "one-way"};
            std::string s = index(n.change.link) == 0 ? "eth0 " : "eth1 ";
            s += kFaults[static_cast<std::size_t>(n.change.fault)];
            EXPECT_EQ(n.change.up, n.change.fault == LinkFault::kNone);
            EXPECT_EQ(n.change.detail.empty(), n.change.up);
            for (const Event& e : n.events)
                s += " [" + e.text + "]";
            said.push_back(s);
            detail = n.change.detail;
        }
        return said;
    }
    // The peer is heard on the link, and hears us on the links of the mask.
    void both(LinkId link, std::uint32_t mask, MonoTime now) {
        watch.heard(kB, link, now);
        watch.hears_us(kB, mask, now);
    }
    using Said = std::vector<std::string>;

    LinkWatch watch{{.self = node_id(0),
                     .node_names = {"node1", "node2"},
                     .interfaces = {"eth0", "eth1"},
                     .ports = {694, 1694},
                     .deadtime = 1s},
                    t0};
    std::string detail;
};

TEST_F(Links, UpWhenHeardDeadWhenSilentForItsDeadtime) {
    EXPECT_EQ(said(t0), Said{});
    both(kEth0, 1, t0 + 10ms);
    EXPECT_EQ(said(t0 + 10ms), (Said{"eth0 up [Link node2:eth0 up.]"}));
    EXPECT_EQ(watch.heard_links(kB, t0 + 10ms), 1U);
    EXPECT_EQ(said(t0 + 1s), (Said{"eth1 silent"}));  // never heard: no line in the log
    EXPECT_EQ(watch.next_deadline(), t0 + 1010ms);
    EXPECT_EQ(said(t0 + 1009ms), Said{});
    EXPECT_EQ(watch.heard_links(kB, t0 + 1009ms), 1U);
    EXPECT_EQ(watch.heard_links(kB, t0 + 1010ms), 0U);  // an honest head
    EXPECT_EQ(said(t0 + 1010ms), (Said{"eth0 silent [Link node2:eth0 dead.]"}));
    EXPECT_EQ(watch.next_deadline(), kForever);
    both(kEth0, 1, t0 + 5s);
    EXPECT_EQ(said(t0 + 5s), (Said{"eth0 up [Link node2:eth0 up.]"}));
}

TEST_F(Links, JudgedByTheDeadtimeThatThePeerAnnounces) {
    both(kEth0, 1, t0);
    said(t0);
    watch.announced_deadtime(kB, 3s);
    EXPECT_EQ(said(t0 + 2999ms), Said{});
    EXPECT_EQ(said(t0 + 3s), (Said{"eth0 silent [Link node2:eth0 dead.]", "eth1 silent"}));
}

TEST_F(Links, NothingTimedBetweenDeadlines) {
    both(kEth0, 1, t0);
    said(t0);
    EXPECT_EQ(said(t0 + 5s, false), Said{});
    both(kEth0, 1, t0 + 5s);  // it was waiting to be read
    EXPECT_EQ(said(t0 + 5s, true), (Said{"eth1 silent"}));
}

TEST_F(Links, CarrierLostIsDeadAtOnceAndTheHeadSaysSo) {
    both(kEth0, 3, t0);
    both(kEth1, 3, t0);
    said(t0);
    watch.carrier("eth1", false);
    EXPECT_EQ(watch.heard_links(kB, t0), 1U);
    EXPECT_EQ(said(t0 + 1ms, false),
              (Said{"eth1 no carrier [Link node2:eth1 dead.] [eth1 has no carrier: is its cable "
                    "unplugged?] [node2 is reached over eth0 only: eth1 does not work]"}));
    both(kEth1, 3, t0 + 2ms);  // was in the socket buffer
    EXPECT_EQ(watch.heard_links(kB, t0 + 2ms), 1U);
    EXPECT_EQ(said(t0 + 2ms), Said{});
    watch.carrier("eth1", true);
    both(kEth1, 3, t0 + 10ms);
    EXPECT_EQ(said(t0 + 10ms), (Said{"eth1 up [Link node2:eth1 up.]"}));
}

// One cable, two peers.
TEST(LinksOfThree, NoCarrierIsSaidOnce) {
    LinkWatch watch({.self = node_id(0),
                     .node_names = {"node1", "node2", "node3"},
                     .interfaces = {"eth0"},
                     .ports = {694},
                     .deadtime = 1s},
                    MonoTime{100s});
    for (std::size_t peer : {1U, 2U}) {
        watch.heard(node_id(peer), link_id(0), MonoTime{100s});
        watch.hears_us(node_id(peer), 1, MonoTime{100s});
    }
    std::vector<LinkNews> news;
    watch.settle(MonoTime{100s}, false, news);
    news.clear();
    watch.carrier("eth0", false);
    watch.settle(MonoTime{100s}, false, news);
    std::vector<std::string> said;
    for (const LinkNews& n : news)
        for (const Event& event : n.events)
            said.push_back(event.text);
    EXPECT_EQ(said, (std::vector<std::string>{"Link node2:eth0 dead.",
                                              "eth0 has no carrier: is its cable unplugged?",
                                              "Link node3:eth0 dead."}));
}

TEST_F(Links, TellsWhenItWasHeardLast) {
    both(kEth0, 1, t0);
    said(t0);
    watch.heard(kB, kEth0, t0 + 700ms);
    said(t0 + 1700ms);
    EXPECT_EQ(watch.state().at(0).heard, t0 + 700ms);
}

TEST_F(Links, CarrierBackButNobodyThere) {
    both(kEth1, 2, t0);
    said(t0);
    watch.carrier("eth1", false);
    said(t0);
    watch.carrier("eth1", true);
    EXPECT_EQ(said(t0 + 10ms), (Said{"eth1 silent"}));
}

TEST_F(Links, OneWayIsAFaultWithItsLikelyCause) {
    for (Duration t = 0s; t <= 2s; t += 100ms) {
        both(kEth0, 1, t0 + t);
        watch.heard(kB, kEth1, t0 + t);  // on eth1 it does not hear us
        const auto s = said(t0 + t);
        if (t == 0s) {
            EXPECT_EQ(s.size(), 2U);
        } else if (t == 1s) {
            EXPECT_EQ(s, (Said{"eth1 one-way [Link node2:eth1 dead.] [node2 does not hear us on "
                               "eth1: is udp/1694 open in node2's firewall?] [node2 is reached "
                               "over eth0 only: eth1 does not work]"}));
        } else {
            EXPECT_EQ(s, Said{});
        }
    }
    EXPECT_EQ(watch.heard_links(kB, t0 + 2s), 3U);  // we do hear it
    both(kEth1, 3, t0 + 2100ms);
    EXPECT_EQ(said(t0 + 2100ms), (Said{"eth1 up [Link node2:eth1 up.]"}));
}

TEST_F(Links, OneWayThenSilent) {
    for (Duration t = 0s; t < 1s; t += 250ms) {
        watch.heard(kB, kEth0, t0 + t);
        said(t0 + t, false);
    }
    watch.heard(kB, kEth0, t0 + 1s);
    EXPECT_EQ(said(t0 + 1s, false).front(),
              "eth0 one-way [Link node2:eth0 dead.] [node2 does not hear us on eth0: is udp/694 "
              "open in node2's firewall?]");
    EXPECT_EQ(watch.next_deadline(), t0 + 1s);  // eth1, never heard
    EXPECT_EQ(said(t0 + 1s), (Said{"eth1 silent"}));
    EXPECT_EQ(watch.next_deadline(), t0 + 2s);
    EXPECT_EQ(said(t0 + 2s), (Said{"eth0 silent"}));
    EXPECT_EQ(watch.next_deadline(), kForever);
}

// Both ways dead at once, in the middle between two frames: not one-way.
TEST_F(Links, SilentIsNotOneWay) {
    both(kEth0, 1, t0);
    watch.heard(kB, kEth0, t0 + 250ms);
    said(t0 + 250ms);
    EXPECT_EQ(said(t0 + 1249ms), (Said{"eth1 silent"}));
    EXPECT_EQ(said(t0 + 1250ms), (Said{"eth0 silent [Link node2:eth0 dead.]"}));
}

TEST_F(Links, TheDeadtimeOfHearingBeginsAnewAfterSilence) {
    watch.heard(kB, kEth0, t0);
    said(t0);
    EXPECT_EQ(said(t0 + 2s), (Said{"eth0 silent [Link node2:eth0 dead.]", "eth1 silent"}));
    watch.heard(kB, kEth0, t0 + 10s);
    EXPECT_EQ(said(t0 + 10s), (Said{"eth0 up [Link node2:eth0 up.]"}));  // not one-way yet
}

TEST_F(Links, StateForANewHbMembership) {
    EXPECT_TRUE(watch.state().empty());
    both(kEth0, 1, t0);
    said(t0);
    watch.carrier("eth1", false);
    said(t0);
    const auto state = watch.state();
    ASSERT_EQ(state.size(), 2U);
    EXPECT_TRUE(state[0].up);
    EXPECT_EQ(state[1].fault, LinkFault::kNoCarrier);
}

TEST_F(Links, ALinkThatFlapsIsNamedAndNoMoreIsSaidUntilItIsSteady) {
    MonoTime now = t0;
    const auto up_and_down = [&] {
        both(kEth0, 1, now);
        Said all = said(now);
        now += 1s;
        for (const std::string& s : said(now))
            all.push_back(s);
        now += 1s;
        return all;
    };
    up_and_down();
    EXPECT_EQ(up_and_down(),
              (Said{"eth0 up [Link node2:eth0 up.]", "eth0 silent [Link node2:eth0 dead.]"}));
    EXPECT_EQ(watch.next_deadline(), kForever);
    EXPECT_EQ(up_and_down(),
              (Said{"eth0 up [Link node2:eth0 up.]",
                    "eth0 silent [Link node2:eth0 flaps: dead for the 3rd time in 10 minutes. No "
                    "more is said of it until it was steady for 5.]"}));
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(up_and_down(), (Said{"eth0 up", "eth0 silent"})) << "the state is told, always";
    both(kEth0, 1, now);
    EXPECT_EQ(said(now), Said{"eth0 up"});
    const MonoTime steady = now - 1s + 5min;
    for (; now < steady - 500ms; now += 500ms)
        both(kEth0, 1, now);
    EXPECT_EQ(said(now), Said{});
    both(kEth0, 1, steady);
    EXPECT_EQ(said(steady),
              (Said{"eth0 up [Link node2:eth0 has been steady for 5 minutes, and is up.]"}));
    now = steady + 1s;
    EXPECT_EQ(said(now), (Said{"eth0 silent [Link node2:eth0 dead.]"}));
}

TEST_F(Links, ASlowFlapIsNamedOnceTooAndEndsSteady) {
    MonoTime now = t0;
    Said named;
    for (int i = 0; i < 20; ++i, now += 4min + 59s) {
        both(kEth0, 1, now);
        for (const Said& all : {said(now), said(now + 1s)})
            for (const std::string& s : all)
                if (s.contains("[")) named.push_back(s);
    }
    EXPECT_EQ(named.size(), 6U) << "three up, two dead, and that it flaps";
    EXPECT_TRUE(named.back().contains("flaps: dead for the 3rd time")) << named.back();
    EXPECT_EQ(watch.state()[0].flaps, 20U);
    const MonoTime steady = now - (4min + 59s) + 1s + 5min;
    EXPECT_EQ(watch.next_deadline(), steady);
    EXPECT_EQ(said(steady), (Said{"eth0 silent [Link node2:eth0 has been steady for 5 minutes, and "
                                  "is dead.]"}));
    EXPECT_EQ(watch.state()[0].flaps, 0U);
}

TEST_F(Links, RestartsOfThePeerAreNoFlapping) {
    MonoTime now = t0;
    for (int i = 0; i < 6; ++i, now += 1min) {
        watch.new_life(kB);
        both(kEth0, 1, now);
        EXPECT_EQ(said(now).front(), "eth0 up [Link node2:eth0 up.]");
        EXPECT_EQ(said(now + 1s).front(), "eth0 silent [Link node2:eth0 dead.]");
    }
}

// What died while another link brought the peer's frames was not the peer.
TEST_F(Links, ARestartTakesBackNoOtherDeath) {
    MonoTime now = t0;
    for (int i = 0; i < 2; ++i) {
        both(kEth0, 3, now);
        both(kEth1, 3, now);
        static_cast<void>(said(now));
        for (int k = 0; k < 6; ++k, now += 250ms) {
            both(kEth0, 3, now);
            static_cast<void>(said(now));
        }
    }
    EXPECT_EQ(watch.state()[1].flaps, 2U);
    static_cast<void>(said(now + 1s));
    now += 10s;
    watch.new_life(kB);
    both(kEth0, 3, now);
    static_cast<void>(said(now));
    EXPECT_EQ(watch.state()[0].flaps, 0U);
    EXPECT_EQ(watch.state()[1].flaps, 2U);
}

TEST_F(Links, AFrozenPeerIsNoFlapping) {
    MonoTime now = t0;
    for (int i = 0; i < 6; ++i, now += 1min) {
        both(kEth0, 3, now);
        both(kEth1, 3, now + 30ms);
        EXPECT_EQ(said(now + 30ms).size(), 2U);
        EXPECT_EQ(said(now + 1s).front(), "eth0 silent [Link node2:eth0 dead.]");
        EXPECT_EQ(said(now + 1030ms).front(), "eth1 silent [Link node2:eth1 dead.]");
    }
}

TEST_F(Links, DeathsThatAreFarApartAreNoFlapping) {
    MonoTime now = t0;
    for (int i = 0; i < 10; ++i, now += 6min) {
        both(kEth0, 1, now);
        EXPECT_EQ(said(now).front(), "eth0 up [Link node2:eth0 up.]");
        EXPECT_EQ(said(now + 1s).front(), "eth0 silent [Link node2:eth0 dead.]");
    }
}

TEST_F(Links, OneOfTwoIsAWarning) {
    both(kEth0, 3, t0);
    both(kEth1, 3, t0);
    static_cast<void>(said(t0));
    both(kEth0, 3, t0 + 900ms);
    EXPECT_EQ(said(t0 + 1s),
              (Said{"eth1 silent [Link node2:eth1 dead.] [node2 is reached over eth0 "
                    "only: eth1 does not work]"}));
    EXPECT_EQ(said(t0 + 1900ms), (Said{"eth0 silent [Link node2:eth0 dead.]"}));
}

// The peer died or stopped: that is no cable.
TEST_F(Links, BothAtOnceAreNoWarning) {
    MonoTime now = t0;
    for (const Duration apart : {0ms, 30ms, 250ms}) {
        now += 20min;
        both(kEth0, 3, now);
        both(kEth1, 3, now + apart);
        static_cast<void>(said(now + apart));
        Said all = said(now + 1s);
        for (std::string& s : said(now + 1s + apart))
            all.push_back(std::move(s));
        EXPECT_EQ(all, (Said{"eth0 silent [Link node2:eth0 dead.]",
                             "eth1 silent [Link node2:eth1 dead.]"}));
    }
}

// One way, both: its firewall was closed between two frames.
TEST_F(Links, BothOneWayAreNoWarning) {
    Said all;
    for (Duration t = 0s; t <= 2s; t += 250ms) {
        if (t == 0s) both(kEth0, 3, t0);
        watch.heard(kB, kEth0, t0 + t);
        for (std::string& s : said(t0 + t, false))
            all.push_back(std::move(s));
        watch.heard(kB, kEth1, t0 + t + 2ms);
        for (std::string& s : said(t0 + t + 2ms, false))
            all.push_back(std::move(s));
    }
    for (const std::string& s : all)
        EXPECT_FALSE(s.contains("is reached over")) << s;
    EXPECT_EQ(all.size(), 4U);
}

// Media may share an interface: it is named once, and works as long as one of them does.
TEST(LinksOfSharedInterfaces, EachIsNamedOnce) {
    LinkWatch watch({.self = node_id(0),
                     .node_names = {"node1", "node2"},
                     .interfaces = {"eth0", "eth0", "eth1", "eth1"},
                     .ports = {694, 695, 694, 695},
                     .deadtime = 1s},
                    t0);
    const auto heard = [&](std::size_t links, MonoTime now) {
        for (std::size_t i = 0; i < links; ++i)
            watch.heard(kB, link_id(i), now);
        watch.hears_us(kB, 15, now);
    };
    std::vector<LinkNews> news;
    heard(4, t0);
    watch.settle(t0, true, news);
    news.clear();
    heard(3, t0 + 900ms);
    watch.settle(t0 + 1s, true, news);
    heard(2, t0 + 1800ms);
    watch.settle(t0 + 1900ms, true, news);
    std::vector<std::string> fewer;
    for (const LinkNews& n : news)
        for (const Event& e : n.events)
            if (e.id == "links-fewer") fewer.push_back(e.text);
    EXPECT_EQ(fewer,
              std::vector<std::string>{"node2 is reached over eth0 only: eth1 does not work"});
}

}  // namespace
}  // namespace hb::comm
