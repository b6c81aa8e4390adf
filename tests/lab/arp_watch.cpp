#include "tests/lab/arp_watch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "tests/lab/arp_packet.hpp"

namespace hb::lab {
namespace {

constexpr const char* kOwnAddress = "10.77.0.201";
constexpr Mac kOwnMac{0x02, 0x00, 0x0a, 0x4d, 0x00, 0xc9};
constexpr std::uint8_t kMark[2] = {0x02, 0xaa};  // then the question's number

std::string address_text(const std::uint8_t* address) {
    return fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
}

}  // namespace

ArpWatch::ArpWatch(const NetNamespace& client, std::vector<std::string> addresses, Duration period)
    : addresses_(std::move(addresses)),
      period_(period),
      socket_(client.open_socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ARP))) {
    client.inside([this] { interface_ = static_cast<int>(::if_nametoindex("eth0")); });
    sockaddr_ll local{};
    local.sll_family = AF_PACKET;
    local.sll_protocol = htons(ETH_P_ARP);
    local.sll_ifindex = interface_;
    must(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&local), sizeof local), "ARP watch");
    // Answers go to the made-up MACs.
    packet_mreq promiscuous{};
    promiscuous.mr_ifindex = interface_;
    promiscuous.mr_type = PACKET_MR_PROMISC;
    must(::setsockopt(socket_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
                      sizeof promiscuous),
         "ARP watch");
    thread_ = std::thread([this] { loop(); });
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
        pollfd polls{socket_.get(), POLLIN, 0};
        const Duration left = std::max(Duration::zero(), Duration(next - LabClock::now()));
        const timespec pause{left / 1s, static_cast<long>((left % 1s).count())};
        if (::ppoll(&polls, 1, &pause, nullptr) > 0) read_packets();
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
    const ArpPacket packet = arp_request(kOwnMac, asked_by, kOwnAddress, address);

    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = interface_;
    ::sendto(socket_.get(), &packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
}

void ArpWatch::read_packets() {
    for (;;) {
        ArpPacket packet{};
        sockaddr_ll from{};
        socklen_t from_size = sizeof from;
        const ssize_t n = ::recvfrom(socket_.get(), &packet, sizeof packet, 0,
                                     reinterpret_cast<sockaddr*>(&from), &from_size);
        if (n < 0) return;
        if (static_cast<std::size_t>(n) < sizeof packet || from.sll_pkttype == PACKET_OUTGOING)
            continue;
        const std::string sender = address_text(packet.arp.arp_spa);
        const std::string mac = mac_text(packet.arp.arp_sha);
        const bool is_reply = packet.arp.ea_hdr.ar_op == htons(ARPOP_REPLY);
        const std::lock_guard lock(mutex_);
        if (std::memcmp(packet.arp.arp_spa, packet.arp.arp_tpa, 4) == 0) {
            announcements_.push_back({LabClock::now(), sender, mac, is_reply});
            continue;
        }
        if (!is_reply || std::memcmp(packet.arp.arp_tha, kMark, sizeof kMark) != 0) continue;
        if (std::find(addresses_.begin(), addresses_.end(), sender) == addresses_.end()) continue;
        std::uint32_t number = 0;
        std::memcpy(&number, packet.arp.arp_tha + sizeof kMark, sizeof number);
        const auto question = questions_.find(ntohl(number));
        if (question == questions_.end()) continue;
        std::vector<std::string>& macs = question->second.macs;
        if (std::find(macs.begin(), macs.end(), mac) == macs.end()) macs.push_back(mac);
    }
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
