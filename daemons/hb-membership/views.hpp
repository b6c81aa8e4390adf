// Views: rules V2 to V6 of docs/protocol.md. Reads Peers (and keeps V3's back-off in them), owns
// `follows`, `accepted` and `installed`. Says nothing to anybody: the core publishes what changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/event.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-membership/leaving.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/peer.hpp"

namespace hb::membership {

class Views {
  public:
    Views(const MembershipSettings& settings, Peers& peers);

    // Carries the rules out until nothing changes. `judged`: every peer was judged (V1).
    void settle(MonoTime now, bool judged, const OwnState& own, std::vector<Event>& events);
    // Waits that others must keep begin anew: we could not hear them meanwhile.
    void listen_anew(MonoTime now);
    // A peer published a view: its number is not used again.
    void saw_number(std::uint64_t number);

    [[nodiscard]] const std::optional<View>& accepted() const { return accepted_; }
    [[nodiscard]] bool installed() const { return installed_; }
    [[nodiscard]] NodeId follows() const { return follows_; }
    [[nodiscard]] MonoTime next_deadline() const;

  private:
    void note_connections(MonoTime now);
    bool follow();
    bool accept(MonoTime now, const OwnState& own, std::vector<Event>& events);
    bool propose(MonoTime now, bool judged, const OwnState& own, std::vector<Event>& events);
    bool install(std::vector<Event>& events);
    void leave_out_the_mute(MonoTime now, std::vector<Event>& events);
    void take(View view, MonoTime now, std::vector<Event>& events);
    [[nodiscard]] bool mine() const;
    [[nodiscard]] bool has_accepted(const Peer& peer) const;
    [[nodiscard]] bool acceptable(const Peer& from) const;
    [[nodiscard]] bool wanted(const Peer& peer) const;
    [[nodiscard]] bool meeting(const Peer& peer) const;
    [[nodiscard]] MonoTime met_at(const Peer& peer) const;
    [[nodiscard]] MonoTime held_until(const Peer& peer) const;
    [[nodiscard]] View wanted_view(bool& member_is_higher) const;
    [[nodiscard]] const std::string& name(NodeId n) const { return settings_.node_names[rank(n)]; }

    const MembershipSettings& settings_;
    Peers& peers_;
    NodeId follows_;
    std::optional<View> accepted_;
    bool installed_ = false;
    MonoTime settled_at_ = kNever;
    MonoTime accepted_at_{};  // or since when we listen, if that is later
    std::uint64_t highest_number_ = 0;
    std::optional<MonoTime> goodbye_since_;  // V6: since when the next view waits
};

}  // namespace hb::membership
