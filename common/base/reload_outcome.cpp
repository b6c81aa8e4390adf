#include "common/base/reload_outcome.hpp"

#include <fmt/format.h>

namespace hb {

std::string in_words(const ReloadChange& c) {
    std::string text = c.at.empty() ? std::string() : c.at + ": ";
    if (c.before.empty())
        text += fmt::format("{} {} is new", c.what, c.after);
    else if (c.after.empty())
        text += fmt::format("{} {} is gone", c.what, c.before);
    else
        text += fmt::format("{}: {} -> {}", c.what, c.before, c.after);
    if (!c.refused.empty()) return text + fmt::format(": needs a restart: {}", c.refused);
    return c.note.empty() ? text : text + fmt::format(" ({})", c.note);
}

}  // namespace hb
