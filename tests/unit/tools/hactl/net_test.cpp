#include <gtest/gtest.h>

#include "tests/unit/tools/control/scene.hpp"
#include "tools/hactl/net_filter.hpp"
#include "tools/hactl/net_packets.hpp"
#include "tools/hactl/net_report.hpp"

namespace hb::hactl {
namespace {

using Bytes = std::vector<std::uint8_t>;

// From 10.0.0.2 to port 694 with "hi"; padded by the network card.
const Bytes kV4 = {0x45, 0, 0,   30,   0,    0,    0x40, 0, 64, 17, 0, 0,   10,  0, 0, 2, 10,
                   0,    0, 255, 0x27, 0x10, 0x02, 0xb6, 0, 10, 0,  0, 'h', 'i', 0, 0, 0};
Bytes v6() {
    Bytes packet = {0x60, 0, 0, 0, 0, 10, 17, 1};
    for (const int last : {2, 3}) {
        packet.insert(packet.end(), {0xfe, 0x80});
        packet.insert(packet.end(), 13, 0);
        packet.push_back(static_cast<std::uint8_t>(last));
    }
    packet.insert(packet.end(), kV4.begin() + 20, kV4.begin() + 30);
    return packet;
}

TEST(NetPackets, HeartbeatsOfBothFamilies) {
    const auto v4 = udp_to(694, kV4);
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->from.to_string(), "10.0.0.2");
    EXPECT_EQ(Bytes(v4->payload.begin(), v4->payload.end()), (Bytes{'h', 'i'}));
    const Bytes six = v6();
    const auto found = udp_to(694, six);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->from.to_string(), "fe80::2");
    EXPECT_EQ(Bytes(found->payload.begin(), found->payload.end()), (Bytes{'h', 'i'}));
}

TEST(NetPackets, NothingElse) {
    EXPECT_FALSE(udp_to(695, kV4));
    EXPECT_FALSE(udp_to(694, {}));
    for (std::size_t size = 0; size < 30; size++)
        EXPECT_FALSE(udp_to(694, std::span(kV4).first(size))) << size;
    const Bytes six = v6();
    for (std::size_t size = 0; size < six.size(); size++)
        EXPECT_FALSE(udp_to(694, std::span(six).first(size))) << size;
    struct Change {
        std::size_t at;
        std::uint8_t to;
    };
    for (const auto& [at, to] : {Change{0, 0x55}, Change{0, 0x44}, Change{0, 0x4f}, Change{9, 6},
                                 Change{6, 0x20}, Change{7, 1}, Change{25, 7}, Change{25, 11}}) {
        Bytes packet = kV4;
        packet[at] = to;
        EXPECT_FALSE(udp_to(694, packet)) << at << " " << int{to};
    }
}

TEST(NetFilter, WhatDropsOrNamesThePort) {
    const auto lines = filter_lines(R"(table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		udp dport 694 drop
	}
}
table inet filter {
	set blocked {
		type ipv4_addr
		elements = { 694 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ip saddr 10.0.0.2 udp dport { 694, 695 } accept
		iifname "eth1" udp dport 694 counter packets 12 bytes 3000 drop
		tcp dport 6942 drop
		counter packets 5 bytes 420 reject
	}
	chain output {
		type filter hook output priority filter; policy drop;
		udp dport 694 drop
	}
}
)",
                                    694);
    EXPECT_EQ(lines,
              (std::vector<FilterLine>{
                  {"inet filter input", "policy drop", true},
                  {"inet filter input", "ip saddr 10.0.0.2 udp dport { 694, 695 } accept", false},
                  {"inet filter input",
                   "iifname \"eth1\" udp dport 694 counter packets 12 bytes 3000 drop", true},
                  {"inet filter input", "counter packets 5 bytes 420 reject", true}}));
    EXPECT_TRUE(filter_lines("", 694).empty());
    EXPECT_TRUE(filter_lines("table inet x {\n\tchain y {\n\t\tudp dport 694 drop\n", 694).empty());
}

const MacAddress kMac = *MacAddress::parse("52:54:00:00:00:02");
const MacAddress kStranger = *MacAddress::parse("52:54:00:00:00:99");

// node1 runs 10.0.0.5, node2 runs 10.0.0.6, all is well.
NetFacts well() {
    NetFacts facts;
    facts.node = "node1";
    facts.seconds = 2;
    facts.status = control::two_nodes();
    GroupSummary& second = facts.status->groups[1];
    second.state = GroupState::kRunning;
    second.by_node[control::kB] = GroupState::kRunning;
    facts.status->nodes[1].links.resize(1);
    facts.addresses = {
        {"10.0.0.5", "10.0.0.5", {"eth0:0"}, "eth0", "", {}},
        {"10.0.0.6", "10.0.0.6", {}, "eth0", "", {kMac}},
        {"192.0.2.1", "10.0.0.6", {}, "", "it is in the network of no interface here", {}}};
    facts.nodes_at = {{kMac, "node2"}};
    facts.media = {{.name = "eth0",
                    .interface = "eth0",
                    .port = 694,
                    .trouble = {},
                    .note = {},
                    .sent = 2,
                    .senders = {{"10.0.0.2", "node2", {{1, 2}}, {}}}}};
    return facts;
}

