// `serial` and `baud`.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.hpp"
#include "common/config/ha_cf_parser.hpp"
#include "common/config/values.hpp"

namespace hb::config {

void HaCfParser::take_serial(const Statement& s) {
    for (const Word& word : s.words) {
        if (!word.text.starts_with('/')) {
            bad_value(s, word.at, fmt::format("'{}' is no absolute path", printable(word.text)));
            continue;
        }
        if (word.text.size() > limits::kLinkNameBytes) {
            bad_value(s, word.at,
                      fmt::format("'{}' is longer than {} characters: a link in /dev may name it",
                                  printable(word.text), limits::kLinkNameBytes));
            continue;
        }
        Medium medium;
        medium.kind = MediumKind::kSerial;
        medium.interface = word.text;
        medium.port = 0;
        medium.baud = baud_;
        medium.position = word.at;
        add_medium(std::move(medium));
    }
}

// As with udpport: it holds for the lines below it, and where that makes a difference the writer
// has to say what is meant.
void HaCfParser::take_baud(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const std::vector<Word> rates = split_words({s.directive->choices, {}}, kBlanks);
    if (std::ranges::find(rates, word->text, &Word::text) == rates.end()) {
        broken(s, word->at,
               fmt::format("invalid baudrate [{}] specified. It is one of {}",
                           printable(word->text), s.directive->choices));
        return;
    }
    baud_ = static_cast<unsigned>(*parse_number(word->text, 1, 1'000'000));
    const auto early = std::ranges::find(out_.settings.media, MediumKind::kSerial, &Medium::kind);
    if (early == out_.settings.media.end() || early->baud == baud_) return;
    diagnostics_.error(s.name.at,
                       fmt::format("'baud {}' holds for lines below it only, but 'serial {}' at {} "
                                   "stands above it: put baud before serial",
                                   baud_, early->interface, to_string(early->position)));
}

}  // namespace hb::config
