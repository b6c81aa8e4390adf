// One frame between nodes, as values: the fixed header, the head by hb-comm, and topics.
// common/wire turns header and body into authenticated bytes, proto/ the body into plain bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb {

enum class Topic : std::uint8_t { kView = 1, kReport = 2, kTable = 3, kIpfail = 4 };
inline constexpr Topic kAllTopics[] = {Topic::kView, Topic::kReport, Topic::kTable, Topic::kIpfail};

// Given by hb-membership to every publication, also on behalf of hb-resource and hb-ipfail.
// A default value means "nothing published yet".
struct TopicVersion {
    Incarnation incarnation;  // of the hb-membership that gave it
    std::uint64_t counter = 0;
    auto operator<=>(const TopicVersion&) const = default;
};

struct TopicUpdate {
    Topic topic{};
    TopicVersion version;
    std::string
        bytes;  // encoded ViewTopic, Report, Table or PingReport; hb-comm never looks inside
    bool operator==(const TopicUpdate&) const = default;
};

// A piece of a topic that is too long for one frame of a slow line. With all pieces of one version
// the receiver has the topic, as if it had come in the frame of the last piece.
struct TopicSlice {
    Topic topic{};
    TopicVersion version;
    std::uint32_t whole = 0;   // bytes of the topic
    std::uint32_t offset = 0;  // of this piece
    std::string bytes;
    bool operator==(const TopicSlice&) const = default;
};

struct TopicAck {
    Topic topic{};
    TopicVersion version;
    bool operator==(const TopicAck&) const = default;
};

// Of one peer's frames on one link: which part of the newest did not come, and how much later than
// on the fastest link they come. For people.
struct HeardOnLink {
    std::optional<std::uint32_t> lost_percent;  // none: not known
    Duration lag{};                             // whole microseconds
    bool operator==(const HeardOnLink&) const = default;
};

// What the sender of a frame says of one peer that it heard since it started.
struct Heard {
    NodeId peer{};
    std::uint32_t links =
        0;            // mask of LinkId: heard within the peer's deadtime on these; 0: not heard now
    Session session;  // of the newest frame heard
    std::uint64_t sequence = 0;        // of the newest frame heard
    Duration age{};                    // since that frame arrived there
    std::vector<TopicAck> has;         // newest version of each topic that it has of that peer
    std::vector<HeardOnLink> by_link;  // by LinkId
    bool operator==(const Heard&) const = default;
};

// By hb-comm, in every frame.
struct FrameHead {
    Incarnation incarnation;  // of the hb-membership whose state this is; 0.0: none was there yet
    Duration deadtime{};      // announced by the sender (its configuration)
    std::vector<TopicAck>
        own;  // newest version of each own topic (whether or not it is in this frame)
    std::vector<Heard> heard;
    bool operator==(const FrameHead&) const = default;
};

struct FrameBody {
    FrameHead head;
    std::vector<TopicUpdate> topics;
    std::optional<TopicSlice> slice = {};
    bool operator==(const FrameBody&) const = default;
};

// The authenticated header. Frames of one sender are ordered by (generation, session, sequence).
struct FrameHeader {
    std::uint32_t cluster = 0;  // digest of the ordered node list
    NodeId sender{};
    std::uint64_t generation = 0;
    Session session;
    std::uint64_t sequence = 0;  // from 1 in each session
    std::uint16_t part = 0;      // of parts, from 0
    std::uint16_t parts = 1;
    bool operator==(const FrameHeader&) const = default;
};

[[nodiscard]] const char* to_string(Topic t);

}  // namespace hb
