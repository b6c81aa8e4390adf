#include "tools/heartbeat/standby_words.hpp"

#include <gtest/gtest.h>

namespace hb::heartbeat {
namespace {

using ipc::RequestKind;
using ipc::Scope;

TEST(StandbyWords, AreHeartbeats) {
    struct Case {
        Mover mover;
        const char* word;
        std::optional<Move> move;
    };
    for (const auto& [mover, word, move] : {
             Case{Mover::kStandby, "all", Move{RequestKind::kStandby, Scope::kAll, "all"}},
             Case{Mover::kStandby, "local", Move{RequestKind::kStandby, Scope::kLocal, "local"}},
             Case{Mover::kStandby, "foreign",
                  Move{RequestKind::kStandby, Scope::kForeign, "foreign"}},
             Case{Mover::kStandby, "failback",
                  Move{RequestKind::kStandby, Scope::kForeign, "foreign"}},
             Case{Mover::kStandby, "none", std::nullopt},
             Case{Mover::kStandby, "", std::nullopt},
             Case{Mover::kStandby, "ALL", std::nullopt},
             Case{Mover::kTakeover, "all", Move{RequestKind::kTakeover, Scope::kAll, "all"}},
             Case{Mover::kTakeover, "local", Move{RequestKind::kTakeover, Scope::kLocal, "local"}},
             Case{Mover::kTakeover, "foreign",
                  Move{RequestKind::kTakeover, Scope::kForeign, "foreign"}},
             Case{Mover::kTakeover, "failback",
                  Move{RequestKind::kTakeover, Scope::kLocal, "local"}},
             Case{Mover::kTakeover, "10.0.0.5", std::nullopt},
         })
        EXPECT_EQ(parse_move(mover, word), move) << word;
}

}  // namespace
}  // namespace hb::heartbeat
