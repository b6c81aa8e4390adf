// Fence records, common to three interfaces. Internal to proto/.
#pragma once

#include <vector>

#include "common/base/fence_record.hpp"
#include "fence_record.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

using FenceRecords = google::protobuf::RepeatedPtrField<pb::FenceRecord>;

void put(const std::vector<FenceRecord>& from, FenceRecords& to);
[[nodiscard]] std::vector<FenceRecord> read(const FenceRecords& from, Reader& in);

}  // namespace hb::proto
