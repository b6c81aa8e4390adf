// What hb_standby and hb_takeover are asked for, in Heartbeat's words. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/ipc/membership_resource.hpp"

namespace hb::heartbeat {

enum class Mover { kStandby, kTakeover };

struct Move {
    ipc::RequestKind kind{};
    ipc::Scope scope{};
    std::string word;  // as Heartbeat logged it: failback is foreign, for the node that gives
    bool operator==(const Move&) const = default;
};

// None: no such word. "failback" is about what comes back to where it belongs: the node that gives
// gives what is foreign to it, the node that takes takes what is its own.
[[nodiscard]] std::optional<Move> parse_move(Mover mover, const std::string& word);

}  // namespace hb::heartbeat
