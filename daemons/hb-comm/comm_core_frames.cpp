// CommCore: frames in and out.
#include <fmt/format.h>

#include "daemons/hb-comm/comm_core_impl.hpp"

namespace hb::comm {
namespace {

// The same complaint about the same node leaves once in this time.
constexpr Duration kComplainAgain = 60s;
// A round trip longer than this is no measure for repeats.
constexpr Duration kLongestRoundTrip = 1s;

// What the frame says of its hearing us in our present session, if it does.
const Heard* echo_of_us(const FrameBody& body, NodeId self, Session session) {
    for (const Heard& heard : body.head.heard)
        if (heard.peer == self && heard.session == session) return &heard;
    return nullptr;
}

std::string from_where(const FrameArrived& arrived) {
    return arrived.from ? fmt::format(" (from {})", arrived.from->to_string()) : "";
}

}  // namespace

// ---- frames in

Peer* CommCore::Impl::sender_of(LinkId link, const FrameHeader& header, MonoTime now, Out& out) {
    if (index(link) >= settings.link_interfaces.size() || rank(header.sender) >= settings.nodes) {
        ++stats.malformed;
        return nullptr;
    }
    const std::string& interface = settings.link_interfaces[index(link)];
    if (header.cluster != settings.cluster) {
        ++stats.foreign_cluster;
        if (complained_of_cluster == kNever || now - complained_of_cluster >= kComplainAgain) {
            complained_of_cluster = now;
            out.emplace_back(Event{"foreign-cluster",
                                   Level::kWarn,
                                   fmt::format("{}: frames of another cluster that has our key: do "
                                               "the node lines of ha.cf differ between the hosts?",
                                               interface),
                                   {{"HB_LINK", interface}}});
        }
        return nullptr;
    }
    if (header.sender == settings.self) {
        ++stats.own_echo;
        complain_of_twin(header, now, out);
        return nullptr;
    }
    return &peers.at(header.sender);
}

// A frame that says it is ours, of a life that is not and was not: two hosts have one name.
void CommCore::Impl::complain_of_twin(const FrameHeader& header, MonoTime now, Out& out) {
    if (life_of(header) <= Life{settings.generation, settings.session}) return;
    if (complained_of_twin != kNever && now - complained_of_twin < kComplainAgain) return;
    complained_of_twin = now;
    out.emplace_back(Event{"node-name-twice",
                           Level::kError,
                           fmt::format("another host says that it is {}", name(settings.self)),
                           {{"HB_NODE", name(settings.self)}}});
}

void CommCore::Impl::take(const FrameArrived& arrived, MonoTime now, Out& out) {
    ++stats.received;
    Peer* peer = sender_of(arrived.link, arrived.header, now, out);
    if (peer == nullptr) return;
    addresses.control(settings.link_interfaces[index(arrived.link)]);

    const Heard* echo = echo_of_us(arrived.body, settings.self, settings.session);
    if (echo != nullptr && echo->sequence > times.newest()) {
        ++stats.malformed;  // it heard what we never said
        return;
    }
    const NodeId node = arrived.header.sender;
    const auto judgement = peer->order.judge(arrived.header, arrived.link,
                                             echo ? std::optional(echo->sequence) : std::nullopt);
    if (judgement.good() && judgement.verdict != PeerOrder::Verdict::kNewest) {
        figures.new_life(node);
        links.new_life(node);
    }
    if (judgement.good() || judgement.link_works)
        figures.arrived(node, arrived.link, arrived.header.sequence, now);
    if (!judgement.good()) {
        count_refused(arrived, judgement.verdict, now, out);
        if (judgement.link_works) link_heard(node, arrived.link, now);
        return;
    }
    if (judgement.verdict != PeerOrder::Verdict::kNewest) {  // another life: it has nothing
        peer->topics.clear();
        own.peer_has_nothing(node);
        timer.at_once(now);
    }
    if (judgement.verdict == PeerOrder::Verdict::kLostDisk)
        out.emplace_back(Event{
            "generation-fell",
            Level::kWarn,
            fmt::format("{0} comes with generation {1}, lower than {2} before (a lost disk, or a "
                        "clock set back?): let in, for it answers our present session",
                        name(node), arrived.header.generation, peer->order.highest_generation()),
            {{"HB_NODE", name(node)}}});
    good_frame(node, arrived, echo, now, out);
}

void CommCore::Impl::count_refused(const FrameArrived& arrived, PeerOrder::Verdict verdict,
                                   MonoTime now, Out& out) {
    using Verdict = PeerOrder::Verdict;
    if (verdict == Verdict::kCopy) ++stats.duplicates;
    if (verdict == Verdict::kLate || verdict == Verdict::kOldLife) ++stats.stale;
    if (verdict == Verdict::kReplayed || verdict == Verdict::kRefused) ++stats.replayed;
    const NodeId node = arrived.header.sender;
    const std::string& interface = settings.link_interfaces[index(arrived.link)];
    if (verdict == Verdict::kReplayed)
        complain(node, "frame-repeated",
                 fmt::format("{}: frames of {} came again{} and were dropped: a recording, or a "
                             "network that doubles packets",
                             interface, name(node), from_where(arrived)),
                 now, out);
    if (verdict == Verdict::kRefused)
        complain(node, "generation-refused",
                 fmt::format("{}: a frame of {}{} of generation {}, lower than {} before, was "
                             "dropped: a recording, or a lost disk and it does not hear us yet",
                             interface, name(node), from_where(arrived), arrived.header.generation,
                             peers.at(node).order.highest_generation()),
                 now, out);
}

void CommCore::Impl::complain(NodeId of, const char* id, std::string text, MonoTime now, Out& out) {
    const auto [it, first] = peers.at(of).complained.try_emplace(id, now);
    if (!first && now - it->second < kComplainAgain) return;
    it->second = now;
    out.emplace_back(Event{id, Level::kWarn, std::move(text), {{"HB_NODE", name(of)}}});
}

void CommCore::Impl::good_frame(NodeId node, const FrameArrived& arrived, const Heard* echo,
                                MonoTime now, Out& out) {
    Peer& peer = peers.at(node);
    const bool was_heard = heard_on(node, now) != 0;
    peer.received = now;
    std::uint64_t& known = settings.known_generations[node];
    if (arrived.header.generation > known) {
        known = arrived.header.generation;
        out.emplace_back(RememberGeneration{node, known});
    }

    ipc::FrameSeen seen{.peer = node,
                        .generation = arrived.header.generation,
                        .session = arrived.header.session,
                        .sequence = arrived.header.sequence,
                        .link = arrived.link,
                        .received = now,
                        .fresh = echo != nullptr};
    if (echo != nullptr) {
        // L5: before anything else that the frame says, and before any frame leaves.
        if (const auto missing = gap.acknowledged(echo->sequence, echo->age, times, now))
            stood_still(*missing, true, now, out);
        if (arrived.body.head.deadtime > 0s)
            links.announced_deadtime(node, arrived.body.head.deadtime);
        links.hears_us(node, echo->links, now);
        figures.told(node, echo->by_link);
        own.peer_has(node, echo->has);
        seen.acknowledged_sent = acknowledge(node, *echo, now, out);
        if (seen.acknowledged_sent)
            seen.acknowledged_deadtime = announced.shortest_since(*seen.acknowledged_sent);
        bool newer = keep_topics(peer, arrived.body.topics);
        if (arrived.body.slice) newer = peer.topics.keep(*arrived.body.slice) || newer;
        if (newer) timer.answer(now);
        seen.head = arrived.body.head;
        if (membership_here) seen.topics = peer.topics.take_undelivered();
    }
    link_heard(node, arrived.link, now);
    prove(peer, seen.fresh, now);
    if (!was_heard && may_count(peer, now)) timer.at_once(now);
    settle_links(now, false, out);
    if (may_count(peer, now)) {
        to_membership(std::move(seen), out);
        return;
    }
    ++stats.unproven;
    complain(
        node, "frames-unproven",
        fmt::format("{}: what comes as {}{} does not answer us: it does not hear us, or it is "
                    "a recording; it no longer counts as heard",
                    settings.link_interfaces[index(arrived.link)], name(node), from_where(arrived)),
        now, out);
}

// Section 8: what may be a recording counts as heard for at most d, of however many lives it is.
// Only an answer to our present session ends that; a new life, which a recording has too, does not.
void CommCore::Impl::prove(Peer& peer, bool fresh, MonoTime now) {
    if (fresh)
        peer.unproven_since.reset();
    else if (!peer.unproven_since)
        peer.unproven_since = now;
}

bool CommCore::Impl::may_count(const Peer& peer, MonoTime now) const {
    return !peer.unproven_since || now - *peer.unproven_since < settings.deadtime;
}

// What the others are told (G3: who hears x keeps their gates closed) is what we ourselves believe;
// the state of the link is another matter: frames do come in there.
std::uint32_t CommCore::Impl::heard_on(NodeId node, MonoTime now) const {
    return may_count(peers.at(node), now) ? links.heard_links(node, now) : 0;
}

bool CommCore::Impl::keep_topics(Peer& peer, const std::vector<TopicUpdate>& topics) {
    bool newer = false;
    for (const TopicUpdate& update : topics)
        newer = peer.topics.keep(update) || newer;
    return newer;
}

std::optional<MonoTime> CommCore::Impl::acknowledge(NodeId node, const Heard& echo, MonoTime now,
                                                    Out& out) {
    Peer& peer = peers.at(node);
    if (echo.sequence <= peer.acknowledged) return std::nullopt;
    peer.acknowledged = echo.sequence;
    const auto sent = times.find(echo.sequence);
    if (!sent) return std::nullopt;
    const Duration sample =
        std::clamp<Duration>(now - *sent - echo.age, Duration::zero(), kLongestRoundTrip);
    peer.round_trip =
        peer.round_trip == 0s ? sample : (7 * peer.round_trip + sample) / std::int64_t{8};
    to_resource(ipc::Acknowledged{node, *sent, announced.shortest_since(*sent)}, out);
    return sent;
}

void CommCore::Impl::take(const PartHeard& part, MonoTime now, Out& out) {
    Peer* peer = sender_of(part.link, part.header, now, out);
    if (peer == nullptr) return;
    addresses.control(settings.link_interfaces[index(part.link)]);
    if (!peer->order.part_shows_link(part.header, part.link)) return;
    // Of a large frame only one link, that of the last part, brings the whole.
    figures.arrived(part.header.sender, part.link, part.header.sequence, now);
    link_heard(part.header.sender, part.link, now);
}

// By a frame that the figures have seen.
void CommCore::Impl::link_heard(NodeId node, LinkId link, MonoTime now) {
    if (links.heard(node, link, now)) figures.begins(node, link);
}

// ---- frames of Heartbeat itself

void CommCore::Impl::take(const OldHeartbeatSeen& seen, MonoTime now, Out& out) {
    if (index(seen.link) >= settings.link_interfaces.size() ||
        rank(seen.frame.node) >= settings.nodes) {
        ++stats.malformed;
        return;
    }
    const std::string& interface = settings.link_interfaces[index(seen.link)];
    const std::string where =
        fmt::format("its frames come{} on {}",
                    seen.from ? fmt::format(" from {}", seen.from->to_string()) : "", interface);
    if (seen.frame.node == settings.self) {
        if (complained_of_old_twin != kNever && now - complained_of_old_twin < kComplainAgain)
            return;
        complained_of_old_twin = now;
        out.emplace_back(Event{"old-heartbeat-here",
                               Level::kError,
                               fmt::format("Heartbeat runs as {}, this node ({}): it must not run "
                                           "beside ha-suite, stop it",
                                           name(settings.self), where),
                               {{"HB_NODE", name(settings.self)}}});
        return;
    }
    addresses.control(interface);
    std::vector<Event> events;
    const auto heard = old_heartbeats.heard(seen.frame, where, now, events);
    if (heard) to_resource(*heard, out);
    for (Event& event : events)
        out.emplace_back(std::move(event));
}

void CommCore::Impl::old_heartbeats_due(MonoTime now, Out& out) {
    std::vector<Event> events;
    for (const ipc::OldHeartbeatHeard& gone : old_heartbeats.on_deadline(now, events))
        to_resource(gone, out);
    for (Event& event : events)
        out.emplace_back(std::move(event));
}

// ---- frames out

FrameHead CommCore::Impl::head(MonoTime now) const {
    FrameHead head{.incarnation = own.incarnation(),
                   .deadtime = settings.deadtime,
                   .own = own.versions(),
                   .heard = {}};
    for (const auto& [node, peer] : peers) {
        if (!peer.order.heard()) continue;
        head.heard.push_back({.peer = node,
                              .links = heard_on(node, now),
                              .session = peer.order.life().session,
                              .sequence = peer.order.newest(),
                              .age = now - peer.received,
                              .has = peer.topics.has(),
                              .by_link = figures.heard(node, now)});
    }
    return head;
}

NodeSet CommCore::Impl::heard_peers(MonoTime now) const {
    NodeSet heard;
    for (const auto& [node, peer] : peers)
        if (heard_on(node, now) != 0) heard.insert(node);
    return heard;
}

void CommCore::Impl::update_lacking(MonoTime now) {
    bool lacking = false;
    Duration round_trip{};
    for (const NodeId node : heard_peers(now)) {
        if (!own.lacks(node)) continue;
        lacking = true;
        round_trip = std::max(round_trip, peers.at(node).round_trip);
    }
    timer.set_lacking(lacking, round_trip);
}

void CommCore::Impl::transmit(MonoTime now, Out& out) {
    update_lacking(now);
    const auto due = timer.due(now);
    if (due == TransmitTimer::Due::kNothing) return;

    const NodeSet heard = heard_peers(now);
    NodeSet unheard;
    for (const auto& [node, peer] : peers)
        if (!heard.contains(node)) unheard.insert(node);

    SendFrame frame;
    frame.header = {.cluster = settings.cluster,
                    .sender = settings.self,
                    .generation = settings.generation,
                    .session = settings.session,
                    .sequence = times.newest() + 1};
    frame.body.head = head(now);
    frame.body.topics = own.riding(heard, unheard, due == TransmitTimer::Due::kKeepalive,
                                   timer.repeat_interval(), now);
    times.sent(frame.header.sequence, now);
    timer.sent(now, !frame.body.topics.empty());
    ++stats.sent;
    out.emplace_back(std::move(frame));
}

}  // namespace hb::comm
