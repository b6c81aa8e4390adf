#include "daemons/hb-comm/own_topics.hpp"

#include <algorithm>

namespace hb::comm {

bool OwnTopics::publish(const ipc::PublishTopics& message) {
    incarnation_ = std::max(incarnation_, message.incarnation);
    bool changed = false;
    for (const TopicUpdate& update : message.topics) {
        const auto it = own_.find(update.topic);
        if (it != own_.end() && update.version <= it->second.update.version) continue;
        own_[update.topic] = {update, kNever};
        changed = true;
    }
    return changed;
}

void OwnTopics::peer_has(NodeId peer, const std::vector<TopicAck>& acks) {
    auto& has = has_[peer];
    has.clear();
    for (const TopicAck& ack : acks)
        has[ack.topic] = ack.version;
}

bool OwnTopics::lacks(NodeId peer, const Own& own) const {
    const auto peer_it = has_.find(peer);
    if (peer_it == has_.end()) return true;
    const auto it = peer_it->second.find(own.update.topic);
    return it == peer_it->second.end() || it->second < own.update.version;
}

bool OwnTopics::any_lacks(NodeSet peers, const Own& own) const {
    for (const NodeId peer : peers)
        if (lacks(peer, own)) return true;
    return false;
}

bool OwnTopics::lacks(NodeId peer) const {
    return any_lacks(NodeSet{peer});
}

bool OwnTopics::any_lacks(NodeSet peers) const {
    return std::any_of(own_.begin(), own_.end(),
                       [&](const auto& entry) { return any_lacks(peers, entry.second); });
}

std::vector<TopicUpdate> OwnTopics::riding(NodeSet heard, NodeSet unheard, bool keepalive,
                                           Duration again_after, MonoTime now) {
    std::vector<Own*> wanted;
    for (auto& [topic, own] : own_) {
        const bool left_long_ago = own.sent == kNever || now - own.sent >= again_after;
        const bool small_addition = keepalive && topic == Topic::kView &&
                                    own.update.bytes.size() <= kUnheardBytes &&
                                    any_lacks(unheard, own);
        const bool due = left_long_ago || own.update.bytes.size() <= kAlwaysBytes;
        if ((due && any_lacks(heard, own)) || small_addition) wanted.push_back(&own);
    }
    // What waited longest first, so that nothing waits for ever behind what is large.
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const Own* a, const Own* b) { return a->sent < b->sent; });
    std::vector<TopicUpdate> riding;
    std::size_t bytes = 0;
    for (Own* own : wanted) {
        if (bytes + own->update.bytes.size() > kRidingBytes) continue;
        bytes += own->update.bytes.size();
        own->sent = now;
        riding.push_back(own->update);
    }
    std::sort(riding.begin(), riding.end(),
              [](const TopicUpdate& a, const TopicUpdate& b) { return a.topic < b.topic; });
    return riding;
}

std::vector<TopicAck> OwnTopics::versions() const {
    std::vector<TopicAck> versions;
    for (const auto& [topic, own] : own_)
        versions.push_back({topic, own.update.version});
    return versions;
}

}  // namespace hb::comm
