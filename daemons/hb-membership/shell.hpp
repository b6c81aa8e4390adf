// The shell of hb-membership: channels to hb-comm, hb-resource and hb-ipfail, the control socket,
// the log. MembershipCore decides.
//
// X1: what goes to hb-resource behind a publication waits until the kernel has that for hb-comm, so
// that our death cannot separate the two.
//
// A deadline of the core is met only after everything that hb-comm sent so far was read: a process
// that stood still, or was late, must not call a peer silent whose frames wait in its channel.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/ipc/master.hpp"
#include "daemons/hb-membership/control_server.hpp"
#include "daemons/hb-membership/edge.hpp"
#include "daemons/hb-membership/group_history.hpp"
#include "daemons/hb-membership/group_news.hpp"
#include "daemons/hb-membership/ipfail_news.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/ping_nodes.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::membership {

class Shell final : public skeleton::Daemon {
  public:
    Shell(skeleton::Host& host, const ipc::Setup& setup);

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program neighbour) noexcept override;
    // The core notices by itself, and waits for its peers anew; hb-comm and hb-resource see to what
    // must be let go (L5).
    void on_gap(Duration) noexcept override {}
    void on_control_socket(runtime::UniqueFd socket) noexcept override;
    void on_log_level(unsigned debug) noexcept override { control_.log_level_is(debug); }
    void adopt_settings(const ipc::Setup& before) noexcept override;
    void on_reload_answer(const ipc::ReloadAnswer& answer) noexcept override;
    // hb-resource leaves the cluster through us: we go when it has gone.
    void on_stop(skeleton::Host& host) noexcept override;
    void on_master_gone(skeleton::Host& host) noexcept override;

  private:
    void from_comm(std::string_view bytes);
    void from_resource(std::string_view bytes);
    void from_ipfail(std::string_view bytes);
    void look_at_topics(const PeerFrame& frame);
    void look_at_report(NodeId node, const Report& report);
    void ping_seen(const ipc::PingStatus& ping);
    void tell_ipfail(const ipc::MembershipToIpfail& message);
    void greet_ipfail();
    void tell_ipfail_of_peers();
    void tell_ipfail_of_link(const ipc::LinkChanged& link);
    void input(const MembershipInput& input);
    void deadline();
    void carry_out();
    void carry_out(const PublishValues& values);
    void carry_out(const Event& event);
    template <typename T>
    void carry_out(const T& message);  // to hb-resource as it is
    runtime::SendResult send(ipc::Program to, std::string_view bytes);
    void to_resource(std::string bytes);
    void release();
    void leave(int code);
    [[nodiscard]] ClusterStatus compose(MonoTime now);

    skeleton::Host& host_;
    const ipc::Setup& setup_;
    std::vector<ConfiguredGroup> groups_;
    MembershipCore core_;
    Edge edge_;
    GroupNews group_news_;
    GroupHistory history_;
    StatusAges ages_;
    PingNodes pings_here_;
    IpfailNews ipfail_news_;
    std::vector<MembershipAction> actions_;
    std::vector<Event> edge_events_;
    bool pings_renumbered_ = false;  // and the hb-comm that is there does not know
    bool comm_behind_ = false;       // it does not read: a publication waits in our queue
    std::deque<std::string> held_;   // ... and these, for hb-resource, behind it
    std::optional<int> leaving_;     // the exit code, once hb-resource has gone
    runtime::Timer timer_;
    runtime::Timer release_;
    ControlServer control_;
};

}  // namespace hb::membership
