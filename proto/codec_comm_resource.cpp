#include "proto/codec_comm_resource.hpp"

#include <algorithm>
#include <cstring>

#include "comm_resource.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

namespace {

void put(const PlacedAddress& from, pb::PlacedAddress& to) {
    const auto& [address, interface] = from;
    to.mutable_address()->assign(address.bytes.begin(),
                                 address.bytes.begin() + (address.is_v4() ? 4 : 16));
    to.set_interface(interface);
}

PlacedAddress read(const pb::PlacedAddress& from, Reader& in) {
    PlacedAddress to;
    const std::string& bytes = from.address();
    in.require(bytes.size() == 4 || bytes.size() == 16, "address", "neither IPv4 nor IPv6");
    to.address.family = bytes.size() == 4 ? IpAddress::Family::kV4 : IpAddress::Family::kV6;
    std::memcpy(to.address.bytes.data(), bytes.data(),
                std::min(bytes.size(), to.address.bytes.size()));
    to.interface = in.name(from.interface(), limits::kInterfaceNameBytes, "interface");
    return to;
}

std::string bytes_of(const MacAddress& mac) {
    return {mac.bytes.begin(), mac.bytes.end()};
}

using Places = google::protobuf::RepeatedPtrField<pb::PlacedAddress>;

void put(const std::vector<PlacedAddress>& from, Places& to) {
    for (const PlacedAddress& place : from)
        put(place, *to.Add());
}

std::vector<PlacedAddress> read(const Places& from, Reader& in) {
    in.count(from.size(), limits::kAddresses, "addresses");
    std::vector<PlacedAddress> to;
    for (const pb::PlacedAddress& place : from) {
        if (!in.good()) break;
        to.push_back(read(place, in));
    }
    return to;
}

void put(const ipc::Watch& from, pb::ResourceToComm& envelope) {
    const auto& [claims, probes] = from;
    pb::Watch& to = *envelope.mutable_watch();
    put(claims, *to.mutable_claims());
    put(probes, *to.mutable_probes());
}

void put(const ipc::CommReady& from, pb::CommToResource& envelope) {
    const auto& [session, listens_since] = from;
    pb::CommReady& to = *envelope.mutable_comm_ready();
    to.set_session_start(session.start);
    to.set_session_nonce(session.nonce);
    if (listens_since) to.set_listens_since_ns(to_ns(*listens_since));
}

void put(const ipc::Acknowledged& from, pb::CommToResource& envelope) {
    const auto& [peer, sent, deadtime] = from;
    envelope.mutable_acknowledged()->set_peer(from_one(peer));
    envelope.mutable_acknowledged()->set_sent_ns(to_ns(sent));
    envelope.mutable_acknowledged()->set_deadtime_ns(to_ns(deadtime));
}

void put(const ipc::ProbeStatus& from, pb::ProbeStatus& to) {
    const auto& [where, carrier, window_complete, control_heard, answered, by, crossed] = from;
    put(where, *to.mutable_where());
    to.set_carrier(carrier);
    if (window_complete) to.set_window_complete_ns(to_ns(*window_complete));
    to.set_control_heard(control_heard);
    if (answered) to.set_answered_ns(to_ns(*answered));
    if (by) to.set_by(bytes_of(*by));
    to.set_crossed(crossed);
}

void put(const ipc::ProbeStatuses& from, pb::CommToResource& envelope) {
    const auto& [probes] = from;
    pb::ProbeStatuses& to = *envelope.mutable_probe_statuses();
    for (const ipc::ProbeStatus& probe : probes)
        put(probe, *to.add_probes());
}

ipc::ProbeStatus read(const pb::ProbeStatus& from, Reader& in) {
    ipc::ProbeStatus to;
    to.where = read(from.where(), in);
    to.carrier = from.carrier();
    if (from.has_window_complete_ns())
        to.window_complete = in.time(true, from.window_complete_ns(), "end of the window");
    to.control_heard = from.control_heard();
    if (from.has_answered_ns()) to.answered = in.time(true, from.answered_ns(), "answer");
    if (!from.by().empty()) to.by = in.mac(from.by(), "who answered");
    to.crossed = from.crossed();
    return to;
}

ipc::ProbeStatuses read(const pb::ProbeStatuses& from, Reader& in) {
    ipc::ProbeStatuses to;
    in.count(from.probes_size(), limits::kProbesPerMessage, "probes");
    if (from.probes().empty()) in.refuse("probes", "none");
    if (!in.good()) return to;
    for (const pb::ProbeStatus& probe : from.probes())
        to.probes.push_back(read(probe, in));
    return to;
}

ipc::CommReady read(const pb::CommReady& from, Reader& in) {
    ipc::CommReady to{{from.session_start(), from.session_nonce()}, std::nullopt};
    if (from.has_listens_since_ns())
        to.listens_since = in.time(true, from.listens_since_ns(), "since when it listens");
    return to;
}

void put(const ipc::AddressConflict& from, pb::CommToResource& envelope) {
    const auto& [where, by] = from;
    put(where, *envelope.mutable_address_conflict()->mutable_where());
    envelope.mutable_address_conflict()->set_by(bytes_of(by));
}

void put(const ipc::PingAnswered& from, pb::CommToResource& envelope) {
    const auto& [when] = from;
    envelope.mutable_ping_answered()->set_when_ns(to_ns(when));
}

void put(const ipc::OldHeartbeatHeard& from, pb::CommToResource& envelope) {
    const auto& [peer, when, gone, hold] = from;
    pb::OldHeartbeatHeard& to = *envelope.mutable_old_heartbeat_heard();
    to.set_peer(from_one(peer));
    to.set_when_ns(to_ns(when));
    to.set_gone(gone);
    to.set_hold_ns(to_ns(hold));
}

void put(const ipc::CommStoodStill& from, pb::CommToResource& envelope) {
    const auto& [gap, whole_host, noticed] = from;
    pb::CommStoodStill& to = *envelope.mutable_comm_stood_still();
    to.set_gap_ns(to_ns(gap));
    to.set_whole_host(whole_host);
    to.set_noticed_ns(to_ns(noticed));
}

}  // namespace

