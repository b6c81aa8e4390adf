// Every directive of ha.cf: what it takes, what it means, whether it is in effect. The parser, the
// printer, `hactl check` and the manual read this one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hb::config {

enum class ValueType : std::uint8_t {
    kTime = 1,    // number with an optional unit
    kNumber,      // whole number between least and most
    kBoolean,     // on/off, yes/no, true/false, y/n, 1/0
    kChoice,      // one of `choices`
    kWord,        // any one word
    kPath,        // absolute path
    kNames,       // one or more words, on one or more lines
    kInterfaces,  // one or more network interfaces
    kLine,        // a line of its own grammar
};

enum class Effect : std::uint8_t {
    kFull = 1,  // does what it says
    kKept,      // checked and kept, but nothing acts on it yet: one warning
    kAccepted,  // its value is checked, then it is passed over: one warning
};

struct Directive {
    std::string_view name;
    ValueType type = ValueType::kLine;
    Effect effect = Effect::kFull;
    bool repeatable = false;    // else a second one is an error
    std::string_view syntax;    // what follows the name, for people
    std::string_view unit;      // "s", "KiB"; empty: none
    std::string_view fallback;  // the value when absent, for people
    std::int64_t least = 0;     // kNumber
    std::int64_t most = 0;
    std::string_view choices;  // kChoice: words with a blank between them
    std::string_view note;     // why it is not in effect, or what does its work; a sentence part
    std::string_view help;     // a paragraph for the manual
    bool per_node = false;     // nodes may well have different ones
};

[[nodiscard]] std::span<const Directive> schema();
[[nodiscard]] const Directive* find_directive(std::string_view name);  // exact, letter case counts

}  // namespace hb::config
