#include "tests/lab/stranger.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace hb::lab {
namespace {

constexpr const char* kBroadcast = "10.77.1.255";
constexpr std::uint16_t kPort = 694;

sockaddr_in everybody() {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    ::inet_pton(AF_INET, kBroadcast, &to.sin_addr);
    return to;
}

}  // namespace

Stranger::Stranger(Lab& lab) {
    network_.ip(
        fmt::format("link add eth0 address 02:00:0a:4d:01:42 type veth peer name stranger "
                    "netns /proc/{}/fd/{}\n"
                    "addr add {}/24 brd + dev eth0\nlink set eth0 up\n",
                    ::getpid(), lab.switch_network().fd(), kAddress));
    lab.switch_network().ip(
        fmt::format("link set stranger master {} up\n", Lab::bridge(Cable::kHeartbeat)));

    socket_ = network_.open_socket(AF_INET, SOCK_DGRAM, 0);
    const int yes = 1;
    must(::setsockopt(socket_.get(), SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes), "stranger");
    tap_ = network_.open_socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_IP));
    thread_ = std::thread([this] { loop(); });
}

Stranger::~Stranger() {
    stop_recording();
}

void Stranger::stop_recording() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void Stranger::loop() {
    while (!stop_) {
        pollfd polls{tap_.get(), POLLIN, 0};
        if (::poll(&polls, 1, 50) > 0) read_packets();
    }
}

void Stranger::read_packets() {
    for (;;) {
        char packet[65536];
        sockaddr_ll link{};
        socklen_t link_size = sizeof link;
        const ssize_t n = ::recvfrom(tap_.get(), packet, sizeof packet, 0,
                                     reinterpret_cast<sockaddr*>(&link), &link_size);
        if (n < 0) return;
        if (link.sll_pkttype == PACKET_OUTGOING) continue;
        iphdr ip{};
        udphdr udp{};
        const auto size = static_cast<std::size_t>(n);
        if (size < sizeof ip) continue;
        std::memcpy(&ip, packet, sizeof ip);
        const std::size_t head = ip.ihl * 4U + sizeof udp;
        if (ip.protocol != IPPROTO_UDP || size < head) continue;
        std::memcpy(&udp, packet + ip.ihl * 4U, sizeof udp);
        if (ntohs(udp.dest) != kPort || size < head - sizeof udp + ntohs(udp.len)) continue;
        char from[INET_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET, &ip.saddr, from, sizeof from);
        const std::lock_guard lock(mutex_);
        recorded_.push_back(
            {LabClock::now(), from, std::string(packet + head, ntohs(udp.len) - sizeof udp)});
    }
}

std::vector<Heartbeat> Stranger::recorded(const std::string& from) const {
    const std::lock_guard lock(mutex_);
    std::vector<Heartbeat> chosen;
    for (const Heartbeat& each : recorded_)
        if (from.empty() || each.from == from) chosen.push_back(each);
    return chosen;
}

void Stranger::flood(const std::vector<std::string>& datagrams, std::size_t first,
                     std::size_t count) {
    sockaddr_in to = everybody();
    std::vector<iovec> parts(count);
    std::vector<mmsghdr> messages(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string& bytes = datagrams[(first + i) % datagrams.size()];
        parts[i] = {const_cast<char*>(bytes.data()), bytes.size()};
        messages[i].msg_hdr = {};
        messages[i].msg_hdr.msg_name = &to;
        messages[i].msg_hdr.msg_namelen = sizeof to;
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    std::size_t sent = 0;
    while (sent < count)
        sent += static_cast<std::size_t>(
            must(::sendmmsg(socket_.get(), &messages[sent], static_cast<unsigned>(count - sent), 0),
                 "stranger"));
}

void Stranger::send(const std::string& bytes) {
    sockaddr_in to = everybody();
    must(::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to),
                  sizeof to),
         "stranger");
}

}  // namespace hb::lab
