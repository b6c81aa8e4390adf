#include "daemons/hb-comm/slow_frames.hpp"

#include <algorithm>

namespace hb::comm {

void SlowFrames::offer(const FrameHeader& header, const FrameBody& body, MonoTime now) {
    waiting_ = SlowFrame{header, {body.head, {}, {}}};
    for (const TopicUpdate& update : body.topics) {
        Riding& riding = riding_[update.topic];
        if (riding.update.version != update.version) riding = {update, now, 0};
        riding.rode = now;
    }
}

std::optional<SlowFrame> SlowFrames::take(std::size_t room, MonoTime now) {
    if (!waiting_) return std::nullopt;
    std::erase_if(riding_, [&](const auto& r) { return now - r.second.rode > forget_after_; });
    SlowFrame frame = std::move(*waiting_);
    waiting_.reset();
    std::vector<Riding*> all;
    for (auto& [topic, riding] : riding_)
        all.push_back(&riding);
    std::ranges::stable_sort(all, {}, [](const Riding* r) { return r->update.bytes.size(); });
    std::vector<Riding*> large;
    for (Riding* riding : all) {
        const std::size_t cost = riding->update.bytes.size() + kTopicCost;
        if (cost > room) {
            large.push_back(riding);
            continue;
        }
        room -= cost;
        riding->next = 0;
        frame.body.topics.push_back(riding->update);
    }
    std::ranges::sort(frame.body.topics, {}, &TopicUpdate::topic);
    frame.body.slice = slice(large, room);
    more_ = !large.empty();
    return frame;
}

// Goes on with the one that is under way; behind its end the next one has its turn.
std::optional<TopicSlice> SlowFrames::slice(const std::vector<Riding*>& large, std::size_t room) {
    if (large.empty() || room < kSliceCost + kLeastSlice) return std::nullopt;
    auto chosen = std::ranges::find_if(
        large, [&](const Riding* r) { return r->update.topic == sliced_ && r->next > 0; });
    if (chosen == large.end())
        chosen = std::ranges::find_if(large, [&](const Riding* r) { return r->next > 0; });
    if (chosen == large.end())
        chosen =
            std::ranges::find_if(large, [&](const Riding* r) { return r->update.topic > sliced_; });
    if (chosen == large.end()) chosen = large.begin();
    Riding& r = **chosen;
    const std::string& bytes = r.update.bytes;
    const std::size_t size = std::min(room - kSliceCost, bytes.size() - r.next);
    TopicSlice slice{r.update.topic, r.update.version, static_cast<std::uint32_t>(bytes.size()),
                     static_cast<std::uint32_t>(r.next), bytes.substr(r.next, size)};
    sliced_ = r.update.topic;
    r.next = r.next + size == bytes.size() ? 0 : r.next + size;
    return slice;
}

void SlowFrames::restart() {
    waiting_.reset();
    for (auto& [topic, riding] : riding_)
        riding.next = 0;
    more_ = false;
}

}  // namespace hb::comm
