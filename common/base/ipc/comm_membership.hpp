// hb-comm <-> hb-membership, as values. One-way messages; order within a channel is kept and
// matters.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb::ipc {

// ---- hb-comm to hb-membership

// First message of a life of hb-comm. `links` names the media in LinkId order ("eth1").
struct CommHello {
    Session session;
    std::vector<std::string> links;
    bool operator==(const CommHello&) const = default;
};

// A good frame (authentic, newer than every other seen of its sender) arrived.
struct FrameSeen {
    NodeId peer{};
    std::uint64_t generation = 0;
    Session session;
    std::uint64_t sequence = 0;
    LinkId link{};
    MonoTime received{};
    // The head echoes our present session: the frame is no recording. Without it the frame says
    // only that the peer may be heard: it carries no head, no acknowledgement, no topics.
    bool fresh = false;
    FrameHead head;
    // Topics of the peer that hb-membership was not given yet, newest only.
    std::vector<TopicUpdate> topics;
    // Send time of our newest frame that the peer acknowledged with this one, if it did.
    std::optional<MonoTime> acknowledged_sent;
    // The shortest deadtime that we announced in that frame or later. 0: not said.
    Duration acknowledged_deadtime{};
    bool operator==(const FrameSeen&) const = default;
};

enum class LinkFault : std::uint8_t {
    kNone,
    kSilent,     // nothing for the peer's deadtime
    kNoCarrier,  // our interface lost its carrier, or is down
    kOneWayOut,  // we hear the peer on this link, it does not hear us on it
};

// State of one (peer, link) changed.
struct LinkChanged {
    NodeId peer{};
    LinkId link{};
    bool up = false;
    LinkFault fault = LinkFault::kNone;
    std::string detail;  // for people
    // The newest time that the peer was heard on this link: FrameSeen tells only of the link on
    // which the first copy of each frame came.
    std::optional<MonoTime> heard{};
    std::uint32_t flaps = 0;  // so often it died lately; from kLinkFlaps on it flaps
    bool operator==(const LinkChanged&) const = default;
};
inline constexpr std::uint32_t kLinkFlaps = 3;

// How well one link to one peer works, about once a second.
struct LinkMeasured {
    NodeId peer{};
    LinkId link{};
    std::optional<MonoTime> heard;            // newest
    std::optional<Duration> round_trip;       // smoothed
    std::uint32_t judged = 0;                 // of the peer's newest frames, so many are judged,
    std::uint32_t lost = 0;                   // and so many of them did not come on this link
    std::optional<std::uint32_t> lost_there;  // of ours, in percent, says the peer
    std::string trouble;                      // for people, may be empty
    bool operator==(const LinkMeasured&) const = default;
};

// hb-comm stood still for this long (L5). It sends no frame until hb-resource has published anew
// (PublishTopics.answers_gap), for d/8 at most.
struct CommGap {
    Duration gap{};
    bool operator==(const CommGap&) const = default;
};

// hb-comm runs and met a deadline in time, so whatever arrived up to a moment ago was read and
// passed on. Eight times in a deadtime; while it stays away nobody is called silent (V1).
struct CommListens {
    bool operator==(const CommListens&) const = default;
};

// What is known of one ping node. At every change of its state, and about once a second for the
// figures.
struct PingStatus {
    std::uint32_t node = 0;  // place in Settings.pings
    PingState state = PingState::kInit;
    bool late = false;                   // half of deadping has passed without an answer
    std::optional<MonoTime> answered;    // when the newest request was sent that got its answer
    std::optional<Duration> round_trip;  // smoothed
    std::uint32_t asked = 0;             // of the newest requests, so many are judged,
    std::uint32_t lost = 0;              // and so many of them got no answer
    std::string detail;                  // for people, may be empty
    bool operator==(const PingStatus&) const = default;
};

using CommToMembership =
    std::variant<CommHello, FrameSeen, LinkChanged, CommGap, CommListens, PingStatus, LinkMeasured>;

// ---- hb-membership to hb-comm

struct MembershipHello {
    Incarnation incarnation;
    bool operator==(const MembershipHello&) const = default;
};

// Our newest topics that changed; hb-comm keeps the newest of each and sends at once.
// All updates of one message travel in one frame.
struct PublishTopics {
    Incarnation incarnation;
    std::vector<TopicUpdate> topics;
    // Of the newest report here or before: CommStoodStill.noticed of the newest gap that
    // hb-resource knew of when it made it.
    std::optional<MonoTime> answers_gap;
    bool operator==(const PublishTopics&) const = default;
};

using MembershipToComm = std::variant<MembershipHello, PublishTopics>;

}  // namespace hb::ipc
