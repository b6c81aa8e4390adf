// A simulated hb-comm: CommCore, its media and its raw socket on the service network.
#pragma once

#include <map>

#include "daemons/hb-comm/comm_core.hpp"
#include "tests/sim/daemon.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/slow_link.hpp"

namespace hb::sim {

class CommDaemon final : public Daemon {
  public:
    CommDaemon(Node& node, const std::map<NodeId, std::uint64_t>& known_generations);

    void born(MonoTime now) override;
    void adopt(const Timings& to, MonoTime now);
    void on_deadline(MonoTime now) override;
    [[nodiscard]] MonoTime next_deadline() const override;
    void overslept(Duration, MonoTime) override {}  // the core sees it
    void neighbour_here(Kind who, MonoTime now) override;
    void neighbour_gone(Kind who, MonoTime now) override;

    void frame(LinkId link, const FramePtr& frame, MonoTime now);
    void arp(const ArpPacket& packet, MonoTime now);
    void pong(const Pong& pong, MonoTime now);
    void carrier(const std::string& interface, bool carrier, MonoTime now);
    void from_resource(const ipc::Watch& watch, MonoTime now);
    void input(const comm::CommInput& in, MonoTime now);

    // What it defends: the newest Watch that it was given.
    [[nodiscard]] const ipc::Watch& watch() const { return watch_; }
    [[nodiscard]] bool watched() const { return watched_; }

  private:
    static comm::CommSettings settings(Node& node,
                                       const std::map<NodeId, std::uint64_t>& generations);
    void carry_out(MonoTime now);
    void pump_line(MonoTime now);
    void act(const comm::SendFrame& a);
    void act(const comm::SendArpProbe& a);
    void act(const comm::SendArpAnswer& a);
    void act(const comm::AskControl& a);
    void act(const comm::SendPing& a);
    void act(const comm::RememberGeneration& a);
    void act(const ipc::CommToMembership& a);
    void act(const ipc::CommToResource& a);
    void act(const Event& a);

    Node& node_;
    comm::CommCore core_;
    std::optional<SlowLink> line_;  // the last link, if it is one
    std::vector<comm::CommAction> out_;
    ipc::Watch watch_;
    bool watched_ = false;
};

}  // namespace hb::sim
