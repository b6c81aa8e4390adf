#include "daemons/hb-membership/membership_core.hpp"

#include <algorithm>

#include "common/base/assert.hpp"
#include "common/base/reload_times.hpp"
#include "daemons/hb-membership/facts.hpp"
#include "daemons/hb-membership/judging.hpp"
#include "daemons/hb-membership/peer.hpp"
#include "daemons/hb-membership/replication.hpp"
#include "daemons/hb-membership/status_view.hpp"
#include "daemons/hb-membership/views.hpp"

namespace hb::membership {
namespace {

// Numbers grow by one per view: nobody honest gets here.
constexpr std::uint64_t kLargestViewNumber = std::uint64_t{1} << 62;

using Actions = std::vector<MembershipAction>;

// Which topics of a frame are news.
struct News {
    bool view = false, report = false, table = false, ping = false;
    [[nodiscard]] bool any() const { return view || report || table || ping; }
};

}  // namespace

struct MembershipCore::Impl {
    Impl(MembershipSettings s, MonoTime now)
        : settings(std::move(s)),
          peers(make_peers(settings)),
          judging(settings, peers, now),
          views(settings, peers),
          own(settings.incarnation),
          told(peers.size()) {}
    Impl(const Impl&) = delete;  // the parts refer to each other
    Impl& operator=(const Impl&) = delete;

    static Peers make_peers(const MembershipSettings& s) {
        HB_ASSERT(rank(s.self) < s.node_names.size());
        Peers peers(s.node_names.size());
        for (std::size_t i = 0; i < peers.size(); ++i)
            peers[i].node = node_id(i);
        return peers;
    }

    MembershipSettings settings;
    Peers peers;
    Judging judging;
    Views views;
    Replication own;
    bool resource_there = false;
    // What hb-resource was told, so that it is told changes only.
    std::vector<std::optional<ipc::PeerStatus>> told;  // by rank
    std::optional<ViewId> told_view;
    bool told_installed = false;
    std::vector<Event> events;  // of the input at hand

    // ---- inputs
    void on(const ipc::CommHello& hello, MonoTime now, Actions& out);
    void on(const PeerFrame& frame, MonoTime now, Actions& out);
    void on(const ipc::LinkChanged& change, MonoTime now, Actions& out);
    void on(const ipc::LinkMeasured& measured, MonoTime now, Actions& out);
    void on(const ipc::CommGap& gap, MonoTime now, Actions& out);
    void on(const ipc::CommListens&, MonoTime now, Actions&) { judging.comm_listens(now); }
    void on(const CommGone&, MonoTime now, Actions& out);
    void on(const ipc::ResourceHello& hello, MonoTime now, Actions& out);
    void on(const ipc::Publish& publish, MonoTime now, Actions& out);
    void on(const ResourceGone&, MonoTime now, Actions& out);
    void on(const IpfailSays& says, MonoTime now, Actions& out);
    void on(const IpfailGone&, MonoTime, Actions&) {}  // what it said stands (section 8)
    void on(const NewConfig& c, MonoTime now, Actions& out);
    void on(const MastersStop&, MonoTime, Actions&) {}
    void on(const NewTimings& timings, MonoTime now, Actions& out);
    void awake(MonoTime now, Actions& out);
    void deadline(MonoTime now, Actions& out);

