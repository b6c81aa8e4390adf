#include <nlohmann/json.hpp>

#include "tools/hactl/why.hpp"

namespace hb::hactl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kNsPerMs = 1'000'000;

Json transition_json(const TransitionId& id) {
    return id ? Json(to_string(id)) : Json(nullptr);
}

const char* word(MomentKind kind) {
    switch (kind) {
        case MomentKind::kState:
            return "state";
        case MomentKind::kFound:
            return "found";
        case MomentKind::kWaits:
            return "waits";
        case MomentKind::kSilent:
            return "silent";
        case MomentKind::kBack:
            return "back";
    }
    return "?";
}

}  // namespace

std::string why_json(const ClusterStatus& status, const GroupSummary& group,
                     const GroupStory& story, std::int64_t now_ns) {
    const auto name = [&](NodeId node) { return status.nodes.at(rank(node)).name; };
    Json words = Json::array(), moments = Json::array();
    for (const GroupWord& w : story.words)
        words.push_back({{"node", name(w.node)},
                         {"heard", w.heard},
                         {"state", to_string(w.state)},
                         {"reason", w.reason},
                         {"waits_for", w.gate_reason},
                         {"trouble", w.trouble},
                         {"transition", transition_json(w.transition)}});
    for (const GroupMoment& m : story.moments)
        moments.push_back({{"time_ms", m.at_ns / kNsPerMs},
                           {"kind", word(m.kind)},
                           {"node", name(m.node)},
                           {"state", to_string(m.state)},
                           {"reason", m.reason},
                           {"transition", transition_json(m.transition)}});
    const GroupMoment* began = since(group, story);
    const bool exact = began != nullptr && began->kind != MomentKind::kFound;
    const Json json = {
        {"version", 1},
        {"node", name(status.self)},
        {"time_ms", now_ns / kNsPerMs},
        {"group", group.name},
        {"owner", group.owner ? Json(name(*group.owner)) : Json(nullptr)},
        {"state", to_string(group.state)},
        {"reason", group.reason},
        {"transition", transition_json(group.transition)},
        {"since_ms", exact ? Json(began->at_ns / kNsPerMs) : Json(nullptr)},
        {"nodes", words},
        {"looking_since_ms", story.began_ns / kNsPerMs},
        {"history", moments},
    };
    return json.dump(2);
}

}  // namespace hb::hactl
