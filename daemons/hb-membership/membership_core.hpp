// MembershipCore: who is there. Node states, views (rules V1 to V6 of docs/protocol.md), and the
// replicated state: it numbers what this node publishes and passes on, in order, what peers
// publish.
//
// It owns no socket and no clock. Inputs come from hb-comm, hb-resource and hb-ipfail with the
// present time; actions are carried out in order (X1: a view goes to hb-comm before hb-resource
// hears of it). Bytes of topics are decoded by the shell on the way in: a topic that does not
// decode never gets here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/status_view.hpp"
#include "common/base/time.hpp"

namespace hb::membership {

// Each drops one rule (docs/protocol.md, section "Rules found necessary"). For the simulator only:
// no configuration and no command line can set them.
struct TestOnlyRulesDropped {
    bool v1_wait = false;    // judge only after waiting
    bool v1_newer = false;   // (in CommCore's place the simulator replays frames)
    bool v4_follow = false;  // accept from anybody
    bool v4_incarnation = false;
    bool v4_higher = false;
    bool v6_table_first = false;
    bool v6_connected_only = false;
    bool t93_behind = false;  // leases overtake views and reports
    bool x1_comm_first = false;
};

struct MembershipSettings {
    NodeId self{};
    std::vector<std::string> node_names;  // by rank
    Incarnation incarnation;
    Duration keepalive{};
    Duration warntime{};
    Duration deadtime{};
    Duration initdead{};
    // Of a reload not long ago: the deadtime that peers may still judge us by, until then.
    Duration deadtime_before{};
    MonoTime before_until = kNever;
    // The first life under this master waits initdead for peers never heard; a respawned one
    // deadtime.
    bool respawned = false;
    ConfigDigests config{};  // of what this process was given
    TestOnlyRulesDropped dropped;
};

// A decoded topic of a peer.
using TopicValue = std::variant<ViewTopic, Report, Table, PingReport>;

// ---- inputs

struct PeerFrame {  // FrameSeen with its topics decoded; `seen.topics` is empty
    ipc::FrameSeen seen;
    std::vector<std::pair<TopicVersion, TopicValue>> topics;
};
struct CommGone {};
struct ResourceGone {};  // its channel was read to the end (X1)
struct IpfailSays {
    PingReport ping;
};
struct IpfailGone {};
struct NewConfig {  // the configuration was read again
    ConfigDigests config;
};
struct NewTimings {  // the configuration was read again
    Duration keepalive{};
    Duration warntime{};
    Duration deadtime{};
    Duration initdead{};
};
struct MastersStop {};  // the suite is stopping: hb-resource does the work, we go on until killed

using MembershipInput =
    std::variant<ipc::CommHello, PeerFrame, ipc::LinkChanged, ipc::LinkMeasured, ipc::CommGap,
                 ipc::CommListens, CommGone, ipc::ResourceHello, ipc::Publish, ResourceGone,
                 IpfailSays, IpfailGone, NewConfig, MastersStop, NewTimings>;

// ---- actions

// Topics to publish, values; the shell encodes them. All of one action travel in one frame.
struct PublishValues {
    Incarnation incarnation;
    std::vector<std::pair<TopicVersion, TopicValue>> topics;
    std::optional<MonoTime> answers_gap;  // as hb-resource said it last
};

// (The shell sends MembershipHello first on every fresh channel to hb-comm, which answers
// CommHello.)
using MembershipAction =
    std::variant<PublishValues, ipc::MembershipReady, ipc::ViewChanged, ipc::PeerStatus,
                 ipc::PeerReport, ipc::PeerTable, ipc::PeerPing, ipc::Lease, Event>;

// ---- what status shows

using hb::LinkView;
using hb::NodeView;
using hb::StatusView;

class MembershipCore {
  public:
    MembershipCore(MembershipSettings settings, MonoTime now);
    ~MembershipCore();
    MembershipCore(MembershipCore&&) noexcept;
    MembershipCore& operator=(MembershipCore&&) noexcept;

    void handle(const MembershipInput& input, MonoTime now, std::vector<MembershipAction>& out);
    void on_deadline(MonoTime now, std::vector<MembershipAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    [[nodiscard]] StatusView status() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hb::membership
