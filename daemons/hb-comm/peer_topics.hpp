// The newest topics of one peer, and which of them hb-membership was given.
#pragma once

#include <map>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/limits.hpp"
#include "daemons/hb-comm/topic_pieces.hpp"

namespace hb::comm {

class PeerTopics {
  public:
    // True when it is newer than what we have; the older is dropped.
    bool keep(const TopicUpdate& update) {
        const auto it = topics_.find(update.topic);
        if (it != topics_.end() && update.version <= it->second.update.version) return false;
        topics_[update.topic] = {update, false};
        return true;
    }
    // A piece of one, from a slow line: true when it made whole what is newer than what we have.
    bool keep(const TopicSlice& slice) {
        const auto it = topics_.find(slice.topic);
        if (it != topics_.end() && slice.version <= it->second.update.version) return false;
        const auto whole = pieces_.add(slice);
        return whole && keep(*whole);
    }
    // For our head: what the peer need not send again.
    [[nodiscard]] std::vector<TopicAck> has() const {
        std::vector<TopicAck> acks;
        for (const auto& [topic, kept] : topics_)
            acks.push_back({topic, kept.update.version});
        return acks;
    }
    // What hb-membership was not given yet, as much as one message holds; counts as given from now
    // on.
    [[nodiscard]] std::vector<TopicUpdate> take_undelivered() {
        std::vector<TopicUpdate> updates;
        std::size_t bytes = 0;
        for (auto& [topic, kept] : topics_) {
            if (kept.delivered) continue;
            const std::size_t size = kept.update.bytes.size();
            if (!updates.empty() && bytes + size > limits::kBodyBytes) continue;
            bytes += size;
            updates.push_back(kept.update);
            kept.delivered = true;
        }
        return updates;
    }
    // hb-membership is another: it was given nothing.
    void forget_deliveries() {
        for (auto& [topic, kept] : topics_)
            kept.delivered = false;
    }
    // The peer is another: nothing that its predecessor said is its state.
    void clear() {
        topics_.clear();
        pieces_.clear();
    }

  private:
    struct Kept {
        TopicUpdate update;
        bool delivered = false;
    };
    std::map<Topic, Kept> topics_;
    TopicPieces pieces_;
};

}  // namespace hb::comm
