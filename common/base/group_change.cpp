#include "common/base/group_change.hpp"

#include <string_view>

namespace hb {

namespace {
constexpr std::string_view kSuffix = " (removed)";
}

GroupName removed_part(const GroupName& group) {
    GroupName name = group;
    name += kSuffix;
    return name;
}

bool is_removed_part(const GroupName& name) {
    return name.ends_with(kSuffix);
}

}  // namespace hb
