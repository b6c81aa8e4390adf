// What a reload of the configuration would change in the running suite, and what of it needs a
// restart. Pure.
//
// One table (reload_rules()) says of every directive that means something what becomes of a change;
// tests check it against the schema, so that a new directive has to be classified. No change quotes
// a key or a fence device's parameters.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ipc/program.hpp"
#include "common/base/reload_outcome.hpp"
#include "common/config/load.hpp"

namespace hb::config {

enum class OnReload : std::uint8_t {
    kInPlace = 1,  // takes effect, and nothing else happens
    kRestart,      // refused: the suite has to be restarted for it
};

// Daemons that are started anew for a change, with the new settings: they hold nothing that their
// successor does not learn again.
enum class Replaces : std::uint8_t { kNone, kComm, kCommAndIpfail, kIpfail, kFence };

struct ReloadRule {
    std::string_view directive;  // of ha.cf
    OnReload effect{};
    std::string_view text;  // kRestart: why, a sentence; kInPlace: what it does; may be empty then
    Replaces replaces = Replaces::kNone;
};
[[nodiscard]] std::span<const ReloadRule> reload_rules();

// "takes effect", "needs a restart: ..."; empty for what has no effect anyway.
[[nodiscard]] std::string on_reload(std::string_view directive);

// In the order of the files. Empty: they say what the suite runs with.
[[nodiscard]] std::vector<ReloadChange> plan_reload(const Loaded& running, const Loaded& fresh);

[[nodiscard]] std::set<ipc::Program> replaced_by(const std::vector<ReloadChange>& changes);

[[nodiscard]] inline bool is_refused(const std::vector<ReloadChange>& changes) {
    for (const ReloadChange& change : changes)
        if (!change.refused.empty()) return true;
    return false;
}

}  // namespace hb::config
