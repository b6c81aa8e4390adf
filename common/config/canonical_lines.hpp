// ha.cf line by line in canonical form, each with the place where it was written: for who compares
// two of them. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/config/parser.hpp"

namespace hb::config {

struct CanonicalLine {
    std::string text;  // what follows the directive. Of fence devices with their passwords.
    Position at;       // line 0: it is not written anywhere, it is the default
};
// By directive.
using CanonicalLines = std::map<std::string, std::vector<CanonicalLine>>;

[[nodiscard]] CanonicalLines canonical_lines(const Settings& settings);
// With the places of what Settings keeps without one.
[[nodiscard]] CanonicalLines canonical_lines(const Settings& settings, const Places& places);

}  // namespace hb::config
