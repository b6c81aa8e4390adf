#include "proto/codec_membership_resource.hpp"

#include "common/base/assert.hpp"
#include "proto/convert_fence.hpp"
#include "proto/convert_membership_resource.hpp"
#include "proto/convert_node.hpp"

namespace hb::proto {

pb::RequestKind to_pb(ipc::RequestKind kind) {
    switch (kind) {
        case ipc::RequestKind::kStandby:
            return pb::REQUEST_KIND_STANDBY;
        case ipc::RequestKind::kActive:
            return pb::REQUEST_KIND_ACTIVE;
        case ipc::RequestKind::kTakeover:
            return pb::REQUEST_KIND_TAKEOVER;
        case ipc::RequestKind::kCleanup:
            return pb::REQUEST_KIND_CLEANUP;
        case ipc::RequestKind::kQuorumIgnore:
            return pb::REQUEST_KIND_QUORUM_IGNORE;
        case ipc::RequestKind::kMove:
            return pb::REQUEST_KIND_MOVE;
        case ipc::RequestKind::kMoveBack:
            return pb::REQUEST_KIND_MOVE_BACK;
        case ipc::RequestKind::kFence:
            return pb::REQUEST_KIND_FENCE;
        case ipc::RequestKind::kFenceConfirm:
            return pb::REQUEST_KIND_FENCE_CONFIRM;
        case ipc::RequestKind::kFenceTest:
            return pb::REQUEST_KIND_FENCE_TEST;
        case ipc::RequestKind::kFenceHistory:
            return pb::REQUEST_KIND_FENCE_HISTORY;
        case ipc::RequestKind::kMaintenanceOn:
            return pb::REQUEST_KIND_MAINTENANCE_ON;
        case ipc::RequestKind::kMaintenanceOff:
            return pb::REQUEST_KIND_MAINTENANCE_OFF;
    }
    HB_UNREACHABLE();
}

ipc::RequestKind read(pb::RequestKind from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::REQUEST_KIND_STANDBY:
            return ipc::RequestKind::kStandby;
        case pb::REQUEST_KIND_ACTIVE:
            return ipc::RequestKind::kActive;
        case pb::REQUEST_KIND_TAKEOVER:
            return ipc::RequestKind::kTakeover;
        case pb::REQUEST_KIND_CLEANUP:
            return ipc::RequestKind::kCleanup;
        case pb::REQUEST_KIND_QUORUM_IGNORE:
            return ipc::RequestKind::kQuorumIgnore;
        case pb::REQUEST_KIND_MOVE:
            return ipc::RequestKind::kMove;
        case pb::REQUEST_KIND_MOVE_BACK:
            return ipc::RequestKind::kMoveBack;
        case pb::REQUEST_KIND_FENCE:
            return ipc::RequestKind::kFence;
        case pb::REQUEST_KIND_FENCE_CONFIRM:
            return ipc::RequestKind::kFenceConfirm;
        case pb::REQUEST_KIND_FENCE_TEST:
            return ipc::RequestKind::kFenceTest;
        case pb::REQUEST_KIND_FENCE_HISTORY:
            return ipc::RequestKind::kFenceHistory;
        case pb::REQUEST_KIND_MAINTENANCE_ON:
            return ipc::RequestKind::kMaintenanceOn;
        case pb::REQUEST_KIND_MAINTENANCE_OFF:
            return ipc::RequestKind::kMaintenanceOff;
        default:
            in.refuse("request", "of an unknown kind");
            return {};
    }
}

pb::Scope to_pb(ipc::Scope scope) {
    switch (scope) {
        case ipc::Scope::kAll:
            return pb::SCOPE_ALL;
        case ipc::Scope::kLocal:
            return pb::SCOPE_LOCAL;
        case ipc::Scope::kForeign:
            return pb::SCOPE_FOREIGN;
        case ipc::Scope::kGroup:
            return pb::SCOPE_GROUP;
    }
    HB_UNREACHABLE();
}

