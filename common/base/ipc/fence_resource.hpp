// hb-resource <-> hb-fence, as values. hb-resource says which nodes have to be off, hb-fence how
// far it is. State, not messages: whoever is new is told everything, and to be told twice is
// harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/fence_record.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb::ipc {

// ---- hb-resource to hb-fence

struct FenceWish {
    NodeId peer{};
    std::uint64_t generation = 0;  // newest known of it: what a confirmation is for
    Duration delay{};              // before the first try
    std::string why;               // for people
    bool operator==(const FenceWish&) const = default;
};
// All nodes that have to be off now, by rank. Whoever is not among them is left alone from here on.
struct FenceWishes {
    std::vector<FenceWish> wishes;
    bool operator==(const FenceWishes&) const = default;
};

enum class FenceRequestKind : std::uint8_t {
    kConfirm = 1,  // a human says that the peer is off
    kTest,         // ask its devices for its status
    kHistory,
};
// From an admin's tool. Answered by FenceAnswer with the same id.
struct FenceRequest {
    std::uint64_t id = 0;
    FenceRequestKind kind{};
    std::optional<NodeId> peer;    // not for kHistory
    std::uint64_t generation = 0;  // for kConfirm
    std::string who;               // "root (pid 812)", for the log
    bool operator==(const FenceRequest&) const = default;
};

using ResourceToFence = std::variant<FenceWishes, FenceRequest>;

// ---- hb-fence to hb-resource

enum class FencePhase : std::uint8_t { kWaiting = 1, kTrying, kConfirmed };

// At every change of a wish, and again when a wish that is known is wished again.
struct FenceState {
    NodeId peer{};
    std::uint64_t generation = 0;
    FencePhase phase{};
    std::uint32_t failed = 0;  // tries that were in vain
    std::string text;          // what it waits for, what went wrong last, or who confirmed
    bool operator==(const FenceState&) const = default;
};
// What is wrong with the devices themselves, for people; empty: all that were asked answered.
struct FenceDeviceTrouble {
    std::string text;
    bool operator==(const FenceDeviceTrouble&) const = default;
};
struct FenceAnswer {
    std::uint64_t id = 0;
    bool ok = false;
    std::string text;
    std::vector<FenceRecord> history;  // newest first
    bool operator==(const FenceAnswer&) const = default;
};

using FenceToResource = std::variant<FenceState, FenceDeviceTrouble, FenceAnswer>;

}  // namespace hb::ipc
