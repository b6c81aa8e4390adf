// Heartbeat's hooks, /etc/ha.d/rc.d/TYPE: what is there. docs/resources.md, "Hooks".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hb::config {

struct RcScript {
    std::string type;
    std::string path;
    // Not run: the word in it that shows that it takes or gives up resources by itself, as the
    // scripts shipped with Heartbeat do. Beside us that would be a start without a gate.
    std::string moves_resources;
};

// The types that an event of this suite runs.
[[nodiscard]] const std::vector<std::string>& rc_types();
// The executable files in `directory` with such a name.
[[nodiscard]] std::vector<RcScript> find_rc_scripts(const std::string& directory);
[[nodiscard]] std::optional<RcScript> find_rc_script(const std::string& directory,
                                                     const std::string& type);

// The sentence for who has to mend it.
[[nodiscard]] std::string refusal_of(const RcScript& script);

// Pure: of a script's text.
[[nodiscard]] std::string word_that_moves_resources(std::string_view script);

}  // namespace hb::config
