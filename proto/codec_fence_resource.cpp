#include "proto/codec_fence_resource.hpp"

#include "common/base/assert.hpp"
#include "fence_resource.pb.h"
#include "proto/checks.hpp"
#include "proto/convert_fence.hpp"

namespace hb::proto {

void put(const std::vector<FenceRecord>& from, FenceRecords& to) {
    for (const auto& [target, ago, ok, by, text] : from) {
        pb::FenceRecord& r = *to.Add();
        r.set_target(from_one(target));
        r.set_ago_ns(to_ns(ago));
        r.set_ok(ok);
        r.set_by(plain_text(by, limits::kReasonBytes));
        r.set_text(plain_text(text, limits::kReasonBytes));
    }
}

std::vector<FenceRecord> read(const FenceRecords& from, Reader& in) {
    in.count(from.size(), limits::kFenceRecords, "fence records");
    std::vector<FenceRecord> to;
    for (const pb::FenceRecord& r : from) {
        if (!in.good()) break;
        to.push_back({.target = in.node(r.target(), "target"),
                      .ago = in.age(r.ago_ns(), "age of a record"),
                      .ok = r.ok(),
                      .by = in.sentence(r.by(), limits::kReasonBytes, "device"),
                      .text = in.sentence(r.text(), limits::kReasonBytes, "text of a record")});
    }
    return to;
}

namespace {

using proto::put;
using proto::read;

pb::FenceRequestKind to_pb(ipc::FenceRequestKind kind) {
    switch (kind) {
        case ipc::FenceRequestKind::kConfirm:
            return pb::FENCE_REQUEST_KIND_CONFIRM;
        case ipc::FenceRequestKind::kTest:
            return pb::FENCE_REQUEST_KIND_TEST;
        case ipc::FenceRequestKind::kHistory:
            return pb::FENCE_REQUEST_KIND_HISTORY;
    }
    HB_UNREACHABLE();
}

ipc::FenceRequestKind read(pb::FenceRequestKind from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::FENCE_REQUEST_KIND_CONFIRM:
            return ipc::FenceRequestKind::kConfirm;
        case pb::FENCE_REQUEST_KIND_TEST:
            return ipc::FenceRequestKind::kTest;
        case pb::FENCE_REQUEST_KIND_HISTORY:
            return ipc::FenceRequestKind::kHistory;
        default:
            in.refuse("fence request", "of an unknown kind");
            return {};
    }
}

pb::FencePhase to_pb(ipc::FencePhase phase) {
    switch (phase) {
        case ipc::FencePhase::kWaiting:
            return pb::FENCE_PHASE_WAITING;
        case ipc::FencePhase::kTrying:
            return pb::FENCE_PHASE_TRYING;
        case ipc::FencePhase::kConfirmed:
            return pb::FENCE_PHASE_CONFIRMED;
    }
    HB_UNREACHABLE();
}

ipc::FencePhase read(pb::FencePhase from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::FENCE_PHASE_WAITING:
            return ipc::FencePhase::kWaiting;
        case pb::FENCE_PHASE_TRYING:
            return ipc::FencePhase::kTrying;
        case pb::FENCE_PHASE_CONFIRMED:
            return ipc::FencePhase::kConfirmed;
        default:
            in.refuse("fence phase", "unknown");
            return {};
    }
}

std::uint64_t read_id(std::uint64_t id, Reader& in) {
    in.require(id != 0, "fence request", "without an id");
    return id;
}

// ---- hb-resource to hb-fence

void put(const ipc::FenceWishes& from, pb::ResourceToFence& envelope) {
    pb::FenceWishes& to = *envelope.mutable_fence_wishes();
    for (const auto& [peer, generation, delay, why] : from.wishes) {
        pb::FenceWish& w = *to.add_wishes();
        w.set_peer(from_one(peer));
        w.set_generation(generation);
        w.set_delay_ns(to_ns(delay));
        w.set_why(plain_text(why, limits::kReasonBytes));
    }
}

