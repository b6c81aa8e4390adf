// Views, reports, tables: what nodes publish (codec_node.cpp has the frames).
#include <map>
#include <set>

#include "common/base/assert.hpp"
#include "proto/convert_node.hpp"

// Encoders take values apart with structured bindings: a new field does not compile until it is
// carried.

namespace hb::proto {

namespace {

using proto::put;
using proto::read;
using proto::to_pb;

// ---- sentences that many groups share

class TextsOut {
  public:
    explicit TextsOut(google::protobuf::RepeatedPtrField<std::string>& to) : to_(to) {}
    [[nodiscard]] std::uint32_t place(const std::string& text) {
        if (text.empty()) return 0;
        const auto [it, is_new] = places_.try_emplace(text, places_.size() + 1);
        if (is_new) *to_.Add() = plain_text(text, limits::kReasonBytes);
        return static_cast<std::uint32_t>(it->second);
    }

  private:
    google::protobuf::RepeatedPtrField<std::string>& to_;
    std::map<std::string_view, std::size_t> places_;
};

class TextsIn {
  public:
    TextsIn(const google::protobuf::RepeatedPtrField<std::string>& from, Reader& in) : from_(from) {
        in.count(from.size(), 3 * limits::kGroups + 1, "sentences");
        if (!in.good()) return;
        for (const std::string& text : from)
            static_cast<void>(in.name(text, limits::kReasonBytes, "reason"));
    }
    [[nodiscard]] std::string at(std::uint32_t place, Reader& in) const {
        if (place == 0) return {};
        if (place > static_cast<std::uint32_t>(from_.size())) {
            in.refuse("reason", "not there");
            return {};
        }
        return from_.Get(static_cast<int>(place - 1));
    }

