#include "daemons/hb-ipfail/ipfail_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hb::ipfail {
namespace {

constexpr Duration kLongestHold = 5min;
// Up for so long: the next loss is a first one again.
constexpr Duration kForgotten = 10min;

Event info(const char* id, std::string text, std::string node = {}) {
    Event e{id, Level::kInfo, std::move(text), {}};
    if (!node.empty()) e.fields.emplace_back("HB_NODE", std::move(node));
    return e;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

IpfailCore::IpfailCore(IpfailSettings settings) : s_(std::move(settings)) {
    for (const std::string& name : s_.ping_nodes)
        nodes_.push_back({.name = name});
}

void IpfailCore::handle(const IpfailInput& input, MonoTime now, std::vector<IpfailAction>& out) {
    std::visit([&](const auto& i) { take(i, now, out); }, input);
    settle(now, out);
}

void IpfailCore::on_deadline(MonoTime now, std::vector<IpfailAction>& out) {
    settle(now, out);
}

MonoTime IpfailCore::next_deadline() const {
    MonoTime next = kForever;
    for (const PingNode& node : nodes_)
        if (node.state == PingState::kPing && node.sure_at > settled_at_)
            next = std::min(next, node.sure_at);
    return next;
}

// ---- inputs

void IpfailCore::take(const MembershipHere&, MonoTime, std::vector<IpfailAction>& out) {
    if (published_) out.emplace_back(ipc::IpfailPublish{*published_});
}

// How a ping node was for our predecessor.
PingState IpfailCore::recall(PingNode& node, MonoTime now) const {
    if (!before_) return PingState::kInit;
    const bool answered = holds(before_->reachable, node.name);
    if (answered && !holds(before_->unsure, node.name)) return PingState::kPing;
    node.lost = now;
    if (!answered) return PingState::kDead;
    came_back(node, now);
    return PingState::kPing;
}

void IpfailCore::came_back(PingNode& node, MonoTime now) const {
    if (!node.lost) return;  // for the first time: nothing is known against it
    const bool again = node.hold > Duration::zero() && *node.lost < node.sure_at + kForgotten;
    node.hold = again ? std::min(node.hold * 2, kLongestHold) : std::min(s_.deadping, kLongestHold);
    node.sure_at = now + node.hold;
}

void IpfailCore::take(const ipc::PingSeen& seen, MonoTime now, std::vector<IpfailAction>& out) {
    if (seen.node >= nodes_.size() || seen.state == PingState::kInit) return;
    PingNode& node = nodes_[seen.node];
    const PingState before = node.state == PingState::kInit ? recall(node, now) : node.state;
    node.state = seen.state;
    node.late = seen.late;
    if (before == seen.state) return;
    const bool up = seen.state == PingState::kPing;
    out.emplace_back(info(
        up ? "ping-node-up" : "ping-node-dead",
        fmt::format("Status update: Node {} now has status {}", node.name, up ? "ping" : "dead"),
        node.name));
    if (up) {
        came_back(node, now);
        out.emplace_back(info("ping-node-up", "A ping node just came up.", node.name));
        said_.clear();  // all is compared, and said, again
        return;
    }
    node.lost = now;
    if (judged()) say_alive(out);
}

void IpfailCore::take(const ipc::PeerPings& pings, MonoTime, std::vector<IpfailAction>&) {
    if (pings.peer == s_.self) {
        if (!published_) before_ = pings.ping;
        return;
    }
    peers_[pings.peer] = pings.ping;
}

void IpfailCore::take(const ipc::PeerSeen& seen, MonoTime, std::vector<IpfailAction>& out) {
    if (rank(seen.peer) >= s_.node_names.size() || seen.peer == s_.self) return;
    // A newborn hb-membership has not judged yet: what its predecessor knew stands.
    if (seen.status == NodeStatus::kInit && peer_status_.contains(seen.peer)) return;
    const auto [at, fresh] = peer_status_.try_emplace(seen.peer, seen.status);
    if (!fresh && at->second == seen.status) return;
    const bool news = !fresh || seen.status == NodeStatus::kDead;
    at->second = seen.status;
    if (!news) return;
    const std::string& name = s_.node_names[rank(seen.peer)];
    out.emplace_back(
        info("peer-status",
             fmt::format("Status update: Node {} now has status {}", name, to_string(seen.status)),
             name));
    if (seen.status != NodeStatus::kDead) return;
    said_.erase(seen.peer);
    if (judged()) say_alive(out);
}

void IpfailCore::take(const ipc::PeerLinkSeen& seen, MonoTime, std::vector<IpfailAction>& out) {
    if (rank(seen.peer) >= s_.node_names.size() || seen.peer == s_.self) return;
    const auto [at, fresh] = peer_links_.try_emplace({seen.peer, seen.link}, seen.up);
    if (!fresh && std::exchange(at->second, seen.up) == seen.up) return;
    const std::string& name = s_.node_names[rank(seen.peer)];
    out.emplace_back(info("peer-link",
                          fmt::format("Link Status update: Link {}/{} now has status {}", name,
                                      seen.link, seen.up ? "up" : "dead"),
                          name));
    if (!seen.up) said_.erase(seen.peer);  // it is compared, and said, again
}

// ---- what comes of it

bool IpfailCore::judged() const {
    return std::ranges::none_of(nodes_,
                                [](const PingNode& n) { return n.state == PingState::kInit; });
}

PingReport IpfailCore::report(MonoTime now) const {
    PingReport r;
    for (const PingNode& node : nodes_) {
        if (node.state != PingState::kPing) continue;
        r.reachable.push_back(node.name);
        if (node.late || now < node.sure_at) r.unsure.push_back(node.name);
    }
    return r;
}

void IpfailCore::say_alive(std::vector<IpfailAction>& out) const {
    const bool alive =
        std::ranges::any_of(nodes_, [](const PingNode& n) { return n.state == PingState::kPing; });
    if (nodes_.empty()) return;
    out.emplace_back(alive ? info("still-alive", "NS: We are still alive!")
                           : info("we-are-dead", "NS: We are dead. :<"));
}

// No opinion before every ping node was judged once: an answer that may still come is no reason to
// move anything.
void IpfailCore::settle(MonoTime now, std::vector<IpfailAction>& out) {
    settled_at_ = now;
    if (!judged()) return;
    PingReport next = report(now);
    if (published_ != next) {
        published_ = next;
        out.emplace_back(ipc::IpfailPublish{std::move(next)});
    }
    compare(out);
}

// What Heartbeat's ipfail said when it asked the other side and had its answer: here both always
// know. Nothing is said of more or fewer while it is unsure, since nothing comes of it.
void IpfailCore::compare(std::vector<IpfailAction>& out) {
    if (nodes_.empty()) return;
    for (const auto& [peer, theirs] : peers_) {
        const auto status = peer_status_.find(peer);
        if (rank(peer) >= s_.node_names.size() ||
            (status != peer_status_.end() && status->second == NodeStatus::kDead))
            continue;
        const PingReport& mine = *published_;
        const Balance now = mine.sure() > theirs.reachable.size()              ? Balance::kMore
                            : theirs.sure() > mine.reachable.size()            ? Balance::kLess
                            : mine.reachable.size() == theirs.reachable.size() ? Balance::kEqual
                                                                               : Balance::kUnsure;
        if (now == Balance::kUnsure) continue;
        const auto [at, fresh] = said_.try_emplace(peer, now);
        if (!fresh && std::exchange(at->second, now) == now) continue;
        say_balance(now, s_.node_names[rank(peer)], out);
    }
}

void IpfailCore::say_balance(Balance balance, const std::string& peer,
                             std::vector<IpfailAction>& out) const {
    out.emplace_back(info("asking", "Asking other side for ping node count.", peer));
    out.emplace_back(published_->reachable.empty()
                         ? info("we-are-dead", "We are dead. :<", peer)
                         : info("checking", "Checking remote count of ping nodes.", peer));
    switch (balance) {
        case Balance::kMore:
            out.emplace_back(info("more-ping-nodes",
                                  "Telling other node that we have more visible ping nodes.",
                                  peer));
            return;
        case Balance::kLess:
            out.emplace_back(info("less-ping-nodes",
                                  "Giving up because we have less visible ping nodes.", peer));
            return;
        case Balance::kEqual:
            out.emplace_back(info("balanced", "Ping node count is balanced.", peer));
            return;
        case Balance::kUnsure:
            return;
    }
}

}  // namespace hb::ipfail
