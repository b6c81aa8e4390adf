// AnnounceSchedule: when which address is announced. Pure.
//
// An address is announced at once and again after the pauses of kAnnounceTimes: switches and hosts
// miss the first while they learn. First announcements go before repetitions, and no turn has more
// than kAnnouncesPerTurn: of IPv4 two small packets each, a third of what a link of 1 Gbit/s
// carries in kAnnounceTurn. Where a link is slower, the announcer's send buffer fills and says so:
// what did not leave is due again with the next turn (postpone).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-resource/address_agent.hpp"

namespace hb::resource {

// Since the first one.
inline constexpr Duration kAnnounceTimes[] = {0ms, 50ms, 200ms, 1s, 2s, 5s};
inline constexpr std::size_t kAnnouncesPerTurn = 128;
inline constexpr Duration kAnnounceTurn = 1ms;

class AnnounceSchedule {
  public:
    // Again: from the beginning.
    void start(const Announce& announce, MonoTime now);
    void stop(const IpAddress& address);

    // What is to be announced now, at most kAnnouncesPerTurn.
    [[nodiscard]] std::vector<Announce> take_due(MonoTime now);
    // The last `count` of what take_due() gave just now could not leave: due again, before others.
    void postpone(std::size_t count);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

  private:
    struct Entry {
        Announce announce;
        MonoTime begun{};
        std::size_t round = 0;  // next index of kAnnounceTimes
    };
    // A first announcement whose time has come goes before any repetition.
    using Place = std::tuple<bool, MonoTime, IpAddress, int>;  // repetition, due, ...
    using Key = std::pair<IpAddress, int>;                     // on that link
    [[nodiscard]] static Place place(const Entry& entry);
    void forget(std::map<Key, Entry>::iterator at);

    std::map<Key, Entry> entries_;
    std::set<Place> queue_;
    std::vector<Entry> taken_;  // by the newest take_due(), as they were
    MonoTime next_turn_ = kNever;
};

}  // namespace hb::resource
