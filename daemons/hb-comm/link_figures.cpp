#include "daemons/hb-comm/link_figures.hpp"

#include <algorithm>
#include <utility>

namespace hb::comm {

LinkFigures::LinkFigures(const std::vector<NodeId>& peers, std::size_t links, Duration deadtime,
                         std::vector<bool> paced)
    : paced_(std::move(paced)), copies_in_(deadtime / 4) {
    for (const NodeId peer : peers)
        peers_[peer].links.resize(links);
}

void LinkFigures::new_life(NodeId peer) {
    Peer& p = peers_.at(peer);
    const std::size_t links = p.links.size();
    p = {};
    p.links.resize(links);
}

// Makes room for the sequences that come in between, too: they were sent.
void LinkFigures::advance(Peer& peer, std::uint64_t sequence) {
    const std::uint64_t from =
        std::max(peer.newest + 1, sequence >= kWindow ? sequence - kWindow + 1 : std::uint64_t{0});
    for (std::uint64_t s = from; s <= sequence; ++s) {
        peer.first_came[s % kWindow].reset();
        for (Link& link : peer.links)
            link.came.reset(s % kWindow);
    }
    peer.newest = sequence;
}

void LinkFigures::arrived(NodeId peer, LinkId link, std::uint64_t sequence, MonoTime now) {
    Peer& p = peers_.at(peer);
    if (index(link) >= p.links.size()) return;
    if (p.first == 0) {
        p.first = sequence;
        p.newest = sequence - std::min<std::uint64_t>(sequence, 1);
    }
    if (sequence > p.newest)
        advance(p, sequence);
    else if (sequence < p.first || p.newest - sequence >= kWindow)
        return;
    Link& l = p.links[index(link)];
    std::optional<MonoTime>& first = p.first_came[sequence % kWindow];
    if (!first) first = now;
    const Duration lag = now - *first;
    if (l.came.test(sequence % kWindow) || (lag > copies_in_ && !is_paced(link))) return;
    l.came.set(sequence % kWindow);
    l.newest = std::max(l.newest, sequence);
    l.lag = l.measured ? (7 * l.lag + lag) / 8 : lag;
    l.measured = true;
}

void LinkFigures::begins(NodeId peer, LinkId link) {
    Peer& p = peers_.at(peer);
    if (index(link) < p.links.size()) p.links[index(link)].first = p.newest + 1;
}

void LinkFigures::told(NodeId peer, const std::vector<HeardOnLink>& by_link) {
    std::vector<Link>& links = peers_.at(peer).links;
    for (std::size_t i = 0; i < links.size(); ++i)
        links[i].there = i < by_link.size() ? by_link[i] : HeardOnLink{};
}

LinkLoss LinkFigures::loss(NodeId peer, LinkId link, MonoTime now) const {
    const Peer& p = peers_.at(peer);
    LinkLoss loss;
    if (p.first == 0 || index(link) >= p.links.size() || is_paced(link)) return loss;
    const Link& l = p.links[index(link)];
    const std::uint64_t first_judged = std::max(p.first, l.first);
    for (std::uint64_t s = p.newest; s >= first_judged && p.newest - s < kWindow; --s) {
        // Those that came are not counted sooner than the others: that would flatter the link.
        const std::optional<MonoTime>& first = p.first_came[s % kWindow];
        if (first && now - *first <= copies_in_ && p.newest - s < kMayCome) continue;
        ++loss.judged;
        if (!l.came.test(s % kWindow)) ++loss.lost;
        if (loss.judged == kJudged || s == 0) break;
    }
    return loss;
}

std::vector<HeardOnLink> LinkFigures::heard(NodeId peer, MonoTime now) const {
    const Peer& p = peers_.at(peer);
    std::vector<HeardOnLink> all;
    if (p.first == 0) return all;
    for (std::size_t i = 0; i < p.links.size(); ++i) {
        const LinkLoss of = loss(peer, link_id(i), now);
        HeardOnLink& h = all.emplace_back();
        const Link& l = p.links[i];
        if (is_paced(link_id(i)) && l.newest != 0 && p.newest - l.newest < kWindow / 2)
            h.lost_percent = 0;
        if (of.judged > 0) h.lost_percent = of.lost * 100 / of.judged;
        h.lag = std::chrono::floor<std::chrono::microseconds>(l.lag);
    }
    return all;
}

std::optional<std::uint32_t> LinkFigures::lost_there(NodeId peer, LinkId link) const {
    const std::vector<Link>& links = peers_.at(peer).links;
    return index(link) < links.size() ? links[index(link)].there.lost_percent : std::nullopt;
}

std::optional<Duration> LinkFigures::round_trip(NodeId peer, LinkId link, Duration fastest) const {
    const Peer& p = peers_.at(peer);
    if (index(link) >= p.links.size() || fastest == Duration::zero()) return std::nullopt;
    const Link& l = p.links[index(link)];
    // What no frame came on lately has no round trip any more.
    if (l.newest == 0 || p.newest - l.newest >= kWindow / 2) return std::nullopt;
    if (!l.there.lost_percent || *l.there.lost_percent == 100) return std::nullopt;
    return fastest + l.lag + l.there.lag;
}

}  // namespace hb::comm
