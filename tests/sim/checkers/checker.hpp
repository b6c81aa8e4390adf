// What a checker can see. It is told after each step that changed something it may care for; it
// never acts on the cluster, and calls Cluster::violated when a property does not hold.
//
// Every checker says beside itself what is *not* promised.
#pragma once

#include "common/base/cluster_state.hpp"
#include "daemons/hb-resource/group_runner.hpp"
#include "tests/sim/daemon.hpp"

namespace hb::sim {

class Checker {
  public:
    Checker() = default;
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;
    virtual ~Checker() = default;

    // Addresses, services or agent calls of a group changed on a node.
    virtual void held(NodeId, std::size_t /*group*/) {}
    // hb-membership accepted a view / hb-resource entered it.
    virtual void accepted(NodeId, const Incarnation&, const View&) {}
    virtual void entered(NodeId, const ViewId&) {}
    // hb-resource published.
    virtual void reported(NodeId, const Report&) {}
    virtual void tabled(NodeId, const Table&) {}
    // hb-resource carries out StartGroup or StopGroup; what it published last is already told.
    virtual void starts(NodeId, const GroupName&) {}
    virtual void stops(NodeId, const GroupName&) {}
    // hb-resource calls an agent; the call is not made yet.
    virtual void called(NodeId, const resource::RunOperation&) {}
    // hb-resource told hb-comm what to defend.
    virtual void watches(NodeId) {}
    // hb-resource was told what a peer says of itself.
    virtual void told(NodeId, NodeId /*peer*/, const Report&) {}
    // ... and by a device or a human that it is off.
    virtual void told_off(NodeId, NodeId /*peer*/) {}
    // An admin looked at the group there: hb-resource forgets what failed.
    virtual void forgiven(NodeId, const GroupName&) {}
    // The way of a node to clients and ping nodes changed: broken, or whole again.
    virtual void impaired(NodeId) {}
    // Life and death.
    virtual void powered(NodeId, bool /*on*/) {}
    virtual void born(NodeId, Kind) {}
    virtual void died(NodeId, Kind) {}
    virtual void thawed(NodeId, Duration /*frozen for*/, bool /*its clock stood still*/) {}
    virtual void ipfail_is(NodeId, bool /*there*/) {}
    virtual void went_on(NodeId, Kind) {}  // one process, after a SIGSTOP of its own
};

}  // namespace hb::sim