ipc::Scope read(pb::Scope from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::SCOPE_ALL:
            return ipc::Scope::kAll;
        case pb::SCOPE_LOCAL:
            return ipc::Scope::kLocal;
        case pb::SCOPE_FOREIGN:
            return ipc::Scope::kForeign;
        case pb::SCOPE_GROUP:
            return ipc::Scope::kGroup;
        default:
            in.refuse("scope", "unknown");
            return {};
    }
}

GroupName read_scope_group(ipc::Scope scope, const std::string& group, Reader& in) {
    if (scope == ipc::Scope::kGroup) return in.name(group, limits::kGroupNameBytes, "group");
    in.require(group.empty(), "group", "named, but the scope is another");
    return {};
}

std::optional<NodeId> read_target(ipc::RequestKind kind, std::uint32_t from_one, Reader& in) {
    using enum ipc::RequestKind;
    if (kind == kMove || kind == kFence || kind == kFenceConfirm || kind == kFenceTest)
        return in.node(from_one, "target");
    in.require(from_one == 0, "target", "named, but no node is meant");
    return std::nullopt;
}

namespace {

using proto::put;
using proto::read;
using proto::to_pb;

pb::Hearing to_pb(ipc::Hearing hearing) {
    switch (hearing) {
        case ipc::Hearing::kNever:
            return pb::HEARING_NEVER;
        case ipc::Hearing::kHeard:
            return pb::HEARING_HEARD;
        case ipc::Hearing::kSilent:
            return pb::HEARING_SILENT;
    }
    HB_UNREACHABLE();
}

ipc::Hearing read(pb::Hearing from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::HEARING_NEVER:
            return ipc::Hearing::kNever;
        case pb::HEARING_HEARD:
            return ipc::Hearing::kHeard;
        case pb::HEARING_SILENT:
            return ipc::Hearing::kSilent;
        default:
            in.refuse("hearing", "unknown");
            return {};
    }
}

// ---- hb-membership to hb-resource

void put(const ipc::MembershipReady& from, pb::MembershipToResource& envelope) {
    const auto& [incarnation, own_report, own_table] = from;
    pb::MembershipReady& to = *envelope.mutable_membership_ready();
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    if (own_report) put(*own_report, *to.mutable_own_report());
    if (own_table) put(*own_table, *to.mutable_own_table());
}

ipc::MembershipReady read(const pb::MembershipReady& from, Reader& in) {
    ipc::MembershipReady to;
    to.incarnation = in.incarnation(from.generation(), from.respawn(), "incarnation");
    if (from.has_own_report()) to.own_report = read(from.own_report(), in);
    if (from.has_own_table()) to.own_table = read(from.own_table(), in);
    return to;
}

void put(const ipc::ViewChanged& from, pb::MembershipToResource& envelope) {
    const auto& [view, installed] = from;
    put(view, *envelope.mutable_view_changed()->mutable_view());
    envelope.mutable_view_changed()->set_installed(installed);
}

void put(const ipc::PeerStatus& from, pb::MembershipToResource& envelope) {
    const auto& [peer, hearing, since, last_heard, late, judged, connected, hears_us, deaf, hears,
                 accepted, deadtime, generation, incarnation] = from;
    pb::PeerStatus& to = *envelope.mutable_peer_status();
    to.set_peer(from_one(peer));
    to.set_hearing(to_pb(hearing));
    if (since != kNever) to.set_since_ns(to_ns(since));
    if (last_heard != kNever) to.set_last_heard_ns(to_ns(last_heard));
    to.set_judged(judged);
    to.set_connected(connected);
    to.set_hears_us(hears_us);
    to.set_deaf(deaf);
    to.set_hears(hears.bits());
    if (accepted) put(*accepted, *to.mutable_accepted());
    to.set_deadtime_ns(to_ns(deadtime));
    to.set_generation(generation);
    to.set_late(late);
    to.set_incarnation_generation(incarnation.generation);
    to.set_incarnation_respawn(incarnation.respawn);
}

