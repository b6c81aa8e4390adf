// The state of OwnershipCore and its steps; private to ownership_*.cpp.
//
// Every input changes facts, then settle() derives everything from the facts until nothing changes:
// rows, table, what must be let go, what may start. Actions that rest on a publication are
// collected and emitted behind it: Publish, then Watch (claims), then Start/Stop, then answers and
// events.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemons/hb-resource/gate.hpp"
#include "daemons/hb-resource/lease_book.hpp"
#include "daemons/hb-resource/ownership_core.hpp"
#include "daemons/hb-resource/placement.hpp"

namespace hb::resource {

// Why a node lets go of a group by itself, without a row.
enum class LetGo : std::uint8_t { kNone, kLeaving, kNoMajority, kIsolated, kStoodStill, kWish };

inline constexpr unsigned kMaxStarts = 8;  // failed ones in a row, then an admin must look (T10)
// What ran for so long started well: earlier failures count no more.
inline constexpr Duration kRanWell = 10min;

struct GroupFacts {
    GroupSettings settings;
    GroupState state = GroupState::kUnknown;
    std::uint64_t bar = 0;
    // It was no group of ours earlier in this view, or nobody knows: what we promised of it then
    // counts for every row up to the first that we see (L9).
    bool bar_unknown = false;
    // L9. While what a reload removed of it is not gone: its agents are told of the rest, or are to
    // stop it, when it is; what they found.
    bool incomplete = false;
    bool stop_waits = false;
    std::optional<GroupDone> held_back;
    std::optional<Row> row;  // newest accepted, of our view
    // What our predecessor published for it (T1, section 8): decides claims and repairs after a
    // respawn.
    GroupState before = GroupState::kUnknown;
    bool move_away = false;
    bool wanted = false;
    std::optional<MonoTime> wanted_since;
    std::optional<NodeId> move_to;  // asked for here, maybe of others
    bool move_back = false;
    std::optional<MonoTime> move_since;
    bool pinned = false;
    std::uint64_t pinned_generation = 0;
    LetGo let_go = LetGo::kNone;  // while stopping by ourselves
    bool thawed = false;          // L5: to be let go as soon as it is known what is here
    // T10
    bool start_failed = false;
    unsigned start_failures = 0;
    std::optional<MonoTime> retry_at;
    std::optional<MonoTime> running_since;
    std::string trouble;  // while it runs
    // Somebody else announces an address of it (L7), and when that was seen and said last.
    std::string conflict;
    std::optional<MonoTime> conflict_at;
    std::optional<MonoTime> conflict_said;
    std::string problem;  // it cannot run here: no interface for an address
    bool places_known = false;
    std::vector<PlacedAddress> places;
    std::set<std::string>
        lives_on;  // their interfaces, as last known: a link that is down has none
    std::string reason;
    TransitionId transition;  // of the newest row; also in a view that has none yet
    std::string gate_reason;
    std::optional<NodeId> stranger;  // a member without this group, named in the log
    bool weak_evidence = false;
    bool hide_stopping = false;           // test only (L5 dropped)
    std::optional<MonoTime> alone_since;  // move_away while nobody else is eligible
    // The coordinator's, for hb-ipfail's sake (T4).
    bool worse = false;                       // the preferred node was, when last looked at
    std::optional<MonoTime> worse_until;      // ... and at this time
    std::optional<MonoTime> reach_moved;      // newest move
    std::uint32_t reach_moves = 0;            // in a row: each makes the hold twice as long
    bool no_pings_said = false;               // that no ping node concerns it
    bool reach_held_said = false;             // that the next one waits
    std::optional<MonoTime> owner_cut_since;  // its owner has no carrier for it
    std::optional<AsWanted> as_wanted;
    std::optional<NodeId> wanted_at;  // where that was, or is
    // The newest row that the last four are from, or were changed for.
    std::pair<ViewId, std::uint64_t> reach_row;
    // M1 to M5
    Maintenance maintenance;
    std::map<NodeId, Keeper> keepers;
    bool told_to_leave_alone = false;  // our agents
    bool in_part = false;              // found so in maintenance: repaired when that ends
    void ask_for_no_move() {
        move_to.reset();
        move_back = false;
        move_since.reset();
    }
    [[nodiscard]] bool held() const {
        return state == GroupState::kStarting || state == GroupState::kRunning ||
               state == GroupState::kStopping || state == GroupState::kFailed;
    }
};

// Of one peer: does it have to be switched off, is it off?
struct FenceFacts {
    bool wanted = false;
    MonoTime last_wanted{};
    std::string why;
    Duration delay{};
    std::optional<std::string> asked_by;     // an admin
    std::optional<ipc::FenceState> state;    // hb-fence's newest word
    std::optional<std::uint64_t> confirmed;  // off, of this generation
    MonoTime confirmed_at{};
};

// Whether it runs Heartbeat itself (G11), by hb-comm's word.
struct OldHeartbeatFacts {
    bool runs = false;
    bool before = false;  // as an hb-comm knew that is gone: its successor has not heard it yet
    Duration hold{};      // how long it has to be silent to be gone
    MonoTime unsure_until = kNever;
};

struct PeerFacts {
    ipc::PeerStatus status;
    std::optional<Report> report;
    std::optional<Table> table;
    std::optional<PingReport> ping;
    std::uint64_t known_generation = 0;  // newest ever heard, whichever hb-membership heard it
    FenceFacts fence;
    // Off, of this generation, by a human's word: its haresources does not count any more (L9).
    std::optional<std::uint64_t> groups_confirmed;
    // Since when neither we hear it nor anybody whom we hear does (G5's watchdog).
    std::optional<MonoTime> lost_since;
    OldHeartbeatFacts old_heartbeat;
};

struct OwnershipCore::Impl {
    using Loads = std::map<NodeId, unsigned>;  // groups, by owner

