// A group whose resources changed by a reload, and the name of what it lost.
#pragma once

#include "common/base/ids.hpp"

namespace hb {

struct GroupChange {
    bool gains = false;  // resources that it did not have
    bool loses = false;  // neither: the same ones in another order
    bool operator==(const GroupChange&) const = default;
};

// What a group loses is stopped as if it were a group of its own: a *removed part*, by this name,
// which no line of haresources can have.
[[nodiscard]] GroupName removed_part(const GroupName& group);
[[nodiscard]] bool is_removed_part(const GroupName& name);

}  // namespace hb
