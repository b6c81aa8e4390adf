#include "tests/lab/address_watch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>

#include "tests/lab/node.hpp"

namespace hb::lab {
namespace {

constexpr Duration kPause = 1ms;

std::string address_text(const char* data, int family) {
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(family, data, text, sizeof text);
    return text;
}

const void* payload(const nlmsghdr* header) {
    return static_cast<const char*>(static_cast<const void*>(header)) + NLMSG_HDRLEN;
}

// The attributes behind the fixed part of a message. The kernel's own macros do not compile here.
void for_attributes(const nlmsghdr* header, std::size_t fixed,
                    const std::function<void(const rtattr&, const char*)>& act) {
    const char* const message = static_cast<const char*>(payload(header));
    const std::size_t size = header->nlmsg_len - NLMSG_HDRLEN;
    std::size_t at = NLMSG_ALIGN(fixed);
    while (at + sizeof(rtattr) <= size) {
        rtattr attribute{};
        std::memcpy(&attribute, message + at, sizeof attribute);
        if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > size) return;
        act(attribute, message + at + sizeof attribute);
        at += NLMSG_ALIGN(attribute.rta_len);
    }
}

const char* words(AddressEvent::What what) {
    switch (what) {
        case AddressEvent::What::kAdded:
            return "added";
        case AddressEvent::What::kRemoved:
            return "removed";
        case AddressEvent::What::kCarrierUp:
            return "carrier up";
        case AddressEvent::What::kCarrierLost:
            return "carrier lost";
        case AddressEvent::What::kPowerOff:
            return "power off";
    }
    return "?";
}

std::optional<int> namespace_number(msghdr& message) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_NETLINK || c->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
        int number = 0;
        std::memcpy(&number, CMSG_DATA(c), sizeof number);
        return number;
    }
    return std::nullopt;  // the switch's own
}

}  // namespace

AddressWatch::AddressWatch(const NetNamespace& switch_network, Rtnl& rtnl, LogBook& log,
                           Wakeup& wakeup)
    : rtnl_(rtnl),
      log_(log),
      wakeup_(wakeup),
      socket_(switch_network.open_socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE)),
      stop_(must(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
    const int fd = socket_.get();
    const int on = 1;
    const int size = 8 << 20;
    must(::setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on), "all namespaces");
    must(::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), "receive buffer");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "netlink");
    thread_ = std::thread([this] { loop(); });
}

AddressWatch::~AddressWatch() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
}

void AddressWatch::node_boots(const Node& node) {
    int id = 0;
    {
        const std::lock_guard lock(mutex_);
        id = next_id_++;
        lives_[id].node = node.number();
    }
    rtnl_.name_namespace(node.network(), id);
}

void AddressWatch::node_is_off(const Node& node) {
    const std::lock_guard lock(mutex_);
    std::erase_if(lives_, [&](const auto& life) { return life.second.node == node.number(); });
    record({LabClock::now(), node.number(), AddressEvent::What::kPowerOff, {}, {}});
}

void AddressWatch::loop() {
    prefer_this_thread();
    LabTime woken{};
    for (;;) {
        pollfd polls[2] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        if (::poll(polls, 2, -1) < 0) continue;
        if (polls[1].revents != 0) return;
        const LabTime now = LabClock::now();
        // To be woken for each of a thousand addresses would take the processor from who adds them:
        // of what comes one upon the other the first is told at once.
        if (now - woken < kPause) std::this_thread::sleep_for(kPause);
        woken = now;
        read_events();
        wakeup_.ring();
    }
}

void AddressWatch::read_events() {
    for (;;) {
        alignas(nlmsghdr) char buffer[32768];
        alignas(cmsghdr) char control[256];
        iovec part{buffer, sizeof buffer};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t length = ::recvmsg(socket_.get(), &message, 0);
        if (length < 0 && errno == ENOBUFS) log_.write("lab", "ADDRESS EVENTS WERE LOST");
        if (length <= 0) return;
        const std::optional<int> number = namespace_number(message);
        if (!number) continue;
        const std::lock_guard lock(mutex_);
        const auto life = lives_.find(*number);
        if (life == lives_.end()) continue;  // a node that is off already
        // Each event is a datagram of its own.
        const nlmsghdr* header = static_cast<const nlmsghdr*>(static_cast<void*>(buffer));
        if (!NLMSG_OK(header, length)) continue;
        if (header->nlmsg_type == RTM_NEWLINK) take_link(header, life->second);
        if (header->nlmsg_type == RTM_NEWADDR) take_address(header, true, life->second);
        if (header->nlmsg_type == RTM_DELADDR) take_address(header, false, life->second);
    }
}