    Impl(OwnershipSettings s, MonoTime now);

    // ---- inputs (ownership_inputs.cpp)
    void on(const ipc::MembershipReady& m, MonoTime now);
    void on(const ipc::ViewChanged& m, MonoTime now);
    void on(const ipc::PeerStatus& m, MonoTime now);
    void on(const ipc::PeerReport& m, MonoTime now);
    void on(const ipc::PeerTable& m, MonoTime now);
    void on(const ipc::PeerPing& m, MonoTime now);
    void on(const ipc::Lease& m, MonoTime now);
    void on(const ipc::Request& m, MonoTime now);
    void on(const MembershipHere& m, MonoTime now);
    void on(const MembershipGone& m, MonoTime now);
    void on(const StoodStill& m, MonoTime now);
    void on(const ipc::CommReady& m, MonoTime now);
    void on(const ipc::Acknowledged& m, MonoTime now);
    void on(const ipc::ProbeStatuses& m, MonoTime now);
    void note_probe(const ipc::ProbeStatus& m, MonoTime now);
    void on(const ipc::AddressConflict& m, MonoTime now);
    void on(const ipc::PingAnswered& m, MonoTime now);
    void on(const ipc::CommStoodStill& m, MonoTime now);
    void on(const ipc::OldHeartbeatHeard& m, MonoTime now);
    void on(const CommGone& m, MonoTime now);
    void on(const GroupDone& m, MonoTime now);
    void on(const GroupsDone& m, MonoTime now);
    void on(const GroupTrouble& m, MonoTime now);
    void on(const FailbackAllowed& m, MonoTime now);
    void on(const GroupPlaces& m, MonoTime now);
    void on(const NoCarrier& m, MonoTime now);
    void on(const PingPlaces& m, MonoTime now);
    void on(const NewSettings& m, MonoTime now);  // ownership_reload.cpp
    // ---- ownership_regroup.cpp
    void take_groups(const NewSettings& m, MonoTime now);
    void retire(GroupFacts g);
    void change_group(GroupFacts& g, const GroupChange& change);
    void add_group(const GroupSettings& settings);
    [[nodiscard]] bool may_go_on(const GroupFacts& g) const;
    [[nodiscard]] bool keeps_what_is_out_of_use() const;
    void stop_what_is_retired();
    void complete_what_may(MonoTime now);
    bool hold_back(GroupFacts& g, const GroupDone& m, MonoTime now);
    void stop_agents(GroupFacts& g);
    void blocked_by_part(GroupFacts& g, const GroupFacts& part);
    void part_failed(const GroupFacts& part, const std::string& why);
    void retired_done(const GroupDone& m, MonoTime now);
    void part_released(const GroupName& part, MonoTime now);
    // What this group lost and is not gone yet; the group that lost this.
    [[nodiscard]] const GroupFacts* part_of(const GroupFacts& g) const;
    [[nodiscard]] GroupFacts* with_part(const GroupName& part);
    [[nodiscard]] std::string may_change(const GroupName& name) const;
    [[nodiscard]] bool has_other_groups(NodeId node) const;
    [[nodiscard]] std::string may_add(const OwnershipCore::Conflict& conflict) const;
    void on(const StopRequested& m, MonoTime now);
    void on(const MasterGone& m, MonoTime now);
    void on(const FenceHere& m, MonoTime now);
    void on(const FenceGone& m, MonoTime now);
    void on(const ipc::FenceState& m, MonoTime now);
    void on(const ipc::FenceDeviceTrouble& m, MonoTime now);
    void on(const ipc::FenceAnswer& m, MonoTime now);

