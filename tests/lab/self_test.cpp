// The lab itself: what it breaks is broken, what it measures is right, and nothing is left of it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/lab/arp_packet.hpp"
#include "tests/lab/arp_watch.hpp"
#include "tests/lab/lab.hpp"
#include "tests/lab/probe.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = "10.77.0.100";

void give(Node& node, const std::string& address) {
    node.network().ip("addr add " + address + "/24 dev eth0 label eth0:0\n");
    announce(node.network(), "eth0", node.mac(Cable::kService), address);
}

void take(Node& node, const std::string& address) {
    node.network().ip("addr del " + address + "/24 dev eth0\n");
}

sockaddr_in udp_address(const std::string& address, std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &a.sin_addr);
    return a;
}

Fd bound_socket(Node& node, std::uint16_t port) {
    Fd socket = node.network().open_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = udp_address(node.address(Cable::kHeartbeat), port);
    must(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    return socket;
}

// How many of a hundred datagrams to udp/694 arrive, over the heartbeat network. One to another
// port, repeated until it is there, tells that those before it have arrived or never will.
int datagrams_that_arrive(Node& from, Node& to) {
    constexpr std::uint16_t kControl = 7000;
    const Fd receiver = bound_socket(to, 694);
    const Fd control = bound_socket(to, kControl);
    const Fd sender = from.network().open_socket(AF_INET, SOCK_DGRAM, 0);
    const auto send = [&](std::uint16_t port) {
        sockaddr_in address = udp_address(to.address(Cable::kHeartbeat), port);
        ::sendto(sender.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address);
    };
    const auto get_control_through = [&] {
        for (int tries = 0; tries < 200; ++tries) {
            send(kControl);
            pollfd polls{control.get(), POLLIN, 0};
            char byte = 0;
            if (::poll(&polls, 1, 50) == 1 && ::recv(control.get(), &byte, 1, 0) == 1) return;
        }
        throw LabError("the control does not get through");
    };
    get_control_through();
    for (int i = 0; i < 100; ++i)
        send(694);
    get_control_through();
    int arrived = 0;
    for (char byte = 0; ::recv(receiver.get(), &byte, 1, 0) == 1;)
        ++arrived;
    return arrived;
}

bool pings(Node& from, const std::string& address) {
    return from.run({"ping", "-n", "-q", "-c", "1", "-W", "1", address}).exit_code == 0;
}

std::string carrier(Node& node, const std::string& interface) {
    return node.run({"cat", "/sys/class/net/" + interface + "/carrier"}).out;
}

std::string read_whole(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

TEST(LabNode, has_a_world_of_its_own) {
    Lab lab;
    lab.boot_all();
    EXPECT_EQ(lab.node(1).run({"hostname"}).out, "node1\n");
    EXPECT_EQ(lab.node(2).run({"hostname"}).out, "node2\n");
    EXPECT_EQ(lab.node(1).run({"id", "-un", "hacluster"}).out, "hacluster\n");
    EXPECT_EQ(lab.node(1).run({"sh", "-c", "touch /usr/lib/x"}).exit_code, 1);
    EXPECT_EQ(lab.node(1).run({"sh", "-c", "touch /var/lib/x /etc/x /run/x /tmp/x"}).exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists("/etc/x"));
    EXPECT_TRUE(pings(lab.node(1), "10.77.0.2"));
    EXPECT_TRUE(pings(lab.node(1), "10.77.1.2"));
    EXPECT_TRUE(pings(lab.node(1), Lab::kFarAddress));
}

TEST(LabNode, keeps_its_disk_over_a_power_off_and_nothing_else) {
    Lab lab;
    Node& node = lab.node(1);
    node.write_file("/etc/ha.d/authkeys", "auth 1\n", 0600);  // while it is off
    node.boot();
    node.run({"sh", "-c", "echo 7 >/var/lib/ha-suite/generation; echo x >/run/x"});
    node.power_off();
    EXPECT_EQ(node.read_file("/var/lib/ha-suite/generation"), "7\n");
    node.boot();
    EXPECT_EQ(node.run({"stat", "-c", "%a %s", "/etc/ha.d/authkeys"}).out, "600 7\n");
    EXPECT_EQ(node.run({"cat", "/var/lib/ha-suite/generation"}).out, "7\n");
    EXPECT_EQ(node.run({"cat", "/run/x"}).exit_code, 1);
}

TEST(LabNode, starts_stops_freezes_and_tells_of_ends) {
    Lab lab;
    Node& node = lab.node(1);
    node.boot();
    const auto process = node.spawn({"sleep", "1000"}, "sleeper");
    ASSERT_TRUE(node.pid_of("sleep"));
    node.freeze();
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] {
        const auto all = node.processes();
        return all.size() == 1 && all[0].state == 'T';
    }));
    node.thaw();
    EXPECT_FALSE(process->has_ended());
    EXPECT_EQ(node.kill("sleep"), 1U);
    ASSERT_TRUE(node.wait_exit(*process, 5s));
    EXPECT_EQ(process->exit_code(), 128 + SIGKILL);
    const auto talker = node.spawn({"sh", "-c", "echo one; echo two; exit 3"}, "talker");
    ASSERT_TRUE(node.wait_exit(*talker, 5s));
    EXPECT_EQ(talker->exit_code(), 3);
    EXPECT_TRUE(
        lab.wakeup().wait(5s, [&] { return lab.log().find("node1 talker", "two").has_value(); }));
}

