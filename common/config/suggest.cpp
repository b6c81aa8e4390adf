#include "common/config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace hb::config {
namespace {

constexpr std::size_t kLongestWord = 40;  // longer words are no typing mistakes

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Optimal string alignment distance, three rows of the table at a time. Neither word is longer than
// kLongestWord.
std::size_t distance(std::string_view a, std::string_view b) {
    using TableRow = std::array<std::size_t, kLongestWord + 1>;
    TableRow before_last{};
    TableRow last{};
    TableRow now{};
    for (std::size_t j = 0; j <= b.size(); j++)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); i++) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = now;
    }
    return last[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > kLongestWord) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (std::string_view candidate : candidates) {
        // The difference in length is the least distance; most candidates end here.
        const std::size_t difference =
            std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
        if (difference >= least || candidate.size() > kLongestWord) continue;
        const std::size_t d = distance(word, candidate);
        if (d >= least || d >= candidate.size()) continue;
        least = d;
        best = candidate;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view best = closest(word, candidates);
    return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

}  // namespace hb::config
