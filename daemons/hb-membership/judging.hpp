// Judging: who is heard (V1), what a peer's newest head says, and our own status in Heartbeat's
// words. It writes into Peers and says what happened; views are not its affair.
//
// Time: a peer is called silent only in on_deadline(), never while inputs are still to be read, and
// only when *we* listened for its whole deadtime: hb-comm was there, and this process was awake.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/peer.hpp"

namespace hb::membership {

class Judging {
  public:
    Judging(const MembershipSettings& settings, Peers& peers, MonoTime now);

    // To be called first with every input: notices that this process stood still.
    bool awake(MonoTime now, std::vector<Event>& events);
    void start_listening(const ipc::CommHello& hello, MonoTime now, std::vector<Event>& events);
    void stop_listening();
    void comm_gap(Duration gap, MonoTime now);
    void new_deadtime();  // ours: settings say so already
    void comm_listens(MonoTime now) { comm_listened_ = now; }

    // A good frame: its sender is heard. Says whether anything but the time changed.
    bool hear(Peer& peer, const ipc::FrameSeen& seen, MonoTime now, std::vector<Event>& events);
    // Its head, of a fresh frame: says whether the head may be believed (present incarnation).
    bool read_head(Peer& peer, const ipc::FrameSeen& seen, bool& changed);
    // After a frame and its topics: the node's status in Heartbeat's words.
    void update_status(Peer& peer, std::vector<Event>& events);
    void link_changed(const ipc::LinkChanged& change, std::vector<Event>& events);
    void link_measured(const ipc::LinkMeasured& measured);

    // Calls silent who is.
    void on_deadline(MonoTime now, std::vector<Event>& events);
    // Our own status, after anything changed.
    void update_local_status(std::vector<Event>& events);
    [[nodiscard]] MonoTime next_deadline() const;

    [[nodiscard]] bool listening() const { return listening_; }
    [[nodiscard]] MonoTime listening_since() const { return listening_since_; }
    [[nodiscard]] bool judged(const Peer& peer) const {
        return peer.hearing != ipc::Hearing::kNever || settings_.dropped.v1_wait;
    }
    [[nodiscard]] bool all_judged() const;
    [[nodiscard]] NodeStatus local_status() const { return local_status_; }
    [[nodiscard]] const std::vector<std::string>& links() const { return links_; }

  private:
    void remember_hearing(Peer& peer) const;
    void new_life(Peer& peer, std::uint64_t generation, MonoTime now, std::vector<Event>& events);
    void listen_anew(MonoTime now);
    void drop_stale_links(MonoTime now, std::vector<Event>& events);
    // By when whoever hears us has judged us; after a reload the longer of both for a while (L8).
    [[nodiscard]] Duration own_deadtime(MonoTime now) const {
        return now < settings_.before_until
                   ? std::max(settings_.deadtime, settings_.deadtime_before)
                   : settings_.deadtime;
    }
    [[nodiscard]] bool nobody_listened(const Peer& p, MonoTime until) const;
    [[nodiscard]] MonoTime heard_until(const Peer& p) const;
    [[nodiscard]] MonoTime silent_at(const Peer& peer) const;
    [[nodiscard]] MonoTime late_at(const Peer& peer) const;
    [[nodiscard]] MonoTime unconfirmed_at(const Peer& peer) const;
    [[nodiscard]] std::optional<Duration> shortest_wait() const;
    [[nodiscard]] const std::string& name(const Peer& peer) const;
    [[nodiscard]] std::string link_name(LinkId link) const;

    const MembershipSettings& settings_;
    Peers& peers_;
    NodeStatus local_status_ = NodeStatus::kInit;
    std::vector<std::string> links_;  // names, by LinkId
    bool listening_ = false;          // hb-comm is there
    bool links_stale_ = false;
    MonoTime comm_listened_{};  // hb-comm's newest word that it reads what arrives
    MonoTime listening_since_{};
    std::optional<MonoTime> first_listened_;
    MonoTime last_awake_;
};

}  // namespace hb::membership
