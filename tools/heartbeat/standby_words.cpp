#include "tools/heartbeat/standby_words.hpp"

namespace hb::heartbeat {

std::optional<Move> parse_move(Mover mover, const std::string& word) {
    const bool gives = mover == Mover::kStandby;
    const auto kind = gives ? ipc::RequestKind::kStandby : ipc::RequestKind::kTakeover;
    if (word == "all") return Move{kind, ipc::Scope::kAll, word};
    if (word == "local") return Move{kind, ipc::Scope::kLocal, word};
    if (word == "foreign") return Move{kind, ipc::Scope::kForeign, word};
    if (word == "failback" && gives) return Move{kind, ipc::Scope::kForeign, "foreign"};
    if (word == "failback") return Move{kind, ipc::Scope::kLocal, "local"};
    return std::nullopt;
}

}  // namespace hb::heartbeat
