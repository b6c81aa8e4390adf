// The simulated world: virtual time, one ordered queue of events, one source of chance, one trace.
//
// Events of the same instant happen in the order in which they were asked for. Nothing in a world
// depends on addresses of objects, on real time or on threads: the same seed replays exactly.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "tests/sim/prng.hpp"

namespace hb::sim {

// Time since the world began. Nodes see it through their own clocks (clock.hpp).
using WorldTime = Duration;

class World {
  public:
    using Action = std::move_only_function<void()>;

    explicit World(std::uint64_t seed) : prng_(seed) { heap_.reserve(256); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] WorldTime now() const { return now_; }
    [[nodiscard]] Prng& prng() { return prng_; }

    void at(WorldTime when, Action action);
    void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

    // Runs the next event; false if there is none, or none before `limit`.
    bool step(WorldTime limit);
    // Runs everything up to and including `when`, then is at `when`. Ends early when stopped.
    void run_until(WorldTime when);
    // Ends the run: a checker found what must not be.
    void stop() { stopped_ = true; }
    [[nodiscard]] bool stopped() const { return stopped_; }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

    // One readable line per event, with virtual time. Called with who does it ("a", "a comm").
    using Tracer = std::function<void(std::string_view line)>;
    void trace_to(Tracer tracer) { tracer_ = std::move(tracer); }
    [[nodiscard]] bool tracing() const { return static_cast<bool>(tracer_); }
    template <typename... Args>
    void say(std::string_view who, fmt::format_string<Args...> text, Args&&... args) {
        if (tracer_) say_line(who, fmt::format(text, std::forward<Args>(args)...));
    }

  private:
    struct Event {
        WorldTime when;
        std::uint64_t order;
        std::uint32_t slot;
    };
    static bool later(const Event& a, const Event& b) {
        return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
    void say_line(std::string_view who, std::string_view text);

    WorldTime now_{};
    Prng prng_;
    std::vector<Event> heap_;
    std::vector<Action> actions_;
    std::vector<std::uint32_t> free_slots_;
    std::uint64_t order_ = 0;
    std::uint64_t steps_ = 0;
    bool stopped_ = false;
    Tracer tracer_;
};

}  // namespace hb::sim
