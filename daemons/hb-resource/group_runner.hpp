// GroupRunner: one group's resources in order. Started left to right, stopped right to left; one
// resource at a time, each call with a deadline. It decides; the shell runs agents.
//
// A failed start undoes the group (stops what was started, right to left, the failed one first). A
// stop asked for during a start lets the running call end (or runs into its deadline), then stops.
// A failed stop is retried (kStopRetries, 1 s apart), then the group is `failed`. Idempotent: a
// stop of what is stopped succeeds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb::resource {

enum class Operation : std::uint8_t { kStart = 1, kStop, kStatus };

struct RunOperation {  // answered by OperationDone with the same id
    std::uint64_t id = 0;
    GroupName group;
    std::size_t resource = 0;  // index in the group
    Operation operation{};
    Duration timeout{};
};
struct OperationDone {
    std::uint64_t id = 0;
    enum class Outcome : std::uint8_t { kOk, kRunning, kNotRunning, kFailed, kTimeout } outcome{};
    std::string detail;
};
// What the group as a whole came to; becomes an input of OwnershipCore.
struct RunnerDone {
    GroupName group;
    enum class Answer : std::uint8_t { kRunning, kStopped, kPartial, kFailed } answer{};
    bool after_start = false;
    std::string detail;
};
using RunnerAction = std::variant<RunOperation, RunnerDone, Event>;

struct RunnerSettings {
    GroupName group;
    std::vector<std::string> resources;  // words, for log lines
    Duration start_timeout{60s};
    Duration stop_timeout{60s};
    Duration status_timeout{20s};
    unsigned stop_retries = 10;  // Heartbeat: HA_STOPRETRYMAX
    Duration stop_retry_delay{1s};
};

class GroupRunner {
  public:
    explicit GroupRunner(RunnerSettings settings);
    void start(MonoTime now, std::vector<RunnerAction>& out);
    void stop(MonoTime now, std::vector<RunnerAction>& out);
    void ask(MonoTime now, std::vector<RunnerAction>& out);  // status of every resource
    void handle(const OperationDone& done, MonoTime now, std::vector<RunnerAction>& out);
    void on_deadline(MonoTime now, std::vector<RunnerAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;

  private:
    enum class Phase : std::uint8_t { kIdle, kStarting, kStopping, kUndoing, kAsking };
    void step(MonoTime now, std::vector<RunnerAction>& out);

    RunnerSettings settings_;
    Phase phase_ = Phase::kIdle;
    std::size_t next_ = 0;
    std::uint64_t next_id_ = 1;
    std::optional<std::uint64_t> waiting_for_;
    bool stop_wanted_ = false;
    unsigned tries_ = 0;
    std::size_t running_ = 0;
    std::optional<MonoTime> retry_at_;
    std::string problem_;
};

}  // namespace hb::resource
