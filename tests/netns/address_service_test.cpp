// The address service against a real kernel: a network namespace of its own with a veth pair, eth0
// for the service and peer0 for whoever listens.
#include "daemons/hb-resource/address_service.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "common/config/address_spec.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/wire/ndp_packet.hpp"

namespace hb::resource {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Outcome = OperationDone::Outcome;

std::string shell(const std::string& command) {
    std::string output;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        output.append(buffer.data(), n);
    EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
    return output;
}

// Gratuitous ARP packets that arrive at the other end of the cable.
class Listener {
  public:
    Listener()
        : socket_(socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ARP))) {
        sockaddr_ll where{};
        where.sll_family = AF_PACKET;
        where.sll_protocol = htons(ETH_P_ARP);
        where.sll_ifindex = static_cast<int>(if_nametoindex("peer0"));
        const void* const address = &where;
        EXPECT_EQ(bind(socket_.get(), static_cast<const sockaddr*>(address), sizeof where), 0);
        const int size = 8 * 1024 * 1024;
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    }
    void read() {
        ArpBytes packet{};
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        void* const address = &from;
        while (recvfrom(socket_.get(), packet.data(), packet.size(), 0,
                        static_cast<sockaddr*>(address), &length) == std::ssize(packet)) {
            IpAddress sender;
            std::copy_n(packet.begin() + 14, 4, sender.bytes.begin());
            const bool reply = packet[7] == 2;
            EXPECT_EQ(from.sll_pkttype, PACKET_BROADCAST);
            seen_[{sender.to_string(), reply}]++;
        }
    }
    [[nodiscard]] int seen(const std::string& address, bool reply) const {
        const auto found = seen_.find({address, reply});
        return found == seen_.end() ? 0 : found->second;
    }

  private:
    runtime::UniqueFd socket_;
    std::map<std::pair<std::string, bool>, int> seen_;
};

// Unsolicited neighbour advertisements that arrive at the other end of the cable.
class NdpListener {
  public:
    NdpListener()
        : socket_(socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_IPV6))) {
        sockaddr_ll where{};
        where.sll_family = AF_PACKET;
        where.sll_protocol = htons(ETH_P_IPV6);
        where.sll_ifindex = static_cast<int>(if_nametoindex("peer0"));
        const void* const address = &where;
        EXPECT_EQ(bind(socket_.get(), static_cast<const sockaddr*>(address), sizeof where), 0);
        const int size = 8 * 1024 * 1024;
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    }
    void read() {
        std::array<std::uint8_t, 1500> bytes{};
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        void* const address = &from;
        for (;;) {
            const ssize_t n = recvfrom(socket_.get(), bytes.data(), bytes.size(), 0,
                                       static_cast<sockaddr*>(address), &length);
            if (n <= 0) return;
            const auto packet = wire::decode_ndp(std::span(bytes).first(static_cast<size_t>(n)));
            if (!packet || from.sll_pkttype == PACKET_OUTGOING) continue;
            if (packet->kind != wire::NdpPacket::Kind::kAdvertisement) continue;
            EXPECT_EQ(from.sll_pkttype, PACKET_MULTICAST);
            EXPECT_TRUE(packet->overrides);
            EXPECT_EQ(packet->destination, wire::all_nodes_v6());
            EXPECT_EQ(packet->source, packet->target);
            EXPECT_TRUE(packet->link_address);
            seen_[packet->target.to_string()]++;
        }
    }
    void send(std::span<const std::uint8_t> packet) {
        const MacAddress all = wire::multicast_mac(wire::all_nodes_v6());
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_protocol = htons(ETH_P_IPV6);
        to.sll_ifindex = static_cast<int>(if_nametoindex("peer0"));
        to.sll_halen = 6;
        std::ranges::copy(all.bytes, to.sll_addr);
        const void* const address = &to;
        EXPECT_GT(sendto(socket_.get(), packet.data(), packet.size(), 0,
                         static_cast<const sockaddr*>(address), sizeof to),
                  0);
    }
    [[nodiscard]] int seen(const std::string& address) const {
        const auto found = seen_.find(address);
        return found == seen_.end() ? 0 : found->second;
    }

  private:
    runtime::UniqueFd socket_;
    std::map<std::string, int> seen_;
};

class AddressServiceTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        shell(
            "ip link set lo up; ip link add eth0 type veth peer name peer0; "
            "ip link set eth0 up; ip link set peer0 up; ip addr add 10.0.0.1/16 brd + dev eth0; "
            "ip addr add 2001:db8::1/64 dev eth0 nodad");
        open();
    }

    void open() {
        service_.reset();
        auto opened = AddressService::open(
            loop_, {.on_done = [this](const AddressDone& done) noexcept { done_[done.id] = done; },
                    .on_event = [this](const Event& event) noexcept { events_.push_back(event); },
                    .on_change = []() noexcept {},
                    .on_synced = []() noexcept {}});
        ASSERT_TRUE(opened) << opened.error().text;
        service_ = std::move(*opened);
        until([this] { return service_->synced(); });
    }

    // Runs the loop until something is so; the kernel answers at once, so this is no wait for time.
    template <typename F>
    void until(F&& so) {
        const MonoTime limit = runtime::now() + 30s;
        while (!so()) {
            ASSERT_LT(runtime::now(), limit) << "this never came true";
            loop_.poll();
        }
    }

    std::uint64_t begin(Operation operation, const std::string& words) {
        const auto spec = config::parse_address_spec(words);
        EXPECT_TRUE(spec) << words;
        const std::uint64_t id = next_id_++;
        service_->run({id, operation, *spec, runtime::now() + 10s});
        return id;
    }
    AddressDone run(Operation operation, const std::string& words) {
        const std::uint64_t id = begin(operation, words);
        until([&] { return done_.contains(id); });
        return done_[id];
    }
    [[nodiscard]] static std::string addresses() { return shell("ip -4 addr show dev eth0"); }
    [[nodiscard]] static std::string addresses_v6() { return shell("ip -6 addr show dev eth0"); }
    [[nodiscard]] std::string log() const {
        std::string all;
        for (const Event& event : events_)
            all += event.text + "\n";
        return all;
    }

    runtime::EventLoop loop_;
    std::unique_ptr<AddressService> service_;
    std::map<std::uint64_t, AddressDone> done_;
    std::vector<Event> events_;
    std::uint64_t next_id_ = 1;
};

TEST_F(AddressServiceTest, AnAddressLooksAsHeartbeatUsersExpect) {
    EXPECT_EQ(run(Operation::kStatus, "10.0.0.5").outcome, Outcome::kNotRunning);
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    EXPECT_THAT(addresses(),
                HasSubstr("inet 10.0.0.5/16 brd 10.0.255.255 scope global secondary eth0:0"));
    EXPECT_EQ(run(Operation::kStart, "10.0.0.6/24/eth0/10.0.0.127").outcome, Outcome::kOk);
    EXPECT_THAT(addresses(), HasSubstr("inet 10.0.0.6/24 brd 10.0.0.127 scope global eth0:1"));
    EXPECT_EQ(run(Operation::kStatus, "10.0.0.5").outcome, Outcome::kRunning);
    EXPECT_EQ(run(Operation::kStop, "10.0.0.5").outcome, Outcome::kOk);
    EXPECT_THAT(addresses(), Not(HasSubstr("10.0.0.5")));
    EXPECT_EQ(run(Operation::kStart, "10.0.0.7").outcome, Outcome::kOk);
    EXPECT_THAT(addresses(), HasSubstr("10.0.0.7/24 brd 10.0.0.255 scope global secondary eth0:0"))
        << "the route of 10.0.0.6/24 is the most specific one by now, and the label is free again";
    EXPECT_EQ(run(Operation::kStop, "10.0.0.5").outcome, Outcome::kOk) << "again";
}

TEST_F(AddressServiceTest, IsAnnouncedByRequestAndReplyAndAgain) {
    Listener listener;
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    until([&] {
        listener.read();
        return listener.seen("10.0.0.5", false) >= 3 && listener.seen("10.0.0.5", true) >= 3;
    });
    EXPECT_EQ(service_->announcer().failed(), 0U);
}