TEST(LabCable, pulled_with_loss_of_carrier) {
    Lab lab;
    lab.boot_all();
    const std::size_t mark = lab.addresses().mark();
    lab.node(1).pull(Cable::kService, Carrier::kLost);
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] {
        for (const AddressEvent& e : lab.addresses().events(mark))
            if (e.what == AddressEvent::What::kCarrierLost && e.node == 1 && e.interface == "eth0")
                return true;
        return false;
    }));
    EXPECT_EQ(carrier(lab.node(1), "eth0"), "0\n");
    EXPECT_EQ(carrier(lab.node(1), "eth1"), "1\n");
    EXPECT_FALSE(pings(lab.node(1), "10.77.0.2"));
    EXPECT_TRUE(pings(lab.node(1), "10.77.1.2"));
    lab.node(1).plug(Cable::kService);
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] { return pings(lab.node(1), "10.77.0.2"); }));
}

TEST(LabCable, pulled_while_the_carrier_stays) {
    Lab lab;
    lab.boot_all();
    lab.node(1).pull(Cable::kHeartbeat, Carrier::kKept);
    EXPECT_EQ(carrier(lab.node(1), "eth1"), "1\n");
    EXPECT_FALSE(pings(lab.node(1), "10.77.1.2"));
    EXPECT_TRUE(pings(lab.node(1), "10.77.0.2"));
    lab.node(1).plug(Cable::kHeartbeat);
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] { return pings(lab.node(1), "10.77.1.2"); }));
}

TEST(LabFirewall, is_one_way_and_opens_again) {
    Lab lab;
    lab.boot_all();
    Node& one = lab.node(1);
    Node& two = lab.node(2);
    EXPECT_EQ(datagrams_that_arrive(one, two), 100);
    one.block_heartbeats(Direction::kIn);
    EXPECT_EQ(datagrams_that_arrive(one, two), 100);
    EXPECT_EQ(datagrams_that_arrive(two, one), 0);
    one.open_firewall();
    one.block_heartbeats(Direction::kOut);
    EXPECT_EQ(datagrams_that_arrive(one, two), 0);
    EXPECT_EQ(datagrams_that_arrive(two, one), 100);
    EXPECT_TRUE(pings(one, "10.77.1.2"));
    one.open_firewall();
    EXPECT_EQ(datagrams_that_arrive(one, two), 100);
}

