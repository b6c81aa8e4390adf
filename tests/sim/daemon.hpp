// A simulated process: one life of one daemon. A core, and what its shell would do around it.
#pragma once

#include <cstdint>

#include "common/base/time.hpp"

namespace hb::sim {

enum class Kind : std::uint8_t { kComm, kMembership, kResource };
inline constexpr Kind kKinds[] = {Kind::kComm, Kind::kMembership, Kind::kResource};
inline constexpr std::size_t kKindCount = 3;
[[nodiscard]] constexpr std::size_t index(Kind k) {
    return static_cast<std::size_t>(k);
}
[[nodiscard]] constexpr const char* to_string(Kind k) {
    switch (k) {
        case Kind::kComm:
            return "comm";
        case Kind::kMembership:
            return "membership";
        case Kind::kResource:
            return "resource";
    }
    return "?";
}

class Daemon {
  public:
    Daemon() = default;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    virtual ~Daemon() = default;

    virtual void born(MonoTime now) = 0;
    virtual void on_deadline(MonoTime now) = 0;
    [[nodiscard]] virtual MonoTime next_deadline() const = 0;
    // It slept this much longer than it asked for; called before on_deadline.
    virtual void overslept(Duration gap, MonoTime now) = 0;
    // A fresh channel to a neighbour is there, or an old one was read to its end (X1).
    virtual void neighbour_here(Kind who, MonoTime now) = 0;
    virtual void neighbour_gone(Kind who, MonoTime now) = 0;
};

}  // namespace hb::sim
