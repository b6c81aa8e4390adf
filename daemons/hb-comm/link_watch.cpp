#include "daemons/hb-comm/link_watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace hb::comm {

using ipc::LinkFault;

LinkWatch::LinkWatch(LinkWatchSettings settings, MonoTime now)
    : settings_(std::move(settings)),
      started_(now),
      listening_since_(now),
      carrier_(settings_.interfaces.size(), true) {
    for (std::size_t i = 0; i < settings_.node_names.size(); ++i) {
        if (node_id(i) == settings_.self) continue;
        peers_[node_id(i)] = {settings_.deadtime, std::vector<Pair>(settings_.interfaces.size())};
    }
}

void LinkWatch::new_life(NodeId peer) {
    Peer& p = peers_.at(peer);
    MonoTime heard = kNever;
    for (const Pair& pair : p.links)
        heard = std::max(heard, pair.newest);
    for (Pair& pair : p.links)
        pair.flaps.take_back(heard);
}

Duration LinkWatch::shortest_deadtime() const {
    Duration shortest = settings_.deadtime;
    for (const auto& [node, peer] : peers_)
        shortest = std::min(shortest, peer.deadtime);
    return shortest;
}

void LinkWatch::announced_deadtime(NodeId peer, Duration deadtime) {
    peers_.at(peer).deadtime = deadtime;
}

bool LinkWatch::heard(NodeId peer, LinkId link, MonoTime now) {
    Peer& p = peers_.at(peer);
    Pair& pair = p.links.at(index(link));
    const bool begins = pair.heard == kNever || now - pair.heard >= p.deadtime;
    if (begins) pair.since = now;
    pair.heard = pair.newest = now;
    return begins;
}

bool LinkWatch::up(NodeId peer, LinkId link) const {
    return peers_.at(peer).links.at(index(link)).up();
}

std::optional<MonoTime> LinkWatch::newest(NodeId peer, LinkId link) const {
    const MonoTime newest = peers_.at(peer).links.at(index(link)).newest;
    return newest == kNever ? std::nullopt : std::optional(newest);
}

void LinkWatch::hears_us(NodeId peer, std::uint32_t links, MonoTime now) {
    auto& pairs = peers_.at(peer).links;
    for (std::size_t i = 0; i < pairs.size(); ++i)
        if ((links >> i & 1U) != 0) pairs[i].hears_us = now;
}

void LinkWatch::carrier(const std::string& interface, bool carrier) {
    for (std::size_t i = 0; i < carrier_.size(); ++i) {
        if (settings_.interfaces[i] != interface) continue;
        carrier_[i] = carrier;
        if (carrier) continue;
        for (auto& [node, peer] : peers_)
            peer.links[i].heard = kNever;
    }
}

LinkFault LinkWatch::fault_of(const Peer& peer, std::size_t link, MonoTime now) const {
    const Pair& pair = peer.links[link];
    if (!carrier_[link]) return LinkFault::kNoCarrier;
    if (pair.heard == kNever) return LinkFault::kSilent;
    if (now - pair.heard >= peer.deadtime) {
        const bool worked = pair.told && pair.fault != LinkFault::kSilent;
        return worked && now - listening_since_ < peer.deadtime ? pair.fault : LinkFault::kSilent;
    }
    // Its newest frame came a whole deadtime after it last said so: it had the time to hear us.
    if (pair.heard - std::max(pair.since, pair.hears_us) >= peer.deadtime)
        return LinkFault::kOneWayOut;
    return LinkFault::kNone;
}