TEST_F(AddressServiceTest, ThousandAddressesComeAnnouncedAndGo) {
    Listener listener;
    std::vector<std::string> words;
    for (unsigned i = 0; i < 1000; i++)
        words.push_back(IpAddress::v4(0x0a000a00 + i).to_string() + "/16/eth0");
    const MonoTime begun = runtime::now();
    for (const std::string& each : words)
        begin(Operation::kStart, each);
    until([&] { return done_.size() == words.size(); });
    const MonoTime added = runtime::now();
    for (const auto& [id, done] : done_)
        EXPECT_EQ(done.outcome, Outcome::kOk) << done.detail;
    EXPECT_THAT(addresses(),
                HasSubstr("10.0.13.231/16 brd 10.0.255.255 scope global secondary eth0:999"));
    until([&] {
        listener.read();
        return std::ranges::all_of(words, [&](const std::string& each) {
            return listener.seen(each.substr(0, each.find('/')), true) > 0;
        });
    });
    const MonoTime announced = runtime::now();

    done_.clear();
    for (auto at = words.rbegin(); at != words.rend(); ++at)
        begin(Operation::kStop, *at);
    until([&] { return done_.size() == words.size(); });
    const MonoTime removed = runtime::now();
    for (const auto& [id, done] : done_)
        EXPECT_EQ(done.outcome, Outcome::kOk) << done.detail;
    EXPECT_THAT(addresses(), Not(HasSubstr("eth0:")));
    fmt::print("1000 addresses: added in {} ms, announced {} ms later, removed in {} ms\n",
               to_ms(added - begun), to_ms(announced - added), to_ms(removed - announced));
}

TEST_F(AddressServiceTest, ThousandAddressesOfASubnetOfTheirOwn) {
    for (const char* promote : {"0", "1"}) {
        SCOPED_TRACE(promote);
        shell(fmt::format("echo {} > /proc/sys/net/ipv4/conf/eth0/promote_secondaries", promote));
        done_.clear();
        std::vector<std::string> words;
        for (unsigned i = 0; i < 1000; i++)
            words.push_back(IpAddress::v4(0xc0a80001 + i).to_string() + "/16/eth0");
        for (const std::string& each : words)
            begin(Operation::kStart, each);
        until([&] { return done_.size() == words.size(); });
        // The first is the primary of them all. It goes first, and the others must stay.
        EXPECT_EQ(run(Operation::kStop, words.front()).outcome, Outcome::kOk);
        for (const auto& [id, done] : done_)
            EXPECT_EQ(done.outcome, Outcome::kOk) << done.detail;
        for (std::size_t i = 1; i < words.size(); i++)
            EXPECT_EQ(run(Operation::kStatus, words[i]).outcome, Outcome::kRunning) << words[i];
        until([&] {
            const std::string now = addresses();
            return std::ranges::count(now, '\n') == 1 + 2 * 1000;
        });
        done_.clear();
        for (const std::string& each : words)
            begin(Operation::kStop, each);
        until([&] { return done_.size() == words.size(); });
        EXPECT_THAT(addresses(), Not(HasSubstr("192.168.")));
    }
}

TEST_F(AddressServiceTest, WhatIsTakenAlongComesBackWhosoeverItIs) {
    shell("echo 0 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries");
    EXPECT_EQ(run(Operation::kStart, "192.168.7.1/24/eth0").outcome, Outcome::kOk);
    shell("ip addr add 192.168.7.77/24 dev eth0 label eth0:adm");
    EXPECT_EQ(run(Operation::kStop, "192.168.7.1/24/eth0").outcome, Outcome::kOk);
    until([&] { return log().find("promote_secondaries") != std::string::npos; });
    EXPECT_THAT(addresses(), HasSubstr("192.168.7.77/24 scope global eth0:adm"));
}

TEST_F(AddressServiceTest, PutsBackWhatSomebodyElseRemoved) {
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    shell("ip addr del 10.0.0.5/16 dev eth0");
    until([&] { return addresses().find("10.0.0.5") != std::string::npos; });
    until([&] {
        return !log().empty() && log().find("Put 10.0.0.5 back on eth0") != std::string::npos;
    });
}

TEST_F(AddressServiceTest, ANewcomerFindsWhatItsPredecessorLeft) {
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    open();
    EXPECT_EQ(run(Operation::kStatus, "10.0.0.5").outcome, Outcome::kRunning);
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    EXPECT_EQ(run(Operation::kStop, "10.0.0.5").outcome, Outcome::kOk);
    EXPECT_THAT(addresses(), Not(HasSubstr("10.0.0.5")));
}