  private:
    const google::protobuf::RepeatedPtrField<std::string>& from_;
};

// Of `name`d things in order: the next is past the last.
template <typename Map>
void require_next(const Map& so_far, const std::string& name, Reader& in) {
    in.require(so_far.empty() || so_far.rbegin()->first < name, "groups",
               "not in order, or double");
}

void read_maintenance(const pb::GroupReport& from, GroupReport& to, Reader& in) {
    if (from.has_maintenance()) {
        to.maintenance = {.counter = from.maintenance().counter(),
                          .by = in.node(from.maintenance().by(), "maintenance"),
                          .on = from.maintenance().on()};
        in.require(to.maintenance.counter != 0, "maintenance", "without a counter");
    }
    in.count(from.keepers_size(), limits::kNodes, "keepers");
    for (const pb::Keeper& k : from.keepers()) {
        if (!in.good()) return;
        const NodeId node = in.node(k.node(), "keeper");
        in.require(to.keepers.empty() || to.keepers.rbegin()->first < node, "keepers",
                   "not in order, or double");
        to.keepers[node] = {
            .generation = k.generation(), .step = k.step(), .released = k.released()};
    }
}

void put_maintenance(const Maintenance& maintenance, const std::map<NodeId, Keeper>& keepers,
                     pb::GroupReport& to) {
    if (const auto& [counter, by, on] = maintenance; counter != 0) {
        to.mutable_maintenance()->set_counter(counter);
        to.mutable_maintenance()->set_by(from_one(by));
        to.mutable_maintenance()->set_on(on);
    }
    for (const auto& [node, keeper] : keepers) {
        const auto& [generation, step, released] = keeper;
        pb::Keeper& k = *to.add_keepers();
        k.set_node(from_one(node));
        k.set_generation(generation);
        k.set_step(step);
        k.set_released(released);
    }
}

GroupReport read(const pb::GroupReport& from, const TextsIn& texts, Reader& in) {
    GroupReport to;
    to.bar = from.bar();
    to.state = read(from.state(), in);
    to.start_failed = from.start_failed();
    to.move_away = from.move_away();
    to.wanted = from.wanted();
    to.pinned = from.pinned();
    to.pinned_generation = from.pinned_generation();
    to.reason = texts.at(from.reason(), in);
    to.gate_reason = texts.at(from.gate_reason(), in);
    to.weak_evidence = from.weak_evidence();
    to.given_up = from.given_up();
    to.trouble = texts.at(from.trouble(), in);
    if (from.move_to() != 0) to.move_to = in.node(from.move_to(), "move_to");
    to.move_back = from.move_back();
    read_maintenance(from, to, in);
    to.no_carrier = from.no_carrier();
    if (from.has_transition()) to.transition = read(from.transition(), in);
    return to;
}

void put(const GroupName& name, const GroupReport& from, TextsOut& texts, pb::GroupReport& to) {
    const auto& [bar, state, start_failed, move_away, wanted, pinned, pinned_generation, reason,
                 gate_reason, weak_evidence, given_up, trouble, move_to, move_back, maintenance,
                 keepers, no_carrier, transition] = from;
    to.set_name(name);
    to.set_bar(bar);
    to.set_state(to_pb(state));
    to.set_start_failed(start_failed);
    to.set_move_away(move_away);
    to.set_wanted(wanted);
    to.set_pinned(pinned);
    to.set_pinned_generation(pinned_generation);
    to.set_reason(texts.place(reason));
    to.set_gate_reason(texts.place(gate_reason));
    to.set_weak_evidence(weak_evidence);
    to.set_given_up(given_up);
    to.set_trouble(texts.place(trouble));
    if (move_to) to.set_move_to(from_one(*move_to));
    to.set_move_back(move_back);
    put_maintenance(maintenance, keepers, to);
    to.set_no_carrier(no_carrier);
    if (transition) put(transition, *to.mutable_transition());
}

Row read(const pb::Row& from, const TextsIn& texts, Reader& in) {
    Row to;
    to.version = from.version();
    to.owner = in.node(from.owner(), "owner");
    to.pred = from.pred();
    to.pinned = from.pinned();
    to.pinned_generation = from.pinned_generation();
    to.reason = texts.at(from.reason(), in);
    if (from.has_as_wanted()) {
        to.as_wanted = AsWanted{.no_carrier = from.as_wanted().no_carrier(), .reached = {}};
        if (from.as_wanted().has_reached()) to.as_wanted->reached = from.as_wanted().reached();
    }
    to.reach_moves = from.reach_moves();
    if (from.has_reach_moved_ns())
        to.reach_moved = in.time(true, from.reach_moved_ns(), "reach_moved");
    if (from.has_transition()) to.transition = read(from.transition(), in);
    in.require(to.version != 0, "row", "without a version");
    in.require(to.version == 0 || to.pred < to.version, "row", "older than its predecessor");
    return to;
}

void put(const GroupName& name, const Row& from, TextsOut& texts, pb::Row& to) {
    const auto& [version, owner, pred, pinned, pinned_generation, reason, as_wanted, reach_moves,
                 reach_moved, transition] = from;
    to.set_name(name);
    to.set_version(version);
    to.set_owner(from_one(owner));
    to.set_pred(pred);
    to.set_pinned(pinned);
    to.set_pinned_generation(pinned_generation);
    to.set_reason(texts.place(reason));
    if (as_wanted) {
        const auto& [no_carrier, reached] = *as_wanted;
        to.mutable_as_wanted()->set_no_carrier(no_carrier);
        if (reached) to.mutable_as_wanted()->set_reached(*reached);
    }
    to.set_reach_moves(reach_moves);
    if (reach_moved) to.set_reach_moved_ns(to_ns(*reach_moved));
    if (transition) put(transition, *to.mutable_transition());
}

}  // namespace

pb::GroupState to_pb(GroupState state) {
    switch (state) {
        case GroupState::kUnknown:
            return pb::GROUP_STATE_UNKNOWN;
        case GroupState::kStopped:
            return pb::GROUP_STATE_STOPPED;
        case GroupState::kStarting:
            return pb::GROUP_STATE_STARTING;
        case GroupState::kRunning:
            return pb::GROUP_STATE_RUNNING;
        case GroupState::kStopping:
            return pb::GROUP_STATE_STOPPING;
        case GroupState::kFailed:
            return pb::GROUP_STATE_FAILED;
    }
    HB_UNREACHABLE();
}

GroupState read(pb::GroupState from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::GROUP_STATE_UNKNOWN:
            return GroupState::kUnknown;
        case pb::GROUP_STATE_STOPPED:
            return GroupState::kStopped;
        case pb::GROUP_STATE_STARTING:
            return GroupState::kStarting;
        case pb::GROUP_STATE_RUNNING:
            return GroupState::kRunning;
        case pb::GROUP_STATE_STOPPING:
            return GroupState::kStopping;
        case pb::GROUP_STATE_FAILED:
            return GroupState::kFailed;
        default:
            in.refuse("group state", "unknown");
            return {};
    }
}

