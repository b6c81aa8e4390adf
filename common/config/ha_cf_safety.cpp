// The directives of ha.cf that say what a node rests on when another falls silent: watchdog,
// quorum, the time of L4, whose answers count.
#include <fmt/format.h>

#include "common/config/ha_cf_parser.hpp"
#include "common/config/values.hpp"

namespace hb::config {

void HaCfParser::take_watchdog(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    if (!word->text.starts_with('/'))
        return bad_value(s, word->at,
                         fmt::format("'{}' is no absolute path", printable(word->text)));
    out_.settings.watchdog = word->text;
}

void HaCfParser::take_watchdog_evidence(const Statement& s) {
    if (const auto value = switch_value(s)) out_.settings.watchdog_evidence = *value;
}

void HaCfParser::take_quorum(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const std::string value = to_lower(word->text);
    if (value != "majority" && value != "off")
        return bad_value(s, word->at,
                         fmt::format("'{}' is none of majority, off", printable(word->text)));
    out_.settings.quorum = value == "majority";
}

void HaCfParser::take_gate_ignore(const Statement& s) {
    for (const Word& word : s.words) {
        const std::optional<MacAddress> mac = MacAddress::parse(word.text);
        // The lowest bit of the first byte: a group of hosts, which answers nothing.
        if (!mac || (mac->bytes[0] & 1U) != 0 || *mac == MacAddress{}) {
            bad_value(s, word.at,
                      fmt::format("'{}' is no MAC address of a device, such as 52:54:00:12:34:56",
                                  printable(word.text)));
            continue;
        }
        out_.settings.gate_ignore.push_back(*mac);
    }
}

}  // namespace hb::config
