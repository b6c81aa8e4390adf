// IpfailCore: what this node says of its connection to the ping nodes, and Heartbeat's words for
// how that compares with its peers. It moves nothing: the coordinator's table does (T4), from what
// the hb-ipfail of every member published.
//
// Bad news is published at once. Good news is published at once too, but marked as *unsure*: a ping
// node that is late, or came back a moment ago, keeps a group where it is and is no reason to move
// one here. So a router that dies or returns, which two nodes notice one after the other, moves
// nothing, and the first move away from a node that is really cut off is not delayed. Who comes
// back is unsure for deadping; when it is lost again, for twice as long each time, up to five
// minutes: a ping node that comes and goes moves nothing back and forth.
//
// A respawn changes none of this: hb-membership tells it first what it published last. What was
// unsure there is unsure for deadping, and only what differs from it is news.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/membership_ipfail.hpp"
#include "common/base/time.hpp"

namespace hb::ipfail {

struct IpfailSettings {
    NodeId self{};
    std::vector<std::string> node_names;  // by rank
    std::vector<std::string> ping_nodes;  // in the order of ha.cf
    Duration deadping{};
};

struct MembershipHere {};  // a fresh channel: it knows nothing of us

using IpfailInput =
    std::variant<MembershipHere, ipc::PingSeen, ipc::PeerPings, ipc::PeerSeen, ipc::PeerLinkSeen>;
using IpfailAction = std::variant<ipc::IpfailPublish, Event>;

class IpfailCore {
  public:
    explicit IpfailCore(IpfailSettings settings);

    void handle(const IpfailInput& input, MonoTime now, std::vector<IpfailAction>& out);
    void on_deadline(MonoTime now, std::vector<IpfailAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

  private:
    struct PingNode {
        std::string name;
        PingState state = PingState::kInit;
        bool late = false;
        std::optional<MonoTime> lost;  // newest
        Duration hold{};               // how long it was unsure when it came back last
        MonoTime sure_at = kNever;
    };
    enum class Balance : std::uint8_t { kMore, kLess, kEqual, kUnsure };

    void take(const MembershipHere& here, MonoTime now, std::vector<IpfailAction>& out);
    void take(const ipc::PingSeen& seen, MonoTime now, std::vector<IpfailAction>& out);
    void take(const ipc::PeerPings& pings, MonoTime now, std::vector<IpfailAction>& out);
    void take(const ipc::PeerSeen& seen, MonoTime now, std::vector<IpfailAction>& out);
    void take(const ipc::PeerLinkSeen& seen, MonoTime now, std::vector<IpfailAction>& out);
    [[nodiscard]] PingState recall(PingNode& node, MonoTime now) const;
    void came_back(PingNode& node, MonoTime now) const;
    void settle(MonoTime now, std::vector<IpfailAction>& out);
    void compare(std::vector<IpfailAction>& out);
    void say_balance(Balance balance, const std::string& peer,
                     std::vector<IpfailAction>& out) const;
    void say_alive(std::vector<IpfailAction>& out) const;
    [[nodiscard]] bool judged() const;
    [[nodiscard]] PingReport report(MonoTime now) const;

    IpfailSettings s_;
    std::vector<PingNode> nodes_;
    std::optional<PingReport> published_;
    std::optional<PingReport> before_;  // what our predecessor published last
    std::map<NodeId, PingReport> peers_;
    std::map<NodeId, NodeStatus> peer_status_;
    std::map<std::pair<NodeId, std::string>, bool> peer_links_;
    std::map<NodeId, Balance> said_;  // the newest that was said
    MonoTime settled_at_ = kNever;
};

}  // namespace hb::ipfail