pb::PingState to_pb(PingState state) {
    switch (state) {
        case PingState::kInit:
            return pb::PING_STATE_INIT;
        case PingState::kPing:
            return pb::PING_STATE_PING;
        case PingState::kDead:
            return pb::PING_STATE_DEAD;
    }
    HB_UNREACHABLE();
}

PingState read(pb::PingState from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::PING_STATE_INIT:
            return PingState::kInit;
        case pb::PING_STATE_PING:
            return PingState::kPing;
        case pb::PING_STATE_DEAD:
            return PingState::kDead;
        default:
            in.refuse("state of a ping node", "unknown");
            return {};
    }
}

pb::NodeStatus to_pb(NodeStatus status) {
    switch (status) {
        case NodeStatus::kInit:
            return pb::NODE_STATUS_INIT;
        case NodeStatus::kUp:
            return pb::NODE_STATUS_UP;
        case NodeStatus::kActive:
            return pb::NODE_STATUS_ACTIVE;
        case NodeStatus::kDead:
            return pb::NODE_STATUS_DEAD;
    }
    HB_UNREACHABLE();
}

NodeStatus read(pb::NodeStatus from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::NODE_STATUS_INIT:
            return NodeStatus::kInit;
        case pb::NODE_STATUS_UP:
            return NodeStatus::kUp;
        case pb::NODE_STATUS_ACTIVE:
            return NodeStatus::kActive;
        case pb::NODE_STATUS_DEAD:
            return NodeStatus::kDead;
        default:
            in.refuse("node status", "unknown");
            return {};
    }
}

void put(const TransitionId& from, pb::TransitionId& to) {
    const auto& [view, row, mark] = from;
    to.set_view(view);
    to.set_row(row);
    to.set_mark(mark);
}

TransitionId read(const pb::TransitionId& from, Reader& in) {
    in.require(from.view() != 0 && from.row() != 0, "transition", "without a row");
    in.require(from.mark() < 1U << 24, "transition", "with too long a mark");
    return {from.view(), from.row(), from.mark()};
}

void put(const ViewId& from, pb::ViewId& to) {
    const auto& [number, coordinator, coordinator_incarnation] = from;
    to.set_number(number);
    to.set_coordinator(from_one(coordinator));
    to.set_generation(coordinator_incarnation.generation);
    to.set_respawn(coordinator_incarnation.respawn);
}

ViewId read(const pb::ViewId& from, Reader& in) {
    in.require(from.number() != 0, "view", "without a number");
    return {from.number(), in.node(from.coordinator(), "coordinator"),
            in.incarnation(from.generation(), from.respawn(), "coordinator's incarnation")};
}

void put(const View& from, pb::View& to) {
    const auto& [id, members] = from;
    put(id, *to.mutable_id());
    for (const auto& [node, incarnation] : members) {
        pb::Member& m = *to.add_members();
        m.set_node(from_one(node));
        m.set_generation(incarnation.generation);
        m.set_respawn(incarnation.respawn);
    }
}

