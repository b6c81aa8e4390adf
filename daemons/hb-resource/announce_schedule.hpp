// AnnounceSchedule: when which address is announced. Pure.
//
// An address is announced at once and again after the pauses of kAnnounceTimes: switches and hosts
// miss the first while they learn. IPv4 has two forms of it, and some hosts believe only one of
// them. The first form of every address goes before the second form of any, and both before
// repetitions; while more addresses are on their way (more_to_come), second forms wait for them.
//
// No turn has more than kPacketsPerTurn small packets, a third of what a link of 1 Gbit/s carries
// in kAnnounceTurn. Where a link is slower, the announcer's send buffer fills and says so: what did
// not leave is due again with the next turn (postpone).
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
inline constexpr std::size_t kPacketsPerTurn = 256;
inline constexpr Duration kAnnounceTurn = 1ms;
// At most so long does a second form wait for other addresses.
inline constexpr Duration kSecondFormWaits = 40ms;

enum class AnnounceForm : std::uint8_t { kFirst, kSecond, kBoth };  // IPv6 has but one: kFirst

struct DueAnnounce {
    Announce announce;
    AnnounceForm form{};
};

class AnnounceSchedule {
  public:
    // Again: from the beginning.
    void start(const Announce& announce, MonoTime now);
    void stop(const IpAddress& address);
    void more_to_come(bool more) { more_to_come_ = more; }

    // What is to be announced now, at most kPacketsPerTurn.
    [[nodiscard]] std::vector<DueAnnounce> take_due(MonoTime now);
    // The last `count` of what take_due() gave just now could not leave: due again, before others.
    void postpone(std::size_t count);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

  private:
    enum class Rank : std::uint8_t { kFirst, kSecond, kAgain };
    static constexpr Rank kRanks[] = {Rank::kFirst, Rank::kSecond, Rank::kAgain};
    struct Entry {
        Announce announce;
        MonoTime begun{};
        Rank rank{};
        std::size_t round = 0;  // next index of kAnnounceTimes
    };
    using Place = std::tuple<Rank, MonoTime, IpAddress, int>;
    using Key = std::pair<IpAddress, int>;  // on that link
    // To its next announcement. False: there is none.
    [[nodiscard]] static bool advance(Entry& entry);
    [[nodiscard]] static AnnounceForm form(const Entry& entry);
    [[nodiscard]] const Place* next_of(Rank rank) const;
    [[nodiscard]] MonoTime due(const Place& place) const;
    [[nodiscard]] static Place place(const Entry& entry);
    void forget(std::map<Key, Entry>::iterator at);

    std::map<Key, Entry> entries_;
    std::set<Place> queue_;
    std::vector<Entry> taken_;  // by the newest take_due(), as they were
    MonoTime next_turn_ = kNever;
    bool more_to_come_ = false;
};

}  // namespace hb::resource
