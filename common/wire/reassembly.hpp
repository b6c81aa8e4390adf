// Puts the parts of frames together again.
//
// Only the newest frame of a sender is worth waiting for. Parts may come in any order and over
// several links; whichever link brings a part first counts. Memory is bounded: at most two frames
// of limits::kBodyBytes per sender, one of its highest (generation, session) seen and one of any
// other (a sender that lost its disk comes with a lower generation). Parts must be authentic.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/frame.hpp"
#include "common/wire/envelope.hpp"

namespace hb::wire {

struct WholeFrame {
    FrameHeader header;  // part 0, parts as sent
    std::string body;
    bool operator==(const WholeFrame&) const = default;
};

class Reassembler {
  public:
    // The whole frame, once, when this part made it whole. A frame of one part is whole at once and
    // leaves no trace, so every copy of it comes back: dropping duplicates is the core's affair.
    [[nodiscard]] std::optional<WholeFrame> add(OpenedPart part);

    // Bytes of bodies kept at this moment.
    [[nodiscard]] std::size_t bytes_kept() const;

  private:
    struct Partial {
        FrameHeader header;
        std::uint32_t body_bytes = 0;
        std::size_t missing = 0;  // 0: delivered (or nothing begun)
        std::vector<std::optional<std::string>> parts;
    };
    struct Sender {
        Partial highest;  // of the highest (generation, session)
        Partial other;
    };
    static Partial& slot_for(Sender& sender, const FrameHeader& header);

    std::map<NodeId, Sender> senders_;
};

}  // namespace hb::wire
