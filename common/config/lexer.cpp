#include "common/config/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMostQuoted = 60;
constexpr std::size_t kLineBytes = 64 * 1024;  // so no word is longer than daemons take

constexpr unsigned kFirstAboveC1 = 0xa0;  // U+0080 to U+009F are control characters as well

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && kBlanks.find(c) == std::string_view::npos) || byte == 0x7f;
}

// The length of the well-formed UTF-8 sequence of a printable character that `text` begins with; 0:
// there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [text](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    unsigned code = lead & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; i++) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
        code = code << 6 | (byte(i) & 0x3f);
    }
    const unsigned least = length == 4 ? 0x10000 : length == 3 ? 0x800 : kFirstAboveC1;
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool is_good = lead >= 0xc0 && lead < 0xf8 && code >= least && code <= 0x10ffff;
    return is_good && !is_surrogate ? length : 0;
}

// Reports the first byte that has no place in a configuration. Names travel between nodes and into
// logs, so they have to be text; a key may be of any bytes, and goes nowhere.
bool is_text(std::string_view line, const Position& at, Comments comments,
             Diagnostics& diagnostics) {
    const auto place = [&at](std::size_t offset) {
        Position p = at;
        p.column += static_cast<unsigned>(offset);
        return p;
    };
    for (std::size_t i = 0; i < line.size();) {
        if (is_control(line[i])) {
            diagnostics.error(place(i), fmt::format("control character 0x{:02x}",
                                                    static_cast<unsigned char>(line[i])));
            return false;
        }
        const std::size_t length =
            comments == Comments::kWholeLine ? 1 : utf8_length(line.substr(i));
        if (length == 0) {
            diagnostics.error(place(i), "this is not UTF-8 text");
            return false;
        }
        i += length;
    }
    return true;
}

std::string_view without_comment(std::string_view line, Comments comments) {
    if (comments == Comments::kAnywhere) return line.substr(0, line.find('#'));
    const std::size_t first = line.find_first_not_of(kBlanks);
    const bool is_comment = first != std::string_view::npos && line[first] == '#';
    return is_comment ? std::string_view() : line;
}

Line cut_front(const Line& line, std::size_t count) {
    count = std::min(count, line.text.size());
    Line rest{line.text.substr(count), line.at, line.has_comment};
    rest.at.column += static_cast<unsigned>(count);
    return rest;
}

}  // namespace

std::vector<Line> split_lines(std::string_view text, std::string_view file, Comments comments,
                              Diagnostics& diagnostics) {
    std::vector<Line> lines;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    for (unsigned number = 1; !text.empty(); number++) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t whole = line.size();
        line = without_comment(line, comments);
        if (line.find_first_not_of(kBlanks) == std::string_view::npos) continue;

        const Position at{std::string(file), number, 1};
        if (line.size() > kLineBytes) {
            diagnostics.error(at, fmt::format("line of more than {} KiB", kLineBytes / 1024));
            continue;
        }
        if (!is_text(line, at, comments, diagnostics)) continue;
        lines.push_back({line, at, line.size() != whole});
    }
    return lines;
}

Word take_word(Line& line, std::string_view separators) {
    line = cut_front(line, line.text.find_first_not_of(separators));
    const std::size_t length = std::min(line.text.find_first_of(separators), line.text.size());
    const Word word{line.text.substr(0, length), line.at};
    line = cut_front(line, length);
    line = cut_front(line, line.text.find_first_not_of(separators));
    return word;
}

std::vector<Word> split_words(const Line& line, std::string_view separators) {
    std::vector<Word> words;
    Line rest = line;
    while (true) {
        const Word word = take_word(rest, separators);
        if (word.text.empty()) return words;
        words.push_back(word);
    }
}

std::string printable(std::string_view text) {
    std::string result(text.substr(0, kMostQuoted));
    std::ranges::replace_if(
        result, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    if (text.size() > kMostQuoted) result += "...";
    return result;
}

}  // namespace hb::config
