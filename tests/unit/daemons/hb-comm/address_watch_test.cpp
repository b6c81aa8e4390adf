#include "daemons/hb-comm/address_watch.hpp"

#include <gtest/gtest.h>

#include "common/base/probe_window.hpp"

namespace hb::comm {
namespace {

const MonoTime t0{100s};
const PlacedAddress kVip{*IpAddress::parse("10.0.0.5"), "eth0"};
const PlacedAddress kVip2{*IpAddress::parse("10.0.0.6"), "eth0"};
const MacAddress kMac{{2, 0, 0, 0, 0, 9}}, kOther{{2, 0, 0, 0, 0, 8}};
constexpr Duration kW = 200ms, kS = 50ms, kD = 75ms;  // of deadtime 1 s

ArpSeen reply_from(MacAddress mac, const PlacedAddress& where = kVip) {
    return {.interface = where.interface,
            .request = false,
            .sender_mac = mac,
            .sender = where.address,
            .target = *IpAddress::parse("10.0.0.1")};
}
ArpSeen probe_from(MacAddress mac, const PlacedAddress& where = kVip) {
    return {.interface = where.interface,
            .request = true,
            .sender_mac = mac,
            .sender = IpAddress{},
            .target = where.address};
}

class Addresses : public testing::Test {
  protected:
    Addresses() { use_rank(1); }
    void use_rank(std::size_t rank) {
        watch = AddressWatch(node_id(rank), 1s);
        for (const char* interface : {"eth0", "eth1"})
            watch.carrier(interface, true, now, out);
    }
    void want(std::vector<PlacedAddress> claims, std::vector<PlacedAddress> probes) {
        watch.watch({std::move(claims), std::move(probes)}, now, out);
    }
    void hear(const ArpSeen& arp) { watch.arp(arp, now, out); }
    // Runs every deadline up to `t`.
    void run_to(MonoTime t) {
        while (watch.next_deadline() <= t) {
            now = std::max(now, watch.next_deadline());
            watch.on_deadline(now, out);
        }
        now = t;
    }
    template <typename T>
    std::vector<T> taken() {
        std::vector<T> of;
        std::erase_if(out, [&](const AddressAction& a) {
            if (const T* t = std::get_if<T>(&a)) of.push_back(*t);
            return std::holds_alternative<T>(a);
        });
        return of;
    }
    ipc::ProbeStatus last_status() {
        const auto all = taken<ipc::ProbeStatus>();
        EXPECT_FALSE(all.empty());
        return all.empty() ? ipc::ProbeStatus{} : all.back();
    }

