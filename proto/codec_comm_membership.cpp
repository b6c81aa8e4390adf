#include "proto/codec_comm_membership.hpp"

#include "comm_membership.pb.h"
#include "common/base/assert.hpp"
#include "proto/convert_comm_membership.hpp"
#include "proto/convert_node.hpp"

namespace hb::proto {

pb::LinkFault to_pb(ipc::LinkFault fault) {
    switch (fault) {
        case ipc::LinkFault::kNone:
            return pb::LINK_FAULT_NONE;
        case ipc::LinkFault::kSilent:
            return pb::LINK_FAULT_SILENT;
        case ipc::LinkFault::kNoCarrier:
            return pb::LINK_FAULT_NO_CARRIER;
        case ipc::LinkFault::kOneWayOut:
            return pb::LINK_FAULT_ONE_WAY_OUT;
    }
    HB_UNREACHABLE();
}

ipc::LinkFault read(pb::LinkFault from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::LINK_FAULT_NONE:
            return ipc::LinkFault::kNone;
        case pb::LINK_FAULT_SILENT:
            return ipc::LinkFault::kSilent;
        case pb::LINK_FAULT_NO_CARRIER:
            return ipc::LinkFault::kNoCarrier;
        case pb::LINK_FAULT_ONE_WAY_OUT:
            return ipc::LinkFault::kOneWayOut;
        default:
            in.refuse("link fault", "unknown");
            return {};
    }
}

namespace {

using proto::put;
using proto::read;

void put(const ipc::CommHello& from, pb::CommToMembership& envelope) {
    const auto& [session, links] = from;
    pb::CommHello& to = *envelope.mutable_comm_hello();
    to.set_session_start(session.start);
    to.set_session_nonce(session.nonce);
    for (const std::string& link : links)
        to.add_links(link);
}

ipc::CommHello read(const pb::CommHello& from, Reader& in) {
    ipc::CommHello to;
    to.session = {from.session_start(), from.session_nonce()};
    in.count(from.links_size(), limits::kMedia, "links");
    for (const std::string& link : from.links()) {
        if (!in.good()) break;
        to.links.push_back(in.name(link, limits::kLinkNameBytes, "link"));
    }
    return to;
}

void put(const ipc::FrameSeen& from, pb::CommToMembership& envelope) {
    const auto& [peer, generation, session, sequence, link, received, fresh, head, topics,
                 acknowledged_sent, acknowledged_deadtime] = from;
    pb::FrameSeen& to = *envelope.mutable_frame_seen();
    to.set_peer(from_one(peer));
    to.set_generation(generation);
    to.set_session_start(session.start);
    to.set_session_nonce(session.nonce);
    to.set_sequence(sequence);
    to.set_link(from_one(link));
    to.set_received_ns(to_ns(received));
    if (!fresh) return;
    put(head, *to.mutable_head());
    put(topics, head.incarnation, *to.mutable_topics());
    if (acknowledged_sent) to.set_acknowledged_sent_ns(to_ns(*acknowledged_sent));
    to.set_acknowledged_deadtime_ns(to_ns(acknowledged_deadtime));
}

ipc::FrameSeen read(pb::FrameSeen& from, Reader& in) {
    ipc::FrameSeen to;
    to.peer = in.node(from.peer(), "peer");
    to.generation = from.generation();
    in.require(to.generation != 0, "generation", "missing");
    to.session = {from.session_start(), from.session_nonce()};
    to.sequence = from.sequence();
    in.require(to.sequence != 0, "sequence", "missing");
    to.link = in.link(from.link(), "link");
    to.received = in.time(from.has_received_ns(), from.received_ns(), "received");
    to.fresh = from.has_head();
    if (!to.fresh) {
        in.require(from.topics().empty() && !from.has_acknowledged_sent_ns(), "head", "missing");
        return to;
    }
    to.head = read(from.head(), in);
    to.topics = read(*from.mutable_topics(), to.head.incarnation, in);
    if (from.has_acknowledged_sent_ns())
        to.acknowledged_sent = in.time(true, from.acknowledged_sent_ns(), "acknowledged");
    if (from.acknowledged_deadtime_ns() != 0)
        to.acknowledged_deadtime = in.deadtime(from.acknowledged_deadtime_ns(), "acknowledged");
    return to;
}

void put(const ipc::LinkChanged& from, pb::CommToMembership& envelope) {
    const auto& [peer, link, up, fault, detail, heard, flaps] = from;
    pb::LinkChanged& to = *envelope.mutable_link_changed();
    to.set_peer(from_one(peer));
    to.set_link(from_one(link));
    to.set_up(up);
    to.set_fault(to_pb(fault));
    to.set_detail(plain_text(detail, limits::kReasonBytes));
    if (heard) to.set_heard_ns(to_ns(*heard));
    to.set_flaps(flaps);
}

void put(const ipc::LinkMeasured& from, pb::CommToMembership& envelope) {
    const auto& [peer, link, heard, round_trip, judged, lost, lost_there, trouble] = from;
    pb::LinkMeasured& to = *envelope.mutable_link_measured();
    to.set_peer(from_one(peer));
    to.set_link(from_one(link));
    if (heard) to.set_heard_ns(to_ns(*heard));
    if (round_trip) to.set_round_trip_ns(to_ns(*round_trip));
    to.set_judged(judged);
    to.set_lost(lost);
    if (lost_there) to.set_lost_there(*lost_there);
    to.set_trouble(plain_text(trouble, limits::kReasonBytes));
}

ipc::LinkMeasured read(const pb::LinkMeasured& from, Reader& in) {
    ipc::LinkMeasured to;
    to.peer = in.node(from.peer(), "peer");
    to.link = in.link(from.link(), "link");
    if (from.has_heard_ns()) to.heard = in.time(true, from.heard_ns(), "heard");
    if (from.has_round_trip_ns()) to.round_trip = in.age(from.round_trip_ns(), "round trip");
    to.judged = from.judged();
    to.lost = from.lost();
    in.require(to.lost <= to.judged, "lost", "more than judged");
    if (from.has_lost_there()) to.lost_there = from.lost_there();
    in.require(!to.lost_there || *to.lost_there <= 100, "lost there", "more than all");
    to.trouble = in.sentence(from.trouble(), limits::kReasonBytes, "trouble");
    return to;
}

ipc::LinkChanged read(const pb::LinkChanged& from, Reader& in) {
    ipc::LinkChanged to;
    to.peer = in.node(from.peer(), "peer");
    to.link = in.link(from.link(), "link");
    to.up = from.up();
    to.fault = read(from.fault(), in);
    to.detail = in.sentence(from.detail(), limits::kReasonBytes, "detail");
    if (from.has_heard_ns()) to.heard = in.time(true, from.heard_ns(), "heard");
    to.flaps = from.flaps();
    return to;
}

void put(const ipc::CommGap& from, pb::CommToMembership& envelope) {
    const auto& [gap] = from;
    envelope.mutable_comm_gap()->set_gap_ns(to_ns(gap));
}

void put(const ipc::CommListens&, pb::CommToMembership& envelope) {
    envelope.mutable_comm_listens();
}

void put(const ipc::PingStatus& from, pb::CommToMembership& envelope) {
    const auto& [node, state, late, answered, round_trip, asked, lost, detail] = from;
    pb::PingStatus& to = *envelope.mutable_ping_status();
    to.set_node(node + 1);
    to.set_state(to_pb(state));
    to.set_late(late);
    if (answered) to.set_answered_ns(to_ns(*answered));
    if (round_trip) to.set_round_trip_ns(to_ns(*round_trip));
    to.set_asked(asked);
    to.set_lost(lost);
    to.set_detail(plain_text(detail, limits::kReasonBytes));
}

ipc::PingStatus read(const pb::PingStatus& from, Reader& in) {
    ipc::PingStatus to;
    in.require(from.node() >= 1 && from.node() <= limits::kPingNodes, "ping node", "out of range");
    to.node = from.node() - 1;
    to.state = read(from.state(), in);
    to.late = from.late();
    if (from.has_answered_ns()) to.answered = in.time(true, from.answered_ns(), "answered");
    if (from.has_round_trip_ns()) to.round_trip = in.age(from.round_trip_ns(), "round trip");
    to.asked = from.asked();
    to.lost = from.lost();
    in.require(to.lost <= to.asked, "lost", "more than asked");
    to.detail = in.sentence(from.detail(), limits::kReasonBytes, "detail");
    return to;
}

void put(const ipc::MembershipHello& from, pb::MembershipToComm& envelope) {
    const auto& [incarnation] = from;
    pb::MembershipHello& to = *envelope.mutable_membership_hello();
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
}

void put(const ipc::PublishTopics& from, pb::MembershipToComm& envelope) {
    const auto& [incarnation, topics, answers_gap] = from;
    pb::PublishTopics& to = *envelope.mutable_publish_topics();
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    put(topics, incarnation, *to.mutable_topics());
    if (answers_gap) to.set_answers_gap_ns(to_ns(*answers_gap));
}

ipc::PublishTopics read(pb::PublishTopics& from, Reader& in) {
    ipc::PublishTopics to;
    to.incarnation = in.incarnation(from.generation(), from.respawn(), "incarnation");
    to.topics = read(*from.mutable_topics(), to.incarnation, in);
    if (from.has_answers_gap_ns())
        to.answers_gap = in.time(true, from.answers_gap_ns(), "answered gap");
    return to;
}

}  // namespace

