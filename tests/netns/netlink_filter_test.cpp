// Which notifications of the kernel pass each filter: a network namespace of its own, in which
// ip(8) does what has to be noticed, or not.
#include "common/runtime/netlink_filter.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {
namespace {

using testing::Contains;
using testing::Not;

void shell(const std::string& command) {
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

class Listener {
  public:
    explicit Listener(NetlinkWish wish)
        : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
        const auto done = filter_netlink(socket_.get(), wish);
        EXPECT_TRUE(done) << done.error().text;
        sockaddr_nl groups{};
        groups.nl_family = AF_NETLINK;
        groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
                           RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
        const void* const address = &groups;
        EXPECT_EQ(::bind(socket_.get(), static_cast<const sockaddr*>(address), sizeof groups), 0);
    }

    // "+10.0.0.5", "-10.0.0.5": addresses; "+route 10.1.0.0/16"; "link".
    std::set<std::string> heard() {
        std::set<std::string> all;
        alignas(nlmsghdr) std::array<char, 16384> buffer{};
        for (;;) {
            const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) return all;
            nlmsghdr header{};
            std::memcpy(&header, buffer.data(), sizeof header);
            all.insert(words(header, buffer.data() + NLMSG_HDRLEN));
        }
    }

  private:
    static std::string attribute(const char* at, const char* end, int family, unsigned type) {
        while (at + sizeof(rtattr) <= end) {
            rtattr head{};
            std::memcpy(&head, at, sizeof head);
            if (head.rta_type == type) {
                std::array<char, INET6_ADDRSTRLEN> text{};
                ::inet_ntop(family, at + RTA_LENGTH(0), text.data(), text.size());
                return text.data();
            }
            at += RTA_ALIGN(head.rta_len);
        }
        return "default";
    }
    static std::string words(const nlmsghdr& header, const char* body) {
        const char* const end = body + header.nlmsg_len - NLMSG_HDRLEN;
        const bool gone = header.nlmsg_type == RTM_DELADDR || header.nlmsg_type == RTM_DELROUTE;
        const std::string sign = gone ? "-" : "+";
        if (header.nlmsg_type == RTM_NEWADDR || header.nlmsg_type == RTM_DELADDR) {
            ifaddrmsg info{};
            std::memcpy(&info, body, sizeof info);
            return sign + attribute(body + sizeof info, end, info.ifa_family, IFA_ADDRESS);
        }
        if (header.nlmsg_type == RTM_NEWROUTE || header.nlmsg_type == RTM_DELROUTE) {
            rtmsg info{};
            std::memcpy(&info, body, sizeof info);
            return sign + "route " + attribute(body + sizeof info, end, info.rtm_family, RTA_DST) +
                   "/" + std::to_string(info.rtm_dst_len) +
                   (info.rtm_table == RT_TABLE_MAIN ? "" : " elsewhere");
        }
        return "link";
    }

    UniqueFd socket_;
};

class NetlinkFilterTest : public testing::Test {
  protected:
    NetlinkFilterTest() {
        shell("ip link add eth0 type veth peer name peer0 && ip link set peer0 up");
        shell("ip link set eth0 up && ip addr add 10.0.0.1/16 dev eth0");
    }
    ~NetlinkFilterTest() override { shell("ip link del eth0"); }

    static void change() {
        shell("ip addr add 10.0.0.5/16 dev eth0");  // secondary
        shell("ip addr add 10.9.0.1/32 dev eth0");
        shell("ip addr add 2001:db8::5/64 dev eth0 nodad");
        shell("ip addr add fe80::5/64 dev eth0 nodad");
        shell("ip route add 10.1.0.0/16 via 10.0.0.2 && ip route add default via 10.0.0.2");
        shell("ip route add default via 10.0.0.3 table 77");
        shell("ip route add blackhole 10.2.0.0/16 && ip route del blackhole 10.2.0.0/16");
        shell("ip link set eth0 alias changed");
        shell("ip addr del 10.0.0.5/16 dev eth0 && ip addr del 10.9.0.1/32 dev eth0");
    }
};

TEST_F(NetlinkFilterTest, AddressesAndRoutesOfTheMainTable) {
    Listener listener(NetlinkWish::kAddressesAndRoutes);
    change();
    const std::set<std::string> heard = listener.heard();
    for (const char* each : {"+10.0.0.5", "-10.0.0.5", "+10.9.0.1", "-10.9.0.1", "+2001:db8::5",
                             "+fe80::5", "+route 10.1.0.0/16", "+route default/0", "link"})
        EXPECT_THAT(heard, Contains(each));
    for (const std::string& each : heard) {
        EXPECT_EQ(each.find("elsewhere"), std::string::npos) << each;
        EXPECT_EQ(each.find("10.2.0.0"), std::string::npos) << each;
    }
}

TEST_F(NetlinkFilterTest, OwnAddressesAndGateways) {
    Listener listener(NetlinkWish::kOwnAddressesAndGateways);
    change();
    // The next primary after this one is told as if it were new.
    shell("echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries");
    shell("ip addr add 10.0.0.6/16 dev eth0 && ip addr del 10.0.0.1/16 dev eth0");
    const std::set<std::string> heard = listener.heard();
    for (const char* each : {"+10.9.0.1", "-10.9.0.1", "+fe80::5", "+route default/0", "link",
                             "-10.0.0.1", "+10.0.0.6"})
        EXPECT_THAT(heard, Contains(each));
    for (const char* each : {"+10.0.0.5", "-10.0.0.5", "+2001:db8::5", "+route 10.1.0.0/16"})
        EXPECT_THAT(heard, Not(Contains(each)));
    for (const std::string& each : heard)
        EXPECT_EQ(each.find("elsewhere"), std::string::npos) << each;
}

}  // namespace
}  // namespace hb::runtime

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNET) != 0) {
        std::perror("skipped: no network namespace of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