TEST(NetReport, AllIsWell) {
    const NetReport found = report(well());
    EXPECT_EQ(found.troubles, 0U);
    EXPECT_EQ(found.text,
              "This is node1.\n"
              "\n"
              "Addresses\n"
              "  10.0.0.5: group 10.0.0.5, running on node1\n"
              "    here, on eth0:0\n"
              "    on eth0 nobody else answers for it\n"
              "  10.0.0.6: group 10.0.0.6, running on node2\n"
              "    not here\n"
              "    on eth0 52:54:00:00:00:02 (node2) answers for it\n"
              "  192.0.2.1: group 10.0.0.6, running on node2\n"
              "    not here\n"
              "    not asked for: it is in the network of no interface here\n"
              "\n"
              "Frames, as they come from the wire in 2.0 s\n"
              "  eth0, udp/694\n"
              "    2 sent from here\n"
              "    2 from 10.0.0.2 (node2), key 1\n"
              "\n"
              "Packet filter of this host\n"
              "    no rule of nftables names the port, or drops everything\n"
              "    chains that are jumped to, sets and maps are not followed\n");
}

TEST(NetReport, NamesEachTrouble) {
    struct Case {
        const char* what;
        void (*spoil)(NetFacts& facts);
        const char* line;
    };
    for (const auto& [what, spoil, line] : {
             Case{"the address was taken away", [](NetFacts& f) { f.addresses[0].here.clear(); },
                  "not here, though the group runs here"},
             Case{"the peer has ours, too", [](NetFacts& f) { f.addresses[0].answered = {kMac}; },
                  "on eth0 somebody else answers for it: 52:54:00:00:00:02 (node2)"},
             Case{"we have the peer's",
                  [](NetFacts& f) {
                      f.addresses[1].here = {"eth0"};
                      f.addresses[1].answered.clear();
                  },
                  "here, on eth0, though the group runs elsewhere"},
             Case{"two others have it",
                  [](NetFacts& f) {
                      f.addresses[1].answered = {kMac, kStranger};
                  },
                  "on eth0 more than one answers for it: 52:54:00:00:00:02 (node2), "
                  "52:54:00:00:00:99"},
             Case{"nobody has it", [](NetFacts& f) { f.addresses[1].answered.clear(); },
                  "on eth0 nobody answers for it, though the group runs"},
             Case{"filtered here", [](NetFacts& f) { f.status->nodes[1].links[0].up = false; },
                  "they reach eth0, but hb-comm hears nothing of node2 on it: something on this "
                  "host drops udp/694 that comes in"},
             Case{"filtered elsewhere",
                  [](NetFacts& f) {
                      f.status->nodes[1].links[0].up = false;
                      f.media[0].senders.clear();
                  },
                  "nothing genuine from node2: it does not send, or something before this host "
                  "drops it"},
             Case{"it does not hear us",
                  [](NetFacts& f) {
                      f.status->nodes[1].links[0].up = false;
                      f.status->nodes[1].links[0].fault = ipc::LinkFault::kOneWayOut;
                      f.status->nodes[1].links[0].detail = "is its firewall open?";
                  },
                  "node2 does not hear us on eth0: is its firewall open?"},
             Case{"another key",
                  [](NetFacts& f) { f.media[0].senders[0].refused["wrong key 1 (sha1)"] = 4; },
                  "4 from 10.0.0.2: wrong key 1 (sha1)"},
             Case{"no cable", [](NetFacts& f) { f.media[0].trouble = "no carrier"; }, "no carrier"},
             Case{"mute", [](NetFacts& f) { f.media[0].sent = 0; }, "nothing leaves here"},
             Case{"not running",
                  [](NetFacts& f) {
                      f.status.reset();
                      f.no_status = "nobody listens";
                  },
                  "nobody listens"},
         }) {
        NetFacts facts = well();
        spoil(facts);
        const NetReport found = report(facts);
        EXPECT_EQ(found.troubles, 1U) << what << "\n" << found.text;
        EXPECT_NE(found.text.find(std::string("\n  ! ") + line + "\n"), std::string::npos)
            << what << "\n"
            << found.text;
    }
}

TEST(NetReport, SaysWhatItCannotKnow) {
    NetFacts facts = well();
    facts.media[0].senders.clear();
    facts.media.push_back({.name = "/dev/ttyS0",
                           .interface = "/dev/ttyS0",
                           .port = 0,
                           .trouble = {},
                           .note = "a serial line: not listened on",
                           .sent = 0,
                           .senders = {}});
    facts.missed = 7;
    facts.no_filters = "nft list ruleset: not permitted";
    const NetReport found = report(facts);
    EXPECT_EQ(found.troubles, 0U) << found.text;
    for (const char* line :
         {"nothing genuine from node2 while listening, though the link is up: listen for longer "
          "(--seconds)",
          "a serial line: not listened on", "7 packets were missed, there were too many",
          "not known: nft list ruleset: not permitted"})
        EXPECT_NE(found.text.find(line), std::string::npos) << line << "\n" << found.text;
}

}  // namespace
}  // namespace hb::hactl
