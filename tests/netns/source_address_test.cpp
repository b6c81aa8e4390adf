// IPsrcaddr, SendArp and the addresses of hb-agent with a real kernel: two ends of a cable in a
// network namespace of their own, and a /run of their own.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/runtime/system_clock.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-resource/group_agents.hpp"

namespace hb::resource {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Outcome {
    int code = -1;
    std::string output;
};

Outcome shell(const std::string& command) {
    Outcome result;
    FILE* pipe = popen(("(" + command + ") 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), n);
    const int status = pclose(pipe);
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

// `ip route` without the blanks at the ends of its lines.
std::string routes(const std::string& what = "") {
    return shell("ip " + what + " | sed 's/ *$//' | grep -v fe80").output;
}

class SourceAddress : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        std::filesystem::remove_all("/run/resource-agents");
        const Outcome made = shell(
            "set -e; ip link set lo up; ip link add eth0 type veth peer name peer0;"
            "ip link set eth0 up; ip link set peer0 up;"
            "ip addr add 10.0.0.1/24 dev eth0; ip addr add 10.0.0.5/24 dev eth0;"
            "ip -6 addr add fd77::1/64 dev eth0 nodad; ip -6 addr add fd77::5/64 dev eth0 nodad;"
            "ip route add default via 10.0.0.254 dev eth0 metric 7 mtu 1400;"
            "ip -6 route add default via fd77::fe dev eth0");
        ASSERT_EQ(made.code, 0) << made.output;
    }
    // "IPsrcaddr start", with "ipaddress=10.0.0.5" and more.
    static Outcome call(const std::string& words, const std::string& parameters,
                        const std::string& instance = "it") {
        std::string command = "env OCF_RESOURCE_INSTANCE=" + instance +
                              " OCF_RESKEY_CRM_meta_timeout=20000 "
                              "OCF_RESKEY_CRM_meta_interval=10000 ";
        for (std::size_t at = 0; at < parameters.size();) {
            const std::size_t end = std::min(parameters.find(' ', at), parameters.size());
            command += "OCF_RESKEY_" + parameters.substr(at, end - at) + " ";
            at = end + 1;
        }
        return shell(command + HB_AGENT + " " + words);
    }
    static Outcome source(const std::string& action, const std::string& more = "") {
        return call("IPsrcaddr " + action, "ipaddress=10.0.0.5" + more);
    }

    const std::string kBefore =
        "default via 10.0.0.254 dev eth0 metric 7 mtu 1400\n"
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n";
    const std::string kSet =
        "default via 10.0.0.254 dev eth0 src 10.0.0.5 metric 7 mtu 1400\n"
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5\n";
};

TEST_F(SourceAddress, IsSetAndWhatWasThereIsPutBack) {
    EXPECT_EQ(source("monitor").code, 7);
    ASSERT_EQ(source("start").code, 0);
    EXPECT_EQ(routes("route"), kSet);
    EXPECT_THAT(routes("route get 192.0.2.1"), HasSubstr("src 10.0.0.5"));
    EXPECT_EQ(source("monitor").code, 0);
    EXPECT_EQ(source("start").code, 0);
    EXPECT_EQ(routes("route"), kSet);
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_EQ(routes("route"), kBefore);
    EXPECT_EQ(source("monitor").code, 7);
    EXPECT_EQ(source("stop").code, 0);
    EXPECT_EQ(routes("route"), kBefore);
}

TEST_F(SourceAddress, IsSetForIpv6Too) {
    const std::string before = routes("-6 route");
    const std::string it = "ipaddress=fd77::5";
    ASSERT_EQ(call("IPsrcaddr start", it).code, 0);
    EXPECT_THAT(routes("-6 route"), HasSubstr("default via fd77::fe dev eth0 src fd77::5"));
    EXPECT_THAT(routes("-6 route"), HasSubstr("fd77::/64 dev eth0 proto kernel src fd77::5"));
    EXPECT_EQ(call("IPsrcaddr monitor", it).code, 0);
    ASSERT_EQ(call("IPsrcaddr stop", it).code, 0);
    EXPECT_EQ(routes("-6 route"), before);
}

TEST_F(SourceAddress, AnotherSourceIsPutBack) {
    ASSERT_EQ(shell("ip addr add 10.0.0.9/24 dev eth0; ip route change default via 10.0.0.254 dev "
                    "eth0 metric 7 src 10.0.0.9")
                  .code,
              0);
    const std::string before = routes("route");
    ASSERT_EQ(source("start").code, 0);
    EXPECT_THAT(source("monitor").output, IsEmpty());
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_EQ(routes("route"), before);
    // It has gone meanwhile: the route gets none.
    ASSERT_EQ(source("start").code, 0);
    shell("ip addr del 10.0.0.9/24 dev eth0");
    const Outcome stop = source("stop");
    EXPECT_EQ(stop.code, 0) << stop.output;
    EXPECT_THAT(stop.output, HasSubstr("the source 10.0.0.9 cannot be put back"));
    EXPECT_THAT(routes("route"), HasSubstr("default via 10.0.0.254 dev eth0 metric 7\n"));
}

TEST_F(SourceAddress, RoutesThatWentWithTheAddressComeBack) {
    ASSERT_EQ(source("start").code, 0);
    ASSERT_EQ(shell("ip addr del 10.0.0.5/24 dev eth0").code, 0);
    ASSERT_THAT(routes("route"), IsEmpty()) << "the kernel took them along";
    const Outcome now = source("monitor");
    EXPECT_EQ(now.code, 1);
    EXPECT_THAT(now.output, HasSubstr("10.0.0.5 is not an address of this host any more"));
    const Outcome refused = source("start");
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.output, HasSubstr("10.0.0.5 is not an address of this host"));
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_EQ(routes("route"), kBefore);
    EXPECT_EQ(source("monitor").code, 7);
}

// A link without its carrier takes routes; one that is down takes none.
TEST_F(SourceAddress, ARouteThatCannotBePutBackIsPutBackByTheNextStartAndStop) {
    ASSERT_EQ(source("start").code, 0);
    ASSERT_EQ(shell("ip link set eth0 down").code, 0);
    ASSERT_THAT(routes("route"), IsEmpty());
    const Outcome stop = source("stop");
    EXPECT_EQ(stop.code, 0) << stop.output;
    EXPECT_THAT(stop.output, HasSubstr("cannot be put back"));
    EXPECT_EQ(source("monitor").code, 7);
    ASSERT_EQ(shell("ip link set eth0 up").code, 0);
    ASSERT_EQ(source("start").code, 0);
    EXPECT_EQ(routes("route"), kSet);
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_EQ(routes("route"), kBefore);
    EXPECT_EQ(source("monitor").code, 7);
}

TEST_F(SourceAddress, WhatOthersChangedMeanwhileStays) {
    ASSERT_EQ(source("start").code, 0);
    ASSERT_EQ(shell("ip route del default; ip route add default via 10.0.0.253 dev eth0").code, 0);
    const Outcome now = source("monitor");
    EXPECT_EQ(now.code, 1);
    EXPECT_THAT(now.output, HasSubstr("default via 10.0.0.253 dev eth0 has no source"));
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_THAT(routes("route"), HasSubstr("default via 10.0.0.253 dev eth0\n10.0.0.0/24"));
    EXPECT_EQ(source("monitor").code, 7);
}

TEST_F(SourceAddress, NeverLeavesARouteWithASourceThatGoes) {
    // What was remembered is lost.
    ASSERT_EQ(source("start").code, 0);
    std::filesystem::remove_all("/run/resource-agents");
    EXPECT_EQ(source("monitor").code, 0);
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_THAT(routes("route"), Not(HasSubstr("10.0.0.5")));
    ASSERT_EQ(shell("ip addr del 10.0.0.5/24 dev eth0").code, 0);
    EXPECT_THAT(routes("route"), HasSubstr("default via 10.0.0.254"));
}

TEST_F(SourceAddress, WithoutADefaultRouteThereItIsRefused) {
    shell(
        "ip route del default; ip link add eth1 type veth peer name peer1; ip link set eth1 up; ip "
        "link set peer1 up; "
        "ip addr add 10.1.0.1/24 dev eth1; ip route add default via 10.1.0.254");
    const Outcome refused = source("start");
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.output,
                HasSubstr("there is no default route over eth0, where 10.0.0.5 is (but default via "
                          "10.1.0.254 dev eth1)"));
    EXPECT_EQ(source("monitor").code, 7);
    EXPECT_EQ(source("stop").code, 0);
}

