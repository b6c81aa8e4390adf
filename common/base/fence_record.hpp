// One try to switch a node off, as `hactl fence history` tells it.
#pragma once

#include <string>

#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb {

struct FenceRecord {
    NodeId target{};
    Duration ago{};
    bool ok = false;
    std::string by;    // device, or "a human"
    std::string text;  // what it said
    bool operator==(const FenceRecord&) const = default;
};

}  // namespace hb