    // ---- steps
    News keep_topics(Peer& p, const PeerFrame& frame);
    bool plausible(Peer& p, const TopicVersion& version, const ViewTopic& view);
    void compare_config(Peer& p);
    void tell_topics(const Peer& p, News news, Actions& out);
    void tell_peers(Actions& out);
    void tell_status(const Peer& p, bool deaf_is_open, Actions& out);
    void tell_views(Actions& out);
    void flush(Actions& out);
    void settle(MonoTime now, Actions& out);
    void say_events(Actions& out);
    [[nodiscard]] ipc::PeerStatus status_of(const Peer& p) const;
    [[nodiscard]] OwnState own_state() const {
        return {own.report() ? &*own.report() : nullptr, own.table() ? &*own.table() : nullptr};
    }
};

// ---- what leaves

void MembershipCore::Impl::say_events(Actions& out) {
    for (Event& e : events)
        out.emplace_back(std::move(e));
    events.clear();
}

void MembershipCore::Impl::flush(Actions& out) {
    if (!judging.listening()) return;  // all of it goes to the next hb-comm, at its Hello
    if (auto values = own.take_changed()) out.emplace_back(std::move(*values));
}

ipc::PeerStatus MembershipCore::Impl::status_of(const Peer& p) const {
    ipc::PeerStatus s;
    s.peer = p.node;
    s.hearing = p.hearing;
    s.since = p.since;
    s.last_heard = p.last_heard;
    s.late = p.late;
    s.judged = judging.judged(p) || settings.dropped.v1_wait;
    s.connected = p.connected();
    s.hears_us = p.hears_us;
    s.deaf = p.deaf();
    s.hears = NodeSet::from_bits(p.hears.bits() | p.heard_before.bits());
    if (p.accepted() != nullptr) s.accepted = *p.accepted();
    s.deadtime = p.deadtime;
    s.generation = p.generation;
    s.incarnation = p.incarnation;
    return s;
}

// `deaf_is_open`: topics of this peer are about to be passed on. G2's exception must not see half
// of a frame (its new view with its old report), so until they are the peer is not called deaf.
void MembershipCore::Impl::tell_status(const Peer& p, bool deaf_is_open, Actions& out) {
    if (!resource_there) return;
    ipc::PeerStatus s = status_of(p);
    if (deaf_is_open) s.deaf = false;
    auto& last = told[rank(p.node)];
    if (last) {  // the time alone is no news
        last->last_heard = s.last_heard;
        if (*last == s) return;
    }
    last = s;
    out.emplace_back(std::move(s));
}

void MembershipCore::Impl::tell_peers(Actions& out) {
    for (const Peer& p : peers)
        if (p.node != settings.self) tell_status(p, false, out);
}

// X1: hb-comm has every view before hb-resource hears of it.
void MembershipCore::Impl::tell_views(Actions& out) {
    if (!resource_there || !views.accepted()) return;
    const View& view = *views.accepted();
    if (told_view != view.id) {
        told_view = view.id;
        told_installed = false;
        out.emplace_back(ipc::ViewChanged{view, false});
    }
    if (views.installed() && !told_installed) {
        told_installed = true;
        out.emplace_back(ipc::ViewChanged{view, true});
    }
}

void MembershipCore::Impl::settle(MonoTime now, Actions& out) {
    judging.update_local_status(events);
    const bool judged = judging.all_judged() || settings.dropped.v1_wait;
    if (judging.listening()) views.settle(now, judged, own_state(), events);
    if (judging.local_status() != NodeStatus::kInit)
        own.publish_view(ViewTopic{settings.incarnation, views.follows(), views.accepted(),
                                   views.installed(), settings.deadtime, judging.local_status(),
                                   settings.config});
    say_events(out);
    if (settings.dropped.x1_comm_first) tell_views(out);
    flush(out);
    tell_views(out);
}

// ---- hb-comm

void MembershipCore::Impl::on(const ipc::CommHello& hello, MonoTime now, Actions& out) {
    judging.start_listening(hello, now, events);
    views.listen_anew(now);
    own.changed_all();
    tell_peers(out);
    settle(now, out);
}

void MembershipCore::Impl::on(const CommGone&, MonoTime now, Actions& out) {
    judging.stop_listening();
    tell_peers(out);
    settle(now, out);
}

void MembershipCore::Impl::on(const ipc::CommGap& gap, MonoTime now, Actions& out) {
    judging.comm_gap(gap.gap, now);
    views.listen_anew(now);
    tell_peers(out);
    settle(now, out);
}

void MembershipCore::Impl::on(const ipc::LinkChanged& change, MonoTime, Actions& out) {
    if (rank(change.peer) >= peers.size() || change.peer == settings.self) return;
    judging.link_changed(change, events);
    say_events(out);
}

void MembershipCore::Impl::on(const ipc::LinkMeasured& measured, MonoTime, Actions&) {
    judging.link_measured(measured);
}

News MembershipCore::Impl::keep_topics(Peer& p, const PeerFrame& frame) {
    News news;
    for (const auto& [version, value] : frame.topics) {
        const auto* view = std::get_if<ViewTopic>(&value);
        if (view != nullptr && !plausible(p, version, *view)) continue;
        if (!keep_topic(p, version, value, settings.dropped.v1_newer)) continue;
        news.view = news.view || view != nullptr;
        news.report = news.report || std::holds_alternative<Report>(value);
        news.table = news.table || std::holds_alternative<Table>(value);
        news.ping = news.ping || std::holds_alternative<PingReport>(value);
        if (view != nullptr && view->accepted) views.saw_number(view->accepted->id.number);
    }
    return news;
}

// What an authentic but broken peer may not do to us. Said once for each of its lives.
bool MembershipCore::Impl::plausible(Peer& p, const TopicVersion& version, const ViewTopic& view) {
    const char* wrong = nullptr;
    if (view.incarnation != version.incarnation) wrong = "a view of another incarnation";
    if (view.accepted && view.accepted->id.number > kLargestViewNumber)
        wrong = "a view number beyond all bounds";
    if (view.accepted && !view.accepted->contains(view.accepted->id.coordinator))
        wrong = "a view without its coordinator";
    if (view.accepted)
        for (const Member& m : view.accepted->members)
            if (rank(m.node) >= peers.size()) wrong = "a view with a node that nobody configured";
    if (wrong == nullptr) return true;
    if (!p.nonsense_said)
        events.push_back(facts::peer_nonsense(settings.node_names[rank(p.node)], wrong));
    p.nonsense_said = true;
    return false;
}

// Said when a difference begins, becomes another, or ends. Nothing rests on it.
void MembershipCore::Impl::compare_config(Peer& p) {
    if (!p.view || p.view->value.config == ConfigDigests{}) return;
    const ConfigDifference now = difference(settings.config, p.view->value.config);
    if (now == p.config_told) return;
    p.config_told = now;
    events.push_back(now.any() ? facts::config_differs(settings.node_names[rank(p.node)], now)
                               : facts::config_agrees(settings.node_names[rank(p.node)]));
}

void MembershipCore::Impl::tell_topics(const Peer& p, News news, Actions& out) {
    if (!resource_there) return;
    // With the last report a table is made: what members are compared by comes before.
    if (news.ping) out.emplace_back(ipc::PeerPing{p.node, p.ping->value});
    if (news.report) out.emplace_back(ipc::PeerReport{p.node, p.report->value});
    if (news.table) out.emplace_back(ipc::PeerTable{p.node, p.table->value});
}

void MembershipCore::Impl::on(const PeerFrame& frame, MonoTime now, Actions& out) {
    const ipc::FrameSeen& seen = frame.seen;
    if (rank(seen.peer) >= peers.size() || seen.peer == settings.self) return;
    Peer& p = peers[rank(seen.peer)];
    const bool leases_overtake = settings.dropped.t93_behind;
    if (leases_overtake && resource_there && seen.acknowledged_sent)
        out.emplace_back(ipc::Lease{p.node, *seen.acknowledged_sent, seen.acknowledged_deadtime});

    bool changed = judging.hear(p, seen, now, events);
    const bool believed = seen.fresh && judging.read_head(p, seen, changed);
    News news;
    bool complete = false;
    if (believed) {
        news = keep_topics(p, frame);
        if (news.view) compare_config(p);
        complete = seen.head.incarnation != Incarnation{} &&
                   seen.head.incarnation == p.incarnation && has_all(p, seen.head);
        if (complete != p.complete) changed = true;
        p.complete = complete;
    }
    judging.update_status(p, events);
    if (changed || news.any()) {
        tell_status(p, news.any(), out);
        tell_topics(p, news, out);
        tell_status(p, false, out);
        settle(now, out);
    }
    say_events(out);
    // T9.3: behind everything that its sender had when it sent it, and what came of that here.
    if (complete && !leases_overtake && resource_there && seen.acknowledged_sent)
        out.emplace_back(ipc::Lease{p.node, *seen.acknowledged_sent, seen.acknowledged_deadtime});
}

// ---- hb-resource, hb-ipfail

void MembershipCore::Impl::on(const ipc::ResourceHello& hello, MonoTime now, Actions& out) {
    resource_there = false;
    if (hello.report) own.publish_report(*hello.report);
    if (hello.table) own.publish_table(*hello.table);
    settle(now, out);

    resource_there = true;
    told_view.reset();
    for (auto& t : told)
        t.reset();
    out.emplace_back(ipc::MembershipReady{settings.incarnation, own.report(), own.table()});
    tell_views(out);
    tell_peers(out);
    const auto each_topic = [&](News news, auto has) {
        for (const Peer& p : peers)
            if (has(p)) tell_topics(p, news, out);
    };
    if (own.ping() != nullptr) out.emplace_back(ipc::PeerPing{settings.self, *own.ping()});
    each_topic({.ping = true}, [](const Peer& p) { return p.ping.has_value(); });
    each_topic({.report = true}, [](const Peer& p) { return p.report.has_value(); });
    each_topic({.table = true}, [](const Peer& p) { return p.table.has_value(); });
}

void MembershipCore::Impl::on(const ipc::Publish& publish, MonoTime now, Actions& out) {
    if (publish.report) {
        own.publish_report(*publish.report);
        own.answers_gap(publish.answers_gap);
    }
    if (publish.table) own.publish_table(*publish.table);
    settle(now, out);
}

void MembershipCore::Impl::on(const ResourceGone&, MonoTime now, Actions& out) {
    resource_there = false;
    own.publish_unknown_states();
    settle(now, out);
}

void MembershipCore::Impl::on(const IpfailSays& says, MonoTime now, Actions& out) {
    own.publish_ping(says.ping);
    if (resource_there) out.emplace_back(ipc::PeerPing{settings.self, says.ping});
    settle(now, out);
}

void MembershipCore::Impl::on(const NewConfig& c, MonoTime now, Actions& out) {
    settings.config = c.config;
    for (Peer& p : peers)
        if (p.node != settings.self) compare_config(p);
    settle(now, out);
}

// L8: what we do after our own deadtime because a peer has judged us by then, waits for the longer
// of both while that peer may not know.
void MembershipCore::Impl::on(const NewTimings& to, MonoTime now, Actions& out) {
    const Duration before = settings.deadtime;
    if (before != to.deadtime) {
        const Duration longest =
            now < settings.before_until ? std::max(before, settings.deadtime_before) : before;
        settings.deadtime_before = longest;
        settings.before_until = old_deadtime_until(now, longest);
    }
    settings.keepalive = to.keepalive;
    settings.warntime = to.warntime;
    settings.deadtime = to.deadtime;
    settings.initdead = to.initdead;
    judging.new_deadtime();
    tell_peers(out);
    settle(now, out);
}

// ---- the core

void MembershipCore::Impl::awake(MonoTime now, Actions& out) {
    if (!judging.awake(now, events)) return;
    views.listen_anew(now);
    tell_peers(out);
    say_events(out);
}

void MembershipCore::Impl::deadline(MonoTime now, Actions& out) {
    if (!judging.listening()) return;
    judging.on_deadline(now, events);
    tell_peers(out);
    settle(now, out);
}

MembershipCore::MembershipCore(MembershipSettings settings, MonoTime now)
    : impl_(std::make_unique<Impl>(std::move(settings), now)) {}
MembershipCore::~MembershipCore() = default;
MembershipCore::MembershipCore(MembershipCore&&) noexcept = default;
MembershipCore& MembershipCore::operator=(MembershipCore&&) noexcept = default;

void MembershipCore::handle(const MembershipInput& input, MonoTime now,
                            std::vector<MembershipAction>& out) {
    impl_->awake(now, out);
    std::visit([&](const auto& i) { impl_->on(i, now, out); }, input);
}

void MembershipCore::on_deadline(MonoTime now, std::vector<MembershipAction>& out) {
    impl_->awake(now, out);
    impl_->deadline(now, out);
}

MonoTime MembershipCore::next_deadline() const {
    if (!impl_->judging.listening()) return kForever;
    return std::min(impl_->judging.next_deadline(), impl_->views.next_deadline());
}

StatusView MembershipCore::status() const {
    return make_status(impl_->settings, impl_->peers, impl_->judging, impl_->views, impl_->own);
}

}  // namespace hb::membership