TEST_F(SourceAddress, ADestinationATableAndSeveralHopsAreUnderstood) {
    ASSERT_EQ(shell("ip route add 192.0.2.0/24 metric 3 table 77 nexthop via 10.0.0.254 dev eth0 "
                    "weight 2 nexthop via 10.0.0.253 dev eth0")
                  .code,
              0);
    const std::string before = routes("route show table 77");
    const std::string more = " destination=192.0.2.0/24 table=77 metric=3";
    const Outcome done = source("start", more);
    ASSERT_EQ(done.code, 0) << done.output;
    EXPECT_THAT(routes("route show table 77"), HasSubstr("192.0.2.0/24 src 10.0.0.5 metric 3"));
    EXPECT_EQ(routes("route"), kBefore);
    EXPECT_EQ(source("monitor", more).code, 0);
    ASSERT_EQ(source("stop", more).code, 0);
    EXPECT_EQ(routes("route show table 77"), before);
    EXPECT_THAT(source("start", " table=no-such-table").output,
                HasSubstr("there is no routing table 'no-such-table' here"));
}

TEST_F(SourceAddress, TwoDoNotTakeTheRouteFromEachOther) {
    ASSERT_EQ(source("start").code, 0);
    shell("ip addr add 10.0.0.6/24 dev eth0");
    const std::string other = "ipaddress=10.0.0.6";
    const Outcome refused = call("IPsrcaddr start", other, "other");
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.output, HasSubstr("another IPsrcaddr has given it source 10.0.0.5"));
    EXPECT_EQ(call("IPsrcaddr monitor", other, "other").code, 7);
    EXPECT_EQ(call("IPsrcaddr stop", other, "other").code, 0);
    EXPECT_EQ(routes("route"), kSet);
    ASSERT_EQ(source("stop").code, 0);
    EXPECT_EQ(call("IPsrcaddr start", other, "other").code, 0);
}

