#include "proto/codec_membership_ipfail.hpp"

#include "membership_ipfail.pb.h"
#include "proto/convert_node.hpp"

namespace hb::proto {
namespace {

void put_in(const ipc::PeerPings& from, pb::MembershipToIpfail& to) {
    const auto& [peer, ping] = from;
    to.mutable_peer_pings()->set_peer(from_one(peer));
    put(ping, *to.mutable_peer_pings()->mutable_ping());
}

void put_in(const ipc::PingSeen& from, pb::MembershipToIpfail& to) {
    const auto& [node, state, late] = from;
    to.mutable_ping_seen()->set_node(node + 1);
    to.mutable_ping_seen()->set_state(to_pb(state));
    to.mutable_ping_seen()->set_late(late);
}

void put_in(const ipc::PeerSeen& from, pb::MembershipToIpfail& to) {
    const auto& [peer, status] = from;
    to.mutable_peer_seen()->set_peer(from_one(peer));
    to.mutable_peer_seen()->set_status(to_pb(status));
}

void put_in(const ipc::PeerLinkSeen& from, pb::MembershipToIpfail& to) {
    const auto& [peer, link, up] = from;
    to.mutable_peer_link_seen()->set_peer(from_one(peer));
    to.mutable_peer_link_seen()->set_link(link);
    to.mutable_peer_link_seen()->set_up(up);
}

ipc::PingSeen read(const pb::PingSeen& from, Reader& in) {
    in.require(from.node() >= 1 && from.node() <= limits::kPingNodes, "ping node", "out of range");
    return {from.node() - 1, read(from.state(), in), from.late()};
}

ipc::PeerLinkSeen read(const pb::PeerLinkSeen& from, Reader& in) {
    return {in.node(from.peer(), "peer"), in.name(from.link(), limits::kLinkNameBytes, "link"),
            from.up()};
}

}  // namespace

std::string encode(const ipc::MembershipToIpfail& message) {
    auto& m = scratch<pb::MembershipToIpfail>();
    std::visit([&](const auto& value) { put_in(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::MembershipToIpfail> decode_membership_to_ipfail(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::MembershipToIpfail>();
    ipc::MembershipToIpfail to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::MembershipToIpfail::kPeerPings:
            to = ipc::PeerPings{in.node(m.peer_pings().peer(), "peer"),
                                read(m.peer_pings().ping(), in)};
            break;
        case pb::MembershipToIpfail::kPingSeen:
            to = read(m.ping_seen(), in);
            break;
        case pb::MembershipToIpfail::kPeerSeen:
            to = ipc::PeerSeen{in.node(m.peer_seen().peer(), "peer"),
                               read(m.peer_seen().status(), in)};
            break;
        case pb::MembershipToIpfail::kPeerLinkSeen:
            to = read(m.peer_link_seen(), in);
            break;
        case pb::MembershipToIpfail::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::IpfailToMembership& message) {
    auto& m = scratch<pb::IpfailToMembership>();
    const auto& [ping] = std::get<ipc::IpfailPublish>(message);
    put(ping, *m.mutable_publish()->mutable_ping());
    return m.SerializeAsString();
}

Result<ipc::IpfailToMembership> decode_ipfail_to_membership(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::IpfailToMembership>();
    ipc::IpfailToMembership to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::IpfailToMembership::kPublish:
            to = ipc::IpfailPublish{read(m.publish().ping(), in)};
            break;
        case pb::IpfailToMembership::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
