#include "daemons/hb-comm/ping_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/ping_times.hpp"

namespace hb::comm {

PingWatch::PingWatch(Settings settings, MonoTime now)
    : interval_(settings.interval),
      deadping_(settings.deadping),
      figures_(std::max<Duration>(settings.interval, 1s)),
      listening_(now) {
    for (PingNodeSettings& n : settings.nodes) {
        nodes_.push_back({.name = std::move(n.name), .first = hosts_.size(), .hosts = n.hosts});
        for (std::size_t i = 0; i < n.hosts; ++i)
            hosts_.push_back({.node = nodes_.size() - 1});
    }
}

// By requests of the rhythm before nobody is called dead.
void PingWatch::set_times(Duration interval, Duration deadping, MonoTime now) {
    if (interval == interval_ && deadping == deadping_) return;
    interval_ = interval;
    deadping_ = deadping;
    figures_ = std::max<Duration>(interval, 1s);
    listening_ = now;
    for (Host& h : hosts_)
        if (h.known) h.next = std::min(h.next, now + interval);
}

// Staggered: host i of n begins i/n of an interval later.
void PingWatch::host_known(std::uint32_t host, bool known, MonoTime now) {
    if (host >= hosts_.size() || hosts_[host].known == known) return;
    Host& h = hosts_[host];
    h.known = known;
    h.next = known ? now + interval_ * static_cast<int>(host) / static_cast<int>(hosts_.size())
                   : kForever;
}

void PingWatch::forget_old(Host& host, MonoTime now) {
    while (!host.requests.empty() && now - host.requests.front().sent >= deadping_) {
        host.lost.push_back(!host.requests.front().answered);
        if (host.lost.size() > kRemembered) host.lost.pop_front();
        host.requests.pop_front();
    }
}

void PingWatch::ask(std::uint32_t host, MonoTime now, std::vector<PingAction>& out) {
    Host& h = hosts_[host];
    h.requests.push_back({.sequence = ++h.sequence, .sent = now});
    h.asked = now;
    // Behind by less than an interval: the rhythm stays. By more: nothing is made up for.
    h.next = h.next + interval_ > now ? h.next + interval_ : now + interval_;
    out.emplace_back(SendPing{host, h.sequence});
}

void PingWatch::ask_soon(MonoTime now) {
    int behind = 0;
    for (Host& h : hosts_)
        if (h.known && (!h.asked || now - *h.asked >= interval_ / 4))
            h.next = std::min(h.next, now + kPingPace * behind++);
}

void PingWatch::stood_still(MonoTime now) {
    listening_ = now;
}

void PingWatch::answered(std::uint32_t host, std::uint64_t sequence, MonoTime now,
                         std::vector<PingAction>& out) {
    if (host >= hosts_.size()) return;
    Host& h = hosts_[host];
    forget_old(h, now);
    const auto request = std::ranges::find(h.requests, sequence, &Request::sequence);
    if (request == h.requests.end() || request->answered) return;
    request->answered = true;
    const Duration took = now - request->sent;
    h.round_trip = h.round_trip ? (*h.round_trip * 7 + took) / 8 : took;
    Node& node = nodes_[h.node];
    node.answered = std::max(node.answered.value_or(request->sent), request->sent);
    // L3 needs several in d/4, not all of a hundred hosts.
    if (!told_answer_ || request->sent - *told_answer_ >= interval_ / 2) {
        told_answer_ = request->sent;
        out.emplace_back(ipc::PingAnswered{request->sent});
    }
    settle(node, now, out);
}

// ---- up and dead

MonoTime PingWatch::late_at(const Node& node) const {
    return std::max(node.answered.value_or(listening_), listening_) +
           ping_late(deadping_, interval_);
}

MonoTime PingWatch::dead_at(const Node& node) const {
    return std::max(node.answered.value_or(listening_), listening_) + deadping_;
}

void PingWatch::settle(Node& node, MonoTime now, std::vector<PingAction>& out) {
    PingState state = node.state;
    if (now >= dead_at(node))
        state = PingState::kDead;
    else if (node.answered && now - *node.answered < deadping_)
        state = PingState::kPing;
    const bool late = now >= late_at(node);
    if (state == node.state && late == node.late) return;
    const bool news = state != node.state;
    node.state = state;
    node.late = late;
    tell(node, now, out);
    if (!news) return;
    const bool up = state == PingState::kPing;
    out.emplace_back(Event{up ? "link-up" : "link-dead",
                           Level::kInfo,
                           fmt::format("Link {}:{} {}.", node.name, node.name, up ? "up" : "dead"),
                           {{"HB_NODE", node.name}, {"HB_LINK", node.name}}});
}

ipc::PingStatus PingWatch::status(const Node& node) const {
    ipc::PingStatus s;
    s.node = static_cast<std::uint32_t>(&node - nodes_.data());
    s.state = node.state;
    s.late = node.late;
    s.answered = node.answered;
    std::size_t unknown = 0;
    for (std::size_t i = node.first; i < node.first + node.hosts; ++i) {
        const Host& h = hosts_[i];
        if (!h.known) ++unknown;
        if (h.round_trip && (!s.round_trip || *h.round_trip < *s.round_trip))
            s.round_trip = h.round_trip;
        s.asked += static_cast<std::uint32_t>(h.lost.size());
        s.lost += static_cast<std::uint32_t>(std::ranges::count(h.lost, true));
    }
    if (unknown == 1 && node.hosts == 1)
        s.detail = "its name is not resolved";
    else if (unknown > 0)
        s.detail = fmt::format("{} of {} names are not resolved", unknown, node.hosts);
    return s;
}

void PingWatch::tell(Node& node, MonoTime now, std::vector<PingAction>& out) {
    node.told = now;
    out.emplace_back(status(node));
}

std::vector<ipc::PingStatus> PingWatch::state() const {
    std::vector<ipc::PingStatus> all;
    for (const Node& node : nodes_)
        all.push_back(status(node));
    return all;
}

// ---- time

void PingWatch::on_deadline(MonoTime now, std::vector<PingAction>& out) {
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
        forget_old(hosts_[i], now);
        if (hosts_[i].next <= now) ask(i, now, out);
    }
    for (Node& node : nodes_) {
        settle(node, now, out);
        if (!node.told || now - *node.told >= figures_) tell(node, now, out);
    }
}

MonoTime PingWatch::next_deadline() const {
    MonoTime next = kForever;
    for (const Host& h : hosts_)
        next = std::min(next, h.next);
    for (const Node& node : nodes_) {
        if (!node.late) next = std::min(next, late_at(node));
        if (node.state != PingState::kDead) next = std::min(next, dead_at(node));
        next = std::min(next, node.told ? *node.told + figures_ : listening_);
    }
    return next;
}

}  // namespace hb::comm
