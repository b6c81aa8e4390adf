// What leaves on a slow line: frames that stay small.
//
// Every frame that leaves on other links is offered; the newest waits for the line, with the newest
// version of each topic that rode on any of them. When the line is free it is taken: the head
// whole, then topics as far as they fit, the shortest first; of one that does not fit a piece
// (TopicSlice), the next one each time, from its beginning again behind its end. So a heartbeat is
// never late for a large topic, and no frame is stale for its size (V1).
//
// A topic that did not ride for a while is had by everybody, and forgotten. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

struct SlowFrame {
    FrameHeader header;
    FrameBody body;
};

class SlowFrames {
  public:
    // At most, encoded, beside the bytes of the topic.
    static constexpr std::size_t kTopicCost = 40;
    static constexpr std::size_t kSliceCost = 56;
    // A shorter piece is not worth its cost.
    static constexpr std::size_t kLeastSlice = 16;

    explicit SlowFrames(Duration keepalive) : forget_after_(2 * keepalive) {}

    void offer(const FrameHeader& header, const FrameBody& body, MonoTime now);
    [[nodiscard]] bool waits() const { return waiting_.has_value(); }
    // The head that take() would send; none: nothing waits.
    [[nodiscard]] const FrameHead* head() const {
        return waiting_ ? &waiting_->body.head : nullptr;
    }
    // The frame that waits, with topics for at most so many bytes.
    [[nodiscard]] std::optional<SlowFrame> take(std::size_t room, MonoTime now);
    // A topic did not fit whole into the frame that was taken last: another frame is worth sending.
    [[nodiscard]] bool more() const { return more_; }
    // The line was opened anew: nothing of a topic is on its way.
    void restart();

  private:
    struct Riding {
        TopicUpdate update;
        MonoTime rode{};
        std::size_t next = 0;  // of its pieces
    };
    [[nodiscard]] std::optional<TopicSlice> slice(const std::vector<Riding*>& large,
                                                  std::size_t room);

    Duration forget_after_;
    std::optional<SlowFrame> waiting_;  // without topics
    std::map<Topic, Riding> riding_;
    Topic sliced_ = Topic::kView;  // the newest piece was of this one
    bool more_ = false;
};

}  // namespace hb::comm
