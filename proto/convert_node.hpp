// The messages of node.proto that other interfaces carry too. Internal to proto/.
#pragma once

#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "node.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

void put(const FrameHead& from, pb::FrameHead& to);
[[nodiscard]] FrameHead read(const pb::FrameHead& from, Reader& in);

using TopicUpdates = google::protobuf::RepeatedPtrField<pb::TopicUpdate>;
// `around`: the incarnation that versions leave out.
void put(const std::vector<TopicUpdate>& from, Incarnation around, TopicUpdates& to);
// Moves the values out of `from`.
[[nodiscard]] std::vector<TopicUpdate> read(TopicUpdates& from, Incarnation around, Reader& in);

void put(const ViewId& from, pb::ViewId& to);
[[nodiscard]] ViewId read(const pb::ViewId& from, Reader& in);

void put(const TransitionId& from, pb::TransitionId& to);
[[nodiscard]] TransitionId read(const pb::TransitionId& from, Reader& in);

void put(const View& from, pb::View& to);
[[nodiscard]] View read(const pb::View& from, Reader& in);

void put(const Report& from, pb::Report& to);
[[nodiscard]] Report read(const pb::Report& from, Reader& in);

void put(const Table& from, pb::Table& to);
[[nodiscard]] Table read(const pb::Table& from, Reader& in);

void put(const PingReport& from, pb::PingReport& to);
[[nodiscard]] PingReport read(const pb::PingReport& from, Reader& in);

[[nodiscard]] pb::GroupState to_pb(GroupState state);
[[nodiscard]] GroupState read(pb::GroupState from, Reader& in);

[[nodiscard]] pb::NodeStatus to_pb(NodeStatus status);
[[nodiscard]] NodeStatus read(pb::NodeStatus from, Reader& in);
[[nodiscard]] pb::PingState to_pb(PingState state);
[[nodiscard]] PingState read(pb::PingState from, Reader& in);

}  // namespace hb::proto