View read(const pb::View& from, Reader& in) {
    View to;
    to.id = read(from.id(), in);
    in.count(from.members_size(), limits::kNodes, "members");
    for (const pb::Member& m : from.members()) {
        if (!in.good()) break;
        const NodeId node = in.node(m.node(), "member");
        in.require(to.members.empty() || to.members.back().node < node, "members",
                   "not in order, or double");
        to.members.push_back({node, in.incarnation(m.generation(), m.respawn(), "member")});
    }
    const Member* coordinator = to.find(to.id.coordinator);
    in.require(coordinator != nullptr && coordinator->incarnation == to.id.coordinator_incarnation,
               "view", "without its coordinator");
    return to;
}

void put(const Report& from, pb::Report& to) {
    const auto& [incarnation, view, standby, leaving, isolated, thaws, quorum_ignored,
                 fence_trouble, haresources, groups] = from;
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    if (view) put(*view, *to.mutable_view());
    to.set_standby(standby);
    to.set_leaving(leaving);
    to.set_isolated(isolated);
    to.set_thaws(thaws);
    to.set_quorum_ignored(quorum_ignored);
    to.set_haresources(haresources);
    TextsOut texts(*to.mutable_texts());
    to.set_fence_trouble(texts.place(fence_trouble));
    for (const auto& [name, group] : groups)
        put(name, group, texts, *to.add_groups());
}

Report read(const pb::Report& from, Reader& in) {
    Report to;
    to.incarnation = in.incarnation(from.generation(), from.respawn(), "incarnation");
    if (from.has_view()) to.view = read(from.view(), in);
    to.standby = from.standby();
    to.leaving = from.leaving();
    to.isolated = from.isolated();
    to.thaws = from.thaws();
    to.quorum_ignored = from.quorum_ignored();
    to.haresources = from.haresources();
    in.count(from.groups_size(), limits::kGroups, "groups");
    const TextsIn texts(from.texts(), in);
    to.fence_trouble = texts.at(from.fence_trouble(), in);
    for (const pb::GroupReport& g : from.groups()) {
        if (!in.good()) break;
        std::string name = in.name(g.name(), limits::kGroupNameBytes, "group");
        require_next(to.groups, name, in);
        to.groups.emplace_hint(to.groups.end(), std::move(name), read(g, texts, in));
    }
    return to;
}

void put(const Table& from, pb::Table& to) {
    const auto& [view, rows] = from;
    put(view, *to.mutable_view());
    TextsOut texts(*to.mutable_texts());
    for (const auto& [name, row] : rows)
        put(name, row, texts, *to.add_rows());
}

Table read(const pb::Table& from, Reader& in) {
    Table to;
    to.view = read(from.view(), in);
    in.count(from.rows_size(), limits::kGroups, "rows");
    const TextsIn texts(from.texts(), in);
    for (const pb::Row& r : from.rows()) {
        if (!in.good()) break;
        std::string name = in.name(r.name(), limits::kGroupNameBytes, "group");
        require_next(to.rows, name, in);
        to.rows.emplace_hint(to.rows.end(), std::move(name), read(r, texts, in));
    }
    return to;
}

void put(const PingReport& from, pb::PingReport& to) {
    const auto& [reachable, unsure] = from;
    auto next = unsure.begin();  // in the order of `reachable`
    for (const std::string& name : reachable) {
        to.add_reachable(name);
        if (next == unsure.end() || *next != name) continue;
        to.add_unsure(static_cast<std::uint32_t>(to.reachable_size()));
        ++next;
    }
}

PingReport read(const pb::PingReport& from, Reader& in) {
    PingReport to;
    in.count(from.reachable_size(), limits::kPingNodes, "ping nodes");
    std::set<std::string_view> seen;
    for (const std::string& name : from.reachable()) {
        if (!in.good()) break;
        to.reachable.push_back(in.name(name, limits::kPingNameBytes, "ping node"));
        in.require(seen.insert(name).second, "ping node", "twice");
    }
    std::uint32_t before = 0;
    for (const std::uint32_t place : from.unsure()) {
        in.require(place > before && place <= to.reachable.size(), "unsure ping node",
                   "not in order, or not reachable");
        if (!in.good()) break;
        to.unsure.push_back(to.reachable[place - 1]);
        before = place;
    }
    return to;
}

}  // namespace hb::proto
