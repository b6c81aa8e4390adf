#include "proto/codec_control.hpp"

#include "common/base/assert.hpp"
#include "control.pb.h"
#include "proto/convert_comm_membership.hpp"
#include "proto/convert_control.hpp"
#include "proto/convert_fence.hpp"
#include "proto/convert_membership_resource.hpp"
#include "proto/convert_node.hpp"
#include "proto/convert_reload.hpp"

namespace hb::proto {

namespace {

using proto::put;
using proto::read;
using proto::to_pb;

pb::Level to_pb(Level level) {
    switch (level) {
        case Level::kDebug:
            return pb::LEVEL_DEBUG;
        case Level::kInfo:
            return pb::LEVEL_INFO;
        case Level::kNotice:
            return pb::LEVEL_NOTICE;
        case Level::kWarn:
            return pb::LEVEL_WARN;
        case Level::kError:
            return pb::LEVEL_ERROR;
        case Level::kCrit:
            return pb::LEVEL_CRIT;
    }
    HB_UNREACHABLE();
}

Level read(pb::Level from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::LEVEL_DEBUG:
            return Level::kDebug;
        case pb::LEVEL_INFO:
            return Level::kInfo;
        case pb::LEVEL_NOTICE:
            return Level::kNotice;
        case pb::LEVEL_WARN:
            return Level::kWarn;
        case pb::LEVEL_ERROR:
            return Level::kError;
        case pb::LEVEL_CRIT:
            return Level::kCrit;
        default:
            in.refuse("level", "unknown");
            return {};
    }
}

// ---- tool to hb-membership

void put(const ipc::GetStatus& from, pb::ToolToMembership& envelope) {
    const auto& [id] = from;
    envelope.mutable_get_status()->set_id(id);
}

void put(const ipc::Subscribe& from, pb::ToolToMembership& envelope) {
    const auto& [id, status, events] = from;
    pb::Subscribe& to = *envelope.mutable_subscribe();
    to.set_id(id);
    to.set_status(status);
    to.set_events(events);
}

void put(const ipc::AdminRequest& from, pb::ToolToMembership& envelope) {
    const auto& [id, kind, scope, group, stay, target, force] = from;
    pb::AdminRequest& to = *envelope.mutable_admin_request();
    to.set_id(id);
    to.set_kind(to_pb(kind));
    to.set_scope(to_pb(scope));
    to.set_group(group);
    to.set_stay(stay);
    if (target) to.set_target(from_one(*target));
    to.set_force(force);
}

void put(const ipc::GetParameter& from, pb::ToolToMembership& envelope) {
    const auto& [id, name] = from;
    pb::GetParameter& to = *envelope.mutable_get_parameter();
    to.set_id(id);
    to.set_name(name);
}

void put(const ipc::GetWhy& from, pb::ToolToMembership& envelope) {
    const auto& [id, group] = from;
    envelope.mutable_get_why()->set_id(id);
    envelope.mutable_get_why()->set_group(group);
}

void put(const ipc::LogLevelRequest& from, pb::ToolToMembership& envelope) {
    const auto& [id, level] = from;
    envelope.mutable_log_level()->set_id(id);
    if (level) envelope.mutable_log_level()->set_level(*level);
}

void put(const ipc::Why& from, pb::MembershipToTool& envelope) {
    const auto& [id, story] = from;
    envelope.mutable_why()->set_id(id);
    if (story) put(*story, *envelope.mutable_why()->mutable_story());
}

std::uint64_t read_id(std::uint64_t id, Reader& in) {
    in.require(id != 0, "request", "without an id");
    return id;
}

ipc::LogLevelRequest read(const pb::LogLevelRequest& from, Reader& in) {
    ipc::LogLevelRequest to{read_id(from.id(), in), {}};
    if (from.has_level()) to.level = from.level();
    in.require(!to.level || *to.level <= limits::kDebugMax, "debug level", "too high");
    return to;
}

ipc::AdminRequest read(const pb::AdminRequest& from, Reader& in) {
    ipc::AdminRequest to;
    to.id = read_id(from.id(), in);
    to.kind = read(from.kind(), in);
    to.scope = read(from.scope(), in);
    to.group = read_scope_group(to.scope, from.group(), in);
    to.stay = from.stay();
    to.target = read_target(to.kind, from.target(), in);
    to.force = from.force();
    return to;
}

// ---- hb-membership to tool

void put(const LinkStatus& from, pb::LinkStatus& to) {
    const auto& [name, up, fault, detail, heard_ago, newest_ago, round_trip, judged, lost,
                 lost_there, flaps] = from;
    to.set_name(name);
    to.set_up(up);
    to.set_fault(to_pb(fault));
    to.set_detail(plain_text(detail, limits::kReasonBytes));
    if (heard_ago) to.set_heard_ago_ns(to_ns(*heard_ago));
    if (newest_ago) to.set_newest_ago_ns(to_ns(*newest_ago));
    if (round_trip) to.set_round_trip_ns(to_ns(*round_trip));
    to.set_judged(judged);
    to.set_lost(lost);
    if (lost_there) to.set_lost_there(*lost_there);
    to.set_flaps(flaps);
}

LinkStatus read(const pb::LinkStatus& from, Reader& in) {
    LinkStatus to;
    to.name = in.name(from.name(), limits::kLinkNameBytes, "link");
    to.up = from.up();
    to.fault = read(from.fault(), in);
    to.detail = in.sentence(from.detail(), limits::kReasonBytes, "detail");
    if (from.has_heard_ago_ns()) to.heard_ago = in.age(from.heard_ago_ns(), "last heard");
    if (from.has_newest_ago_ns()) to.newest_ago = in.age(from.newest_ago_ns(), "newest frame");
    if (from.has_round_trip_ns()) to.round_trip = in.age(from.round_trip_ns(), "round trip");
    to.judged = from.judged();
    to.lost = from.lost();
    in.require(to.lost <= to.judged, "lost", "more than judged");
    if (from.has_lost_there()) to.lost_there = from.lost_there();
    in.require(!to.lost_there || *to.lost_there <= 100, "lost there", "more than all");
    to.flaps = from.flaps();
    return to;
}

void put(const NodeSummary& from, pb::NodeSummary& to) {
    const auto& [name, status, in_view, standby, leaving, isolated, heard_ago, links, fence_trouble,
                 config_differs] = from;
    to.set_name(name);
    to.set_status(to_pb(status));
    to.set_in_view(in_view);
    to.set_standby(standby);
    to.set_leaving(leaving);
    to.set_isolated(isolated);
    if (heard_ago) to.set_heard_ago_ns(to_ns(*heard_ago));
    for (const LinkStatus& link : links)
        put(link, *to.add_links());
    to.set_fence_trouble(plain_text(fence_trouble, limits::kReasonBytes));
    to.set_ha_cf_differs(config_differs.ha_cf);
    to.set_haresources_differs(config_differs.haresources);
}

NodeSummary read(const pb::NodeSummary& from, Reader& in) {
    NodeSummary to;
    to.name = in.name(from.name(), limits::kNodeNameBytes, "node");
    to.status = read(from.status(), in);
    to.in_view = from.in_view();
    to.standby = from.standby();
    to.leaving = from.leaving();
    to.isolated = from.isolated();
    if (from.has_heard_ago_ns()) to.heard_ago = in.age(from.heard_ago_ns(), "last heard");
    in.count(from.links_size(), limits::kMedia, "links");
    for (const pb::LinkStatus& link : from.links()) {
        if (!in.good()) break;
        to.links.push_back(read(link, in));
    }
    to.fence_trouble = in.sentence(from.fence_trouble(), limits::kReasonBytes, "fence trouble");
    to.config_differs = {from.ha_cf_differs(), from.haresources_differs()};
    return to;
}

void put(const PingSummary& from, pb::PingSummary& to) {
    const auto& [name, status, late, answered_ago, round_trip, asked, lost, detail] = from;
    to.set_name(name);
    to.set_status(to_pb(status));
    to.set_late(late);
    if (answered_ago) to.set_answered_ago_ns(to_ns(*answered_ago));
    if (round_trip) to.set_round_trip_ns(to_ns(*round_trip));
    to.set_asked(asked);
    to.set_lost(lost);
    to.set_detail(plain_text(detail, limits::kReasonBytes));
}

PingSummary read(const pb::PingSummary& from, Reader& in) {
    PingSummary to;
    to.name = in.name(from.name(), limits::kPingNameBytes, "ping node");
    to.status = read(from.status(), in);
    to.late = from.late();
    if (from.has_answered_ago_ns()) to.answered_ago = in.age(from.answered_ago_ns(), "answered");
    if (from.has_round_trip_ns()) to.round_trip = in.age(from.round_trip_ns(), "round trip");
    to.asked = from.asked();
    to.lost = from.lost();
    in.require(to.lost <= to.asked, "lost", "more than asked");
    to.detail = in.sentence(from.detail(), limits::kReasonBytes, "detail");
    return to;
}

void put(const GroupSummary& from, pb::GroupSummary& to) {
    const auto& [name, preferred, owner, state, reason, age, by_node, maintenance,
                 maintenance_known, transition] = from;
    to.set_name(name);
    to.set_preferred(from_one(preferred));
    if (owner) to.set_owner(from_one(*owner));
    to.set_state(to_pb(state));
    to.set_reason(plain_text(reason, limits::kEventTextBytes));
    if (age) to.set_age_ns(to_ns(*age));
    for (const auto& [node, node_state] : by_node) {
        pb::NodeGroupState& m = *to.add_by_node();
        m.set_node(from_one(node));
        m.set_state(to_pb(node_state));
    }
    to.set_maintenance(maintenance);
    to.set_maintenance_known(maintenance_known);
    if (transition) put(transition, *to.mutable_transition());
}

GroupSummary read(const pb::GroupSummary& from, Reader& in) {
    GroupSummary to;
    to.name = in.name(from.name(), limits::kGroupNameBytes, "group");
    to.preferred = in.node(from.preferred(), "preferred node");
    if (from.owner() != 0) to.owner = in.node(from.owner(), "owner");
    to.state = read(from.state(), in);
    to.reason = in.sentence(from.reason(), limits::kEventTextBytes, "reason");
    if (from.has_age_ns()) to.age = in.age(from.age_ns(), "age");
    in.count(from.by_node_size(), limits::kNodes, "nodes of a group");
    for (const pb::NodeGroupState& m : from.by_node()) {
        if (!in.good()) break;
        const NodeId node = in.node(m.node(), "node of a group");
        in.require(to.by_node.empty() || to.by_node.rbegin()->first < node, "nodes of a group",
                   "not in order, or double");
        to.by_node.emplace_hint(to.by_node.end(), node, read(m.state(), in));
    }
    to.maintenance = from.maintenance();
    to.maintenance_known = from.maintenance_known();
    if (from.has_transition()) to.transition = read(from.transition(), in);
    return to;
}

void put(const ipc::Status& from, pb::MembershipToTool& envelope) {
    const auto& [id, status] = from;
    const auto& [self, nodes, groups, view, installed, pings, quorum] = status;
    pb::Status& to = *envelope.mutable_status();
    to.set_id(id);
    to.set_self(from_one(self));
    for (const NodeSummary& node : nodes)
        put(node, *to.add_nodes());
    for (const GroupSummary& group : groups)
        put(group, *to.add_groups());
    if (view) put(*view, *to.mutable_view());
    to.set_installed(installed);
    for (const PingSummary& ping : pings)
        put(ping, *to.add_pings());
    if (!quorum) return;
    const auto& [present, needed, ignored] = *quorum;
    to.mutable_quorum()->set_present(present);
    to.mutable_quorum()->set_needed(needed);
    to.mutable_quorum()->set_ignored(ignored);
}

ipc::Status read(const pb::Status& from, Reader& in) {
    ipc::Status to;
    to.id = from.id();
    to.status.self = in.node(from.self(), "self");
    in.count(from.nodes_size(), limits::kNodes, "nodes");
    in.count(from.groups_size(), limits::kGroups, "groups");
    for (const pb::NodeSummary& node : from.nodes()) {
        if (!in.good()) break;
        to.status.nodes.push_back(read(node, in));
    }
    const std::size_t known = to.status.nodes.size();
    in.require(rank(to.status.self) < known, "self", "not among the nodes");
    for (const pb::GroupSummary& group : from.groups()) {
        if (!in.good()) break;
        GroupSummary& g = to.status.groups.emplace_back(read(group, in));
        const bool names_known = rank(g.preferred) < known &&
                                 (!g.owner || rank(*g.owner) < known) &&
                                 (g.by_node.empty() || rank(g.by_node.rbegin()->first) < known);
        in.require(names_known, "group", "of a node that is not among the nodes");
    }
    if (from.has_view()) {
        to.status.view = read(from.view(), in);
        in.require(rank(to.status.view->coordinator) < known, "coordinator", "not among the nodes");
    }
    to.status.installed = from.installed();
    in.count(from.pings_size(), limits::kPingNodes, "ping nodes");
    for (const pb::PingSummary& ping : from.pings()) {
        if (!in.good()) break;
        to.status.pings.push_back(read(ping, in));
    }
    if (from.has_quorum()) {
        const pb::QuorumSummary& q = from.quorum();
        in.require(q.present() <= known && q.needed() <= known, "quorum", "of more nodes than are");
        in.require(q.needed() > 0, "quorum", "needs nobody");
        to.status.quorum = QuorumSummary{q.present(), q.needed(), q.ignored()};
    }
    return to;
}

void put(const ipc::AdminAnswer& from, pb::MembershipToTool& envelope) {
    const auto& [id, ok, text, history] = from;
    pb::AdminAnswer& to = *envelope.mutable_admin_answer();
    to.set_id(id);
    to.set_ok(ok);
    to.set_text(plain_text(text, limits::kEventTextBytes));
    put(history, *to.mutable_history());
}

void put(const ipc::EventNote& from, pb::MembershipToTool& envelope) {
    const auto& [id, level, text, fields] = from.event;
    pb::EventNote& to = *envelope.mutable_event_note();
    to.set_id(id);
    to.set_level(to_pb(level));
    to.set_text(plain_text(text, limits::kEventTextBytes));
    for (const auto& [key, value] : fields) {
        pb::EventField& field = *to.add_fields();
        field.set_key(key);
        field.set_value(plain_text(value, limits::kEventTextBytes));
    }
}

void put(const ipc::ReloadWanted& from, pb::ToolToMembership& envelope) {
    const auto& [id, dry_run] = from;
    envelope.mutable_reload_wanted()->set_id(id);
    envelope.mutable_reload_wanted()->set_dry_run(dry_run);
}

void put(const ipc::ReloadDone& from, pb::MembershipToTool& envelope) {
    const auto& [id, outcome] = from;
    envelope.mutable_reload_done()->set_id(id);
    put(outcome, *envelope.mutable_reload_done()->mutable_outcome());
}

void put(const ipc::Parameter& from, pb::MembershipToTool& envelope) {
    const auto& [id, value] = from;
    pb::Parameter& to = *envelope.mutable_parameter();
    to.set_id(id);
    if (value) to.set_value(plain_text(*value, limits::kParameterBytes));
}

ipc::Parameter read(const pb::Parameter& from, Reader& in) {
    ipc::Parameter to;
    to.id = read_id(from.id(), in);
    if (from.has_value())
        to.value = in.sentence(from.value(), limits::kParameterBytes, "value of a parameter");
    return to;
}

ipc::EventNote read(const pb::EventNote& from, Reader& in) {
    ipc::EventNote to;
    to.event.id = in.name(from.id(), limits::kNodeNameBytes, "event");
    to.event.level = read(from.level(), in);
    to.event.text = in.sentence(from.text(), limits::kEventTextBytes, "event");
    in.count(from.fields_size(), limits::kEventFields, "fields");
    for (const pb::EventField& field : from.fields()) {
        if (!in.good()) break;
        to.event.fields.emplace_back(in.name(field.key(), limits::kNodeNameBytes, "field"),
                                     in.sentence(field.value(), limits::kEventTextBytes, "field"));
    }
    return to;
}

}  // namespace

