#include "tests/lab/arp_watch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/wire/ndp_packet.hpp"
#include "tests/lab/arp_packet.hpp"

namespace hb::lab {
namespace {

constexpr const char* kOwnAddress = "10.77.0.201";
constexpr const char* kOwnAddressV6 = "fd77::c9";
constexpr Mac kOwnMac{0x02, 0x00, 0x0a, 0x4d, 0x00, 0xc9};
constexpr Duration kPause = 1ms;
constexpr std::uint8_t kMark[2] = {0x02, 0xaa};  // then the question's number

std::string address_text(const std::uint8_t* address) {
    return fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
}

}  // namespace

ArpWatch::ArpWatch(const NetNamespace& client, std::vector<std::string> addresses, Duration period)
    : addresses_(std::move(addresses)), period_(period) {
    client.inside([this] { interface_ = static_cast<int>(::if_nametoindex("eth0")); });
    open(client, socket_, ETH_P_ARP);
    open(client, socket_v6_, ETH_P_IPV6);
    thread_ = std::thread([this] { loop(); });
}

void ArpWatch::open(const NetNamespace& client, Fd& socket, int protocol) {
    const auto wire = htons(static_cast<std::uint16_t>(protocol));
    socket = client.open_socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, wire);
    sockaddr_ll local{};
    local.sll_family = AF_PACKET;
    local.sll_protocol = wire;
    local.sll_ifindex = interface_;
    must(::bind(socket.get(), reinterpret_cast<sockaddr*>(&local), sizeof local), "ARP watch");
    const int on = 1;
    const int size = 8 << 20;
    must(::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), "ARP watch");
    must(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), "ARP watch");
    // Answers go to the made-up MACs.
    packet_mreq promiscuous{};
    promiscuous.mr_ifindex = interface_;
    promiscuous.mr_type = PACKET_MR_PROMISC;
    must(::setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
                      sizeof promiscuous),
         "ARP watch");
}

ArpWatch::~ArpWatch() {
    stop_ = true;
    thread_.join();
}

void ArpWatch::loop() {
    prefer_this_thread();
    LabTime next = LabClock::now();
    while (!stop_) {
        const LabTime now = LabClock::now();
        if (now >= next) {
            for (const std::string& address : addresses_)
                ask(address);
            next = std::max(next + period_, now);
        }
        pollfd polls[2] = {{socket_.get(), POLLIN, 0}, {socket_v6_.get(), POLLIN, 0}};
        const Duration left = std::max(Duration::zero(), Duration(next - LabClock::now()));
        const timespec pause{left / 1s, static_cast<long>((left % 1s).count())};
        if (::ppoll(polls, 2, &pause, nullptr) <= 0) continue;
        // To be woken for each of a thousand packets would take the processor from who sends them.
        // When a packet came, the kernel says.
        if (read_packets() + read_advertisements() > 0 && period_ >= kPause)
            std::this_thread::sleep_for(kPause);
    }
}

std::optional<ArpWatch::Received> ArpWatch::receive(const Fd& socket, void* into,
                                                    std::size_t size) {
    for (;;) {
        sockaddr_ll from{};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
        iovec part{into, size};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t n = ::recvmsg(socket.get(), &message, 0);
        if (n < 0) return std::nullopt;
        if (from.sll_pkttype == PACKET_OUTGOING) continue;
        Received received{static_cast<std::size_t>(n), LabClock::now()};
        const cmsghdr* const c = CMSG_FIRSTHDR(&message);
        if (c != nullptr && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            timespec came{};
            std::memcpy(&came, CMSG_DATA(c), sizeof came);
            timespec now{};
            ::clock_gettime(CLOCK_REALTIME, &now);
            const auto ago = std::chrono::seconds(now.tv_sec - came.tv_sec) +
                             std::chrono::nanoseconds(now.tv_nsec - came.tv_nsec);
            // Somebody may just have set the wall clock.
            if (ago > 0s && ago < 1s) received.at -= ago;
        }
        return received;
    }
}

