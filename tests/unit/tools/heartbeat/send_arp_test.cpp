#include "tools/heartbeat/send_arp.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace hb::heartbeat {
namespace {

std::vector<std::string> split(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

const IpAddress kIp = *IpAddress::parse("10.0.0.5");
const MacAddress kMac = *MacAddress::parse("00:30:48:23:bd:48");

ArpJob heartbeats() {
    return {.device = "eth0",
            .address = kIp,
            .target = kIp,
            .mac = {},
            .count = 1,
            .pause = 500ms,
            .deadline = {},
            .pid_file = {}};
}
ArpJob arpings(bool requests) {
    ArpJob job = heartbeats();
    job.requests = requests;
    job.replies = !requests;
    job.count = 0;
    job.pause = 1s;
    return job;
}

TEST(SendArp, InEveryTongue) {
    struct Case {
        const char* line;
        ArpJob job;
    };
    ArpJob agent = heartbeats();
    agent.count = 10;
    agent.pause = 250ms;
    agent.pid_file = "/run/x";
    ArpJob with_mac = heartbeats();
    with_mac.mac = kMac;
    ArpJob article = with_mac;
    article.device = "";
    ArpJob five = arpings(true);
    five.count = 5;
    ArpJob timed = arpings(false);
    timed.deadline = 3s;
    ArpJob from = arpings(true);
    from.address = *IpAddress::parse("10.0.0.9");
    for (const auto& [line, job] : {
             Case{"eth0 10.0.0.5 auto 10.0.0.5 ffffffffffff", heartbeats()},
             Case{"-i 500 -r 10 -p /run/x eth0 10.0.0.5 auto not_used not_used", agent},
             Case{"eth0:0 10.0.0.5 00304823BD48 10.0.0.5 ffffffffffff", with_mac},
             Case{"10.0.0.5 00:30:48:23:bd:48 10.0.0.5 fffffffffff", article},
             Case{"-U -I eth0 10.0.0.5", arpings(true)},
             Case{"-A -I eth0 10.0.0.5", arpings(false)},
             Case{"-U -c 5 -I eth0 10.0.0.5", five},
             Case{"-q -A -w 3 -I eth0 10.0.0.5", timed},
             Case{"-U -b -I eth0 -s 10.0.0.9 10.0.0.5", from},
         }) {
        const auto parsed = parse_send_arp(split(line));
        ASSERT_TRUE(parsed) << line << ": " << parsed.error().text;
        EXPECT_EQ(*parsed, job) << line;
    }
}

TEST(SendArp, SaysWhatIsWrong) {
    struct Case {
        const char* line;
        const char* what;
    };
    for (const auto& [line, what] : {
             Case{"", "0 words"},
             Case{"eth0 10.0.0.5 auto", "3 words"},
             Case{"eth0 10.0.0.5 auto a b c", "6 words"},
             Case{"eth0 10.0.0 auto a b", "10.0.0: not an IP address"},
             Case{"eth0 fe80::1 auto a b", "fe80::1: ARP knows IPv4 only"},
             Case{"eth0 10.0.0.5 00:11 a b", "00:11: neither a MAC address nor"},
             Case{"-r 0 eth0 10.0.0.5 auto a b", "-r"},
             Case{"-x eth0 10.0.0.5 auto a b", "-x"},
             Case{"-U 10.0.0.5", "-I DEVICE is missing"},
             Case{"-U -I eth0", "one address"},
             Case{"-I eth0 10.0.0.5", "only -U and -A are here"},
         }) {
        const auto parsed = parse_send_arp(split(line));
        ASSERT_FALSE(parsed) << line;
        EXPECT_NE(parsed.error().text.find(what), std::string::npos)
            << line << ": " << parsed.error().text;
    }
}

TEST(SendArp, PairsAreARequestAndAReplyForItself) {
    const auto round = packets(heartbeats(), kMac);
    ASSERT_EQ(round.size(), 2U);
    EXPECT_EQ(round[0], (wire::ArpPacket{true, kMac, kIp, {}, kIp}));
    EXPECT_EQ(round[1], (wire::ArpPacket{false, kMac, kIp, kMac, kIp}));
    EXPECT_EQ(packets(arpings(true), kMac), std::vector{round[0]});
    EXPECT_EQ(packets(arpings(false), kMac), std::vector{round[1]});
}

}  // namespace
}  // namespace hb::heartbeat
