// Generator: what hb-membership and the tools at its control socket tell each other.
#include <algorithm>

#include "tests/unit/proto/generate.hpp"

namespace hb::test {

ReloadOutcome Generator::reload_outcome() {
    ReloadOutcome to{
        .ok = coin(), .text = sentence(), .changes = {}, .findings = {}, .more = small()};
    for (std::size_t n = below(4); n > 0; n--)
        to.changes.push_back(
            {sentence(), sentence(), sentence(), sentence(), sentence(), sentence()});
    for (std::size_t n = below(4); n > 0; n--)
        to.findings.push_back(
            {static_cast<ReloadFinding::Severity>(1 + below(3)), sentence(), sentence()});
    return to;
}

ipc::ToolToMembership Generator::tool_to_membership() {
    switch (below(7)) {
        case 4:
            return ipc::LogLevelRequest{number() | 1, maybe(static_cast<unsigned>(below(256)))};
        case 5:
            return ipc::ReloadWanted{number() | 1, coin()};
        case 0:
            return ipc::GetStatus{number() | 1};
        case 3:
            return ipc::GetWhy{number() | 1, name()};
        case 1:
            return ipc::Subscribe{number() | 1, coin(), coin()};
        case 2:
            return ipc::GetParameter{number() | 1, name()};
        default: {
            ipc::AdminRequest r{number() | 1, kind(), scope(), {}, coin(), {}, coin()};
            if (has_target(r.kind)) r.target = node();
            if (r.scope == ipc::Scope::kGroup) r.group = name();
            return r;
        }
    }
}

Event Generator::event() {
    Event event{name(63), static_cast<Level>(below(6)), sentence(limits::kEventTextBytes), {}};
    for (std::size_t n = below(limits::kEventFields + 1); n > 0; n--)
        event.fields.emplace_back(name(63), sentence(limits::kEventTextBytes));
    return event;
}

ipc::MembershipToTool Generator::membership_to_tool() {
    switch (below(6)) {
        case 4:
            return ipc::ReloadDone{number() | 1, reload_outcome()};
        case 0:
            return ipc::Status{number(), cluster_status()};
        case 3:
            return ipc::Why{number() | 1, maybe(group_story())};
        case 1:
            return ipc::AdminAnswer{number() | 1, coin(), sentence(limits::kEventTextBytes),
                                    fence_records()};
        case 2:
            return ipc::Parameter{number() | 1, maybe(sentence(limits::kParameterBytes))};
        default:
            return ipc::EventNote{event()};
    }
}

GroupStory Generator::group_story() {
    GroupStory story{static_cast<std::int64_t>(number() >> 1), {}, {}};
    for (std::size_t r = 0; r < 4; r++)
        if (coin())
            story.words.push_back(
                {node_id(r), coin(), state(), transition(), sentence(), sentence(), sentence()});
    for (std::size_t n = below(limits::kMoments + 1); n > 0; n--)
        story.moments.push_back({static_cast<std::int64_t>(number() >> 1),
                                 static_cast<MomentKind>(1 + below(5)), node(), state(),
                                 transition(), sentence()});
    return story;
}

LinkStatus Generator::link_status() {
    const std::uint32_t judged = small();
    LinkStatus s{.name = name(limits::kLinkNameBytes), .up = coin()};
    s.fault = static_cast<ipc::LinkFault>(below(4));
    s.detail = sentence();
    s.heard_ago = maybe(age());
    s.newest_ago = maybe(age());
    s.round_trip = maybe(age());
    s.judged = judged;
    s.lost = judged == 0 ? 0 : static_cast<std::uint32_t>(below(judged));
    if (coin()) s.lost_there = static_cast<std::uint32_t>(below(101));
    s.flaps = small();
    return s;
}

ClusterStatus Generator::cluster_status() {
    ClusterStatus status;
    for (std::size_t n = 1 + below(8); n > 0; n--) {
        NodeSummary node{name(63),
                         static_cast<NodeStatus>(below(4)),
                         coin(),
                         coin(),
                         coin(),
                         coin(),
                         maybe(age()),
                         {},
                         coin() ? sentence() : std::string(),
                         {coin(), coin()}};
        for (std::size_t l = below(4); l > 0; l--)
            node.links.push_back(link_status());
        status.nodes.push_back(std::move(node));
    }
    const auto known = [&] { return node_id(below(status.nodes.size())); };
    status.self = known();
    for (std::size_t n = below(8); n > 0; n--) {
        GroupSummary group{name(),       known(), maybe(known()), state(), sentence(1000),
                           maybe(age()), {},      coin(),         coin(),  transition()};
        for (std::size_t r = 0; r < status.nodes.size(); r++)
            if (coin()) group.by_node[node_id(r)] = state();
        status.groups.push_back(std::move(group));
    }
    if (coin()) status.view = ViewId{number() | 1, known(), incarnation()};
    status.installed = coin();
    for (std::size_t n = below(4); n > 0; n--) {
        const std::uint32_t asked = small();
        status.pings.push_back({name(limits::kPingNameBytes), static_cast<PingState>(below(3)),
                                coin(), maybe(age()), maybe(age()), asked,
                                asked == 0 ? 0 : static_cast<std::uint32_t>(below(asked)),
                                sentence()});
    }
    const auto all = status.nodes.size();
    if (coin())
        status.quorum = QuorumSummary{static_cast<std::uint32_t>(below(all + 1)),
                                      static_cast<std::uint32_t>(1 + below(all)), coin()};
    return status;
}

}  // namespace hb::test