ipc::FenceWishes read(const pb::FenceWishes& from, Reader& in) {
    ipc::FenceWishes to;
    in.count(from.wishes_size(), limits::kNodes, "fence wishes");
    for (const pb::FenceWish& w : from.wishes()) {
        if (!in.good()) break;
        ipc::FenceWish wish{.peer = in.node(w.peer(), "peer"),
                            .generation = w.generation(),
                            .delay = in.age(w.delay_ns(), "delay"),
                            .why = in.sentence(w.why(), limits::kReasonBytes, "why")};
        in.require(to.wishes.empty() || to.wishes.back().peer < wish.peer, "fence wishes",
                   "not in order, or double");
        to.wishes.push_back(std::move(wish));
    }
    return to;
}

void put(const ipc::FenceRequest& from, pb::ResourceToFence& envelope) {
    const auto& [id, kind, peer, generation, who] = from;
    pb::FenceRequest& to = *envelope.mutable_fence_request();
    to.set_id(id);
    to.set_kind(to_pb(kind));
    if (peer) to.set_peer(from_one(*peer));
    to.set_generation(generation);
    to.set_who(plain_text(who, limits::kReasonBytes));
}

ipc::FenceRequest read(const pb::FenceRequest& from, Reader& in) {
    ipc::FenceRequest to;
    to.id = read_id(from.id(), in);
    to.kind = read(from.kind(), in);
    if (to.kind != ipc::FenceRequestKind::kHistory)
        to.peer = in.node(from.peer(), "peer");
    else
        in.require(from.peer() == 0, "peer", "named, but nobody is meant");
    to.generation = from.generation();
    to.who = in.sentence(from.who(), limits::kReasonBytes, "who");
    return to;
}

// ---- hb-fence to hb-resource

void put(const ipc::FenceState& from, pb::FenceToResource& envelope) {
    const auto& [peer, generation, phase, failed, text] = from;
    pb::FenceState& to = *envelope.mutable_fence_state();
    to.set_peer(from_one(peer));
    to.set_generation(generation);
    to.set_phase(to_pb(phase));
    to.set_failed(failed);
    to.set_text(plain_text(text, limits::kReasonBytes));
}

ipc::FenceState read(const pb::FenceState& from, Reader& in) {
    return {.peer = in.node(from.peer(), "peer"),
            .generation = from.generation(),
            .phase = read(from.phase(), in),
            .failed = from.failed(),
            .text = in.sentence(from.text(), limits::kReasonBytes, "text")};
}

void put(const ipc::FenceDeviceTrouble& from, pb::FenceToResource& envelope) {
    envelope.mutable_fence_device_trouble()->set_text(plain_text(from.text, limits::kReasonBytes));
}

void put(const ipc::FenceAnswer& from, pb::FenceToResource& envelope) {
    const auto& [id, ok, text, history] = from;
    pb::FenceAnswer& to = *envelope.mutable_fence_answer();
    to.set_id(id);
    to.set_ok(ok);
    to.set_text(plain_text(text, limits::kEventTextBytes));
    put(history, *to.mutable_history());
}

ipc::FenceAnswer read(const pb::FenceAnswer& from, Reader& in) {
    return {.id = read_id(from.id(), in),
            .ok = from.ok(),
            .text = in.sentence(from.text(), limits::kEventTextBytes, "answer"),
            .history = read(from.history(), in)};
}

}  // namespace

std::string encode(const ipc::ResourceToFence& message) {
    auto& m = scratch<pb::ResourceToFence>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::ResourceToFence> decode_resource_to_fence(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::ResourceToFence>();
    ipc::ResourceToFence to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::ResourceToFence::kFenceWishes:
            to = read(m.fence_wishes(), in);
            break;
        case pb::ResourceToFence::kFenceRequest:
            to = read(m.fence_request(), in);
            break;
        case pb::ResourceToFence::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::FenceToResource& message) {
    auto& m = scratch<pb::FenceToResource>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::FenceToResource> decode_fence_to_resource(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::FenceToResource>();
    ipc::FenceToResource to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::FenceToResource::kFenceState:
            to = read(m.fence_state(), in);
            break;
        case pb::FenceToResource::kFenceDeviceTrouble:
            to = ipc::FenceDeviceTrouble{
                in.sentence(m.fence_device_trouble().text(), limits::kReasonBytes, "trouble")};
            break;
        case pb::FenceToResource::kFenceAnswer:
            to = read(m.fence_answer(), in);
            break;
        case pb::FenceToResource::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