    AddressWatch watch{node_id(1), 1s};
    MonoTime now = t0;
    std::vector<AddressAction> out;
};

TEST_F(Addresses, FiguresOfDeadtimeOneSecond) {
    EXPECT_EQ(probe_window(1s), kW);
    EXPECT_EQ(probe_interval(1s), kS);
    EXPECT_EQ(probe_delay_bound(1s), kD);
}

TEST_F(Addresses, AQuietWindowIsFourProbesAndW) {
    want({}, {kVip});
    EXPECT_EQ(taken<AskControl>().size(), 1U);
    EXPECT_EQ(taken<SendArpProbe>().size(), 1U);
    EXPECT_FALSE(last_status().window_complete);
    run_to(t0 + kW - 1ns);
    EXPECT_EQ(taken<SendArpProbe>().size(), 3U);
    EXPECT_TRUE(taken<ipc::ProbeStatus>().empty());
    run_to(t0 + kW);
    const auto s = last_status();
    EXPECT_EQ(s.window_complete, t0 + kW);
    EXPECT_FALSE(s.control_heard);
    EXPECT_TRUE(s.carrier);
    EXPECT_FALSE(s.answered);
    EXPECT_FALSE(s.crossed);
    // And so on, once per window.
    EXPECT_EQ(taken<AskControl>().size(), 1U);
    run_to(t0 + 3 * kW);
    EXPECT_EQ(taken<ipc::ProbeStatus>().size(), 2U);
    want({}, {});
    run_to(t0 + 10 * kW);
    EXPECT_EQ(watch.next_deadline(), kForever);
}

// Silence is no evidence where nothing can be heard: an interface that the kernel did not name, or
// lost its carrier while nobody watched it, however many others came and went since.
TEST_F(Addresses, OnlyAnInterfaceThatIsKnownToHaveCarrierIsAsked) {
    const PlacedAddress nowhere{kVip.address, "eth9"};
    want({}, {nowhere});
    EXPECT_TRUE(taken<SendArpProbe>().empty());
    EXPECT_FALSE(last_status().carrier);
    want({}, {});
    watch.carrier("eth0", false, now, out);
    for (int i = 0; i < 1000; ++i) {
        watch.carrier("veth" + std::to_string(i), true, now, out);
        watch.carrier("veth" + std::to_string(i), false, now, out);
    }
    out.clear();
    want({}, {kVip});
    EXPECT_TRUE(taken<SendArpProbe>().empty());
    EXPECT_FALSE(last_status().carrier);
    watch.carrier("eth0", true, now, out);
    EXPECT_EQ(taken<SendArpProbe>().size(), 1U);
    EXPECT_TRUE(last_status().carrier);
}

// What the kernel dropped, or what is too much to be read, may have been the answer.
TEST_F(Addresses, AWindowInWhichPacketsWereMissedIsNotQuiet) {
    want({}, {kVip});
    run_to(t0 + kW);
    EXPECT_TRUE(last_status().window_complete);
    run_to(t0 + kW + kS);
    watch.missed();
    run_to(t0 + 2 * kW);
    EXPECT_FALSE(last_status().window_complete);
    run_to(t0 + 3 * kW);
    EXPECT_EQ(last_status().window_complete, t0 + 3 * kW);
}

// G8: who announced it while we held it may still hold it for d after it was heard last (L6).
TEST_F(Addresses, WhoAnnouncedWhatWeClaimedHasAnsweredForD) {
    want({kVip}, {});
    hear(reply_from(kMac));
    now += 300ms;
    hear(reply_from(kMac));  // the same conflict, not told again
    EXPECT_EQ(taken<ipc::AddressConflict>().size(), 1U);
    want({}, {});
    now += 100ms;
    want({}, {kVip});
    EXPECT_EQ(last_status().answered, t0 + 300ms);
    run_to(now + kW);
    EXPECT_EQ(last_status().answered, t0 + 300ms);
    want({kVip}, {});
    hear(probe_from(kMac));  // asks, and holds nothing
    want({}, {});
    run_to(t0 + 1300ms);
    want({}, {kVip2, kVip});
    for (const auto& s : taken<ipc::ProbeStatus>())
        EXPECT_FALSE(s.answered);
}

TEST_F(Addresses, ControlCountsOnlyWithinItsWindow) {
    watch.control("eth0");  // before
    want({}, {kVip});
    run_to(t0 + kW);
    EXPECT_FALSE(last_status().control_heard);
    watch.control("eth1");  // elsewhere
    run_to(t0 + 2 * kW);
    EXPECT_FALSE(last_status().control_heard);
    watch.control("eth0");
    run_to(t0 + 3 * kW);
    EXPECT_TRUE(last_status().control_heard);
    hear(reply_from(kMac, kVip2));  // any packet from another host will do
    run_to(t0 + 4 * kW);
    EXPECT_TRUE(last_status().control_heard);
    run_to(t0 + 5 * kW);
    EXPECT_FALSE(last_status().control_heard);
}

TEST_F(Addresses, OwnPacketsAreNeitherAnswerNorControl) {
    want({}, {kVip});
    for (ArpSeen arp : {reply_from(kMac), probe_from(kMac)}) {
        arp.from_this_host = true;
        hear(arp);
    }
    run_to(t0 + kW);
    const auto s = last_status();
    EXPECT_TRUE(s.window_complete);
    EXPECT_FALSE(s.answered);
    EXPECT_FALSE(s.control_heard);
}

TEST_F(Addresses, WhatCountsAsAnAnswer) {
    struct Case {
        const char* what;
        ArpSeen arp;
        bool answered, withdrawn;
    };
    ArpSeen announcement = reply_from(kMac);
    announcement.request = true;
    announcement.target = kVip.address;
    ArpSeen asks_for_it = probe_from(kMac);
    asks_for_it.sender = *IpAddress::parse("10.0.0.77");
    ArpSeen elsewhere = reply_from(kMac);
    elsewhere.interface = "eth1";
    for (const Case& c : {Case{"reply", reply_from(kMac), true, true},
                          Case{"announcement", announcement, true, true},
                          Case{"foreign probe", probe_from(kMac), false, true},
                          Case{"who-has of a client", asks_for_it, false, false},
                          Case{"other address", reply_from(kMac, kVip2), false, false},
                          Case{"other interface", elsewhere, false, false}}) {
        use_rank(1);
        now = t0;
        want({}, {kVip});
        run_to(t0 + 100ms);
        out.clear();
        hear(c.arp);
        const auto told = taken<ipc::ProbeStatus>();
        ASSERT_EQ(told.size(), c.withdrawn ? 1U : 0U) << c.what;
        if (c.withdrawn) {
            EXPECT_EQ(told[0].crossed, !c.answered) << c.what;
            EXPECT_EQ(told[0].answered.has_value(), c.answered) << c.what;
            if (c.answered) {
                EXPECT_EQ(told[0].by, kMac) << c.what;
            }
        }
        EXPECT_TRUE(taken<SendArpAnswer>().empty()) << c.what;  // who only probes answers nobody
    }
}

TEST_F(Addresses, WithdrawsForItsRankAndAsksAgain) {
    for (const std::size_t rank : {1UL, 2UL, 5UL}) {
        use_rank(rank);
        now = t0;
        out.clear();
        want({}, {kVip});
        run_to(t0 + 60ms);
        hear(probe_from(kMac));
        out.clear();
        const MonoTime again = t0 + 60ms + static_cast<int>(rank) * (kW + 2 * kD);
        run_to(again - 1ns);
        EXPECT_TRUE(taken<SendArpProbe>().empty());
        run_to(again);
        EXPECT_EQ(taken<SendArpProbe>().size(), 1U);
        EXPECT_FALSE(last_status().crossed);
        run_to(again + kW);
        EXPECT_EQ(last_status().window_complete, again + kW);
    }
}

TEST_F(Addresses, RankZeroAsksAgainAtItsNextProbe) {
    use_rank(0);
    want({}, {kVip});
    run_to(t0 + 60ms);  // the second left at 50 ms
    out.clear();
    hear(probe_from(kMac));
    hear(probe_from(kMac));
    run_to(t0 + 99ms);
    EXPECT_TRUE(taken<SendArpProbe>().empty());
    run_to(t0 + 100ms);
    EXPECT_EQ(taken<SendArpProbe>().size(), 1U);
    run_to(t0 + 100ms + kW);
    EXPECT_EQ(last_status().window_complete, t0 + 100ms + kW);
}

// G9: two that only probe, whatever their offset and delay: exactly one completes its window first,
// and claims in time for the other to hear it.
TEST_F(Addresses, CrossingProbesNeverBothStart) {
    for (Duration offset = 0ms; offset <= 2 * kW; offset += 5ms) {
        for (Duration delay = 0ms; delay <= kD; delay += 15ms) {
            AddressWatch node[2] = {AddressWatch(node_id(0), 1s), AddressWatch(node_id(1), 1s)};
            struct Packet {
                int to;
                ArpSeen arp;
            };
            std::multimap<MonoTime, Packet> wire;
            std::optional<MonoTime> started[2];
            int running = 0;
            const auto act = [&](int i, std::vector<AddressAction>& actions, MonoTime at) {
                for (std::size_t k = 0; k < actions.size(); ++k) {
                    const MacAddress mac{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(i)}};
                    if (std::holds_alternative<SendArpProbe>(actions[k]))
                        wire.emplace(at + delay, Packet{1 - i, probe_from(mac)});
                    if (std::holds_alternative<SendArpAnswer>(actions[k]))
                        wire.emplace(at + delay, Packet{1 - i, reply_from(mac)});
                    const auto* s = std::get_if<ipc::ProbeStatus>(&actions[k]);
                    if (s == nullptr || !s->window_complete || started[i]) continue;
                    if (s->answered && at - *s->answered < 1s) continue;  // G8 waits for d
                    started[i] = at;
                    ++running;
                    node[i].watch({.claims = {kVip}, .probes = {}}, at, actions);
                }
                actions.clear();
            };
            std::vector<AddressAction> actions;
            for (AddressWatch& n : node)
                n.carrier("eth0", true, t0, actions);
            node[0].watch({.claims = {}, .probes = {kVip}}, t0, actions);
            act(0, actions, t0);
            bool second = false;
            for (MonoTime t = t0; t < t0 + 2s;) {
                MonoTime next = std::min(node[0].next_deadline(), node[1].next_deadline());
                if (!wire.empty()) next = std::min(next, wire.begin()->first);
                if (!second) next = std::min(next, t0 + offset);
                t = next;
                if (t == kForever) break;
                if (!second && t == t0 + offset) {
                    second = true;
                    node[1].watch({.claims = {}, .probes = {kVip}}, t, actions);
                    act(1, actions, t);
                    continue;
                }
                if (!wire.empty() && wire.begin()->first == t) {
                    const Packet p = wire.begin()->second;
                    wire.erase(wire.begin());
                    node[p.to].arp(p.arp, t, actions);
                    act(p.to, actions, t);
                    continue;
                }
                for (int i : {0, 1}) {
                    if (node[i].next_deadline() > t) continue;
                    node[i].on_deadline(t, actions);
                    act(i, actions, t);
                }
            }
            EXPECT_EQ(running, 1) << to_string(offset) << " " << to_string(delay);
            if (started[0]) {
                EXPECT_LE(*started[0] - t0, 3 * kW);
            }
        }
    }
}

TEST_F(Addresses, AHolderIsAskedOncePerWindowAndANewAnswerIsTold) {
    use_rank(0);
    want({}, {kVip});
    run_to(t0 + 1ms);
    hear(reply_from(kMac));
    out.clear();
    run_to(t0 + kW);
    EXPECT_EQ(taken<SendArpProbe>().size(), 1U);
    hear(reply_from(kMac));
    EXPECT_EQ(last_status().answered, t0 + kW);
}

TEST_F(Addresses, WhatChangesNothingIsNotTold) {
    use_rank(3);
    want({}, {kVip});
    hear(probe_from(kMac));
    out.clear();
    for (int i = 0; i < 10; ++i) {
        run_to(now + 20ms);
        hear(probe_from(kMac));
    }
    EXPECT_TRUE(out.empty());
}

TEST_F(Addresses, AFloodOfAnswersIsToldAtABoundedRate) {
    want({}, {kVip});
    out.clear();
    for (int i = 0; i < 1000; ++i) {
        now += 100us;
        hear(reply_from(i % 2 == 0 ? kMac : kOther));
        watch.on_deadline(now, out);
    }
    const auto told = taken<ipc::ProbeStatus>();
    EXPECT_LE(told.size(), 4U);
    EXPECT_GE(told.size(), 2U);
}

TEST_F(Addresses, AnAnswerIsRememberedForDAlsoWhenNobodyAsks) {
    want({}, {kVip});
    hear(reply_from(kMac));
    want({}, {});
    out.clear();
    run_to(t0 + 900ms);
    want({}, {kVip});
    EXPECT_EQ(last_status().answered, t0);
    want({}, {});
    run_to(t0 + 1s);
    EXPECT_EQ(watch.next_deadline(), kForever);
    want({}, {kVip});
    EXPECT_FALSE(last_status().answered);
}

TEST_F(Addresses, AnAnswerWhileNobodyAsksIsRememberedToo) {
    want({}, {kVip});
    hear(reply_from(kMac));
    want({}, {});
    now = t0 + 500ms;
    hear(reply_from(kOther));
    EXPECT_TRUE(taken<SendArpAnswer>().empty());
    now = t0 + 1200ms;
    watch.on_deadline(now, out);
    want({}, {kVip});
    const auto s = last_status();
    EXPECT_EQ(s.answered, t0 + 500ms);
    EXPECT_EQ(s.by, kOther);
}

TEST_F(Addresses, NoSilenceWithoutCarrier) {
    watch.carrier("eth0", false, now, out);
    want({}, {kVip});
    EXPECT_FALSE(last_status().carrier);
    EXPECT_TRUE(taken<SendArpProbe>().empty());
    EXPECT_EQ(watch.next_deadline(), kForever);
    now = t0 + 1s;
    watch.carrier("eth0", true, now, out);
    EXPECT_TRUE(last_status().carrier);
    run_to(t0 + 1s + kW);
    EXPECT_EQ(last_status().window_complete, t0 + 1s + kW);
    watch.carrier("eth0", false, now, out);  // in the middle of the next
    const auto s = last_status();
    EXPECT_FALSE(s.carrier);
    EXPECT_FALSE(s.window_complete);
}

TEST_F(Addresses, AProbeThatCouldNotLeaveSpoilsItsWindow) {
    want({}, {kVip});
    run_to(t0 + 60ms);
    watch.probe_failed(kVip);
    run_to(t0 + kW);
    EXPECT_FALSE(last_status().window_complete);
    run_to(t0 + 2 * kW);
    EXPECT_EQ(last_status().window_complete, t0 + 2 * kW);
}

TEST_F(Addresses, AClaimAnswersProbesAndNeverWithdraws) {
    want({kVip}, {kVip});  // a claim wins
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(watch.next_deadline(), kForever);
    hear(probe_from(kMac));
    const auto answers = taken<SendArpAnswer>();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].where, kVip);
    EXPECT_EQ(answers[0].to, kMac);
    ArpSeen client = probe_from(kMac);
    client.sender = *IpAddress::parse("10.0.0.77");
    hear(client);  // clients are the kernel's affair
    hear(probe_from(kMac, kVip2));
    EXPECT_TRUE(out.empty());
}

