#include "daemons/hb-comm/ignored_answers.hpp"

#include <fmt/format.h>

namespace hb::comm {

std::optional<Event> IgnoredAnswers::note(const PlacedAddress& where, const MacAddress& by,
                                          MonoTime now) {
    std::erase_if(said_, [&](const auto& entry) { return now - entry.second >= kAgain; });
    if (said_.size() >= kMost || !said_.try_emplace({where, by}, now).second) return std::nullopt;
    return Event{"gate-ignored",
                 Level::kWarn,
                 fmt::format("{} answers for {} on {}, and is disregarded: gate_ignore names it",
                             by.to_string(), where.address.to_string(), where.interface),
                 {{"HB_LINK", where.interface}}};
}

}  // namespace hb::comm