std::string encode(const ipc::CommToMembership& message) {
    auto& m = scratch<pb::CommToMembership>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::CommToMembership> decode_comm_to_membership(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::CommToMembership>();
    ipc::CommToMembership to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::CommToMembership::kCommHello:
            to = read(m.comm_hello(), in);
            break;
        case pb::CommToMembership::kFrameSeen:
            to = read(*m.mutable_frame_seen(), in);
            break;
        case pb::CommToMembership::kLinkChanged:
            to = read(m.link_changed(), in);
            break;
        case pb::CommToMembership::kCommGap:
            to = ipc::CommGap{in.age(m.comm_gap().gap_ns(), "gap")};
            break;
        case pb::CommToMembership::kCommListens:
            to = ipc::CommListens{};
            break;
        case pb::CommToMembership::kPingStatus:
            to = read(m.ping_status(), in);
            break;
        case pb::CommToMembership::kLinkMeasured:
            to = read(m.link_measured(), in);
            break;
        case pb::CommToMembership::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::MembershipToComm& message) {
    auto& m = scratch<pb::MembershipToComm>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::MembershipToComm> decode_membership_to_comm(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::MembershipToComm>();
    ipc::MembershipToComm to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::MembershipToComm::kMembershipHello:
            to = ipc::MembershipHello{in.incarnation(
                m.membership_hello().generation(), m.membership_hello().respawn(), "incarnation")};
            break;
        case pb::MembershipToComm::kPublishTopics:
            to = read(*m.mutable_publish_topics(), in);
            break;
        case pb::MembershipToComm::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