// ---- announcements

class Announced : public SourceAddress {
  protected:
    void SetUp() override {
        SourceAddress::SetUp();
        socket_.reset(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP)));
        sockaddr_ll at{};
        at.sll_family = AF_PACKET;
        at.sll_protocol = htons(ETH_P_ARP);
        at.sll_ifindex = static_cast<int>(if_nametoindex("peer0"));
        const void* const address = &at;
        ASSERT_EQ(bind(socket_.get(), static_cast<const sockaddr*>(address), sizeof at), 0);
    }
    // Waits for a packet that says where the address is.
    bool hears(const std::string& address, int milliseconds = 20000) {
        const IpAddress wanted = *IpAddress::parse(address);
        const MonoTime limit = runtime::now() + std::chrono::milliseconds(milliseconds);
        while (true) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(limit - runtime::now());
            pollfd ready{socket_.get(), POLLIN, 0};
            if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) != 1)
                return false;
            std::array<std::uint8_t, 64> packet{};
            if (recv(socket_.get(), packet.data(), packet.size(), 0) >= 28 &&
                std::equal(wanted.bytes.begin(), wanted.bytes.begin() + 4, packet.begin() + 14))
                return true;
        }
    }
    void drain() {
        std::array<std::uint8_t, 64> packet{};
        while (recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT) > 0) {
        }
    }
    static std::string announcing() { return shell("pgrep -f 'hb-agent .* start'").output; }

    runtime::UniqueFd socket_;
};

TEST_F(Announced, SendArpAnnouncesInTheBackgroundUntilItIsStopped) {
    const std::string it = "ip=10.0.0.77 nic=eth0:0";
    const MonoTime begun = runtime::now();
    const Outcome done = call("SendArp start", it);
    ASSERT_EQ(done.code, 0) << done.output;
    EXPECT_THAT(done.output, HasSubstr("10.0.0.77 is announced, and this host does not have it"));
    EXPECT_LT(runtime::now() - begun, 4s) << "it waited for the last announcement";
    EXPECT_TRUE(hears("10.0.0.77"));
    EXPECT_EQ(call("SendArp monitor", it).code, 0);
    ASSERT_EQ(call("SendArp stop", it).code, 0);
    // Whoever has the address now is not contradicted: the next would have come within 5 s.
    drain();
    EXPECT_FALSE(hears("10.0.0.77", 1500));
    EXPECT_EQ(call("SendArp monitor", it).code, 7);
}

TEST_F(Announced, SendArpInTheForegroundFailsWhereItCannotBeSent) {
    EXPECT_EQ(call("SendArp start", "ip=10.0.0.77 nic=eth0 background=no").code, 0);
    EXPECT_TRUE(hears("10.0.0.77"));
    ASSERT_EQ(shell("ip link add down0 type veth peer name down1").code, 0);
    for (const auto& [nic, why] :
         {std::pair{"lo", "lo knows no ARP"}, std::pair{"eth7", "eth7: no such device"},
          std::pair{"down0", "down0 is down"}}) {
        const Outcome refused = call("SendArp start", fmt::format("ip=10.0.0.77 nic={}", nic), nic);
        EXPECT_EQ(refused.code, 1) << nic;
        EXPECT_THAT(refused.output, HasSubstr(why));
        EXPECT_EQ(call("SendArp monitor", "ip=10.0.0.77 nic=lo", nic).code, 7);
    }
}

