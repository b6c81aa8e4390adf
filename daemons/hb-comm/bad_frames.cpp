#include "daemons/hb-comm/bad_frames.hpp"

#include <fmt/format.h>

namespace hb::comm {

Event BadFrames::event(const Kind& kind, std::uint64_t count) {
    return {"bad-frame",
            Level::kWarn,
            fmt::format("{} bad frame{} from {} on {}: {}", count, count == 1 ? "" : "s", kind.from,
                        kind.interface, kind.why),
            {{"HB_LINK", kind.interface}, {"HB_ADDRESS", kind.from}, {"HB_REASON", kind.why}}};
}

void BadFrames::add(const std::string& from, const std::string& interface, const std::string& why,
                    MonoTime now, std::vector<Event>& out) {
    Kind kind{from, interface, why};
    if (!untold_.contains(kind) && untold_.size() >= kKinds)
        kind = {"many hosts", interface, "of several kinds"};
    const auto [it, first] = untold_.try_emplace(kind, 0);
    if (first)
        out.push_back(event(kind, 1));
    else
        ++it->second;
    if (next_ == kForever) next_ = now + kInterval;
}

void BadFrames::on_deadline(MonoTime now, std::vector<Event>& out) {
    if (now < next_) return;
    // Who was quiet for an interval is new when it comes again.
    std::erase_if(untold_, [](const auto& entry) { return entry.second == 0; });
    for (auto& [kind, count] : untold_) {
        out.push_back(event(kind, count));
        count = 0;
    }
    next_ = untold_.empty() ? kForever : now + kInterval;
}

}  // namespace hb::comm
