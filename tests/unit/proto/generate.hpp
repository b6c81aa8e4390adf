// Random values of everything that the codecs carry, all within bounds. One seed, one value.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "common/base/cluster_state.hpp"
#include "common/base/cluster_status.hpp"
#include "common/base/frame.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/ipc/control.hpp"
#include "common/base/ipc/fence_resource.hpp"
#include "common/base/ipc/hello.hpp"
#include "common/base/ipc/membership_ipfail.hpp"
#include "common/base/ipc/membership_resource.hpp"

namespace hb::test {

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool coin() { return below(2) == 0; }
    // Small, middling or large: varints of every length.
    std::uint64_t number() { return random_() >> below(64); }
    std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
    template <typename T>
    std::optional<T> maybe(T value) {
        if (coin()) return std::nullopt;
        return value;
    }

    NodeId node() { return node_id(below(limits::kNodes)); }
    LinkId link() { return link_id(below(limits::kMedia)); }
    Incarnation incarnation() { return {number() | 1, small()}; }
    Session session() { return {small(), small()}; }
    Duration age() { return Duration(within(limits::kAgeMax.count())); }
    Duration deadtime() { return Duration(1 + within(limits::kDeadtimeMax.count() - 1)); }
    MonoTime time() { return MonoTime(age()); }
    std::string name(std::size_t most = limits::kGroupNameBytes);
    std::string sentence(std::size_t most = limits::kReasonBytes);
    MacAddress mac();
    PlacedAddress place();

    TopicVersion version();
    std::vector<TopicUpdate> topics();
    TopicSlice slice();
    std::vector<TopicAck> acks();
    std::vector<HeardOnLink> heard_on_links();
    FrameHead head();
    FrameBody frame_body() { return {head(), topics(), maybe(slice())}; }

    View view();
    ViewId view_id() { return view().id; }
    ViewTopic view_topic();
    TransitionId transition();
    GroupReport group_report();
    Report report(std::size_t groups);
    Report report() { return report(below(6)); }
    Row row();
    Table table(std::size_t groups);
    Table table() { return table(below(6)); }
    PingReport ping_report();

    ipc::Hello hello() { return {name(63), ipc::kProtocolVersion, small()}; }
    ipc::CommToMembership comm_to_membership();
    ipc::MembershipToComm membership_to_comm();
    ipc::ResourceToComm resource_to_comm();
    ipc::CommToResource comm_to_resource();
    ipc::ProbeStatuses probe_statuses();
    ipc::MembershipToResource membership_to_resource();
    ipc::ResourceToMembership resource_to_membership();
    ipc::MembershipToIpfail membership_to_ipfail();
    ipc::IpfailToMembership ipfail_to_membership() { return ipc::IpfailPublish{ping_report()}; }
    ipc::ResourceToFence resource_to_fence();
    ipc::FenceToResource fence_to_resource();
    std::vector<FenceRecord> fence_records();
    ReloadOutcome reload_outcome();
    ipc::ToolToMembership tool_to_membership();
    ipc::MembershipToTool membership_to_tool();
    LinkStatus link_status();
    GroupStory group_story();
    ClusterStatus cluster_status();

  private:
    std::int64_t within(std::int64_t most) {
        return static_cast<std::int64_t>(number() % (static_cast<std::uint64_t>(most) + 1));
    }
    std::vector<PlacedAddress> places();
    GroupState state() { return static_cast<GroupState>(below(6)); }
    ipc::Scope scope() { return static_cast<ipc::Scope>(1 + below(4)); }
    ipc::RequestKind kind() { return static_cast<ipc::RequestKind>(1 + below(11)); }
    static bool has_target(ipc::RequestKind k) {
        return k == ipc::RequestKind::kMove || k == ipc::RequestKind::kFence ||
               k == ipc::RequestKind::kFenceConfirm || k == ipc::RequestKind::kFenceTest;
    }
    Event event();

    std::mt19937_64 random_;
};

}  // namespace hb::test
