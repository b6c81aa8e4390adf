#include <fmt/format.h>

#include "common/base/cluster_state.hpp"

namespace hb {

namespace {

constexpr std::uint32_t kMarkBits = 0xffffff;

// FNV-1a; it has to differ, not to withstand anybody.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

}  // namespace

TransitionId transition_id(const ViewId& view, const GroupName& group, std::uint64_t version) {
    std::uint64_t hash = mix(0xcbf29ce484222325U, to_string(view));
    hash = mix(hash, group);
    hash ^= hash >> 32;
    return {view.number, version, static_cast<std::uint32_t>(hash ^ hash >> 24) & kMarkBits};
}

std::string to_string(const TransitionId& id) {
    return fmt::format("{}.{}-{:06x}", id.view, id.row, id.mark);
}

}  // namespace hb
