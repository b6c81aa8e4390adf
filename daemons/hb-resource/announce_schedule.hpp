// AnnounceSchedule: when which address is announced. Pure.
//
// An address is announced at once and again after the pauses of kAnnounceTimes: switches and hosts
// miss the first while they learn. First announcements go before repetitions, and no turn has more
// than kAnnouncesPerTurn, so that a thousand addresses do not fill a queue of the network card.
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
inline constexpr std::size_t kAnnouncesPerTurn = 64;
inline constexpr Duration kAnnounceTurn = 1ms;

class AnnounceSchedule {
  public:
    // Again: from the beginning.
    void start(const Announce& announce, MonoTime now);
    void stop(const IpAddress& address);

    // What is to be announced now, at most kAnnouncesPerTurn.
    [[nodiscard]] std::vector<Announce> take_due(MonoTime now);
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
    MonoTime next_turn_ = kNever;
};

}  // namespace hb::resource
