#include "proto/codec_membership_ipfail.hpp"

#include "membership_ipfail.pb.h"
#include "proto/convert_node.hpp"

namespace hb::proto {

std::string encode(const ipc::MembershipToIpfail& message) {
    auto& m = scratch<pb::MembershipToIpfail>();
    const auto& [peer, ping] = std::get<ipc::PeerPings>(message);
    m.mutable_peer_pings()->set_peer(from_one(peer));
    put(ping, *m.mutable_peer_pings()->mutable_ping());
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