TEST(LabFirewall, loses_packets_at_random) {
    Lab lab;
    lab.boot_all();
    lab.node(2).lose_packets(Cable::kHeartbeat, 50);
    const int arrived = datagrams_that_arrive(lab.node(1), lab.node(2));
    EXPECT_GT(arrived, 10);
    EXPECT_LT(arrived, 90);
}

TEST(LabNetwork, splits_between_nodes_but_not_for_the_client) {
    Lab lab({.nodes = 3});
    lab.boot_all();
    for (unsigned n = 1; n <= 3; ++n)
        give(lab.node(n), "10.77.0.10" + std::to_string(n));
    lab.split({1}, {2, 3});
    EXPECT_FALSE(pings(lab.node(1), "10.77.0.2"));
    EXPECT_FALSE(pings(lab.node(3), "10.77.1.1"));
    EXPECT_TRUE(pings(lab.node(2), "10.77.1.3"));
    for (unsigned n = 1; n <= 3; ++n)
        EXPECT_NO_THROW(Probe(lab.client(), "10.77.0.10" + std::to_string(n)));
    lab.heal();
    // The neighbour tables remember for a moment that nobody answered.
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] { return pings(lab.node(1), "10.77.0.2"); }));
}

TEST(LabPower, off_silences_a_node_at_once) {
    Lab lab;
    lab.boot_all();
    give(lab.node(1), kVip);
    const auto process = lab.node(1).spawn({"sleep", "1000"}, "sleeper");
    Probe probe(lab.client(), kVip);
    ArpWatch watch(lab.client(), {kVip});
    ASSERT_TRUE(lab.wakeup().wait(5s, [&] { return watch.answered(kVip) > 10; }));
    EXPECT_EQ(watch.owner(kVip), lab.node(1).mac(Cable::kService));
    const LabTime dead_at = lab.node(1).power_off();
    EXPECT_TRUE(process->has_ended());
    EXPECT_TRUE(lab.addresses().holders(kVip).empty());
    const std::size_t answered = watch.answered(kVip);
    // Long enough to hear an answer of a kernel that is not as dead as it should be.
    EXPECT_FALSE(lab.wakeup().wait(500ms, [&] { return probe.answered_since(dead_at); }));
    EXPECT_LE(watch.answered(kVip), answered + 1);
}

TEST(LabProbe, measures_a_gap_that_we_made) {
    Lab lab;
    lab.boot_all();
    give(lab.node(1), kVip);
    Probe probe(lab.client(), kVip);
    ASSERT_TRUE(lab.wakeup().wait(5s, [&] { return probe.report().answered > 100; }));
    const Duration quiet = probe.report().outage;
    EXPECT_LT(quiet, 50ms);

    const LabTime begin = LabClock::now();
    take(lab.node(1), kVip);
    const LabTime taken = LabClock::now();
    const Duration gap = 50ms;
    lab.wakeup().wait(gap, [] { return false; });
    const LabTime given_from = LabClock::now();
    give(lab.node(2), kVip);
    const LabTime given = LabClock::now();
    ASSERT_TRUE(lab.wakeup().wait(5s, [&] { return probe.answered_since(given); }));
    const ProbeReport report = probe.report();
    // Not less than the address was away for certain, not more than it was perhaps away, but for
    // the period on either side and for what the machine kept us waiting.
    EXPECT_GE(report.outage, given_from - taken);
    EXPECT_LE(report.outage, given - begin + 2 * report.longest_pause + 2ms);
    EXPECT_GE(report.lost(), 20U);
    EXPECT_TRUE(lab.addresses().overlaps(kVip).empty());
    const std::vector<Holding> holdings = lab.addresses().holdings(kVip);
    ASSERT_EQ(holdings.size(), 2U);
    EXPECT_GE(holdings[1].from - holdings[0].until, gap);
}

