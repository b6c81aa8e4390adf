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
            check_line(s);
            return;
    }
}

void HaCfParser::check_line(const Statement& s) {
    const std::string_view name = s.directive->name;
    if (name == "apiauth") static_cast<void>(check_apiauth(s));
}

bool HaCfParser::check_apiauth(const Statement& s) {
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    bool has_who = false;
    for (std::size_t i = 1; i < words.size(); i++) {
        const bool good =
            (words[i].text.starts_with("uid=") || words[i].text.starts_with("gid=")) &&
            words[i].text.size() > 4;
        has_who = has_who || good;
        if (good) continue;
        broken(s, words[i].at,
               fmt::format("unexpected '{}': apiauth {}", printable(words[i].text),
                           s.directive->syntax));
        return false;
    }
    if (!has_who) {
        broken(s, words[0].at, "apiauth wants uid= or gid=");
        return false;
    }
    const auto [first, is_new] = api_clients_.emplace(words[0].text, words[0].at);
    if (is_new) return true;
    broken(s, words[0].at,
           fmt::format("apiauth for '{}' is given twice, first at {}", printable(words[0].text),
                       to_string(first->second)));
    return false;
}

}  // namespace hb::config
