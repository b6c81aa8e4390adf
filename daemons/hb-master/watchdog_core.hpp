// WatchdogCore: may the watchdog device be fed? Only while every daemon whose failure leaves
// resources unwatched has said in time that it is well.
//
// Pure: reports and the present time in, an answer and events out. It owns no device. A respawned
// daemon has the time that was left to its predecessor: a daemon that dies and is back in time
// resets nothing, one that cannot come back does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/program.hpp"
#include "common/base/time.hpp"

namespace hb::master {

using ipc::Program;

// What a device says of itself.
struct DeviceFacts {
    std::string identity;             // for people, may be empty
    std::optional<Duration> timeout;  // what it will wait; none: it does not say
    bool stays_armed = true;          // when its holder dies
    std::string refusal;              // why it did not take the timeout that was asked for
};

// In what way it is not as watchdog_times.hpp wants it, for people. Each is a warning, and where
// others count on the reset (watchdog_evidence) an error.
[[nodiscard]] std::vector<std::string> problems_of(const DeviceFacts& device, Duration deadtime);

class WatchdogCore {
  public:
    // A report holds for `limit`. From `now` on the daemons are being started: their first reports
    // are waited for until `start_limit` from now (common/base/watchdog_times.hpp has both).
    WatchdogCore(Duration limit, Duration start_limit, MonoTime now);

    // `well` false: hb-resource had to let go of something and could not (G5): the host is to be
    // reset, whatever others say, until it is well again.
    void report(Program program, bool well, MonoTime now);

    // Feed it now? Says why not, once, and when it is fed again.
    [[nodiscard]] bool may_feed(MonoTime now, std::vector<Event>& events);

  private:
    struct Health {
        MonoTime until{};  // well, as far as we know, until then
        bool well = true;
    };
    [[nodiscard]] std::string what_is_wrong(MonoTime now) const;

    Duration limit_;
    std::map<Program, Health> health_;
    std::optional<MonoTime> starved_since_;
};

}  // namespace hb::master