TEST_F(Announced, AnAddressOfHbAgentIsThereAnnouncedAndGone) {
    const std::string it = "ip=10.0.0.78 nic=eth0 cidr_netmask=24 iflabel=web";
    const Outcome done = call("IPaddr2 start", it);
    ASSERT_EQ(done.code, 0) << done.output;
    EXPECT_THAT(done.output, HasSubstr("Added 10.0.0.78/24 to eth0 as eth0:web"));
    EXPECT_TRUE(hears("10.0.0.78"));
    EXPECT_THAT(shell("ip addr show dev eth0").output, HasSubstr("secondary eth0:web"));
    ASSERT_EQ(call("IPaddr2 stop", it).code, 0);
    drain();
    EXPECT_FALSE(hears("10.0.0.78", 1500));
    // The first of a subnet goes; those that the kernel takes along come back.
    ASSERT_EQ(shell("sysctl -qw net.ipv4.conf.all.promote_secondaries=0 "
                    "net.ipv4.conf.eth0.promote_secondaries=0")
                  .code,
              0);
    ASSERT_EQ(call("IPaddr stop", "ip=10.0.0.1 nic=eth0").code, 0);
    EXPECT_THAT(shell("ip addr show dev eth0").output, HasSubstr("10.0.0.5/24"));
    const Outcome failed = call("IPaddr start", "ip=10.9.0.1 nic=eth7");
    EXPECT_EQ(failed.code, 1);
    EXPECT_THAT(failed.output, HasSubstr("ocf-exit-reason:eth7: no such device"));
}

// ---- with hb-resource

// An address and IPsrcaddr in one group, monitored once an hour: what is put back is put back
// because the kernel said so.
TEST_F(SourceAddress, ARouteThatGoesWithItsAddressIsPutBackAtOnce) {
    ASSERT_EQ(shell("ip addr del 10.0.0.5/24 dev eth0").code, 0);
    runtime::EventLoop loop;
    config::Settings settings;
    const GroupName name = "10.0.0.5/24/eth0";
    settings.nodes = {"node1"};
    settings.monitoring.interval = 1h;
    settings.groups = {
        {.name = name,
         .preferred = node_id(0),
         .resources = {{.type = "IPaddr", .args = {name}, .word = name},
                       {.type = "IPsrcaddr", .args = {"10.0.0.5"}, .word = "IPsrcaddr::10.0.0.5"}},
         .position = {}}};
    std::vector<RunnerDone> done;
    std::string log;
    auto agents = GroupAgents::open(
        loop, settings,
        {.self = node_id(0),
         .config_dir = "/nowhere",
         .directories = {.resource_d = "/nowhere", .init_d = "/nowhere", .hb_agent = HB_AGENT},
         .limits = {}},
        {.on_done =
             [&](const std::vector<RunnerDone>& results) noexcept {
                 done.insert(done.end(), results.begin(), results.end());
             },
         .on_trouble = [&](const RunnerTrouble& t) noexcept { log += t.text + "\n"; },
         .on_event = [&](const Event& event) noexcept { log += event.text + "\n"; },
         .on_places = [](const GroupPlaces&) noexcept {},
         .call_started = [](pid_t, std::uint32_t) noexcept { return true; },
         .call_finished = [](pid_t) noexcept {}});
    ASSERT_TRUE(agents) << agents.error().text;
    const auto until = [&](const std::function<bool()>& holds) {
        const MonoTime limit = runtime::now() + 60s;
        while (!holds() && runtime::now() < limit)
            loop.poll();
        EXPECT_TRUE(holds()) << "this never came true\n" << log;
    };
    (*agents)->start(name);
    until([&] { return !done.empty(); });
    ASSERT_EQ(done.front().answer, RunnerDone::Answer::kRunning) << log;
    EXPECT_EQ(routes("route"), kSet);
    done.clear();
    ASSERT_EQ(shell("ip addr del 10.0.0.5/24 dev eth0").code, 0);
    until([&] { return !done.empty(); });
    EXPECT_EQ(routes("route"), kSet) << log;
    EXPECT_THAT(log, HasSubstr("IPsrcaddr::10.0.0.5 failed"));
    // Only the default route loses it: that of the network still has it.
    done.clear();
    ASSERT_EQ(shell("ip route replace default via 10.0.0.254 dev eth0 metric 7 mtu 1400").code, 0);
    until([&] { return routes("route") == kSet; });
    until([&] { return !done.empty(); });
    done.clear();
    (*agents)->stop(name);
    until([&] { return !done.empty(); });
    ASSERT_FALSE(done.empty());
    EXPECT_EQ(done.front().answer, RunnerDone::Answer::kStopped) << log;
    EXPECT_EQ(routes("route"), kBefore);
}

}  // namespace
}  // namespace hb::resource

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0) {
        std::perror("skipped: no namespaces of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
