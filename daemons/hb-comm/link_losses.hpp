// LinkLosses: which links to which peers lose so many frames that people should know, in which
// direction. A link is named when it loses a fifth, and again when it is good (a twentieth); what
// is said of it leaves at most once a minute.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

struct LossSeen {
    std::uint32_t here_percent = 0;   // of the peer's frames
    std::uint32_t there_percent = 0;  // of ours, says the peer
};

class LinkLosses {
  public:
    static constexpr std::uint32_t kBad = 20, kGood = 5;
    static constexpr Duration kSayAgain = 60s;

    // `seen`: none when the link does not work, or too little is known.
    std::optional<Event> see(NodeId peer, LinkId link, const std::string& peer_name,
                             const std::string& interface, std::optional<LossSeen> seen,
                             MonoTime now);
    // For people; empty: nothing is wrong.
    [[nodiscard]] std::string detail(NodeId peer, LinkId link) const;

  private:
    struct Link {
        bool bad = false;
        bool named = false;
        MonoTime said = kNever;
        std::string detail;
    };
    std::map<std::pair<NodeId, LinkId>, Link> links_;
};

}  // namespace hb::comm
