// The address watch over IPv6: what counts as an answer and as a probe, by the packets themselves.
#include <gtest/gtest.h>

#include "common/base/probe_window.hpp"
#include "daemons/hb-comm/address_watch.hpp"
#include "daemons/hb-comm/ndp_seen.hpp"

namespace hb::comm {
namespace {

IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}
const PlacedAddress kVip{ip("2001:db8::5"), "eth0"};
const MacAddress kTheirs{{2, 0, 0, 0, 0, 9}}, kVirtual{{2, 0, 0, 0, 0, 8}};

wire::NdpPacket advertisement(const char* of, std::optional<MacAddress> names = kTheirs) {
    wire::NdpPacket packet = wire::ndp_announcement(kTheirs, ip(of));
    packet.link_address = names;
    return packet;
}

struct Row {
    const char* name;
    wire::NdpPacket packet;
    bool answer;  // G8: remembered for d
    bool probe;   // G9: makes who probes withdraw
    MacAddress by = kTheirs;
};

const Row kRows[] = {
    {"advertised", advertisement("2001:db8::5"), true, false},
    {"advertised, at another MAC", advertisement("2001:db8::5", kVirtual), true, false, kVirtual},
    {"advertised without a MAC", advertisement("2001:db8::5", std::nullopt), true, false},
    {"another one advertised", advertisement("2001:db8::6"), false, false},
    {"a foreign probe", wire::ndp_probe(ip("2001:db8::5")), false, true},
    {"a foreign probe for another one", wire::ndp_probe(ip("2001:db8::6")), false, false},
    {"somebody looks for it", wire::ndp_question(kTheirs, ip("fe80::9"), ip("2001:db8::5")), false,
     false},
    {"somebody asks from it", wire::ndp_question(kTheirs, ip("2001:db8::5"), ip("2001:db8::1")),
     true, false},
};

TEST(NdpWatch, WhatCountsAsAnAnswer) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        std::vector<AddressAction> out;
        MonoTime now{100s};
        AddressWatch watch(node_id(1), 1s);
        watch.carrier("eth0", true, now, out);
        watch.watch({.claims = {}, .probes = {kVip}}, now, out);
        watch.arp(arp_of(row.packet, kTheirs, "eth0"), now, out);
        now += probe_interval(1s);
        watch.on_deadline(now, out);
        std::optional<ipc::ProbeStatus> last;
        for (const AddressAction& action : out)
            if (const auto* status = std::get_if<ipc::ProbeStatus>(&action)) last = *status;
        ASSERT_TRUE(last);
        EXPECT_EQ(last->answered.has_value(), row.answer);
        if (row.answer) {
            EXPECT_EQ(last->by, row.by);
        }
        EXPECT_EQ(last->crossed, row.probe);
    }
}

TEST(NdpWatch, AClaimAnswersProbesAndNothingElse) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        std::vector<AddressAction> out;
        const MonoTime now{100s};
        AddressWatch watch(node_id(1), 1s);
        watch.carrier("eth0", true, now, out);
        watch.watch({.claims = {kVip}, .probes = {}}, now, out);
        out.clear();
        watch.arp(arp_of(row.packet, kTheirs, "eth0"), now, out);
        ASSERT_EQ(out.size(), row.probe || row.answer ? 1U : 0U);
        if (row.probe) {
            EXPECT_EQ(std::get<SendArpAnswer>(out[0]).where, kVip);
        }
        if (row.answer) {
            EXPECT_EQ(std::get<ipc::AddressConflict>(out[0]).by, row.by);
        }
    }
}

}  // namespace
}  // namespace hb::comm
