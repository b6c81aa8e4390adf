#include "common/wire/line_framing.hpp"

#include <zlib.h>

#include <optional>

#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kLongestRun = 254;

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Consistent overhead byte stuffing (Cheshire and Baker, 1999): each code byte says how far the
// next zero is.
void stuff(std::string_view plain, std::string& out) {
    std::size_t code_at = out.size();
    out.push_back('\1');
    std::size_t run = 0;
    for (const char byte : plain) {
        if (run == kLongestRun) {
            out[code_at] = '\xff';
            code_at = out.size();
            out.push_back('\1');
            run = 0;
        }
        if (byte == '\0') {
            out[code_at] = static_cast<char>(run + 1);
            code_at = out.size();
            out.push_back('\1');
            run = 0;
        } else {
            out.push_back(byte);
            ++run;
        }
    }
    out[code_at] = static_cast<char>(run + 1);
}

std::optional<std::string> unstuff(std::string_view stuffed) {
    std::string plain;
    plain.reserve(stuffed.size());
    while (!stuffed.empty()) {
        const std::size_t code = static_cast<std::uint8_t>(stuffed.front());
        if (code == 0 || code > stuffed.size()) return std::nullopt;
        plain.append(stuffed.substr(1, code - 1));
        stuffed.remove_prefix(code);
        if (code <= kLongestRun && !stuffed.empty()) plain.push_back('\0');
    }
    return plain;
}

}  // namespace

std::string to_line(std::uint8_t counter, std::string_view datagram) {
    std::string plain;
    plain.reserve(1 + datagram.size() + kCrcBytes);
    plain.push_back(static_cast<char>(counter));
    plain.append(datagram);
    std::uint8_t crc[kCrcBytes];
    store_be32(crc, crc_of(plain));
    plain.append(reinterpret_cast<const char*>(crc), kCrcBytes);
    std::string line;
    line.reserve(plain.size() + line_overhead(datagram.size()));
    line.push_back('\0');
    stuff(plain, line);
    line.push_back('\0');
    return line;
}

void LineDecoder::restart() {
    piece_.clear();
    too_long_ = false;
    in_step_ = false;
    have_counter_ = false;
}

void LineDecoder::end_of_piece(const std::function<void(std::string_view)>& take) {
    const std::string piece = std::exchange(piece_, {});
    const bool was_too_long = std::exchange(too_long_, false);
    const bool was_in_step = std::exchange(in_step_, true);
    if (was_too_long || piece.empty()) return;
    const auto plain = unstuff(piece);
    const bool good = plain && plain->size() > 1 + kCrcBytes &&
                      load_be32(reinterpret_cast<const std::uint8_t*>(plain->data()) +
                                plain->size() - kCrcBytes) ==
                          crc_of(std::string_view(*plain).substr(0, plain->size() - kCrcBytes));
    if (!good) {
        // Before the first boundary it may be the end of something whole.
        if (was_in_step) ++counts_.garbled;
        return;
    }
    const auto counter = static_cast<std::uint8_t>(plain->front());
    if (have_counter_ && counter != kFirstCounter) {
        const std::uint8_t expected = next_counter(counter_);
        // There is no kFirstCounter on the way round.
        counts_.lost += counter >= expected ? std::uint64_t(counter - expected)
                                            : std::uint64_t(255 - (expected - counter));
    }
    have_counter_ = true;
    counter_ = counter;
    ++counts_.good;
    take(std::string_view(*plain).substr(1, plain->size() - 1 - kCrcBytes));
}

void LineDecoder::feed(std::string_view bytes, const std::function<void(std::string_view)>& take) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\0');
        const std::string_view before = bytes.substr(0, end);
        if (!too_long_ && piece_.size() + before.size() > kLineBytes) {
            ++counts_.garbled;
            too_long_ = true;
            piece_.clear();
        }
        if (!too_long_) piece_.append(before);
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        end_of_piece(take);
    }
}

}  // namespace hb::wire