void AddressWatch::take_link(const void* message, Life& life) {
    const auto* header = static_cast<const nlmsghdr*>(message);
    const auto* link = static_cast<const ifinfomsg*>(payload(header));
    std::string name;
    for_attributes(header, sizeof *link, [&](const rtattr& a, const char* data) {
        if (a.rta_type == IFLA_IFNAME) name = data;
    });
    if (!name.starts_with("eth")) return;
    const bool carrier = (link->ifi_flags & IFF_RUNNING) != 0;
    const auto known = life.carrier.find(link->ifi_index);
    if (known != life.carrier.end() && known->second == carrier) return;
    // Before its first carrier an interface has lost nothing.
    const bool first = known == life.carrier.end();
    life.carrier[link->ifi_index] = carrier;
    if (first && !carrier) return;
    record({LabClock::now(),
            life.node,
            carrier ? AddressEvent::What::kCarrierUp : AddressEvent::What::kCarrierLost,
            name,
            {}});
}

void AddressWatch::take_address(const void* message, bool added, const Life& life) {
    const auto* header = static_cast<const nlmsghdr*>(message);
    const auto* info = static_cast<const ifaddrmsg*>(payload(header));
    AddressEvent event{LabClock::now(),
                       life.node,
                       added ? AddressEvent::What::kAdded : AddressEvent::What::kRemoved,
                       {},
                       {}};
    for_attributes(header, sizeof *info, [&](const rtattr& a, const char* data) {
        if (a.rta_type == IFA_LABEL) event.interface = data;
        if (a.rta_type == IFA_LOCAL) event.address = address_text(data, info->ifa_family);
        if (a.rta_type == IFA_ADDRESS && event.address.empty())
            event.address = address_text(data, info->ifa_family);
    });
    record(std::move(event));
}

// Waits ask for the holders of a thousand addresses at every event: what they ask is kept ready.
void AddressWatch::record(AddressEvent event) {
    const auto end = [&](std::vector<Holding>& holdings) {
        for (Holding& h : holdings)
            if (h.node == event.node && h.until == LabTime::max()) h.until = event.at;
    };
    if (event.what == AddressEvent::What::kPowerOff)
        for (auto& [address, holdings] : holdings_)
            end(holdings);
    if (event.what == AddressEvent::What::kRemoved) end(holdings_[event.address]);
    if (event.what == AddressEvent::What::kAdded) {
        std::vector<Holding>& holdings = holdings_[event.address];
        if (std::ranges::none_of(holdings, [&](const Holding& h) {
                return h.node == event.node && h.until == LabTime::max();
            }))
            holdings.push_back({event.node, event.at, LabTime::max()});
    }
    events_.push_back(std::move(event));
}

std::size_t AddressWatch::mark() const {
    const std::lock_guard lock(mutex_);
    return events_.size();
}

std::vector<AddressEvent> AddressWatch::events(std::size_t from) const {
    const std::lock_guard lock(mutex_);
    if (from >= events_.size()) return {};
    return {events_.begin() + static_cast<std::ptrdiff_t>(from), events_.end()};
}

std::vector<AddressEvent> AddressWatch::events_of(const std::string& address,
                                                  std::size_t from) const {
    std::vector<AddressEvent> found = events(from);
    std::erase_if(found, [&](const AddressEvent& e) { return e.address != address; });
    return found;
}

std::vector<Holding> AddressWatch::holdings(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto known = holdings_.find(address);
    return known == holdings_.end() ? std::vector<Holding>{} : known->second;
}

std::set<unsigned> AddressWatch::holders(const std::string& address) const {
    std::set<unsigned> now;
    for (const Holding& h : holdings(address))
        if (h.until == LabTime::max()) now.insert(h.node);
    return now;
}

std::vector<Overlap> AddressWatch::overlaps(const std::string& address) const {
    const std::vector<Holding> all = holdings(address);
    std::vector<Overlap> found;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j) {
            if (all[i].node == all[j].node) continue;
            const LabTime from = std::max(all[i].from, all[j].from);
            const LabTime until = std::min(all[i].until, all[j].until);
            if (from < until) found.push_back({all[i].node, all[j].node, from, until});
        }
    return found;
}

std::string AddressWatch::text(const std::string& address) const {
    std::string shown;
    for (const AddressEvent& e : events())
        if (e.address == address || e.address.empty())
            shown += fmt::format("{:9.3f} node{:<12} {} {} {}\n", log_.seconds(e.at), e.node,
                                 e.address, words(e.what), e.interface);
    return shown;
}

}  // namespace hb::lab
