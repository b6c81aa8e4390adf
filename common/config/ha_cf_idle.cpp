// The directives of ha.cf that are accepted without effect: their values are checked all the same,
// so that a file that is good here was good for Heartbeat.
#include <fmt/format.h>

#include <algorithm>

#include "common/config/ha_cf_parser.hpp"
#include "common/config/suggest.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

std::vector<std::string_view> choices_of(const Directive& d) {
    std::vector<std::string_view> names;
    for (const Word& word : split_words({d.choices, {}}, kBlanks))
        names.push_back(word.text);
    return names;
}

}  // namespace

void HaCfParser::check_value(const Statement& s) {
    const Directive& d = *s.directive;
    switch (d.type) {
        case ValueType::kTime:
            static_cast<void>(time_value(s));
            return;
        case ValueType::kNumber:
            if (const auto word = one_word(s)) {
                const auto value = parse_number(word->text, d.least, d.most);
                if (!value) bad_value(s, word->at, value.error().text);
            }
            return;
        case ValueType::kBoolean:
            static_cast<void>(switch_value(s));
            return;
        case ValueType::kChoice:
            if (const auto word = one_word(s)) {
                const std::vector<std::string_view> names = choices_of(d);
                if (std::ranges::find(names, to_lower(word->text)) == names.end())
                    bad_value(s, word->at,
                              fmt::format("'{}' is none of {}{}", printable(word->text), d.syntax,
                                          did_you_mean(word->text, names)));
                else if (d.name == "autojoin" && to_lower(word->text) != "none")
                    broken(s, word->at,
                           "R1 style resource management conflicts with autojoin set: nodes are "
                           "those of the node lines");
            }
            return;
        case ValueType::kPath:
            if (const auto word = one_word(s))
                if (!word->text.starts_with('/'))
                    bad_value(s, word->at,
                              fmt::format("'{}' is no absolute path", printable(word->text)));
            return;
        case ValueType::kWord:
            static_cast<void>(one_word(s));
            return;
        case ValueType::kNames:
        case ValueType::kInterfaces:
        case ValueType::kLine:
            return;  // none of these is without effect
    }
}

}  // namespace hb::config
