// Datagrams on a line that carries bytes only (a serial line): where each begins and ends, whether
// it came whole, and how many did not come.
//
// On the line a datagram is COBS(counter (1), datagram, CRC-32 of both (4, network order)) between
// two zero bytes. COBS leaves no zero byte within, so after any noise the next zero byte is a
// boundary again; it costs one byte in 254. The counter counts datagrams of one direction, from
// kFirstCounter, which only the first one after an opening has: a gap tells how many were lost. The
// CRC tells noise (or another baud rate at the other end) from a wrong key; what is believed is the
// datagram's own tag.
//
// Pure. A decoder never keeps more than kLineBytes; what is longer is dropped and counted once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/wire/envelope.hpp"

namespace hb::wire {

// What a datagram costs on the line beside its own bytes: two boundaries, counter, CRC, COBS.
[[nodiscard]] constexpr std::size_t line_overhead(std::size_t datagram_bytes) {
    return 2 + 1 + 4 + 1 + (datagram_bytes + 5) / 254;
}
// The longest piece between two boundaries that can be ours.
inline constexpr std::size_t kLineBytes = kMaxDatagramBytes + line_overhead(kMaxDatagramBytes);

inline constexpr std::uint8_t kFirstCounter = 0;
[[nodiscard]] constexpr std::uint8_t next_counter(std::uint8_t counter) {
    return counter == 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(counter + 1);
}

[[nodiscard]] std::string to_line(std::uint8_t counter, std::string_view datagram);

struct LineCounts {
    std::uint64_t good = 0;     // datagrams
    std::uint64_t garbled = 0;  // pieces between two boundaries that were none
    std::uint64_t lost = 0;     // by the counter, among them garbled ones
};

class LineDecoder {
  public:
    // Calls `take` with each datagram; its bytes are valid during the call.
    void feed(std::string_view bytes, const std::function<void(std::string_view)>& take);
    // The line was opened anew: what comes begins in the middle of something.
    void restart();
    [[nodiscard]] const LineCounts& counts() const { return counts_; }

  private:
    void end_of_piece(const std::function<void(std::string_view)>& take);

    std::string piece_;
    bool too_long_ = false;
    bool in_step_ = false;  // a boundary was seen
    bool have_counter_ = false;
    std::uint8_t counter_ = 0;  // of the newest datagram
    LineCounts counts_;
};

}  // namespace hb::wire
