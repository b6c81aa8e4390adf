// Text to lines, lines to words, each with its position. Knows no directive.
//
// Common to the three files: lines end with LF (a CR before it is dropped, as is a byte order
// mark), blanks are space, tab, vertical tab and form feed. Other control characters, and outside
// of comments and keys what is not UTF-8, are reported once per line, which is then left out: they
// must not reach a log or another node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/diagnostic.hpp"

namespace hb::config {

struct Word {
    std::string_view text;  // a part of the text that was given to the lexer
    Position at;
};

struct Line {
    std::string_view text;  // without its end and, where the file has comments, without the comment
    Position at;            // of its first byte
    bool has_comment = false;  // one was cut off
};

enum class Comments : std::uint8_t {
    kAnywhere = 1,  // from '#' to the end of the line: ha.cf, haresources
    kWholeLine,     // only lines whose first word begins with '#': a key may contain one
};

// Lines with nothing on them are left out.
[[nodiscard]] std::vector<Line> split_lines(std::string_view text, std::string_view file,
                                            Comments comments, Diagnostics& diagnostics);

inline constexpr std::string_view kBlanks = " \t\v\f";
inline constexpr std::string_view kBlanksAndCommas = " \t\v\f,";

[[nodiscard]] std::vector<Word> split_words(const Line& line, std::string_view separators);

// Cuts the first word off `line`; what is left begins at its next word.
[[nodiscard]] Word take_word(Line& line, std::string_view separators);

// For quoting in a diagnostic: what cannot be printed becomes '?', what is long is cut.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace hb::config
