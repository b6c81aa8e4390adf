#include "daemons/hb-resource/announce_schedule.hpp"

#include <algorithm>
#include <iterator>

#include "common/base/assert.hpp"

namespace hb::resource {

AnnounceSchedule::Place AnnounceSchedule::place(const Entry& entry) {
    return {entry.rank, entry.begun + kAnnounceTimes[entry.round], entry.announce.address,
            entry.announce.link};
}

bool AnnounceSchedule::advance(Entry& entry) {
    if (entry.rank == Rank::kFirst && entry.announce.address.is_v4()) {
        entry.rank = Rank::kSecond;
        return true;
    }
    entry.rank = Rank::kAgain;
    return ++entry.round < std::size(kAnnounceTimes);
}

AnnounceForm AnnounceSchedule::form(const Entry& entry) {
    if (!entry.announce.address.is_v4()) return AnnounceForm::kFirst;
    switch (entry.rank) {
        case Rank::kFirst:
            return AnnounceForm::kFirst;
        case Rank::kSecond:
            return AnnounceForm::kSecond;
        case Rank::kAgain:
            return AnnounceForm::kBoth;
    }
    HB_UNREACHABLE();
}

void AnnounceSchedule::start(const Announce& announce, MonoTime now) {
    const Key key{announce.address, announce.link};
    if (const auto found = entries_.find(key); found != entries_.end()) forget(found);
    const Entry entry{announce, now, Rank::kFirst, 0};
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

const AnnounceSchedule::Place* AnnounceSchedule::next_of(Rank rank) const {
    const auto first = queue_.lower_bound({rank, kNever, IpAddress{}, 0});
    return first == queue_.end() || std::get<Rank>(*first) != rank ? nullptr : &*first;
}

MonoTime AnnounceSchedule::due(const Place& place) const {
    const bool waits = std::get<Rank>(place) == Rank::kSecond && more_to_come_;
    return std::get<MonoTime>(place) + (waits ? kSecondFormWaits : Duration{});
}

std::vector<DueAnnounce> AnnounceSchedule::take_due(MonoTime now) {
    std::vector<DueAnnounce> taken;
    taken_.clear();
    if (now < next_turn_) return taken;
    std::size_t packets = 0;
    for (const Rank rank : kRanks) {
        for (const Place* next = next_of(rank); next != nullptr && due(*next) <= now;
             next = next_of(rank)) {
            const auto found = entries_.find({std::get<IpAddress>(*next), std::get<int>(*next)});
            Entry& entry = found->second;
            const DueAnnounce now_due{entry.announce, form(entry)};
            packets += now_due.form == AnnounceForm::kBoth ? 2 : 1;
            if (packets > kPacketsPerTurn) break;
            queue_.erase(*next);
            taken.push_back(now_due);
            taken_.push_back(entry);
            if (advance(entry))
                queue_.insert(place(entry));
            else
                entries_.erase(found);
        }
    }
    if (!taken.empty()) next_turn_ = now + kAnnounceTurn;
    return taken;
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
    for (const Rank rank : kRanks)
        if (const Place* first = next_of(rank)) next = std::min(next, due(*first));
    return next == kForever ? next : std::max(next, next_turn_);
}

}  // namespace hb::resource
