// LinkFigures: how well each link to each peer works, measured by the frames that come anyway.
// Every frame leaves on every link, so what one link brought and another did not is lost on the
// other.
//
// - Loss: of the newest 100 frames of a peer that any link showed (the gaps between their sequences
//   included), how many did not come on this one. A frame is judged when its copies had a quarter
//   of deadtime to come (less when more frames than the window keeps came after it). What was sent
//   while the link was dead is no loss: it is judged from the frame that it was heard with again.
// - Lag: how much later than on the fastest link a frame comes, smoothed. Both are told to the peer
//   in our frames, so each knows both directions, and the round trip over one link is the one of
//   the fastest (an acknowledgement measures that) with the lags there and back added.
//
// A paced link (a serial line) carries as many of the frames as it can: of it only the lag is
// judged, and whether it brings anything.
//
// A bounded window for each peer; a new life of a peer begins anew. Nothing here decides anything:
// figures are for people.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

struct LinkLoss {
    std::uint32_t judged = 0;
    std::uint32_t lost = 0;
    bool operator==(const LinkLoss&) const = default;
};

class LinkFigures {
  public:
    // Frames that are judged, at most.
    static constexpr std::uint32_t kJudged = 100;

    LinkFigures(const std::vector<NodeId>& peers, std::size_t links, Duration deadtime,
                std::vector<bool> paced = {});

    void set_deadtime(Duration deadtime) { copies_in_ = deadtime / 4; }
    void new_life(NodeId peer);
    // A frame of the present life, or a copy of it.
    void arrived(NodeId peer, LinkId link, std::uint64_t sequence, MonoTime now);
    // The link is heard after a silence, with a frame that has arrived here already.
    void begins(NodeId peer, LinkId link);
    // What the peer says of our frames.
    void told(NodeId peer, const std::vector<HeardOnLink>& by_link);

    // What we say of its frames, by LinkId.
    [[nodiscard]] std::vector<HeardOnLink> heard(NodeId peer, MonoTime now) const;
    [[nodiscard]] LinkLoss loss(NodeId peer, LinkId link, MonoTime now) const;
    [[nodiscard]] std::optional<std::uint32_t> lost_there(NodeId peer, LinkId link) const;
    // `fastest`: measured over whichever link is the fastest.
    [[nodiscard]] std::optional<Duration> round_trip(NodeId peer, LinkId link,
                                                     Duration fastest) const;

  private:
    static constexpr std::uint64_t kWindow = 256;
    // Of a frame older than this the window may not wait for copies any more.
    static constexpr std::uint64_t kMayCome = kWindow - kJudged;

    struct Link {
        std::bitset<kWindow> came;  // by sequence
        std::uint64_t newest = 0;   // that came
        std::uint64_t first = 0;    // that is judged
        Duration lag{};
        bool measured = false;
        HeardOnLink there;  // what the peer says
    };
    struct Peer {
        std::uint64_t first = 0;  // of this life that was seen; 0: none yet
        std::uint64_t newest = 0;
        std::array<std::optional<MonoTime>, kWindow> first_came{};
        std::vector<Link> links;
    };
    [[nodiscard]] bool is_paced(LinkId link) const {
        return index(link) < paced_.size() && paced_[index(link)];
    }
    static void advance(Peer& peer, std::uint64_t sequence);

    std::vector<bool> paced_;
    Duration copies_in_;  // a copy that is later than this is as good as lost
    std::map<NodeId, Peer> peers_;
};

}  // namespace hb::comm
