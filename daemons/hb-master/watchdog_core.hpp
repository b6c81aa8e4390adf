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
