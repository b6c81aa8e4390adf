// The parsers of the three configuration files, and what belongs together across them.
//
// Pure: text in, values and diagnostics out; no file, no clock, no name service (load.hpp reads the
// files, check_system.hpp asks the system). Nothing stops at the first mistake: one run reports all
// of them. A Heartbeat file is accepted as it is; what has no effect says so; what is wrong is
// refused, never guessed. The values of a text with errors are for further checks only, never for
// running.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/diagnostic.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

// Where values were written that Settings keeps without a position.
struct Places {
    std::string file;                            // as people know it: "ha.cf"
    std::map<std::string, Position> directives;  // first value of each directive that was given
    std::vector<Position> nodes;                 // by rank
    // Directives with a value that could not be read: what rests on them is not checked further, so
    // that one mistake is one message. "medium" stands for all media.
    std::set<std::string> broken;
    // Media that are accepted but not in effect, for the one who wonders why there is none.
    std::vector<Position> idle_media;
    // `stonith TYPE CONFIGFILE`: the devices are in that file (parse_fence_file).
    struct FenceFile {
        std::string type;
        std::string path;
        Position type_at;
        Position path_at;
    };
    std::optional<FenceFile> fence_file;
};

// ha.cf. `groups` stay empty: they are haresources' business.
struct Parsed {
    Settings settings;
    Places places;
    Diagnostics diagnostics;
    [[nodiscard]] bool ok() const { return !diagnostics.has_errors(); }
};
[[nodiscard]] Parsed parse_ha_cf(std::string_view text, std::string_view file = "ha.cf");

// haresources: appends to settings.groups. With no nodes in `settings` (ha.cf could not be read)
// node names are not looked up.
void parse_haresources(std::string_view text, Settings& settings, Diagnostics& diagnostics,
                       std::string_view file = "haresources");

// The file of a `stonith` line: one device a line; appends to settings.fencing. With no nodes in
// `settings` nothing is looked up. No diagnostic ever quotes a parameter's value.
void parse_fence_file(std::string_view text, std::string_view file, const Places::FenceFile& line,
                      Settings& settings, Diagnostics& diagnostics);

// authkeys. No diagnostic ever quotes a word of the file that could be a key, or a part of one.
struct ParsedKeys {
    AuthKeys keys;
    Diagnostics diagnostics;
    [[nodiscard]] bool ok() const { return !diagnostics.has_errors(); }
};
[[nodiscard]] ParsedKeys parse_authkeys(std::string_view text, std::string_view file = "authkeys");

// What no single line can show: is this node listed, do the times fit each other, is there a
// medium.
void validate(const Settings& settings, const Places& places, std::string_view own_node,
              Diagnostics& diagnostics);

// The canonical text of each file: parsed again it means the same.
[[nodiscard]] std::string print_ha_cf(const Settings& settings);  // contains fence passwords
[[nodiscard]] std::string print_haresources(const Settings& settings);
[[nodiscard]] std::string print_authkeys(const AuthKeys& keys);  // contains the keys

// Equal but for positions and spelling.
[[nodiscard]] bool same_meaning(const Settings& a, const Settings& b);

}  // namespace hb::config