std::string encode(const ipc::ResourceToComm& message) {
    auto& m = scratch<pb::ResourceToComm>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::ResourceToComm> decode_resource_to_comm(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::ResourceToComm>();
    ipc::ResourceToComm to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::ResourceToComm::kWatch:
            to = ipc::Watch{read(m.watch().claims(), in), read(m.watch().probes(), in)};
            break;
        case pb::ResourceToComm::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::CommToResource& message) {
    auto& m = scratch<pb::CommToResource>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::CommToResource> decode_comm_to_resource(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::CommToResource>();
    ipc::CommToResource to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::CommToResource::kCommReady:
            to = read(m.comm_ready(), in);
            break;
        case pb::CommToResource::kAcknowledged:
            to = ipc::Acknowledged{
                in.node(m.acknowledged().peer(), "peer"),
                in.time(m.acknowledged().has_sent_ns(), m.acknowledged().sent_ns(), "sent"),
                m.acknowledged().deadtime_ns() == 0
                    ? Duration{}
                    : in.deadtime(m.acknowledged().deadtime_ns(), "deadtime")};
            break;
        case pb::CommToResource::kProbeStatuses:
            to = read(m.probe_statuses(), in);
            break;
        case pb::CommToResource::kAddressConflict:
            to = ipc::AddressConflict{read(m.address_conflict().where(), in),
                                      in.mac(m.address_conflict().by(), "who announced it")};
            break;
        case pb::CommToResource::kPingAnswered:
            to = ipc::PingAnswered{in.time(m.ping_answered().has_when_ns(),
                                           m.ping_answered().when_ns(), "time of the answer")};
            break;
        case pb::CommToResource::kCommStoodStill:
            to = ipc::CommStoodStill{in.age(m.comm_stood_still().gap_ns(), "gap"),
                                     m.comm_stood_still().whole_host(),
                                     in.time(m.comm_stood_still().has_noticed_ns(),
                                             m.comm_stood_still().noticed_ns(), "noticed")};
            break;
        case pb::CommToResource::kOldHeartbeatHeard:
            to = ipc::OldHeartbeatHeard{
                in.node(m.old_heartbeat_heard().peer(), "who runs Heartbeat"),
                in.time(m.old_heartbeat_heard().has_when_ns(), m.old_heartbeat_heard().when_ns(),
                        "time of its frame"),
                m.old_heartbeat_heard().gone(),
                in.age(m.old_heartbeat_heard().hold_ns(), "how long it has to be silent")};
            break;
        case pb::CommToResource::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