    // ---- requests of admins (ownership_requests.cpp)
    void request_standby(const ipc::Request& r);
    void request_active(const ipc::Request& r);
    void request_takeover(const ipc::Request& r, MonoTime now);
    void request_cleanup(const ipc::Request& r);
    void request_move(const ipc::Request& r, MonoTime now);
    void request_move_back(const ipc::Request& r, MonoTime now);
    void request_quorum_ignore(const ipc::Request& r);
    void request_maintenance(const ipc::Request& r, bool on);
    [[nodiscard]] bool in_scope(const GroupFacts& g, const ipc::Request& r) const;
    [[nodiscard]] bool known_scope(const ipc::Request& r);
    void answer(const ipc::Request& r, bool ok, std::string text);

    // ---- rows and the coordinator's table (ownership_table.cpp)
    void accept_rows();
    void lead(MonoTime now);
    [[nodiscard]] bool everybody_reported() const;
    [[nodiscard]] bool anybody_unknown(const GroupName& name) const;
    [[nodiscard]] std::optional<NodeId> counted_at(const GroupName& name, const Table* t) const;
    [[nodiscard]] Loads loads(const Table* t) const;
    static void set_loads(PlacementInput& in, const Loads& counts, std::optional<NodeId> own);
    // Who would have each group if only these were left of the view.
    [[nodiscard]] std::map<GroupName, NodeId> forecast(const View& rest, MonoTime now) const;
    [[nodiscard]] PlacementInput placement_input(const GroupName& name, const GroupFacts& g,
                                                 const View& members, MonoTime now) const;
    [[nodiscard]] TransitionId transition_of(const GroupName& name, const Row& row,
                                             const Row* old) const;
    [[nodiscard]] bool i_coordinate() const { return view && view->id.coordinator == s.self; }
    [[nodiscard]] const Table* ruling_table() const;

    // ---- hb-ipfail's opinions (ownership_reach.cpp)
    [[nodiscard]] bool concerns(const std::string& ping, const GroupFacts& g) const;
    [[nodiscard]] bool has_ping_nodes(const GroupFacts& g) const;
    [[nodiscard]] Connection connection(NodeId n, const GroupName& name) const;
    [[nodiscard]] std::string better(const Connection& a, NodeId owner, const Connection& than,
                                     const GroupFacts& g, MonoTime now) const;
    [[nodiscard]] bool no_carrier_here(const GroupFacts& g) const;
    [[nodiscard]] Duration reach_hold(const GroupFacts& g) const;
    [[nodiscard]] bool reach_held(const GroupFacts& g, MonoTime now) const;
    [[nodiscard]] Duration reach_settles() const;
    [[nodiscard]] MonoTime opinions_due() const;
    void reach_flags(PlacementInput& in, const GroupName& name, const GroupFacts& g,
                     MonoTime now) const;
    void note_reach(MonoTime now);
    void recall_reach(const Table& from, bool own, MonoTime now);
    void forget_old_moves(GroupFacts& g, MonoTime now) const;
    static void note_wanted(GroupFacts& g, const Connection& owner_has);
    void note_no_pings(GroupFacts& g, const Connection& owner_has);
    void note_preferred(GroupFacts& g, bool worse_now, MonoTime now);
    void note_held(GroupFacts& g, NodeId owner, const Connection& owner_has, MonoTime now);
    void note_placement(GroupFacts& g, const Placement& p, const Row* before, MonoTime now);

    // ---- letting go, stopping, starting (ownership_groups.cpp)
    void judge_touch(MonoTime now);
    void forget_conflicts(MonoTime now);
    [[nodiscard]] Duration conflict_shown() const {
        return std::max<Duration>(60s, 3 * s.deadtime);
    }
    void drop_wishes(MonoTime now);
    void drop_wanted(GroupFacts& g, MonoTime now);
    void drop_move(GroupFacts& g, MonoTime now);
    [[nodiscard]] Duration wish_patience() const { return 10s + 3 * s.deadtime; }
    void stop_what_must(MonoTime now);
    void stop(GroupFacts& g, LetGo why, std::string reason);
    void forget_quiet();
    void stand_still(Duration gap, bool all_held);
    void name_strangers();
    void start_what_may(MonoTime now);
    [[nodiscard]] std::optional<std::string> start_forbidden(const GroupFacts& g,
                                                             MonoTime now) const;
    void open_gate(const GroupName& name, GroupFacts& g, MonoTime now);
    [[nodiscard]] GateVerdict gate(const GroupName& name, const GroupFacts& g, MonoTime now) const;
    [[nodiscard]] bool wants_to_start(const GroupFacts& g) const;
    [[nodiscard]] bool somebody_else_eligible(const GroupName& name) const;
    [[nodiscard]] std::optional<NodeId> successor(const GroupName& name, const GroupFacts& g,
                                                  const Loads& counts, MonoTime now) const;
    void retry_failed_starts(MonoTime now);
    void failed_here(GroupFacts& g, const GroupDone& m, MonoTime now);
    [[nodiscard]] bool others_have_it(const GroupName& name) const;