ipc::PeerStatus read(const pb::PeerStatus& from, Reader& in) {
    ipc::PeerStatus to;
    to.peer = in.node(from.peer(), "peer");
    to.hearing = read(from.hearing(), in);
    to.since = from.has_since_ns() ? in.time(true, from.since_ns(), "since") : kNever;
    to.last_heard =
        from.has_last_heard_ns() ? in.time(true, from.last_heard_ns(), "last heard") : kNever;
    to.judged = from.judged();
    to.connected = from.connected();
    to.hears_us = from.hears_us();
    to.deaf = from.deaf();
    to.hears = NodeSet::from_bits(from.hears());
    if (from.has_accepted()) to.accepted = read(from.accepted(), in);
    // A node that was never heard has announced none.
    if (from.deadtime_ns() != 0) to.deadtime = in.deadtime(from.deadtime_ns(), "deadtime");
    to.generation = from.generation();
    to.late = from.late();
    to.incarnation = {from.incarnation_generation(), from.incarnation_respawn()};
    return to;
}

void put(const ipc::PeerReport& from, pb::MembershipToResource& envelope) {
    const auto& [peer, report] = from;
    envelope.mutable_peer_report()->set_peer(from_one(peer));
    put(report, *envelope.mutable_peer_report()->mutable_report());
}

void put(const ipc::PeerTable& from, pb::MembershipToResource& envelope) {
    const auto& [peer, table] = from;
    envelope.mutable_peer_table()->set_peer(from_one(peer));
    put(table, *envelope.mutable_peer_table()->mutable_table());
}

void put(const ipc::PeerPing& from, pb::MembershipToResource& envelope) {
    const auto& [peer, ping] = from;
    envelope.mutable_peer_ping()->set_peer(from_one(peer));
    put(ping, *envelope.mutable_peer_ping()->mutable_ping());
}

void put(const ipc::Lease& from, pb::MembershipToResource& envelope) {
    const auto& [peer, sent, deadtime] = from;
    envelope.mutable_lease()->set_peer(from_one(peer));
    envelope.mutable_lease()->set_sent_ns(to_ns(sent));
    envelope.mutable_lease()->set_deadtime_ns(to_ns(deadtime));
}

void put(const ipc::Request& from, pb::MembershipToResource& envelope) {
    const auto& [id, kind, scope, group, stay, target, force, who] = from;
    pb::Request& to = *envelope.mutable_request();
    to.set_id(id);
    to.set_kind(to_pb(kind));
    to.set_scope(to_pb(scope));
    to.set_group(group);
    to.set_stay(stay);
    if (target) to.set_target(from_one(*target));
    to.set_force(force);
    to.set_who(plain_text(who, limits::kReasonBytes));
}

ipc::Request read(const pb::Request& from, Reader& in) {
    ipc::Request to;
    to.id = from.id();
    in.require(to.id != 0, "request", "without an id");
    to.kind = read(from.kind(), in);
    to.scope = read(from.scope(), in);
    to.group = read_scope_group(to.scope, from.group(), in);
    to.stay = from.stay();
    to.target = read_target(to.kind, from.target(), in);
    to.force = from.force();
    to.who = in.sentence(from.who(), limits::kReasonBytes, "who");
    return to;
}

// ---- hb-resource to hb-membership

void put(const ipc::ResourceHello& from, pb::ResourceToMembership& envelope) {
    const auto& [incarnation, report, table] = from;
    pb::ResourceHello& to = *envelope.mutable_resource_hello();
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    if (report) put(*report, *to.mutable_report());
    if (table) put(*table, *to.mutable_table());
}

