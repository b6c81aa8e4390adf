// What a reload of the configuration did, would do, or why it did nothing: from hb-master, by way
// of hb-membership, to who asked. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hb {

// Something that is in the files otherwise than in the running suite.
struct ReloadChange {
    std::string at;    // "ha.cf:12:9"; empty: written nowhere (a directive that is gone)
    std::string what;  // "keepalive", "group 10.0.0.5"
    std::string before;
    std::string after;
    std::string refused;  // why that needs a restart; empty: it takes effect
    std::string note;     // what that does, or what it does not touch; may be empty
    bool operator==(const ReloadChange&) const = default;
};

// What the reading of the files found.
struct ReloadFinding {
    enum class Severity : std::uint8_t { kError = 1, kWarning, kNote } severity{};
    std::string at;
    std::string text;
    bool operator==(const ReloadFinding&) const = default;
};

// "ha.cf:2:10: deadtime: 10s -> 8s", "ha.cf:7:6: ping 10.0.0.3 is new"
[[nodiscard]] std::string in_words(const ReloadChange& change);

struct ReloadOutcome {
    bool ok = false;   // it is in effect; asked what would happen: it could be
    std::string text;  // one sentence
    std::vector<ReloadChange> changes;
    std::vector<ReloadFinding> findings;
    std::uint32_t more = 0;  // changes and findings that were left out: too many for one message
    bool operator==(const ReloadOutcome&) const = default;
};

}  // namespace hb
