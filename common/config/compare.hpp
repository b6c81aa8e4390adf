// What two nodes of a cluster have in different words: their files should be the same, but for what
// is each node's own (its watchdog, its logs, the other end of a ucast line).
//
// Pure. No diagnostic quotes a key or a fence device's parameters.
#pragma once

#include <string>
#include <vector>

#include "common/config/diagnostic.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

struct NodeFiles {
    std::string node;  // whose
    const Settings& settings;
    const AuthKeys& keys;
};

// Errors: with that they cannot form a cluster, or a group is another one after a takeover.
// Warnings: they work, but not as one of the files says. Notes: what may well be meant.
[[nodiscard]] std::vector<Diagnostic> compare(const NodeFiles& here, const NodeFiles& there);

}  // namespace hb::config