ipc::LinkChanged LinkWatch::change(NodeId peer, std::size_t link) const {
    const Pair& pair = peers_.at(peer).links[link];
    const std::string& name = settings_.node_names[rank(peer)];
    const std::string& interface = settings_.interfaces[link];
    ipc::LinkChanged c{
        .peer = peer, .link = link_id(link), .up = pair.up(), .fault = pair.fault, .detail = {}};
    if (pair.heard != kNever) c.heard = pair.heard;
    c.flaps = pair.flaps.count();
    const unsigned port = link < settings_.ports.size() ? settings_.ports[link] : 694;
    switch (pair.fault) {
        case LinkFault::kNone:
            break;
        case LinkFault::kSilent:
            c.detail = fmt::format("nothing heard from {} on {}", name, interface);
            break;
        case LinkFault::kNoCarrier:
            c.detail = port == 0
                           ? fmt::format("{} could not be opened, or was lost", interface)
                           : fmt::format("{} has no carrier: is its cable unplugged?", interface);
            break;
        case LinkFault::kOneWayOut:
            c.detail =
                port == 0
                    ? fmt::format(
                          "{} does not hear us on {}: is the cable whole in that direction?", name,
                          interface)
                    : fmt::format("{0} does not hear us on {1}: is udp/{2} open in {0}'s firewall?",
                                  name, interface, port);
            break;
    }
    return c;
}

LinkNews LinkWatch::news(NodeId peer, Turn turn, bool begins_to_flap, MonoTime now) const {
    const auto [link, was_up] = turn;
    LinkNews n{change(peer, link), {}};
    const std::string& name = settings_.node_names[rank(peer)];
    const std::string& interface = settings_.interfaces[link];
    const std::vector<std::pair<std::string, std::string>> fields = {{"HB_NODE", name},
                                                                     {"HB_LINK", interface}};
    const Pair& pair = peers_.at(peer).links[link];
    const bool died = was_up && !n.change.up;
    if (begins_to_flap) {
        n.events.push_back({"link-flaps", Level::kWarn,
                            fmt::format("Link {}:{} flaps: dead for the {}rd time in {} minutes. "
                                        "No more is said of it until it was steady for {}.",
                                        name, interface, ipc::kLinkFlaps, LinkFlaps::kWindow / 1min,
                                        LinkFlaps::kSteady / 1min),
                            fields});
        return n;
    }
    if (pair.flaps.flaps()) return n;
    if (n.change.up)
        n.events.push_back(
            {"link-up", Level::kInfo, fmt::format("Link {}:{} up.", name, interface), fields});
    else if (was_up)
        n.events.push_back(
            {"link-dead", Level::kInfo, fmt::format("Link {}:{} dead.", name, interface), fields});
    if (n.change.fault == LinkFault::kOneWayOut)
        n.events.push_back({"link-one-way", Level::kWarn, n.change.detail, fields});
    if (n.change.fault == LinkFault::kNoCarrier && was_up)
        n.events.push_back({"link-no-carrier", Level::kWarn, n.change.detail, fields});
    if (died)
        if (auto fewer = fewer_links(peer, link, now)) n.events.push_back(std::move(*fewer));
    return n;
}

// Up, and not about to die: of a peer that stops, or dies, the links die one after the other.
bool LinkWatch::works(const Peer& peer, std::size_t link, MonoTime now) {
    const Pair& pair = peer.links[link];
    return pair.up() && now - pair.heard < peer.deadtime / 2 &&
           now - std::max(pair.since, pair.hears_us) < peer.deadtime / 2;
}

// All its links were lost within a moment: it is the peer that died, or froze.
bool LinkWatch::died_with_the_others(const Peer& peer, std::size_t link, MonoTime now) {
    bool others = false;
    for (std::size_t i = 0; i < peer.links.size(); ++i) {
        if (i == link) continue;
        if (works(peer, i, now)) return false;
        const MonoTime newest = peer.links[i].newest;
        others = others || (newest != kNever && now - newest < 2 * peer.deadtime);
    }
    return others;
}

// One of several links is lost: nothing moves for it, but the next loss may count.
std::optional<Event> LinkWatch::fewer_links(NodeId peer, std::size_t link, MonoTime now) const {
    const Peer& p = peers_.at(peer);
    std::set<std::string> working;
    for (std::size_t i = 0; i < p.links.size(); ++i)
        if (works(p, i, now)) working.insert(settings_.interfaces[i]);
    // Another medium of the same interface may work.
    if (working.empty() || working.contains(settings_.interfaces[link])) return std::nullopt;
    const std::string& name = settings_.node_names[rank(peer)];
    return Event{"links-fewer",
                 Level::kWarn,
                 fmt::format("{} is reached over {} only: {} does not work", name,
                             fmt::join(working, ", "), settings_.interfaces[link]),
                 {{"HB_NODE", name}, {"HB_LINK", settings_.interfaces[link]}}};
}

