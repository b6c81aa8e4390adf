// Messages of control.proto that fill a file of their own. Internal to proto/.
#pragma once

#include "common/base/group_story.hpp"
#include "control.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

void put(const GroupStory& from, pb::GroupStory& to);
[[nodiscard]] GroupStory read(const pb::GroupStory& from, Reader& in);

}  // namespace hb::proto