TEST_F(AddressServiceTest, FollowsLinksAndRoutes) {
    const auto place = [&](const std::string& words) {
        const auto where = service_->place(*config::parse_address_spec(words));
        return where ? where->interface : where.error().text;
    };
    EXPECT_EQ(place("172.16.0.1"), "No route to 172.16.0.1");
    EXPECT_EQ(place("10.0.0.5/16/eth7"), "eth7: no such device");
    shell("ip route add 172.16.0.0/24 dev eth0");
    until([&] { return place("172.16.0.1") == "eth0"; });
    shell("ip link add eth7 type veth peer name peer7; ip link set eth7 up");
    until([&] { return place("10.0.0.5/16/eth7") == "eth7"; });
    shell("ip route replace 172.16.0.0/24 dev eth7");
    until([&] { return place("172.16.0.1") == "eth7"; });
    shell("ip link set eth7 down");
    until([&] { return place("172.16.0.1") == "No route to 172.16.0.1"; });
    EXPECT_EQ(place("10.0.0.5/16/eth7"), "eth7 is down");
    shell("ip link del eth7");
    until([&] { return place("10.0.0.5/16/eth7") == "eth7: no such device"; });
    shell("ip route add default dev eth0");
    until(
        [&] { return place("172.16.0.1") == "Cannot use default route w/o netmask [172.16.0.1]"; });
    EXPECT_EQ(place("172.16.0.1/24"), "eth0");
}

TEST_F(AddressServiceTest, AnIpv6AddressIsThereAtOnceAndNobodysSource) {
    EXPECT_EQ(run(Operation::kStatus, "2001:db8::5").outcome, Outcome::kNotRunning);
    EXPECT_EQ(run(Operation::kStart, "2001:db8::5").outcome, Outcome::kOk);
    // Deprecated, of the /64 of the route, and in use: neither tentative nor waiting.
    until([] { return addresses_v6().find("2001:db8::5/64") != std::string::npos; });
    EXPECT_THAT(addresses_v6(), HasSubstr("inet6 2001:db8::5/64 scope global nodad deprecated"));
    EXPECT_THAT(addresses_v6(), Not(HasSubstr("tentative 2001:db8::5")));
    EXPECT_THAT(shell("ip -6 route get 2001:db8::77"), HasSubstr("src 2001:db8::1"));
    until([] {
        return shell("ip -6 route show table local").find("2001:db8::5 ") != std::string::npos;
    });
    EXPECT_EQ(run(Operation::kStart, "2001:db8::5").outcome, Outcome::kOk) << "again";
    EXPECT_EQ(run(Operation::kStart, "2001:db8:7::5/56/eth0").outcome, Outcome::kOk);
    EXPECT_EQ(run(Operation::kStatus, "2001:db8::5").outcome, Outcome::kRunning);
    EXPECT_EQ(run(Operation::kStop, "2001:db8::5").outcome, Outcome::kOk);
    EXPECT_THAT(addresses_v6(), Not(HasSubstr("2001:db8::5/")));
    EXPECT_EQ(run(Operation::kStop, "2001:db8::5").outcome, Outcome::kOk) << "again";
}

TEST_F(AddressServiceTest, AnIpv6AddressStoppedAtOnceIsGone) {
    for (int i = 0; i < 50; i++) {
        const auto start = begin(Operation::kStart, "2001:db8::5");
        until([&] { return done_.contains(start); });
        EXPECT_EQ(run(Operation::kStop, "2001:db8::5").outcome, Outcome::kOk);
        EXPECT_THAT(addresses_v6(), Not(HasSubstr("2001:db8::5/")));
    }
}

TEST_F(AddressServiceTest, AnIpv6AddressIsAnnouncedByAdvertisements) {
    NdpListener listener;
    EXPECT_EQ(run(Operation::kStart, "2001:db8::5").outcome, Outcome::kOk);
    until([&] {
        listener.read();
        return listener.seen("2001:db8::5") >= 3;
    });
    EXPECT_EQ(service_->announcer().failed(), 0U);
}

