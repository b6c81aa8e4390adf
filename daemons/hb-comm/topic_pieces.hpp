// Topics of one peer that come in pieces, over a slow line: put together again.
//
// Of each topic only the newest version is worth waiting for; its pieces may come in any order, and
// again. Memory is bounded: one topic of limits::kBodyBytes of each kind, and a number of holes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/base/frame.hpp"

namespace hb::comm {

class TopicPieces {
  public:
    static constexpr std::size_t kMostHoles = 1000;

    // The whole topic, when this piece was the last that was missing.
    [[nodiscard]] std::optional<TopicUpdate> add(const TopicSlice& slice) {
        Partial& p = partial_[slice.topic];
        if (slice.version < p.version) return std::nullopt;
        if (slice.version != p.version || slice.whole != p.bytes.size() ||
            p.holes.size() > kMostHoles)
            p = {slice.version, std::string(slice.whole, '\0'), {{0, slice.whole}}};
        std::copy(slice.bytes.begin(), slice.bytes.end(),
                  p.bytes.begin() + static_cast<std::ptrdiff_t>(slice.offset));
        fill(p, slice.offset, slice.offset + static_cast<std::uint32_t>(slice.bytes.size()));
        if (!p.holes.empty()) return std::nullopt;
        TopicUpdate whole{slice.topic, p.version, std::move(p.bytes)};
        partial_.erase(slice.topic);
        return whole;
    }
    void clear() { partial_.clear(); }

  private:
    struct Partial {
        TopicVersion version;
        std::string bytes;
        std::map<std::uint32_t, std::uint32_t> holes;  // from, to
    };
    static void fill(Partial& p, std::uint32_t from, std::uint32_t to) {
        auto hole = p.holes.upper_bound(from);
        if (hole != p.holes.begin()) --hole;
        while (hole != p.holes.end() && hole->first < to) {
            const auto [begin, end] = *hole;
            if (end <= from) {
                ++hole;
                continue;
            }
            hole = p.holes.erase(hole);
            if (begin < from) p.holes.emplace(begin, from);
            if (to < end) p.holes.emplace(to, end);
        }
    }

    std::map<Topic, Partial> partial_;
};

}  // namespace hb::comm
