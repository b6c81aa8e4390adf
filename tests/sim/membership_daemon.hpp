// A simulated hb-membership: MembershipCore between its two channels.
#pragma once

#include <algorithm>
#include <optional>

#include "daemons/hb-ipfail/ipfail_core.hpp"
#include "daemons/hb-membership/ipfail_news.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/ping_nodes.hpp"
#include "tests/sim/daemon.hpp"
#include "tests/sim/node.hpp"

namespace hb::sim {

class MembershipDaemon final : public Daemon {
  public:
    explicit MembershipDaemon(Node& node);

    void born(MonoTime now) override;
    void adopt(const Timings& to, MonoTime now);
    void on_deadline(MonoTime now) override;
    [[nodiscard]] MonoTime next_deadline() const override {
        return std::min(core_.next_deadline(), ipfail_ ? ipfail_->next_deadline() : ipfail_back_);
    }
    void overslept(Duration, MonoTime) override {}
    void neighbour_here(Kind who, MonoTime now) override;
    void neighbour_gone(Kind who, MonoTime now) override;

    void from_comm(const ipc::CommToMembership& message, MonoTime now);
    void input(const membership::MembershipInput& in, MonoTime now);
    void masters_stop(MonoTime now) { input(membership::MastersStop{}, now); }
    // Respawned after a while.
    void kill_ipfail(Duration back, MonoTime now);
    // An admin's wish, passed on to hb-resource.
    void request(const ipc::Request& request);

    [[nodiscard]] const membership::MembershipCore& core() const { return core_; }
    [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
    [[nodiscard]] const std::optional<View>& accepted() const { return accepted_; }
    [[nodiscard]] const PingReport& ping() const { return ping_; }

  private:
    static membership::MembershipSettings settings(Node& node);
    static ipfail::IpfailSettings ipfail_settings(Node& node);
    static std::vector<config::PingNode> ping_nodes(Node& node);
    void ping_seen(const ipc::PingStatus& ping, MonoTime now);
    void tell_ipfail(const ipc::MembershipToIpfail& message, MonoTime now);
    void to_ipfail(const ipfail::IpfailInput& in, MonoTime now);
    void greet_ipfail(MonoTime now);
    void ipfail_says(std::vector<ipfail::IpfailAction>& said, MonoTime now);
    void carry_out();
    void act(const membership::PublishValues& a);
    void act(const ipc::MembershipHello& a);
    void act(const Event& a);
    template <typename Message>
    void act(const Message& a) {
        to_resource(a);
    }
    void to_resource(const ipc::MembershipToResource& message);

    Node& node_;
    Incarnation incarnation_;
    membership::MembershipCore core_;
    std::vector<membership::MembershipAction> out_;
    std::optional<View> accepted_;  // as published
    PingReport ping_;               // as published
    // hb-ipfail dies with it here, and without it, too. None: it is dead, or does not run.
    std::optional<ipfail::IpfailCore> ipfail_;
    MonoTime ipfail_back_ = kForever;
    membership::PingNodes pings_;
    membership::IpfailNews ipfail_news_;
};

}  // namespace hb::sim