void ArpWatch::ask(const std::string& address) {
    std::uint32_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = next_++;
        questions_[number] = {LabClock::now(), address, {}};
    }
    // The switch learns where we are from a MAC that stays the same; answers come to this one.
    Mac asked_by{kMark[0], kMark[1]};
    const std::uint32_t wire = htonl(number);
    std::memcpy(asked_by.data() + sizeof kMark, &wire, sizeof wire);
    if (address.find(':') == std::string::npos) {
        const ArpPacket packet = arp_request(kOwnMac, asked_by, kOwnAddress, address);
        return send(socket_, &packet, sizeof packet);
    }
    const auto target = IpAddress::parse(address);
    if (!target) throw LabError(address + ": no IPv6 address");
    const auto ndp = wire::encode_ndp(
        wire::ndp_question(MacAddress{asked_by}, *IpAddress::parse(kOwnAddressV6), *target));
    const MacAddress group = wire::multicast_mac(wire::solicited_node(*target));
    std::vector<std::uint8_t> frame(group.bytes.begin(), group.bytes.end());
    frame.insert(frame.end(), kOwnMac.begin(), kOwnMac.end());
    frame.insert(frame.end(), {0x86, 0xdd});
    frame.insert(frame.end(), ndp.begin(), ndp.end());
    send(socket_v6_, frame.data(), frame.size());
}

void ArpWatch::send(const Fd& socket, const void* packet, std::size_t size) {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = interface_;
    ::sendto(socket.get(), packet, size, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
}

bool ArpWatch::is_watched(const std::string& address) const {
    return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

// `asked_by`: the MAC that the answer goes to. The caller holds the lock.
void ArpWatch::take_answer(const std::uint8_t* asked_by, const std::string& mac) {
    if (std::memcmp(asked_by, kMark, sizeof kMark) != 0) return;
    std::uint32_t number = 0;
    std::memcpy(&number, asked_by + sizeof kMark, sizeof number);
    const auto question = questions_.find(ntohl(number));
    if (question == questions_.end()) return;
    std::vector<std::string>& macs = question->second.macs;
    if (std::find(macs.begin(), macs.end(), mac) == macs.end()) macs.push_back(mac);
}

std::size_t ArpWatch::read_advertisements() {
    std::size_t count = 0;
    std::array<std::uint8_t, wire::kMostNdpBytes> frame;
    while (const auto received = receive(socket_v6_, frame.data(), frame.size())) {
        ++count;
        if (received->size < ETH_HLEN) continue;
        const auto packet =
            wire::decode_ndp(std::span(frame).first(received->size).subspan(ETH_HLEN));
        if (!packet || packet->kind != wire::NdpPacket::Kind::kAdvertisement) continue;
        const std::string address = packet->target.to_string();
        const std::string mac =
            packet->link_address ? packet->link_address->to_string() : mac_text(&frame[ETH_ALEN]);
        const std::lock_guard lock(mutex_);
        if (packet->destination == wire::all_nodes_v6())
            announcements_.push_back({received->at, address, mac, true});
        else if (is_watched(address))
            take_answer(frame.data(), mac);
    }
    return count;
}

std::size_t ArpWatch::read_packets() {
    std::size_t count = 0;
    ArpPacket packet{};
    while (const auto received = receive(socket_, &packet, sizeof packet)) {
        ++count;
        if (received->size < sizeof packet) continue;
        const std::string sender = address_text(packet.arp.arp_spa);
        const std::string mac = mac_text(packet.arp.arp_sha);
        const bool is_reply = packet.arp.ea_hdr.ar_op == htons(ARPOP_REPLY);
        const std::lock_guard lock(mutex_);
        if (std::memcmp(packet.arp.arp_spa, packet.arp.arp_tpa, 4) == 0) {
            announcements_.push_back({received->at, sender, mac, is_reply});
            continue;
        }
        if (is_reply && is_watched(sender)) take_answer(packet.arp.arp_tha, mac);
    }
    return count;
}

std::vector<DoubleOwner> ArpWatch::double_owners() const {
    const std::lock_guard lock(mutex_);
    std::vector<DoubleOwner> found;
    for (const auto& [number, question] : questions_)
        if (question.macs.size() > 1)
            found.push_back({question.at, question.address, question.macs});
    return found;
}

Duration ArpWatch::double_time(const std::string& address) const {
    Duration total{};
    for (const DoubleOwner& d : double_owners())
        if (d.address == address) total += period_;
    return total;
}

std::vector<Announcement> ArpWatch::announcements() const {
    const std::lock_guard lock(mutex_);
    return announcements_;
}

std::optional<std::string> ArpWatch::owner(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    for (auto q = questions_.rbegin(); q != questions_.rend(); ++q)
        if (q->second.address == address && !q->second.macs.empty()) return q->second.macs.back();
    return std::nullopt;
}

std::size_t ArpWatch::answered(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(questions_.begin(), questions_.end(), [&](const auto& entry) {
            return entry.second.address == address && !entry.second.macs.empty();
        }));
}

void ArpWatch::restart() {
    const std::lock_guard lock(mutex_);
    questions_.clear();
    announcements_.clear();
}

}  // namespace hb::lab
