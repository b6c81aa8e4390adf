// GroupRunner: one group's resources in order. Started left to right, stopped right to left, each
// call with a deadline. It decides; the shell runs agents.
//
// One call at a time, except that neighbours marked `together` (addresses: one netlink batch) are
// called at once and waited for together: a *wave*. A failed start undoes the group (stops what was
// started, right to left, the failed one first). A stop asked for during a start lets the running
// calls end (or run into their deadline), then stops. A failed stop is retried (stop_retries,
// 1 s apart), then the group is `failed`, and nothing left of what did not stop is touched: an
// address stays while something that was started after it may still use it. Idempotent: a stop of
// what is stopped succeeds.
//
// While the group runs its resources are asked for their status now and then (GroupMonitor). One
// that failed is restarted in place: everything right of it is stopped, then it, then all are
// started again; a resource that stands `alone` is just started again. All that time the group
// counts as running. A restart that fails, or one too many, undoes the group like a failed start.
// Whoever wants to stop the group does not wait for a status: it is cancelled. A group that is left
// alone (maintenance) is asked, and what failed is said and not touched.
//
// A reload may give it other resources (change()): those that stay are not touched, and not looked
// at, until complete(), which starts the new ones of a group that runs, left to right. That they
// fail undoes the group.
//
// The shell answers every RunOperation exactly once, with kTimeout when the call had to be killed.
// An answer that nobody waits for is ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-resource/group_monitor.hpp"

namespace hb::resource {

enum class Operation : std::uint8_t { kStart = 1, kStop, kStatus };

struct RunOperation {  // answered by OperationDone with the same id
    std::uint64_t id = 0;
    GroupName group;
    std::size_t resource = 0;  // index in the group
    Operation operation{};
    Duration timeout{};
    Duration interval{};  // of a status that is asked again and again
    bool operator==(const RunOperation&) const = default;
};
// The answer is of no use any more. It may still come, and is ignored.
struct CancelOperation {
    std::uint64_t id = 0;
    GroupName group;
    bool operator==(const CancelOperation&) const = default;
};
struct OperationDone {
    std::uint64_t id = 0;
    enum class Outcome : std::uint8_t { kOk, kRunning, kNotRunning, kFailed, kTimeout } outcome{};
    std::string detail;
};
// What the group as a whole came to; becomes an input of OwnershipCore.
struct RunnerDone {
    GroupName group;
    // kPartial: only after ask: some resources run, or one could not be asked.
    enum class Answer : std::uint8_t { kRunning, kStopped, kPartial, kFailed } answer{};
    // The start itself, or a restart, came to this end: kStopped then means "failed and undone".
    // False for what a stop came to, also for a stop that ended a start which had not failed.
    bool after_start = false;
    // kStopped: it failed again and again while it ran; no other try before somebody looked.
    bool worn_out = false;
    std::string detail;
    bool operator==(const RunnerDone&) const = default;
};
// It runs, and this is what was wrong with it. Empty: all is well again.
struct RunnerTrouble {
    GroupName group;
    std::string text;
    bool operator==(const RunnerTrouble&) const = default;
};
using RunnerAction = std::variant<RunOperation, CancelOperation, RunnerDone, RunnerTrouble, Event>;

struct RunnerResource {
    std::string word;  // for log lines
    bool together =
        false;           // called at once with its neighbours that are marked so, too (addresses)
    bool alone = false;  // what was started after it does not mind when it is started again
    MonitorSettings monitor;
    std::optional<Duration> start_timeout;  // none: that of all resources
    std::optional<Duration> stop_timeout;
    std::optional<Duration> status_timeout;
};

struct RunnerSettings {
    GroupName group;
    std::vector<RunnerResource> resources;
    std::string preferred;  // node of the haresources line, for log lines
    Duration start_timeout{60s};
    Duration stop_timeout{60s};
    Duration status_timeout{20s};
    unsigned stop_retries = 10;  // Heartbeat: HA_STOPRETRYMAX
    Duration stop_retry_delay{1s};
    unsigned restarts = 3;  // in place, of one resource, within restart_window
    Duration restart_window{10min};
};

class GroupRunner {
  public:
    explicit GroupRunner(RunnerSettings settings);
    // Only when nothing is being stopped (T9: the state is `stopped`). An ask under way is not
    // answered then: the start's own answer says more.
    void start(MonoTime now, std::vector<RunnerAction>& out);
    void stop(MonoTime now, std::vector<RunnerAction>& out);
    void ask(MonoTime now, std::vector<RunnerAction>& out);  // status of every resource
    void handle(const OperationDone& done, MonoTime now, std::vector<RunnerAction>& out);
    void on_deadline(MonoTime now, std::vector<RunnerAction>& out);
    // Something happened to a resource that runs: it is asked for its status now.
    void look(std::size_t resource, MonoTime now, std::vector<RunnerAction>& out);
    // What is under way goes to its end.
    void leave_alone(bool on, MonoTime now, std::vector<RunnerAction>& out);
    [[nodiscard]] bool left_alone() const { return left_alone_; }
    // Other times and counts of the same resources; what is under way keeps its own.
    void configure(RunnerSettings settings, MonoTime now);
    // Other resources, while nothing is under way and nothing is left alone. `fresh`, by resource:
    // it was not there before. What is no longer among them is somebody else's from now on.
    void change(RunnerSettings settings, const std::vector<bool>& fresh,
                std::vector<RunnerAction>& out);
    // Of a group that ran then, and to which nothing has happened since.
    void complete(MonoTime now, std::vector<RunnerAction>& out);
    // Earlier restarts in place count no more.
    void forget_restarts() { monitor_.forget_restarts(); }
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    [[nodiscard]] bool idle() const { return phase_ == Phase::kIdle; }

