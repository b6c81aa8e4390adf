#include "tests/lab/probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace hb::lab {
namespace {

// What travels: the header, then our own number, since the header's has 16 bits only.
struct Echo {
    icmphdr header;
    std::uint64_t number;
};

std::uint16_t checksum(const Echo& echo) {
    std::uint16_t words[sizeof echo / 2];
    std::memcpy(words, &echo, sizeof echo);
    std::uint32_t sum = 0;
    for (const std::uint16_t word : words)
        sum += word;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

// A request that was sent this shortly before the report is not lost yet.
constexpr Duration kOnItsWay = 50ms;

std::atomic<std::uint16_t> next_id = 1;

}  // namespace

Probe::Probe(const NetNamespace& from, const std::string& address, Duration period,
             Duration warm_up)
    : period_(period), id_(next_id++) {
    address.find(':') == std::string::npos ? open_v4(from, address) : open_v6(from, address);
    const LabTime begin = LabClock::now();
    thread_ = std::thread([this] { loop(); });
    while (!answered_since(begin)) {
        if (LabClock::now() > begin + warm_up) {
            stop_ = true;
            thread_.join();
            throw LabError(fmt::format("{} does not answer the client", address));
        }
        std::this_thread::sleep_for(period_);
    }
    restart();
}

void Probe::open_v4(const NetNamespace& from, const std::string& address) {
    socket_ = from.open_socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
    icmp_filter filter{~(1U << ICMP_ECHOREPLY)};
    must(::setsockopt(socket_.get(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter), "ICMP_FILTER");
    sockaddr_in target{};
    target.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1)
        throw LabError(address + ": not an IPv4 address");
    target_.assign(reinterpret_cast<char*>(&target), reinterpret_cast<char*>(&target + 1));
}

void Probe::open_v6(const NetNamespace& from, const std::string& address) {
    v6_ = true;
    socket_ = from.open_socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6);
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    must(::setsockopt(socket_.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter),
         "ICMP6_FILTER");
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    if (::inet_pton(AF_INET6, address.c_str(), &target.sin6_addr) != 1)
        throw LabError(address + ": not an IPv6 address");
    target_.assign(reinterpret_cast<char*>(&target), reinterpret_cast<char*>(&target + 1));
}

Probe::~Probe() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void Probe::restart() {
    const std::lock_guard lock(mutex_);
    // An outage that begins now is seen from the last answer before it.
    const auto last_answered =
        std::find_if(requests_.rbegin(), requests_.rend(),
                     [](const Request& r) { return r.answered_after >= Duration::zero(); });
    const auto keep_from =
        last_answered == requests_.rend() ? requests_.begin() : last_answered.base() - 1;
    first_ += static_cast<std::uint64_t>(keep_from - requests_.begin());
    requests_.erase(requests_.begin(), keep_from);
}

void Probe::loop() {
    prefer_this_thread();
    LabTime next = LabClock::now();
    while (!stop_) {
        const LabTime now = LabClock::now();
        if (now >= next) {
            send_one();
            next = std::max(next + period_, now);  // late is late: no burst to make up for it
        }
        pollfd polls{socket_.get(), POLLIN, 0};
        const Duration left = std::max(Duration::zero(), Duration(next - LabClock::now()));
        const timespec pause{left / 1s, static_cast<long>((left % 1s).count())};
        if (::ppoll(&polls, 1, &pause, nullptr) > 0) read_answers();
    }
}

void Probe::send_one() {
    Echo echo{};
    echo.header.type = v6_ ? std::uint8_t{ICMP6_ECHO_REQUEST} : std::uint8_t{ICMP_ECHO};
    echo.header.un.echo.id = htons(id_);
    {
        const std::lock_guard lock(mutex_);
        echo.number = first_ + requests_.size();
        requests_.push_back({LabClock::now()});
    }
    echo.header.un.echo.sequence = htons(static_cast<std::uint16_t>(echo.number));
    if (!v6_) echo.header.checksum = checksum(echo);  // of ICMPv6 it is the kernel's affair
    // An unreachable address is what we are here to see: no error.
    ::sendto(socket_.get(), &echo, sizeof echo, 0,
             reinterpret_cast<const sockaddr*>(target_.data()),
             static_cast<socklen_t>(target_.size()));
}

void Probe::read_answers() {
    for (;;) {
        char packet[2048];
        const ssize_t n = ::recv(socket_.get(), packet, sizeof packet, 0);
        if (n <= 0) return;
        const auto size = static_cast<std::size_t>(n);
        const std::size_t header =
            v6_ ? 0 : (static_cast<unsigned char>(packet[0]) & 0x0fU) * std::size_t{4};
        if (size < header + sizeof(Echo)) continue;
        Echo echo{};
        std::memcpy(&echo, packet + header, sizeof echo);
        if (echo.header.un.echo.id != htons(id_)) continue;
        const LabTime now = LabClock::now();
        const std::lock_guard lock(mutex_);
        const std::uint64_t place = echo.number - first_;
        if (place >= requests_.size()) continue;
        Request& request = requests_[place];
        if (request.answered_after < Duration::zero()) request.answered_after = now - request.sent;
    }
}

bool Probe::answered_since(LabTime t) const {
    const std::lock_guard lock(mutex_);
    for (auto r = requests_.rbegin(); r != requests_.rend() && r->sent > t; ++r)
        if (r->answered_after >= Duration::zero()) return true;
    return false;
}

ProbeReport Probe::report() const {
    const LabTime now = LabClock::now();
    const std::lock_guard lock(mutex_);
    ProbeReport report;
    const Request* last_answered = nullptr;
    const Request* last_sent = nullptr;
    const Request* previous = nullptr;  // whatever became of it
    for (const Request& r : requests_) {
        const Duration pause = previous != nullptr ? r.sent - previous->sent : Duration::zero();
        previous = &r;
        const bool answered = r.answered_after >= Duration::zero();
        if (!answered && r.sent > now - kOnItsWay) continue;
        ++report.sent;
        if (last_sent != nullptr)
            report.longest_pause =
                std::max<Duration>(report.longest_pause, r.sent - last_sent->sent);
        last_sent = &r;
        if (!answered) continue;
        ++report.answered;
        report.slowest_answer = std::max(report.slowest_answer, r.answered_after);
        if (last_answered != nullptr && r.sent - last_answered->sent > report.outage) {
            report.outage = r.sent - last_answered->sent;
            report.outage_from = last_answered->sent;
            report.outage_until = r.sent;
            report.last_pause = pause;
        }
        last_answered = &r;
    }
    // Still going on: it counts as far as we can see.
    if (last_answered != nullptr && last_sent->sent - last_answered->sent > report.outage) {
        report.outage = last_sent->sent - last_answered->sent;
        report.outage_from = last_answered->sent;
        report.outage_until = last_sent->sent;
    }
    return report;
}

}  // namespace hb::lab
