// Our newest topics, who has them, and which of them ride on the next frame.
#pragma once

#include <map>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/node_set.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

class OwnTopics {
  public:
    // For a configured peer that we do not hear, a keepalive carries our `view` topic if it is no
    // longer than this: a peer that can hear us then knows at once whom we follow (a hop saved at
    // every boot and heal). Anything more would be sent to a dead host for hours.
    static constexpr std::size_t kUnheardBytes = 256;
    // A topic of this size rides on every frame until everybody that is heard has it. Frames that
    // overtake each other then lose nothing (the older one is dropped), and who acknowledges a
    // frame sent after a goodbye has the goodbye (T12).
    static constexpr std::size_t kAlwaysBytes = 1024;
    // Topics of one frame; the rest of limits::kBodyBytes is the head's. What does not fit rides on
    // the next frame.
    static constexpr std::size_t kRidingBytes = 448 * 1024;

    // Keeps what is newer than what we have; true if anything was.
    bool publish(const ipc::PublishTopics& message);

    // The peer's head says that it has these (and no others) of ours.
    void peer_has(NodeId peer, const std::vector<TopicAck>& acks);
    // A new life of the peer: it has nothing.
    void peer_has_nothing(NodeId peer) { has_.erase(peer); }

    [[nodiscard]] bool lacks(NodeId peer) const;
    [[nodiscard]] bool any_lacks(NodeSet peers) const;

    // What rides on a frame sent now: each topic that one of `heard` lacks, a large one unless it
    // left less than `again_after` ago; on a keepalive also the small addition for `unheard` peers.
    [[nodiscard]] std::vector<TopicUpdate> riding(NodeSet heard, NodeSet unheard, bool keepalive,
                                                  Duration again_after, MonoTime now);

    [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
    [[nodiscard]] std::vector<TopicAck> versions() const;

  private:
    struct Own {
        TopicUpdate update;
        MonoTime sent = kNever;
    };
    [[nodiscard]] bool lacks(NodeId peer, const Own& own) const;
    [[nodiscard]] bool any_lacks(NodeSet peers, const Own& own) const;

    Incarnation incarnation_;  // of the hb-membership that published last
    std::map<Topic, Own> own_;
    std::map<NodeId, std::map<Topic, TopicVersion>> has_;
};

}  // namespace hb::comm
