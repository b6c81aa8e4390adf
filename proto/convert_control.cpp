// The history of a group, for `hactl why`.
#include "proto/convert_control.hpp"

#include "common/base/assert.hpp"
#include "proto/convert_node.hpp"

namespace hb::proto {

namespace {

pb::MomentKind to_pb(MomentKind kind) {
    switch (kind) {
        case MomentKind::kState:
            return pb::MOMENT_KIND_STATE;
        case MomentKind::kFound:
            return pb::MOMENT_KIND_FOUND;
        case MomentKind::kWaits:
            return pb::MOMENT_KIND_WAITS;
        case MomentKind::kSilent:
            return pb::MOMENT_KIND_SILENT;
        case MomentKind::kBack:
            return pb::MOMENT_KIND_BACK;
    }
    HB_UNREACHABLE();
}

MomentKind read(pb::MomentKind from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::MOMENT_KIND_STATE:
            return MomentKind::kState;
        case pb::MOMENT_KIND_FOUND:
            return MomentKind::kFound;
        case pb::MOMENT_KIND_WAITS:
            return MomentKind::kWaits;
        case pb::MOMENT_KIND_SILENT:
            return MomentKind::kSilent;
        case pb::MOMENT_KIND_BACK:
            return MomentKind::kBack;
        default:
            in.refuse("moment", "of an unknown kind");
            return {};
    }
}

void put(const GroupMoment& from, pb::GroupMoment& to) {
    const auto& [at_ns, kind, node, state, transition, reason] = from;
    to.set_at_ns(at_ns);
    to.set_kind(to_pb(kind));
    to.set_node(from_one(node));
    to.set_state(proto::to_pb(state));
    if (transition) proto::put(transition, *to.mutable_transition());
    to.set_reason(plain_text(reason, limits::kReasonBytes));
}

GroupMoment read(const pb::GroupMoment& from, Reader& in) {
    GroupMoment to;
    to.at_ns = from.at_ns();
    to.kind = read(from.kind(), in);
    to.node = in.node(from.node(), "node of a moment");
    to.state = proto::read(from.state(), in);
    if (from.has_transition()) to.transition = proto::read(from.transition(), in);
    to.reason = in.sentence(from.reason(), limits::kReasonBytes, "reason");
    return to;
}

void put(const GroupWord& from, pb::GroupWord& to) {
    const auto& [node, heard, state, transition, reason, gate_reason, trouble] = from;
    to.set_node(from_one(node));
    to.set_heard(heard);
    to.set_state(proto::to_pb(state));
    if (transition) proto::put(transition, *to.mutable_transition());
    to.set_reason(plain_text(reason, limits::kReasonBytes));
    to.set_gate_reason(plain_text(gate_reason, limits::kReasonBytes));
    to.set_trouble(plain_text(trouble, limits::kReasonBytes));
}

GroupWord read(const pb::GroupWord& from, Reader& in) {
    GroupWord to;
    to.node = in.node(from.node(), "node of a word");
    to.heard = from.heard();
    to.state = proto::read(from.state(), in);
    if (from.has_transition()) to.transition = proto::read(from.transition(), in);
    to.reason = in.sentence(from.reason(), limits::kReasonBytes, "reason");
    to.gate_reason = in.sentence(from.gate_reason(), limits::kReasonBytes, "reason");
    to.trouble = in.sentence(from.trouble(), limits::kReasonBytes, "trouble");
    return to;
}

}  // namespace

void put(const GroupStory& from, pb::GroupStory& to) {
    const auto& [began_ns, words, moments] = from;
    to.set_began_ns(began_ns);
    for (const GroupWord& word : words)
        put(word, *to.add_words());
    for (const GroupMoment& moment : moments)
        put(moment, *to.add_moments());
}

GroupStory read(const pb::GroupStory& from, Reader& in) {
    GroupStory to;
    to.began_ns = from.began_ns();
    in.count(from.words_size(), limits::kNodes, "words");
    in.count(from.moments_size(), limits::kMoments, "moments");
    for (const pb::GroupWord& word : from.words()) {
        if (!in.good()) break;
        to.words.push_back(read(word, in));
        in.require(to.words.size() < 2 || to.words[to.words.size() - 2].node < to.words.back().node,
                   "words", "not in order, or double");
    }
    for (const pb::GroupMoment& moment : from.moments()) {
        if (!in.good()) break;
        to.moments.push_back(read(moment, in));
    }
    return to;
}

}  // namespace hb::proto