void LinkWatch::settle_flaps(NodeId peer, std::size_t link, MonoTime now,
                             std::vector<LinkNews>& out) {
    Pair& pair = peers_.at(peer).links[link];
    if (!pair.flaps.settle(now)) return;
    const std::string& name = settings_.node_names[rank(peer)];
    const std::string& interface = settings_.interfaces[link];
    out.push_back({change(peer, link),
                   {{"link-steady",
                     Level::kInfo,
                     fmt::format("Link {}:{} has been steady for {} minutes, and is {}.", name,
                                 interface, LinkFlaps::kSteady / 1min, pair.up() ? "up" : "dead"),
                     {{"HB_NODE", name}, {"HB_LINK", interface}}}}});
}

// One cable, many peers: that it has no carrier is said once.
void LinkWatch::say_once(std::vector<LinkNews>& out, std::size_t from) {
    std::set<LinkId> said;
    for (std::size_t i = from; i < out.size(); ++i)
        std::erase_if(out[i].events, [&](const Event& event) {
            return event.id == "link-no-carrier" && !said.insert(out[i].change.link).second;
        });
}

std::optional<LinkWatch::Turn> LinkWatch::turn(Peer& peer, std::size_t link, MonoTime now,
                                               bool timed) const {
    Pair& pair = peer.links[link];
    const LinkFault fault = fault_of(peer, link, now);
    if (pair.told && fault == pair.fault) return std::nullopt;
    if (!timed && fault == LinkFault::kSilent) return std::nullopt;
    // Nothing is said of a link that had no time to be heard.
    if (!pair.told && fault == LinkFault::kSilent && now - started_ < peer.deadtime)
        return std::nullopt;
    const bool was_up = pair.up();
    pair.told = true;
    pair.fault = fault;
    return Turn{link, was_up};
}

void LinkWatch::settle(MonoTime now, bool timed, std::vector<LinkNews>& out) {
    const std::size_t before = out.size();
    for (auto& [node, peer] : peers_) {
        // All links of the peer first: what is said of one depends on the others.
        std::vector<Turn> turns;
        for (std::size_t i = 0; i < peer.links.size(); ++i) {
            if (timed) settle_flaps(node, i, now, out);
            if (const auto turned = turn(peer, i, now, timed)) turns.push_back(*turned);
        }
        for (const Turn& turned : turns) {
            Pair& pair = peer.links[turned.link];
            const bool its_own =
                turned.was_up && !pair.up() && !died_with_the_others(peer, turned.link, now);
            const bool begins_to_flap = its_own && pair.flaps.died(now);
            out.push_back(news(node, turned, begins_to_flap, now));
        }
    }
    say_once(out, before);
}

MonoTime LinkWatch::next_deadline() const {
    MonoTime next = kForever;
    for (const auto& [node, peer] : peers_) {
        for (const Pair& pair : peer.links) {
            if (!pair.told) next = std::min(next, started_ + peer.deadtime);
            next = std::min(next, pair.flaps.steady_at());
            if (pair.told && pair.heard != kNever && pair.fault != LinkFault::kSilent &&
                pair.fault != LinkFault::kNoCarrier)
                next = std::min(next, std::max(pair.heard, listening_since_) + peer.deadtime);
        }
    }
    return next;
}

std::uint32_t LinkWatch::heard_links(NodeId peer, MonoTime now) const {
    const Peer& p = peers_.at(peer);
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < p.links.size(); ++i)
        if (carrier_[i] && p.links[i].heard != kNever && now - p.links[i].heard < p.deadtime)
            mask |= 1U << i;
    return mask;
}

std::vector<ipc::LinkChanged> LinkWatch::state() const {
    std::vector<ipc::LinkChanged> all;
    for (const auto& [node, peer] : peers_)
        for (std::size_t i = 0; i < peer.links.size(); ++i)
            if (peer.links[i].told) all.push_back(change(node, i));
    return all;
}

}  // namespace hb::comm