TEST_F(Addresses, AProbeJustBeforeTheClaimIsAnsweredWithIt) {
    want({}, {kVip});
    run_to(t0 + kW - 1ms);
    hear(probe_from(kMac));  // hb-resource has opened its gate a moment ago and does not know yet
    out.clear();
    now += 1ms;
    want({kVip}, {});
    ASSERT_EQ(taken<SendArpAnswer>().size(), 1U);
    want({kVip}, {});
    EXPECT_TRUE(out.empty());
}

TEST_F(Addresses, ClaimsOutliveHbResourceProbesDoNot) {
    want({kVip}, {kVip2});
    watch.resource_gone(now);
    out.clear();
    EXPECT_EQ(watch.next_deadline(), kForever);
    hear(probe_from(kMac));
    EXPECT_EQ(taken<SendArpAnswer>().size(), 1U);
    want({}, {});
    hear(probe_from(kMac));
    EXPECT_TRUE(out.empty());
}

TEST_F(Addresses, ConflictsOncePerDeadtimeAndMac) {
    want({kVip}, {});
    for (int i = 0; i < 5; ++i)
        hear(reply_from(kMac));
    hear(reply_from(kOther));
    auto conflicts = taken<ipc::AddressConflict>();
    ASSERT_EQ(conflicts.size(), 2U);
    EXPECT_EQ(conflicts[0].by, kMac);
    EXPECT_EQ(conflicts[1].by, kOther);
    now += 999ms;
    hear(reply_from(kMac));
    EXPECT_TRUE(taken<ipc::AddressConflict>().empty());
    now += 1ms;
    hear(reply_from(kMac));
    EXPECT_EQ(taken<ipc::AddressConflict>().size(), 1U);
    for (int i = 0; i < 1000; ++i)
        hear(reply_from(
            {{2, 1, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}}));
    EXPECT_LE(taken<ipc::AddressConflict>().size(), 64U);
}

TEST_F(Addresses, ManyAddressesAskForOneControl) {
    std::vector<PlacedAddress> many;
    for (std::uint32_t i = 0; i < 100; ++i)
        many.push_back({IpAddress::v4(0x0a000100 + i), "eth0"});
    many.push_back({IpAddress::v4(0x0a000200), "eth1"});
    want({}, many);
    EXPECT_EQ(taken<AskControl>().size(), 2U);
    EXPECT_EQ(taken<SendArpProbe>().size(), 101U);
}

}  // namespace
}  // namespace hb::comm
