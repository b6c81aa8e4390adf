// Reads the configuration directory (/etc/ha.d): the only part of common/config that opens files.
//
// All errors of all three files in one run. authkeys must belong to root and be closed to group and
// others. The buffer that held authkeys is wiped; the returned AuthKeys are the caller's to guard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/parser.hpp"

namespace hb::config {

struct Loaded {
    Settings settings;
    Places places;
    AuthKeys keys;
    std::string own_node;        // lower case
    std::optional<NodeId> self;  // its rank; always there when ok()
    std::vector<Diagnostic> diagnostics;
    [[nodiscard]] bool ok() const;
};

// `own_node` empty: the first line of `dir`/nodeinfo, or what uname(2) says.
[[nodiscard]] Loaded load_directory(const std::string& dir, std::string_view own_node = {});

// authkeys alone, for a reread on SIGHUP.
struct LoadedKeys {
    AuthKeys keys;
    std::vector<Diagnostic> diagnostics;
    [[nodiscard]] bool ok() const;
};
[[nodiscard]] LoadedKeys load_authkeys(const std::string& dir);

}  // namespace hb::config
