// What a core has to say to people: a fact, logged once by the shell that owns the core.
//
// The id is stable (HB_EVENT= in the journal, `hactl events`, docs/log-messages.md); the text is
// Heartbeat's wording where Heartbeat has a line for it. Fields are for machines: HB_NODE, HB_LINK,
// HB_GROUP, HB_TRANSITION (of the group), HB_REASON, HB_VIEW, HB_ADDRESS, HB_MAC, HB_FILE.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hb {

enum class Level { kDebug, kInfo, kNotice, kWarn, kError, kCrit };

struct Event {
    std::string id;  // "node-dead": lower case words, documented in docs/log-messages.md
    Level level = Level::kInfo;
    std::string text;
    std::vector<std::pair<std::string, std::string>> fields;  // {"HB_NODE", "node1"}
    bool operator==(const Event&) const = default;
};

}  // namespace hb
