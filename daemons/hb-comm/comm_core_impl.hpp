// The state of CommCore and its parts; for comm_core*.cpp only.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/node_set.hpp"
#include "daemons/hb-comm/address_watch.hpp"
#include "daemons/hb-comm/announced_deadtimes.hpp"
#include "daemons/hb-comm/clock_gap.hpp"
#include "daemons/hb-comm/comm_core.hpp"
#include "daemons/hb-comm/ignored_answers.hpp"
#include "daemons/hb-comm/link_figures.hpp"
#include "daemons/hb-comm/link_losses.hpp"
#include "daemons/hb-comm/link_watch.hpp"
#include "daemons/hb-comm/old_heartbeats.hpp"
#include "daemons/hb-comm/own_topics.hpp"
#include "daemons/hb-comm/peer_order.hpp"
#include "daemons/hb-comm/peer_topics.hpp"
#include "daemons/hb-comm/ping_watch.hpp"
#include "daemons/hb-comm/send_times.hpp"
#include "daemons/hb-comm/transmit_timer.hpp"

namespace hb::comm {

struct Peer {
    PeerOrder order;
    PeerTopics topics;
    MonoTime received = kNever;  // newest good frame
    // Since when good frames come without ever echoing our session: a recording, or a peer that
    // does not hear us.
    std::optional<MonoTime> unproven_since;
    std::uint64_t acknowledged = 0;  // newest of our sequences in this session
    Duration round_trip{};
    std::map<std::string, MonoTime> complained;  // by event id
};

struct CommCore::Impl {
    using Out = std::vector<CommAction>;

    Impl(CommSettings s, MonoTime now);

    // ---- inputs

    void take(const StoodStill& gap, MonoTime now, Out& out);
    void take(const FrameArrived& arrived, MonoTime now, Out& out);
    void take(const PartHeard& part, MonoTime now, Out& out);
    void take(const CarrierChanged& changed, MonoTime now, Out& out);
    void take(const ArpSeen& arp, MonoTime now, Out& out);
    void take(const ControlHeard& control, MonoTime now, Out& out);
    void take(const ProbeFailed& failed, MonoTime now, Out& out);
    void take(const ArpMissed& missed, MonoTime now, Out& out);
    void take(const ipc::MembershipHello& hello, MonoTime now, Out& out);
    void take(const ipc::PublishTopics& topics, MonoTime now, Out& out);
    void take(const MembershipGone& gone, MonoTime now, Out& out);
    void take(const ResourceHere& here, MonoTime now, Out& out);
    void take(const ipc::Watch& watch, MonoTime now, Out& out);
    void take(const ResourceGone& gone, MonoTime now, Out& out);
    void take(const PingReply& reply, MonoTime now, Out& out);
    void take(const PingHostKnown& host, MonoTime now, Out& out);
    void take(const LinkHasRoom& room, MonoTime now, Out& out);
    void take(const OldHeartbeatSeen& seen, MonoTime now, Out& out);
    void take(const NewTimings& timings, MonoTime now, Out& out);

    // ---- frames in

    Peer* sender_of(LinkId link, const FrameHeader& header, MonoTime now, Out& out);
    void complain_of_twin(const FrameHeader& header, MonoTime now, Out& out);
    void good_frame(NodeId node, const FrameArrived& arrived, const Heard* echo, MonoTime now,
                    Out& out);
    void link_heard(NodeId node, LinkId link, MonoTime now);
    static void prove(Peer& peer, bool fresh, MonoTime now);
    [[nodiscard]] bool may_count(const Peer& peer, MonoTime now) const;
    // The links on which it is heard, as far as what comes may count.
    [[nodiscard]] std::uint32_t heard_on(NodeId node, MonoTime now) const;
    bool keep_topics(Peer& peer, const std::vector<TopicUpdate>& topics);
    std::optional<MonoTime> acknowledge(NodeId node, const Heard& echo, MonoTime now, Out& out);
    void complain(NodeId of, const char* id, std::string text, MonoTime now, Out& out);
    void count_refused(const FrameArrived& arrived, PeerOrder::Verdict verdict, MonoTime now,
                       Out& out);

    // ---- frames out

    void transmit(MonoTime now, Out& out);
    [[nodiscard]] FrameHead head(MonoTime now) const;
    [[nodiscard]] NodeSet heard_peers(MonoTime now) const;
    void update_lacking(MonoTime now);

    // ---- frames of Heartbeat itself (G11)

    void old_heartbeats_due(MonoTime now, Out& out);

    // ---- neighbours

    void stood_still(Duration how_long, bool whole_host, MonoTime now, Out& out);
    void say_that_we_listen(MonoTime now, Out& out);
    void settle_links(MonoTime now, bool timed, Out& out);
    void measure_links(MonoTime now, Out& out);
    void to_membership(ipc::CommToMembership message, Out& out) const {
        if (membership_here) out.emplace_back(std::move(message));
    }
    void to_resource(ipc::CommToResource message, Out& out) const {
        if (resource_here) out.emplace_back(std::move(message));
    }
    void pass_on(std::vector<AddressAction>& actions, MonoTime now, Out& out);
    void pass_on(std::vector<PingAction>& actions, Out& out) const;
    [[nodiscard]] const std::string& name(NodeId n) const { return settings.node_names[rank(n)]; }

    void wake(MonoTime now, Out& out) {
        told_gap = gap.woken(now);
        if (told_gap) stood_still(*told_gap, false, now, out);
    }
    void sleep(MonoTime now) {
        if (now >= gap_settles) {
            gap_settles = kForever;
            gap.set_deadtime(settings.deadtime);
            gap_deadtime = settings.deadtime;
        }
        gap.sleeps(now, next_deadline());
    }
    [[nodiscard]] MonoTime next_deadline() const {
        return std::min({timer.next_deadline(), links.next_deadline(), addresses.next_deadline(),
                         pings.next_deadline(), old_heartbeats.next_deadline(),
                         membership_here ? std::min(say_next, measure_next) : kForever});
    }

    CommSettings settings;
    CommStats stats;
    std::map<NodeId, Peer> peers;
    OwnTopics own;
    SendTimes times;
    AnnouncedDeadtimes announced;
    LinkWatch links;
    LinkFigures figures;
    LinkLosses losses;
    MonoTime measure_next{};
    AddressWatch addresses;
    IgnoredAnswers ignored;
    PingWatch pings;
    OldHeartbeats old_heartbeats;
    MonoTime listens_since;
    MonoTime complained_of_old_twin = kNever;
    TransmitTimer timer;
    ClockGap gap;
    Duration gap_deadtime{};              // what its limit is of: the shortest that peers may go by
    MonoTime gap_settles = kForever;      // from then on ours
    std::optional<Duration> told_gap;     // by the input that is being handled
    std::optional<MonoTime> gap_noticed;  // newest
    MonoTime say_next{};                  // that we listen
    bool membership_here = false;
    bool resource_here = false;
    MonoTime complained_of_cluster = kNever;
    MonoTime complained_of_twin = kNever;
};

}  // namespace hb::comm
