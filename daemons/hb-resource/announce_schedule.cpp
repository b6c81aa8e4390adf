#include "daemons/hb-resource/announce_schedule.hpp"

#include <algorithm>
#include <iterator>

namespace hb::resource {

AnnounceSchedule::Place AnnounceSchedule::place(const Entry& entry) {
    return {entry.round > 0, entry.begun + kAnnounceTimes[entry.round], entry.announce.address,
            entry.announce.link};
}

void AnnounceSchedule::start(const Announce& announce, MonoTime now) {
    const Key key{announce.address, announce.link};
    if (const auto found = entries_.find(key); found != entries_.end()) forget(found);
    const Entry entry{announce, now, 0};
    queue_.insert(place(entry));
    entries_.emplace(key, entry);
}

void AnnounceSchedule::stop(const IpAddress& address) {
    for (auto at = entries_.lower_bound({address, 0});
         at != entries_.end() && at->first.first == address;) {
        const auto next = std::next(at);
        forget(at);
        at = next;
    }
}

void AnnounceSchedule::forget(std::map<Key, Entry>::iterator at) {
    queue_.erase(place(at->second));
    entries_.erase(at);
}

std::vector<Announce> AnnounceSchedule::take_due(MonoTime now) {
    std::vector<Announce> due;
    taken_.clear();
    if (now < next_turn_) return due;
    for (const bool repetition : {false, true}) {
        while (due.size() < kAnnouncesPerTurn) {
            const auto first = queue_.lower_bound({repetition, kNever, IpAddress{}, 0});
            if (first == queue_.end() || std::get<bool>(*first) != repetition) break;
            if (std::get<MonoTime>(*first) > now) break;
            const auto found = entries_.find({std::get<IpAddress>(*first), std::get<int>(*first)});
            queue_.erase(first);
            Entry& entry = found->second;
            due.push_back(entry.announce);
            taken_.push_back(entry);
            if (++entry.round == std::size(kAnnounceTimes))
                entries_.erase(found);
            else
                queue_.insert(place(entry));
        }
    }
    if (!due.empty()) next_turn_ = now + kAnnounceTurn;
    return due;
}

void AnnounceSchedule::postpone(std::size_t count) {
    while (count-- > 0 && !taken_.empty()) {
        const Entry& entry = taken_.back();
        const Key key{entry.announce.address, entry.announce.link};
        if (const auto found = entries_.find(key); found != entries_.end()) forget(found);
        queue_.insert(place(entry));
        entries_.emplace(key, entry);
        taken_.pop_back();
    }
}

MonoTime AnnounceSchedule::next_deadline() const {
    MonoTime next = kForever;
    for (const bool repetition : {false, true}) {
        const auto first = queue_.lower_bound({repetition, kNever, IpAddress{}, 0});
        if (first != queue_.end() && std::get<bool>(*first) == repetition)
            next = std::min(next, std::get<MonoTime>(*first));
    }
    return next == kForever ? next : std::max(next, next_turn_);
}

}  // namespace hb::resource
