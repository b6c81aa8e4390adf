#include "daemons/hb-comm/peer_order.hpp"

#include <algorithm>

namespace hb::comm {

bool PeerOrder::first_on_link(std::uint64_t sequence, LinkId link) {
    std::uint64_t& newest = newest_on_link_[index(link)];
    if (sequence <= newest) return false;
    newest = sequence;
    return true;
}

PeerOrder::Judgement PeerOrder::in_current_life(std::uint64_t sequence, LinkId link) {
    using Window = wire::ReplayWindow::Verdict;
    switch (window_.accept(sequence)) {
        case Window::kNewest:
            first_on_link(sequence, link);
            return {Verdict::kNewest, true};
        case Window::kLate:
            return {Verdict::kLate, first_on_link(sequence, link)};
        case Window::kSeen:
            if (first_on_link(sequence, link)) return {Verdict::kCopy, true};
            return {Verdict::kReplayed, false};
        case Window::kTooOld:
            return {Verdict::kReplayed, false};
    }
    return {Verdict::kReplayed, false};
}

PeerOrder::Judgement PeerOrder::judge(const FrameHeader& header, LinkId link,
                                      std::optional<std::uint64_t> echo) {
    const Life life = life_of(header);
    if (current_ && life == *current_) {
        const Judgement judgement = in_current_life(header.sequence, link);
        if (judgement.good() && echo) newest_echo_ = std::max(newest_echo_, *echo);
        return judgement;
    }

    // While a lower generation is in (lost disk), every life of the highest one is past.
    const bool lowered = current_ && current_->generation < highest_.generation;
    const bool newer_than_all = !current_ ? life.generation >= highest_.generation
                                : lowered ? life.generation > highest_.generation
                                          : life > highest_;
    const bool present = echo && *echo > newest_echo_;
    // A session that ended does not come back: nobody proves the contrary.
    const bool ended = current_ && life.generation == current_->generation && life < *current_;
    if (ended) return {Verdict::kOldLife, false};
    if (!newer_than_all && !present) {
        return {life.generation < highest_.generation ? Verdict::kRefused : Verdict::kOldLife,
                false};
    }

    const bool lost_disk = life.generation < highest_.generation &&
                           (!current_ || current_->generation != life.generation);
    current_ = life;
    highest_ = std::max(highest_, life);
    window_ = {};
    newest_on_link_ = {};
    if (echo) newest_echo_ = std::max(newest_echo_, *echo);
    in_current_life(header.sequence, link);
    return {lost_disk ? Verdict::kLostDisk : Verdict::kNewLife, true};
}

bool PeerOrder::part_shows_link(const FrameHeader& header, LinkId link) {
    if (!current_ || life_of(header) != *current_) return false;
    if (header.sequence + wire::ReplayWindow::kSpan <= window_.newest()) return false;
    return first_on_link(header.sequence, link);
}

}  // namespace hb::comm