    // ---- maintenance (ownership_maintenance.cpp)
    void recall();
    void recall(GroupFacts& g);
    void learn_maintenance(NodeId from, const Report& report);
    void set_maintenance(GroupFacts& g, const Maintenance& to, const std::string& why);
    void note_keeping(GroupFacts& g);
    void carry_out_maintenance();
    void release_keeper(NodeId node);
    [[nodiscard]] bool keeps_anything(NodeId node) const;
    void confirm_keeper_off(const ipc::Request& r);
    [[nodiscard]] bool knows(const Report& report, const GroupFacts& g) const;
    [[nodiscard]] bool heard_know(const GroupFacts& g) const;
    [[nodiscard]] bool agreed(const GroupFacts& g) const;
    [[nodiscard]] bool may_keep(const GroupFacts& g) const;
    [[nodiscard]] bool stays_on_leaving(const GroupFacts& g, MonoTime now) const;
    [[nodiscard]] bool another_has_it(const GroupFacts& g) const;
    [[nodiscard]] Memory memory() const;

    // ---- watchdogs (ownership_watchdog.cpp)
    void note_losses(MonoTime now);
    void note_letting_go(MonoTime now);
    [[nodiscard]] bool may_feed_watchdog(MonoTime now) const;
    [[nodiscard]] MonoTime majority_lost(MonoTime now) const;

    // ---- fencing (ownership_fencing.cpp)
    void note_fencing(MonoTime now);
    [[nodiscard]] bool covered(NodeId peer, NodeId by) const;
    [[nodiscard]] bool is_fenced(const PeerFacts& p) const;
    [[nodiscard]] Duration fence_delay(const PeerFacts& p) const;
    [[nodiscard]] std::string failed_stop_of(const PeerFacts& p) const;
    [[nodiscard]] std::string fence_text(const PeerFacts& p) const;
    void doubt_confirmation(PeerFacts& p, const ipc::PeerStatus& before);
    void request_fence(const ipc::Request& r);
    void request_fence_history(const ipc::Request& r);
    void ask_fence(const ipc::Request& r, ipc::FenceRequestKind kind, std::uint64_t generation);

    // ---- publishing, watching, leaving (ownership_publish.cpp)
    void settle(MonoTime now, std::vector<OwnershipAction>& out);
    [[nodiscard]] Report make_report() const;
    [[nodiscard]] bool claims(const GroupFacts& g) const;
    [[nodiscard]] bool claims_known(MonoTime now) const;
    // Nothing while claims of a predecessor must not be disturbed yet.
    [[nodiscard]] std::optional<ipc::Watch> make_watch(MonoTime now);
    void watch(MonoTime now, std::vector<OwnershipAction>& out);
    [[nodiscard]] Duration patience() const;
    struct Prospect {  // what is left of the view without those who are late
        View rest;
        std::map<GroupName, NodeId> owners;  // empty while nobody is late
        bool outsiders = false;
        bool heard_outside = false;
        bool all_spoke = false;
    };
    [[nodiscard]] Prospect prospect(MonoTime now) const;
    [[nodiscard]] bool worth_probing(const GroupName& name, const GroupFacts& g,
                                     const Prospect& p) const;
    [[nodiscard]] bool late(const PeerFacts& p, MonoTime now) const;
    [[nodiscard]] Duration late_after() const;
    void leave(MonoTime now);
    void say_left();
    [[nodiscard]] bool can_wait(const OwnershipInput& input) const;
    [[nodiscard]] MonoTime gate_may_open(const GroupFacts& g) const;
    [[nodiscard]] MonoTime next_deadline() const;