ipc::ResourceHello read(const pb::ResourceHello& from, Reader& in) {
    ipc::ResourceHello to;
    to.incarnation = in.incarnation(from.generation(), from.respawn(), "incarnation");
    if (from.has_report()) to.report = read(from.report(), in);
    if (from.has_table()) to.table = read(from.table(), in);
    return to;
}

void put(const ipc::Publish& from, pb::ResourceToMembership& envelope) {
    const auto& [report, table, answers_gap] = from;
    pb::Publish& to = *envelope.mutable_publish();
    if (report) put(*report, *to.mutable_report());
    if (table) put(*table, *to.mutable_table());
    if (answers_gap) to.set_answers_gap_ns(to_ns(*answers_gap));
}

ipc::Publish read(const pb::Publish& from, Reader& in) {
    ipc::Publish to;
    if (from.has_report()) to.report = read(from.report(), in);
    if (from.has_table()) to.table = read(from.table(), in);
    if (from.has_answers_gap_ns())
        to.answers_gap = in.time(true, from.answers_gap_ns(), "answered gap");
    return to;
}

void put(const ipc::RequestAnswer& from, pb::ResourceToMembership& envelope) {
    const auto& [id, ok, text, history] = from;
    pb::RequestAnswer& to = *envelope.mutable_request_answer();
    to.set_id(id);
    to.set_ok(ok);
    to.set_text(plain_text(text, limits::kEventTextBytes));
    put(history, *to.mutable_history());
}

ipc::RequestAnswer read(const pb::RequestAnswer& from, Reader& in) {
    in.require(from.id() != 0, "answer", "without an id");
    return {from.id(), from.ok(), in.sentence(from.text(), limits::kEventTextBytes, "answer"),
            read(from.history(), in)};
}

}  // namespace

std::string encode(const ipc::MembershipToResource& message) {
    auto& m = scratch<pb::MembershipToResource>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::MembershipToResource> decode_membership_to_resource(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::MembershipToResource>();
    ipc::MembershipToResource to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::MembershipToResource::kMembershipReady:
            to = read(m.membership_ready(), in);
            break;
        case pb::MembershipToResource::kViewChanged:
            to = ipc::ViewChanged{read(m.view_changed().view(), in), m.view_changed().installed()};
            break;
        case pb::MembershipToResource::kPeerStatus:
            to = read(m.peer_status(), in);
            break;
        case pb::MembershipToResource::kPeerReport:
            to = ipc::PeerReport{in.node(m.peer_report().peer(), "peer"),
                                 read(m.peer_report().report(), in)};
            break;
        case pb::MembershipToResource::kPeerTable:
            to = ipc::PeerTable{in.node(m.peer_table().peer(), "peer"),
                                read(m.peer_table().table(), in)};
            break;
        case pb::MembershipToResource::kPeerPing:
            to = ipc::PeerPing{in.node(m.peer_ping().peer(), "peer"),
                               read(m.peer_ping().ping(), in)};
            break;
        case pb::MembershipToResource::kLease:
            to = ipc::Lease{in.node(m.lease().peer(), "peer"),
                            in.time(m.lease().has_sent_ns(), m.lease().sent_ns(), "sent"),
                            m.lease().deadtime_ns() == 0
                                ? Duration{}
                                : in.deadtime(m.lease().deadtime_ns(), "deadtime")};
            break;
        case pb::MembershipToResource::kRequest:
            to = read(m.request(), in);
            break;
        case pb::MembershipToResource::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::ResourceToMembership& message) {
    auto& m = scratch<pb::ResourceToMembership>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::ResourceToMembership> decode_resource_to_membership(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::ResourceToMembership>();
    ipc::ResourceToMembership to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::ResourceToMembership::kResourceHello:
            to = read(m.resource_hello(), in);
            break;
        case pb::ResourceToMembership::kPublish:
            to = read(m.publish(), in);
            break;
        case pb::ResourceToMembership::kRequestAnswer:
            to = read(m.request_answer(), in);
            break;
        case pb::ResourceToMembership::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