std::string encode(const ipc::ToolToMembership& message) {
    auto& m = scratch<pb::ToolToMembership>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::ToolToMembership> decode_tool_to_membership(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::ToolToMembership>();
    ipc::ToolToMembership to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::ToolToMembership::kGetStatus:
            to = ipc::GetStatus{read_id(m.get_status().id(), in)};
            break;
        case pb::ToolToMembership::kSubscribe:
            to = ipc::Subscribe{read_id(m.subscribe().id(), in), m.subscribe().status(),
                                m.subscribe().events()};
            break;
        case pb::ToolToMembership::kAdminRequest:
            to = read(m.admin_request(), in);
            break;
        case pb::ToolToMembership::kGetParameter:
            to = ipc::GetParameter{
                read_id(m.get_parameter().id(), in),
                in.name(m.get_parameter().name(), limits::kEventTextBytes, "parameter")};
            break;
        case pb::ToolToMembership::kGetWhy:
            to = ipc::GetWhy{read_id(m.get_why().id(), in),
                             in.name(m.get_why().group(), limits::kGroupNameBytes, "group")};
            break;
        case pb::ToolToMembership::kLogLevel:
            to = read(m.log_level(), in);
            break;
        case pb::ToolToMembership::kReloadWanted:
            to =
                ipc::ReloadWanted{read_id(m.reload_wanted().id(), in), m.reload_wanted().dry_run()};
            break;
        case pb::ToolToMembership::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::MembershipToTool& message) {
    auto& m = scratch<pb::MembershipToTool>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::MembershipToTool> decode_membership_to_tool(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::MembershipToTool>();
    ipc::MembershipToTool to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::MembershipToTool::kStatus:
            to = read(m.status(), in);
            break;
        case pb::MembershipToTool::kAdminAnswer:
            to = ipc::AdminAnswer{
                read_id(m.admin_answer().id(), in), m.admin_answer().ok(),
                in.sentence(m.admin_answer().text(), limits::kEventTextBytes, "answer"),
                read(m.admin_answer().history(), in)};
            break;
        case pb::MembershipToTool::kEventNote:
            to = read(m.event_note(), in);
            break;
        case pb::MembershipToTool::kParameter:
            to = read(m.parameter(), in);
            break;
        case pb::MembershipToTool::kWhy:
            to = ipc::Why{read_id(m.why().id(), in), {}};
            if (m.why().has_story()) std::get<ipc::Why>(to).story = read(m.why().story(), in);
            break;
        case pb::MembershipToTool::kReloadDone:
            to = ipc::ReloadDone{read_id(m.reload_done().id(), in),
                                 read(m.reload_done().outcome(), in)};
            break;
        case pb::MembershipToTool::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
