#include "daemons/hb-comm/comm_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"
#include "common/base/ping_times.hpp"
#include "daemons/hb-comm/comm_core_impl.hpp"

namespace hb::comm {
namespace {

LinkWatchSettings link_settings(const CommSettings& s) {
    return {.self = s.self,
            .node_names = s.node_names,
            .interfaces = s.link_interfaces,
            .ports = s.link_ports,
            .deadtime = s.deadtime};
}

std::vector<NodeId> peers_of(const CommSettings& s) {
    std::vector<NodeId> peers;
    for (std::size_t i = 0; i < s.nodes; ++i)
        if (node_id(i) != s.self) peers.push_back(node_id(i));
    return peers;
}

PingWatch::Settings ping_settings(const CommSettings& s) {
    std::size_t hosts = 0;
    for (const PingNodeSettings& node : s.ping_nodes)
        hosts += node.hosts;
    return {.nodes = s.ping_nodes,
            .interval = ping_interval(s.keepalive, s.deadtime, hosts),
            .deadping = s.deadping};
}

}  // namespace

CommCore::Impl::Impl(CommSettings s, MonoTime now)
    : settings(std::move(s)),
      announced(settings.deadtime, now),
      links(link_settings(settings), now),
      figures(peers_of(settings), settings.link_interfaces.size(), settings.deadtime,
              settings.link_paced),
      addresses(settings.self, settings.deadtime),
      pings(ping_settings(settings), now),
      old_heartbeats(settings.node_names, settings.deadtime),
      listens_since(now),
      timer(settings.keepalive, settings.random_seed, now),
      gap(settings.deadtime),
      gap_deadtime(settings.deadtime) {
    HB_ASSERT(settings.nodes <= limits::kNodes && settings.node_names.size() == settings.nodes);
    HB_ASSERT(settings.link_interfaces.size() <= limits::kMedia);
    for (std::size_t i = 0; i < settings.nodes; ++i) {
        if (node_id(i) == settings.self) continue;
        const auto known = settings.known_generations.find(node_id(i));
        peers[node_id(i)].order =
            PeerOrder(known == settings.known_generations.end() ? 0 : known->second);
    }
}

// ---- neighbours

void CommCore::Impl::stood_still(Duration how_long, bool whole_host, MonoTime now, Out& out) {
    to_membership(ipc::CommGap{how_long}, out);
    to_resource(ipc::CommStoodStill{.gap = how_long, .whole_host = whole_host, .noticed = now},
                out);
    // What is held now is published before any frame leaves; hb-resource needs a moment for it.
    gap_noticed = now;
    timer.hold_until(now + settings.deadtime / 8);
    links.stood_still(now);
    old_heartbeats.stood_still(now);
    pings.stood_still(now);
    std::vector<AddressAction> actions;
    addresses.stood_still(now, actions);
    pass_on(actions, now, out);
    out.emplace_back(Event{
        "stood-still",
        Level::kCrit,
        whole_host ? fmt::format("the clock of this host stood still for {} ms", to_ms(how_long))
                   : fmt::format("hb-comm did not run for {} ms: host frozen or overloaded",
                                 to_ms(how_long)),
        {}});
}

// Only when woken in time: after a pause frames may wait to be read, and whoever judges by them
// waits too.
void CommCore::Impl::say_that_we_listen(MonoTime now, Out& out) {
    if (!membership_here || now < say_next) return;
    const Duration interval = links.shortest_deadtime() / 8;
    const bool in_time = now - say_next < interval;
    say_next = now + (in_time ? interval : interval / 8);
    if (in_time) to_membership(ipc::CommListens{}, out);
}

void CommCore::Impl::settle_links(MonoTime now, bool timed, Out& out) {
    std::vector<LinkNews> news;
    links.settle(now, timed, news);
    for (LinkNews& n : news) {
        to_membership(std::move(n.change), out);
        for (Event& event : n.events)
            out.emplace_back(std::move(event));
    }
}

void CommCore::Impl::measure_links(MonoTime now, Out& out) {
    if (!membership_here || now < measure_next) return;
    measure_next = now + std::max<Duration>(settings.keepalive, 1s);
    for (const auto& [node, peer] : peers) {
        if (!peer.order.heard()) continue;
        for (std::size_t i = 0; i < settings.link_interfaces.size(); ++i) {
            const LinkId link = link_id(i);
            const LinkLoss loss = figures.loss(node, link, now);
            const auto there = figures.lost_there(node, link);
            std::optional<LossSeen> seen;
            if (links.up(node, link) && loss.judged >= LinkFigures::kJudged / 2 && there)
                seen = {loss.lost * 100 / loss.judged, *there};
            auto event = losses.see(node, link, name(node), settings.link_interfaces[i], seen, now);
            if (event) out.emplace_back(std::move(*event));
            to_membership(
                ipc::LinkMeasured{.peer = node,
                                  .link = link,
                                  .heard = links.newest(node, link),
                                  .round_trip = figures.round_trip(node, link, peer.round_trip),
                                  .judged = loss.judged,
                                  .lost = loss.lost,
                                  .lost_there = there,
                                  .trouble = losses.detail(node, link)},
                out);
        }
    }
}

void CommCore::Impl::pass_on(std::vector<AddressAction>& actions, MonoTime now, Out& out) {
    ipc::ProbeStatuses statuses;
    const auto tell_statuses = [&] {
        if (!statuses.probes.empty()) to_resource(std::exchange(statuses, {}), out);
    };
    for (AddressAction& action : actions) {
        if (auto* probe = std::get_if<SendArpProbe>(&action)) {
            out.emplace_back(std::move(*probe));
        } else if (auto* answer = std::get_if<SendArpAnswer>(&action)) {
            out.emplace_back(std::move(*answer));
        } else if (auto* ask = std::get_if<AskControl>(&action)) {
            out.emplace_back(std::move(*ask));
            pings.ask_soon(now);
        } else if (auto* status = std::get_if<ipc::ProbeStatus>(&action)) {
            statuses.probes.push_back(std::move(*status));
            if (statuses.probes.size() == limits::kProbesPerMessage) tell_statuses();
        } else if (auto* conflict = std::get_if<ipc::AddressConflict>(&action)) {
            to_resource(std::move(*conflict), out);
        }
    }
    tell_statuses();
}

void CommCore::Impl::pass_on(std::vector<PingAction>& actions, Out& out) const {
    for (PingAction& action : actions) {
        if (auto* ping = std::get_if<SendPing>(&action)) {
            out.emplace_back(*ping);
        } else if (auto* status = std::get_if<ipc::PingStatus>(&action)) {
            to_membership(std::move(*status), out);
        } else if (auto* answered = std::get_if<ipc::PingAnswered>(&action)) {
            to_resource(*answered, out);
        } else if (auto* event = std::get_if<Event>(&action)) {
            out.emplace_back(std::move(*event));
        }
    }
}

void CommCore::Impl::take(const StoodStill& stood, MonoTime now, Out& out) {
    if (!told_gap && stood.gap > gap_deadtime * 3 / 4) stood_still(stood.gap, false, now, out);
}

void CommCore::Impl::take(const CarrierChanged& changed, MonoTime now, Out& out) {
    links.carrier(changed.interface, changed.carrier);
    std::vector<AddressAction> actions;
    addresses.carrier(changed.interface, changed.carrier, now, actions);
    pass_on(actions, now, out);
}

void CommCore::Impl::take(const ArpSeen& arp, MonoTime now, Out& out) {
    const PlacedAddress where{arp.sender, arp.interface};
    if (settings.gate_ignore.contains(arp.sender_mac) && addresses.knows(where)) {
        addresses.control(arp.interface);
        if (std::optional<Event> event = ignored.note(where, arp.sender_mac, now))
            out.emplace_back(std::move(*event));
        return;
    }
    std::vector<AddressAction> actions;
    addresses.arp(arp, now, actions);
    pass_on(actions, now, out);
}

void CommCore::Impl::take(const ControlHeard& control, MonoTime, Out&) {
    addresses.control(control.interface);
}

void CommCore::Impl::take(const ProbeFailed& failed, MonoTime, Out&) {
    addresses.probe_failed(failed.where);
}

void CommCore::Impl::take(const ArpMissed&, MonoTime, Out&) {
    addresses.missed();
}

void CommCore::Impl::take(const ipc::MembershipHello&, MonoTime now, Out& out) {
    if (membership_here) return;  // its answer to our CommHello; whoever speaks first, it ends
    membership_here = true;
    say_next = measure_next = now;
    for (auto& [node, peer] : peers)
        peer.topics.forget_deliveries();
    to_membership(ipc::CommHello{settings.session, settings.link_interfaces}, out);
    for (ipc::LinkChanged& change : links.state())
        to_membership(std::move(change), out);
    for (ipc::PingStatus& ping : pings.state())
        to_membership(std::move(ping), out);
}

// After a gap frames wait for hb-resource's word on it, not for a view, which may come of what the
// peers said meanwhile, nor for a report that was on its way before (L5).
void CommCore::Impl::take(const ipc::PublishTopics& topics, MonoTime now, Out&) {
    if (gap_noticed && topics.answers_gap && *topics.answers_gap >= *gap_noticed) timer.release();
    if (own.publish(topics)) timer.at_once(now);
}

// Heartbeats go on with the last state: the peers hear from us, and nothing new.
void CommCore::Impl::take(const MembershipGone&, MonoTime, Out&) {
    membership_here = false;
}

// A newcomer judges at once who acknowledges us (L2, L3): it must not wait for the next frame of
// each peer, which may be lost.
void CommCore::Impl::take(const ResourceHere&, MonoTime, Out& out) {
    resource_here = true;
    // Before the word that we listen, upon which the gate is asked (G11).
    for (const ipc::OldHeartbeatHeard& heard : old_heartbeats.state())
        to_resource(heard, out);
    to_resource(ipc::CommReady{settings.session, listens_since}, out);
    for (const auto& [node, peer] : peers)
        if (const auto sent = times.find(peer.acknowledged))
            to_resource(ipc::Acknowledged{node, *sent, announced.shortest_since(*sent)}, out);
}

void CommCore::Impl::take(const ipc::Watch& watch, MonoTime now, Out& out) {
    std::vector<AddressAction> actions;
    addresses.watch(watch, now, actions);
    pass_on(actions, now, out);
}

void CommCore::Impl::take(const ResourceGone&, MonoTime now, Out&) {
    resource_here = false;
    addresses.resource_gone(now);
}

void CommCore::Impl::take(const PingReply& reply, MonoTime now, Out& out) {
    std::vector<PingAction> actions;
    pings.answered(reply.host, reply.sequence, now, actions);
    pass_on(actions, out);
}

void CommCore::Impl::take(const PingHostKnown& host, MonoTime now, Out&) {
    pings.host_known(host.host, host.known, now);
}

// Only while somebody lacks something: else the keepalives are enough.
void CommCore::Impl::take(const LinkHasRoom&, MonoTime now, Out&) {
    if (own.any_lacks(heard_peers(now))) timer.answer(now);
}

// L8. Frames announce the new deadtime from this instant on. A peer has heard one of them, or has
// called us silent, when the one before has passed.
void CommCore::Impl::take(const NewTimings& to, MonoTime now, Out& out) {
    const Duration before = std::exchange(settings.deadtime, to.deadtime);
    settings.keepalive = to.keepalive;
    settings.warntime = to.warntime;
    settings.deadping = to.deadping;
    settings.gate_ignore = to.gate_ignore;
    timer.set_keepalive(to.keepalive, now);
    const PingWatch::Settings ping = ping_settings(settings);
    pings.set_times(ping.interval, ping.deadping, now);
    if (before == to.deadtime) return;
    announced.announce(to.deadtime, now);
    old_heartbeats.set_deadtime(to.deadtime);
    gap_deadtime = std::min({gap_deadtime, before, to.deadtime});
    gap.set_deadtime(gap_deadtime);
    const MonoTime old_counts_until = now + before;
    gap_settles =
        gap_settles == kForever ? old_counts_until : std::max(gap_settles, old_counts_until);
    say_next = std::min(say_next, now);
    figures.set_deadtime(to.deadtime);
    std::vector<AddressAction> actions;
    addresses.set_deadtime(to.deadtime, now, actions);
    pass_on(actions, now, out);
    timer.at_once(now);
}

// ----

CommCore::CommCore(CommSettings settings, MonoTime now)
    : impl_(std::make_unique<Impl>(std::move(settings), now)) {
    impl_->sleep(now);
}
CommCore::~CommCore() = default;
CommCore::CommCore(CommCore&&) noexcept = default;
CommCore& CommCore::operator=(CommCore&&) noexcept = default;

void CommCore::handle(const CommInput& input, MonoTime now, std::vector<CommAction>& out) {
    impl_->wake(now, out);
    std::visit([&](const auto& i) { impl_->take(i, now, out); }, input);
    impl_->settle_links(now, false, out);
    impl_->transmit(now, out);
    impl_->sleep(now);
}

void CommCore::on_deadline(MonoTime now, std::vector<CommAction>& out) {
    impl_->wake(now, out);
    impl_->settle_links(now, true, out);
    std::vector<AddressAction> actions;
    impl_->addresses.on_deadline(now, actions);
    impl_->pass_on(actions, now, out);
    std::vector<PingAction> pings;
    impl_->pings.on_deadline(now, pings);
    impl_->pass_on(pings, out);
    impl_->old_heartbeats_due(now, out);
    impl_->say_that_we_listen(now, out);
    impl_->measure_links(now, out);
    impl_->transmit(now, out);
    impl_->sleep(now);
}

MonoTime CommCore::next_deadline() const {
    return impl_->next_deadline();
}

const CommStats& CommCore::stats() const {
    return impl_->stats;
}

}  // namespace hb::comm
