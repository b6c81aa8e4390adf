#include <fmt/format.h>

#include "common/base/cluster_state.hpp"
#include "common/base/fingerprint.hpp"

namespace hb {

namespace {

constexpr std::uint32_t kMarkBits = 0xffffff;

}  // namespace

TransitionId transition_id(const ViewId& view, const GroupName& group, std::uint64_t version) {
    const std::uint64_t mark = fingerprint64(to_string(view) + "\n" + group);
    return {view.number, version, static_cast<std::uint32_t>(mark & kMarkBits)};
}

std::string to_string(const TransitionId& id) {
    return fmt::format("{}.{}-{:06x}", id.view, id.row, id.mark);
}

}  // namespace hb
