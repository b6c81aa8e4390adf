// GroupMonitor: when to ask the running resources of one group how they are, and what their answers
// mean. Pure: the GroupRunner that owns it makes the calls.
//
// A resource that says "not running" has failed. One that gives no answer in time has failed only
// when it does so twice in a row: a busy host is no reason to restart a service. A resource script
// (not `trusted`) must have said "running" once before: scripts without a usable status exist, and
// are left alone, with one warning. Others are believed from the beginning.
//
// It counts restarts in place, too: more than `restarts` of one resource within `restart_window`
// are not allowed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"

namespace hb::resource {

struct MonitorSettings {
    Duration interval{};  // zero: not monitored
    bool trusted = true;  // its status keeps a contract (built in, OCF, systemd)
};

// What the status of a resource came to.
enum class Health : std::uint8_t { kRunning, kNotRunning, kFailed, kNoAnswer };

class GroupMonitor {
  public:
    // A script may need a moment after its start to be seen running.
    static constexpr Duration kFirstLook = 1s;
    static constexpr Duration kSecondLook = 2s;

    GroupMonitor(std::vector<MonitorSettings> resources, unsigned restarts,
                 Duration restart_window);

    // Other intervals and restarts, of the same resources.
    void configure(const std::vector<MonitorSettings>& resources, unsigned restarts,
                   Duration restart_window, MonoTime now);

    // The group runs from now on. `seen`: every status has just said so.
    void begin(MonoTime now, bool seen);
    // It is stopped, restarted or asked otherwise: answers that are still out mean nothing.
    void end();
    [[nodiscard]] bool active() const { return active_; }

    // Something happened to it: it is asked now, and not when its time comes. What is being asked
    // is asked once more. What is not monitored is left alone.
    void hurry(std::size_t resource, MonoTime now);
    // The resources to be asked now. Each is asked once, until answered() is called for it.
    [[nodiscard]] std::vector<std::size_t> take_due(MonoTime now);
    enum class Verdict : std::uint8_t {
        kFine,
        kUndecided,     // asked again soon
        kNotMonitored,  // its status is of no use: never asked again before the next start
        kFailed,
    };
    [[nodiscard]] Verdict answered(std::size_t resource, Health health, MonoTime now);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

    // It has failed, and nothing is done about it: it is asked again.
    void look_again(std::size_t resource, MonoTime when) { resources_.at(resource).due = when; }

    // Counts a restart, if one more is allowed.
    [[nodiscard]] bool may_restart(std::size_t resource, MonoTime now);
    [[nodiscard]] std::size_t restarts(std::size_t resource) const;
    void forget_restarts();

  private:
    struct Resource {
        MonitorSettings settings;
        MonoTime due = kForever;
        bool asking = false;
        bool again = false;     // to be asked once more, whatever the answer that is still out
        bool credible = false;  // its status has said "running" once, so it can
        unsigned doubts = 0;    // answers in a row that decided nothing
        std::deque<MonoTime> restarts;
    };
    std::vector<Resource> resources_;
    unsigned allowed_restarts_;
    Duration restart_window_;
    bool active_ = false;
};

}  // namespace hb::resource
