#include "common/base/text.hpp"

#include <algorithm>

namespace hb {

namespace {

// Length of the valid UTF-8 sequence at the begin of `s`, 0 when there is none.
std::size_t sequence_length(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto follows = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0) == 0x80; };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!follows(1) || !follows(2)) return 0;
        if (first == 0xE0 && byte(1) < 0xA0) return 0;   // overlong
        if (first == 0xED && byte(1) >= 0xA0) return 0;  // a surrogate
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if (first == 0xF0 && byte(1) < 0x90) return 0;   // overlong
        if (first == 0xF4 && byte(1) >= 0x90) return 0;  // beyond the last
        return 4;
    }
    return 0;
}

// C0 and C1: both steer terminals.
bool is_control(std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
    return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

bool is_plain_text(std::string_view text) {
    return is_printable_ascii(text) || plain_text(text, text.size()) == text;
}

std::string plain_text(std::string_view text, std::size_t limit) {
    if (text.size() <= limit && is_printable_ascii(text)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        const std::size_t n = sequence_length(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(n, 1));
        const std::string_view put = n == 0 ? "?" : is_control(sequence) ? " " : sequence;
        if (out.size() + put.size() > limit) break;
        out += put;
        text.remove_prefix(sequence.size());
    }
    return out;
}

}  // namespace hb