    // ---- small words
    [[nodiscard]] static std::string in_brackets(const TransitionId& id) {
        return id ? " [" + to_string(id) + "]" : std::string();
    }
    [[nodiscard]] const std::string& name_of(NodeId n) const { return s.node_names.at(rank(n)); }
    [[nodiscard]] bool in_view(NodeId n) const { return view && view->contains(n); }
    [[nodiscard]] bool majority(MonoTime now) const;  // by leases straight from hb-comm
    [[nodiscard]] bool in_touch_with_peer(MonoTime now) const;
    [[nodiscard]] bool ping_answers(MonoTime now) const;
    [[nodiscard]] bool holds_anything() const;
    [[nodiscard]] Duration touch_grace(MonoTime now) const { return short_deadtime(now) / 4; }
    // Ours; for a while after a reload the shorter, or the longer, of all that peers may go by
    // (L8).
    [[nodiscard]] Duration announced(Duration known) const {
        return s.dropped.l8_announced ? Duration{} : known;
    }
    [[nodiscard]] Duration short_deadtime(MonoTime now) const;
    [[nodiscard]] Duration long_deadtime(MonoTime now) const;
    void say(Level level, std::string id, std::string text,
             std::vector<std::pair<std::string, std::string>> fields = {});
    void say_group(Level level, std::string id, const GroupFacts& g, std::string text,
                   std::vector<std::pair<std::string, std::string>> fields = {});

    OwnershipSettings s;
    MonoTime born;
    bool greeted = false;           // the first actions of this process were emitted
    bool membership_there = false;  // MembershipReady came
    bool view_told = false;         // and then its view (T9.1)
    bool adopted = false;           // a predecessor's publication was taken over
    bool published = false;
    bool publish_anew = false;  // hb-membership answered a Hello that may be older than we are now
    MonoTime before_until = kNever;  // L8: until then the deadtimes before count, too
    Duration short_before{}, long_before{};
    std::optional<MonoTime> comm_since;
    // Since when this life had an hb-comm that listened (G11); none: it does not say.
    std::optional<MonoTime> listens_since;
    std::optional<View> view;
    std::optional<ViewId> remembered_view;  // our predecessor's, until hb-membership names the view
    bool view_installed = false;
    MonoTime view_since{};
    std::map<GroupName, GroupFacts> groups;
    std::map<GroupName, GroupFacts> retired;  // no longer ours, in no report, being stopped (L9)
    std::map<NodeId, PeerFacts> peers;        // every other configured node
    LeaseBook leases;                         // behind view and report (T9.3)
    LeaseBook straight;                       // from hb-comm (L2, L3)
    std::map<PlacedAddress, ipc::ProbeStatus> probes;
    std::map<PlacedAddress, MonoTime> asked_since;  // in our Watch without a break
    std::optional<MonoTime> ping_answered;
    std::optional<MonoTime> pings_whole_since;
    MonoTime pings_judged_from =
        kNever;  // others since a reload: until then none has to answer (L3)
    std::optional<PingReport> own_ping;  // by our hb-ipfail
    std::set<std::string> no_carrier;    // interfaces
    std::optional<PingPlaces> ping_places;
    std::optional<Table> table;  // ours, as coordinator, newest published
    bool table_changed = false;  // since it was published
    std::uint64_t tables_written = 0;
    bool standby = false;  // lasting
    bool isolated = false;
    bool no_majority = false;
    std::optional<MonoTime> must_be_gone_at;  // what we had to let go of, or the watchdog resets us
    bool quorum_ignored = false;
    bool failback_allowed = true;  // failback_window
    std::uint64_t thaws = 0;
    bool fence_there = false;  // hb-fence
    std::string fence_trouble;
    std::map<NodeId, std::string> gate_fences;  // whom gates want off, and for which group
    std::optional<ipc::FenceWishes> last_wishes;
    std::set<std::uint64_t> fence_requests;  // not answered yet
    std::optional<MonoTime> answers_gap;     // hb-comm's newest, for hb-comm
    std::optional<MonoTime> stood_still_at;  // newest own gap
    std::optional<MonoTime> comm_stood_still_at;
    bool leave_wanted = false;
    std::optional<MonoTime> leave_since;
    bool leaving = false;  // said (T12)
    MonoTime leaving_since{};
    bool master_gone = false;
    bool left = false;
    Report last_report;
    Memory last_memory;
    Memory out_of_use;  // of groups that haresources does not have now
    std::optional<ipc::Watch> last_watch;
    bool resend_watch = false;
    MonoTime settled_at;
    bool waiting = false;                // for leases: an acknowledgement may let something start
    std::vector<OwnershipAction> first;  // before the publication (hellos)
    std::vector<OwnershipAction> then;   // behind publication and watch
};

}  // namespace hb::resource