TEST_F(AddressServiceTest, AnIpv6AddressComesBackWithItsLink) {
    EXPECT_EQ(run(Operation::kStart, "2001:db8::5/64/eth0").outcome, Outcome::kOk);
    for (int i = 0; i < 3; i++) {
        events_.clear();
        shell("ip link set eth0 down");
        until([&] { return log().find("eth0 was set down") != std::string::npos; });
        EXPECT_THAT(addresses_v6(), Not(HasSubstr("2001:db8::5/")));
        shell("ip link set eth0 up");
        until([&] { return log().find("its interface had been set down") != std::string::npos; });
        until([] { return addresses_v6().find("2001:db8::5/64") != std::string::npos; });
        EXPECT_THAT(addresses_v6(), HasSubstr("nodad deprecated"));
    }
    shell("ip addr del 2001:db8::5/64 dev eth0");
    until([&] { return log().find("somebody else had removed it") != std::string::npos; });
    EXPECT_EQ(run(Operation::kStatus, "2001:db8::5").outcome, Outcome::kRunning);
}

TEST_F(AddressServiceTest, AnIpv6AddressThatSomebodyElseClaimedIsReplaced) {
    NdpListener listener;
    shell("ip addr add 2001:db8::5/64 dev eth0");
    const auto announcement = wire::encode_ndp(wire::ndp_announcement(
        *MacAddress::parse("52:54:00:aa:bb:cc"), *IpAddress::parse("2001:db8::5")));
    until([&] {
        listener.send(announcement);
        return addresses_v6().find("dadfailed") != std::string::npos;
    });
    until([&] { return run(Operation::kStatus, "2001:db8::5").outcome == Outcome::kNotRunning; });
    EXPECT_EQ(run(Operation::kStart, "2001:db8::5").outcome, Outcome::kOk);
    until([] {
        return addresses_v6().find("2001:db8::5/64 scope global nodad deprecated") !=
               std::string::npos;
    });
    EXPECT_THAT(addresses_v6(), Not(HasSubstr("dadfailed")));
}

TEST_F(AddressServiceTest, IsToldWhenIpv6IsOff) {
    shell("echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
    EXPECT_THAT(run(Operation::kStart, "2001:db8::5/64/eth0").detail, HasSubstr("disable_ipv6"));
}

TEST_F(AddressServiceTest, ThousandIpv6AddressesComeAnnouncedAndGo) {
    NdpListener listener;
    for (const char* prefix : {"64", "128"}) {
        std::vector<std::string> words;
        for (unsigned i = 0; i < 1000; i++)
            words.push_back(fmt::format("2001:db8::a:{:x}/{}/eth0", i + 1, prefix));
        done_.clear();
        const MonoTime begun = runtime::now();
        for (const std::string& each : words)
            begin(Operation::kStart, each);
        until([&] { return done_.size() == words.size(); });
        const MonoTime added = runtime::now();
        for (const auto& [id, done] : done_)
            EXPECT_EQ(done.outcome, Outcome::kOk) << done.detail;
        until([&] {
            listener.read();
            return std::ranges::all_of(words, [&](const std::string& each) {
                return listener.seen(each.substr(0, each.find('/'))) > 0;
            });
        });
        const MonoTime announced = runtime::now();
        done_.clear();
        for (auto at = words.rbegin(); at != words.rend(); ++at)
            begin(Operation::kStop, *at);
        until([&] { return done_.size() == words.size(); });
        const MonoTime removed = runtime::now();
        for (const auto& [id, done] : done_)
            EXPECT_EQ(done.outcome, Outcome::kOk) << done.detail;
        EXPECT_THAT(addresses_v6(), Not(HasSubstr("::a:")));
        fmt::print(
            "1000 addresses of /{}: added in {} ms, announced {} ms later, removed in {} ms\n",
            prefix, to_ms(added - begun), to_ms(announced - added), to_ms(removed - announced));
    }
}

// So many reports at once that the kernel has to drop some while nobody reads.
TEST_F(AddressServiceTest, SurvivesReportsThatAreLost) {
    EXPECT_EQ(run(Operation::kStart, "10.0.0.5").outcome, Outcome::kOk);
    shell(
        "for i in $(seq 1 9000); do echo link set dev peer0 alias a$i; done | ip -batch -; "
        "ip addr add 10.1.0.1/32 dev peer0; ip addr del 10.0.0.5/16 dev eth0");
    until([&] { return addresses().find("10.0.0.5") != std::string::npos && service_->synced(); });
    EXPECT_EQ(run(Operation::kStatus, "10.1.0.1").outcome, Outcome::kRunning);
    EXPECT_GT(service_->netlink().overruns(), 0U) << "then this tests nothing";
}

}  // namespace
}  // namespace hb::resource

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNET) != 0) {
        std::perror("skipped: no network namespace of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
