#include "tests/unit/proto/generate.hpp"

#include <algorithm>
#include <set>

namespace hb::test {

std::string Generator::name(std::size_t most) {
    static constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:";
    const std::size_t length = 1 + below(coin() ? std::min<std::size_t>(most, 12) : most);
    std::string text;
    while (text.size() < length)
        text += kLetters[below(kLetters.size())];
    return text;
}

std::string Generator::sentence(std::size_t most) {
    static constexpr std::string_view kPieces[] = {"a", " ", "node1", ": ", "\"",
                                                   "ä", "€", "𝄞",     "0"};
    const std::size_t length = below(most + 1);
    std::string text;
    while (true) {
        const std::string_view piece = kPieces[below(std::size(kPieces))];
        if (text.size() + piece.size() > length) return text;
        text += piece;
    }
}

MacAddress Generator::mac() {
    MacAddress mac;
    for (auto& byte : mac.bytes)
        byte = static_cast<std::uint8_t>(below(256));
    return mac;
}

PlacedAddress Generator::place() {
    PlacedAddress place{IpAddress::v4(small()), name(limits::kInterfaceNameBytes)};
    if (coin()) {
        place.address.family = IpAddress::Family::kV6;
        for (auto& byte : place.address.bytes)
            byte = static_cast<std::uint8_t>(below(256));
    }
    return place;
}

std::vector<PlacedAddress> Generator::places() {
    std::vector<PlacedAddress> places(below(5));
    std::ranges::generate(places, [&] { return place(); });
    return places;
}

TopicVersion Generator::version() {
    return {incarnation(), number() | 1};
}

std::vector<TopicUpdate> Generator::topics() {
    std::vector<TopicUpdate> topics;
    for (Topic topic : kAllTopics)
        if (coin()) topics.push_back({topic, version(), name(2000)});
    return topics;
}

TopicSlice Generator::slice() {
    const std::string bytes = name(300);
    const auto offset = static_cast<std::uint32_t>(below(5000));
    const auto end = offset + static_cast<std::uint32_t>(bytes.size());
    return {kAllTopics[below(std::size(kAllTopics))], version(),
            end + static_cast<std::uint32_t>(below(5000)), offset, bytes};
}

std::vector<TopicAck> Generator::acks() {
    const TopicVersion common = version();
    std::vector<TopicAck> acks;
    for (Topic topic : kAllTopics)
        if (coin()) acks.push_back({topic, coin() ? common : coin() ? version() : TopicVersion{}});
    return acks;
}

std::vector<HeardOnLink> Generator::heard_on_links() {
    std::vector<HeardOnLink> all;
    for (std::size_t n = below(3); n > 0; n--) {
        HeardOnLink& h = all.emplace_back();
        if (coin()) h.lost_percent = static_cast<std::uint32_t>(below(101));
        h.lag = std::chrono::microseconds(below(100000));
    }
    return all;
}

FrameHead Generator::head() {
    FrameHead head{incarnation(), deadtime(), acks(), {}};
    if (below(8) == 0) head.incarnation = {};
    for (std::size_t r = 0; r < limits::kNodes; r++)
        if (below(20) == 0)
            head.heard.push_back(
                {node_id(r), small(), session(), number(), age(), acks(), heard_on_links()});
    return head;
}

View Generator::view() {
    View view;
    for (std::size_t r = 0; r < limits::kNodes; r++)
        if (below(20) == 0) view.members.push_back({node_id(r), incarnation()});
    if (view.members.empty()) view.members.push_back({node(), incarnation()});
    const Member& coordinator = view.members[below(view.members.size())];
    view.id = {number() | 1, coordinator.node, coordinator.incarnation};
    return view;
}

ViewTopic Generator::view_topic() {
    ViewTopic topic;
    topic.incarnation = incarnation();
    topic.follows = node();
    topic.accepted = maybe(view());
    topic.installed = topic.accepted && coin();
    topic.deadtime = deadtime();
    topic.status = static_cast<NodeStatus>(below(4));
    topic.config = {number(), number()};
    return topic;
}

TransitionId Generator::transition() {
    if (coin()) return {};
    return {number() | 1, number() | 1, static_cast<std::uint32_t>(below(1U << 24))};
}

GroupReport Generator::group_report() {
    GroupReport g;
    g.bar = number();
    g.state = state();
    g.start_failed = coin();
    g.move_away = coin();
    g.wanted = coin();
    g.pinned = coin();
    g.pinned_generation = number();
    g.reason = coin() ? "preferred node" : sentence();
    g.gate_reason = coin() ? "" : sentence();
    g.weak_evidence = coin();
    g.given_up = coin();
    g.trouble = coin() ? "" : sentence();
    if (coin()) g.move_to = node_id(below(limits::kNodes));
    g.move_back = coin();
    if (coin()) g.maintenance = {.counter = number() | 1, .by = node(), .on = coin()};
    if (coin()) g.keepers[node()] = {.generation = number(), .step = number(), .released = coin()};
    g.no_carrier = coin();
    g.transition = transition();
    return g;
}

Report Generator::report(std::size_t groups) {
    Report report;
    report.incarnation = incarnation();
    report.view = maybe(view_id());
    report.standby = coin();
    report.leaving = coin();
    report.isolated = coin();
    report.thaws = number();
    report.quorum_ignored = coin();
    if (coin()) report.fence_trouble = sentence();
    report.haresources = number();
    while (report.groups.size() < groups)
        report.groups[name()] = group_report();
    return report;
}

Row Generator::row() {
    Row row;
    row.version = number() | 1;
    row.owner = node();
    row.pred = below(row.version);
    row.pinned = coin();
    row.pinned_generation = number();
    row.reason = coin() ? "preferred node" : sentence();
    if (coin()) row.as_wanted = AsWanted{.no_carrier = coin(), .reached = {}};
    if (row.as_wanted && coin())
        row.as_wanted->reached = static_cast<std::uint32_t>(below(limits::kPingNodes));
    row.reach_moves = static_cast<std::uint32_t>(below(100));
    row.reach_moved = maybe(time());
    row.transition = transition();
    return row;
}

Table Generator::table(std::size_t groups) {
    Table table{view_id(), {}};
    while (table.rows.size() < groups)
        table.rows[name()] = row();
    return table;
}

PingReport Generator::ping_report() {
    std::set<std::string> names;
    for (std::size_t n = below(5); n > 0; n--)
        names.insert(name(limits::kPingNameBytes));
    PingReport ping{{names.begin(), names.end()}, {}};
    std::ranges::shuffle(ping.reachable, random_);
    for (const std::string& name : ping.reachable)
        if (coin()) ping.unsure.push_back(name);
    return ping;
}

ipc::CommToMembership Generator::comm_to_membership() {
    switch (below(7)) {
        case 0: {
            ipc::CommHello hello{session(), {}};
            for (std::size_t n = below(5); n > 0; n--)
                hello.links.push_back(name(limits::kLinkNameBytes));
            return hello;
        }
        case 1: {
            ipc::FrameSeen seen;
            seen.peer = node();
            seen.generation = number() | 1;
            seen.session = session();
            seen.sequence = number() | 1;
            seen.link = link();
            seen.received = time();
            seen.fresh = coin();
            if (!seen.fresh) return seen;
            seen.head = head();
            seen.topics = topics();
            seen.acknowledged_sent = maybe(time());
            if (coin()) seen.acknowledged_deadtime = deadtime();
            return seen;
        }
        case 2:
            return ipc::LinkChanged{
                node(),     link(),        coin(), static_cast<ipc::LinkFault>(below(4)),
                sentence(), maybe(time()), small()};
        case 5: {
            const std::uint32_t judged = small();
            ipc::LinkMeasured m{.peer = node(), .link = link()};
            m.heard = maybe(time());
            m.round_trip = maybe(age());
            m.judged = judged;
            m.lost = judged == 0 ? 0 : static_cast<std::uint32_t>(below(judged));
            if (coin()) m.lost_there = static_cast<std::uint32_t>(below(101));
            m.trouble = sentence();
            return m;
        }
        case 3:
            return ipc::CommListens{};
        case 4: {
            const std::uint32_t asked = small();
            return ipc::PingStatus{static_cast<std::uint32_t>(below(limits::kPingNodes)),
                                   static_cast<PingState>(below(3)),
                                   coin(),
                                   maybe(time()),
                                   maybe(age()),
                                   asked,
                                   asked == 0 ? 0 : static_cast<std::uint32_t>(below(asked)),
                                   sentence()};
        }
        default:
            return ipc::CommGap{age()};
    }
}

ipc::MembershipToComm Generator::membership_to_comm() {
    if (coin()) return ipc::MembershipHello{incarnation()};
    return ipc::PublishTopics{incarnation(), topics(), maybe(time())};
}

ipc::ResourceToComm Generator::resource_to_comm() {
    return ipc::Watch{places(), places()};
}

ipc::ProbeStatuses Generator::probe_statuses() {
    ipc::ProbeStatuses statuses;
    statuses.probes.resize(1 + below(4));
    std::ranges::generate(statuses.probes, [&] {
        return ipc::ProbeStatus{place(),       coin(),       maybe(time()), coin(),
                                maybe(time()), maybe(mac()), coin()};
    });
    return statuses;
}

ipc::CommToResource Generator::comm_to_resource() {
    switch (below(7)) {
        case 0:
            return ipc::CommReady{session(), maybe(time())};
        case 1:
            return ipc::Acknowledged{node(), time(), coin() ? Duration{} : deadtime()};
        case 2:
            return probe_statuses();
        case 3:
            return ipc::AddressConflict{place(), mac()};
        case 4:
            return ipc::PingAnswered{time()};
        case 5:
            return ipc::OldHeartbeatHeard{node(), time(), coin(), age()};
        default:
            return ipc::CommStoodStill{age(), coin(), time()};
    }
}

ipc::MembershipToResource Generator::membership_to_resource() {
    switch (below(8)) {
        case 0:
            return ipc::MembershipReady{incarnation(), maybe(report()), maybe(table())};
        case 1:
            return ipc::ViewChanged{view(), coin()};
        case 2: {
            ipc::PeerStatus s;
            s.peer = node();
            s.hearing = static_cast<ipc::Hearing>(below(3));
            s.since = coin() ? kNever : time();
            s.last_heard = coin() ? kNever : time();
            s.late = coin();
            s.judged = coin();
            s.connected = coin();
            s.hears_us = coin();
            s.deaf = coin();
            s.hears = NodeSet::from_bits(number());
            s.accepted = maybe(view());
            s.deadtime = coin() ? Duration{} : deadtime();
            s.generation = number();
            s.incarnation = coin() ? Incarnation{} : incarnation();
            return s;
        }
        case 3:
            return ipc::PeerReport{node(), report()};
        case 4:
            return ipc::PeerTable{node(), table()};
        case 5:
            return ipc::PeerPing{node(), ping_report()};
        case 6:
            return ipc::Lease{node(), time(), coin() ? Duration{} : deadtime()};
        default: {
            ipc::Request r{number() | 1, kind(), scope(), {}, coin(), {}, coin(), sentence()};
            if (has_target(r.kind)) r.target = node();
            if (r.scope == ipc::Scope::kGroup) r.group = name();
            return r;
        }
    }
}

ipc::ResourceToMembership Generator::resource_to_membership() {
    switch (below(3)) {
        case 0:
            return ipc::ResourceHello{incarnation(), maybe(report()), maybe(table())};
        case 1:
            return ipc::Publish{maybe(report()), maybe(table()), maybe(time())};
        default:
            return ipc::RequestAnswer{number() | 1, coin(), sentence(limits::kEventTextBytes),
                                      fence_records()};
    }
}

std::vector<FenceRecord> Generator::fence_records() {
    std::vector<FenceRecord> records;
    for (std::size_t n = below(4); n > 0; n--)
        records.push_back({node(), age(), coin(), sentence(), sentence()});
    return records;
}

ipc::ResourceToFence Generator::resource_to_fence() {
    if (coin()) {
        ipc::FenceWishes wishes;
        for (std::size_t r = 0; r < limits::kNodes; r++)
            if (below(8) == 0) wishes.wishes.push_back({node_id(r), number(), age(), sentence()});
        return wishes;
    }
    ipc::FenceRequest request{
        number() | 1, static_cast<ipc::FenceRequestKind>(1 + below(3)), {}, number(), sentence()};
    if (request.kind != ipc::FenceRequestKind::kHistory) request.peer = node();
    return request;
}

ipc::FenceToResource Generator::fence_to_resource() {
    switch (below(3)) {
        case 0:
            return ipc::FenceState{node(), number(), static_cast<ipc::FencePhase>(1 + below(3)),
                                   small(), sentence()};
        case 1:
            return ipc::FenceDeviceTrouble{coin() ? sentence() : std::string()};
        default:
            return ipc::FenceAnswer{number() | 1, coin(), sentence(limits::kEventTextBytes),
                                    fence_records()};
    }
}

ipc::MembershipToIpfail Generator::membership_to_ipfail() {
    switch (below(4)) {
        case 0:
            return ipc::PeerPings{node(), ping_report()};
        case 1:
            return ipc::PingSeen{static_cast<std::uint32_t>(below(limits::kPingNodes)),
                                 static_cast<PingState>(below(3)), coin()};
        case 2:
            return ipc::PeerSeen{node(), static_cast<NodeStatus>(below(4))};
        default:
            return ipc::PeerLinkSeen{node(), name(limits::kLinkNameBytes), coin()};
    }
}

}  // namespace hb::test