  private:
    // kClearing: stopping what has to be restarted.
    enum class Phase : std::uint8_t { kIdle, kStarting, kStopping, kUndoing, kAsking, kClearing };
    struct Wave {  // resources [begin, end)
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    [[nodiscard]] GroupMonitor make_monitor() const;
    void find_waves();
    void begin_start(MonoTime now, std::vector<RunnerAction>& out);
    void begin_stop(std::size_t last_wave, MonoTime now, std::vector<RunnerAction>& out);
    void begin_ask(MonoTime now, std::vector<RunnerAction>& out);
    void call(std::size_t resource, Operation operation, std::vector<RunnerAction>& out);
    void call_wave(Operation operation, std::vector<RunnerAction>& out);
    void not_changed();
    void call_next_fresh(std::size_t from_wave, MonoTime now, std::vector<RunnerAction>& out);
    void note(std::size_t resource, const OperationDone& done);
    void wave_ended(MonoTime now, std::vector<RunnerAction>& out);
    void start_wave_ended(MonoTime now, std::vector<RunnerAction>& out);
    void stop_wave_ended(MonoTime now, std::vector<RunnerAction>& out);
    void ask_wave_ended(MonoTime now, std::vector<RunnerAction>& out);
    void finish(RunnerDone::Answer answer, bool after_start, MonoTime now,
                std::vector<RunnerAction>& out);
    void ask_for_health(MonoTime now, std::vector<RunnerAction>& out);
    void end_monitoring(std::vector<RunnerAction>& out);
    void health(std::size_t resource, const OperationDone& done, MonoTime now,
                std::vector<RunnerAction>& out);
    void failed(std::size_t resource, const std::string& problem, MonoTime now,
                std::vector<RunnerAction>& out);
    void only_say(std::size_t resource, const std::string& problem, MonoTime now,
                  std::vector<RunnerAction>& out);
    void well_again(std::size_t resource, std::vector<RunnerAction>& out);
    void begin_restart(std::size_t resource, std::vector<RunnerAction>& out);
    [[nodiscard]] const std::string& word(std::size_t resource) const {
        return settings_.resources[resource].word;
    }
    [[nodiscard]] Duration timeout(std::size_t resource, Operation operation) const;
    [[nodiscard]] std::size_t wave_of(std::size_t resource) const;
    [[nodiscard]] std::string group_line() const;

    RunnerSettings settings_;
    std::vector<Wave> waves_;
    Phase phase_ = Phase::kIdle;
    std::size_t wave_ = 0;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, std::size_t> waiting_for_;  // call id -> resource
    std::vector<std::size_t> failed_;                   // resources of this wave, by this try
    unsigned tries_ = 0;                                // of the present wave's stop
    std::optional<MonoTime> retry_at_;
    std::size_t running_ = 0;   // as ask counted
    std::size_t unknown_ = 0;   // resources whose status could not be had
    bool stop_wanted_ = false;  // asked for while calls of something else were under way
    bool start_wanted_ = false;
    bool ask_wanted_ = false;
    GroupMonitor monitor_;
    std::map<std::uint64_t, std::size_t> statuses_;  // of the monitor, call id -> resource
    std::set<std::size_t> warned_of_;                // whose status is of no use
    std::optional<std::size_t> restarting_;          // this resource, in place
    bool restarting_alone_ = false;
    bool changed_ = false;         // it runs, and complete() is to come
    std::set<std::size_t> fresh_;  // not started yet, of such a group
    bool completing_ = false;      // those are being started
    bool worn_out_ = false;
    bool in_part_ = false;  // found so: what is right of the present wave may be up, too
    bool left_alone_ = false;
    std::map<std::size_t, std::string> ill_;  // resources that failed while left alone, and how
    std::string problem_;       // the first thing that went wrong in a start or an ask
    std::string stop_problem_;  // in the latest try of a stop
};

[[nodiscard]] const char* to_string(Operation operation);
[[nodiscard]] const char* to_string(OperationDone::Outcome outcome);
[[nodiscard]] const char* to_string(RunnerDone::Answer answer);

}  // namespace hb::resource
