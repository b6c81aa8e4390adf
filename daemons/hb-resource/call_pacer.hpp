// CallPacer: how many scripts run at once. Two hundred groups that start at one instant must not
// become two hundred programs at one instant.
//
// A call may begin while fewer than `most` *young* calls run. What has run for longer than `young`
// does not count any more: a script that hangs takes nobody's turn. So nothing waits for longer
// than (calls before it) / most * young, whatever the scripts do. Stops go before starts, starts
// before questions; among equals who asked first.
//
// Pure: no process, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "common/base/time.hpp"

namespace hb::resource {

enum class CallUrgency : std::uint8_t { kStop, kStart, kStatus };

class CallPacer {
  public:
    struct Limits {
        std::size_t most = 32;
        Duration young = 1s;
    };
    explicit CallPacer(Limits limits) : limits_(limits) {}
    CallPacer() : CallPacer(Limits{}) {}

    void ask(std::uint64_t id, CallUrgency urgency);
    // The next that may begin now; it counts from here on. Nothing: nobody waits, or not yet.
    [[nodiscard]] std::optional<std::uint64_t> next(MonoTime now);
    // It has ended, or is not wanted any more. Unknown ones are nobody.
    void ended(std::uint64_t id);

    // When one that waits may begin though none ends; kForever: nobody waits.
    [[nodiscard]] MonoTime next_deadline() const;
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    void let_grow_old(MonoTime now);

    Limits limits_;
    std::uint64_t asked_ = 0;
    std::map<std::pair<CallUrgency, std::uint64_t>, std::uint64_t> waiting_;  // by order: id
    std::map<std::uint64_t, MonoTime> young_;                                 // id: begun
};

}  // namespace hb::resource