TEST(LabProbe, reaches_the_address_through_the_router) {
    Lab lab;
    lab.boot_all();
    give(lab.node(1), kVip);
    Probe probe(lab.far(), kVip);
    EXPECT_TRUE(lab.wakeup().wait(5s, [&] { return probe.report().answered > 20; }));
}

TEST(LabProbe, says_that_nobody_answers) {
    Lab lab;
    lab.boot_all();
    EXPECT_THROW(Probe(lab.client(), kVip, 1ms, 200ms), LabError);
}

TEST(LabArpWatch, sees_two_owners_and_only_two_owners) {
    Lab lab;
    lab.boot_all();
    ArpWatch watch(lab.client(), {kVip});
    give(lab.node(1), kVip);
    ASSERT_TRUE(lab.wakeup().wait(5s, [&] { return watch.answered(kVip) > 10; }));
    // A hand-over, as quick as it can be, is no double owner.
    take(lab.node(1), kVip);
    give(lab.node(2), kVip);
    ASSERT_TRUE(lab.wakeup().wait(
        5s, [&] { return watch.owner(kVip) == lab.node(2).mac(Cable::kService); }));
    EXPECT_TRUE(watch.double_owners().empty());
    EXPECT_EQ(watch.announcements().size(), 2U);

    give(lab.node(1), kVip);
    ASSERT_TRUE(lab.wakeup().wait(5s, [&] { return watch.double_owners().size() > 3; }));
    EXPECT_EQ(watch.double_owners()[0].macs.size(), 2U);
    EXPECT_GT(watch.double_time(kVip), 5ms);
    const std::vector<Overlap> overlaps = lab.addresses().overlaps(kVip);
    ASSERT_EQ(overlaps.size(), 1U);
    EXPECT_EQ(overlaps[0].until, LabTime::max());
}

// A process that makes a lab and then lies down: the parent kills it as roughly as can be.
[[noreturn]] void make_a_lab_and_wait(int tell) {
    Lab lab;
    lab.boot_all();
    lab.node(1).spawn({"sleep", "1000"}, "sleeper");
    const pid_t pids[2] = {lab.node(1).init_pid(), lab.node(2).init_pid()};
    [[maybe_unused]] const ssize_t n = ::write(tell, pids, sizeof pids);
    ::pause();
    ::_exit(0);
}

TEST(LabEnd, leaves_nothing_even_when_killed) {
    const std::string mounts = read_whole("/proc/self/mounts");
    const std::string namespaces = run_command({"ip", "netns"}).out;
    const std::string links = run_command({"ip", "-o", "link"}).out;
    Pipe pipe = make_pipe();
    const pid_t child = must(::fork(), "fork");
    if (child == 0) make_a_lab_and_wait(pipe.write.get());
    pid_t inits[2] = {};
    ASSERT_EQ(::read(pipe.read.get(), inits, sizeof inits), ssize_t{sizeof inits});
    std::ifstream children("/proc/" + std::to_string(inits[0]) + "/task/" +
                           std::to_string(inits[0]) + "/children");
    pid_t sleeper = 0;
    ASSERT_TRUE(children >> sleeper);
    EXPECT_EQ(::kill(sleeper, 0), 0);
    EXPECT_EQ(read_whole("/proc/self/mounts"), mounts) << "a lab shows on the machine";

    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    Wakeup wakeup;
    for (const pid_t pid : {sleeper, inits[0], inits[1]})
        EXPECT_TRUE(wakeup.wait(10s, [&] {
            const std::string stat = read_whole("/proc/" + std::to_string(pid) + "/stat");
            return stat.empty() || stat.find(") Z") != std::string::npos;
        })) << pid;
    EXPECT_EQ(read_whole("/proc/self/mounts"), mounts);
    EXPECT_EQ(run_command({"ip", "netns"}).out, namespaces);
    EXPECT_EQ(run_command({"ip", "-o", "link"}).out, links);
}

}  // namespace
}  // namespace hb::lab
