// The media between hb-comms: per link a broadcast domain that loses, delays, duplicates, reorders,
// is cut one way or both ways, flaps, and loses its carrier.
//
// A frame is a value shared by all its copies. What leaves late arrives late: cuts are looked at
// when a copy is sent, and again when it arrives.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "tests/sim/world.hpp"

namespace hb::sim {

struct Frame {
    FrameHeader header;
    FrameBody body;
};
using FramePtr = std::shared_ptr<const Frame>;

struct LinkQuality {
    Delay delay{100us, 800us, 0ns, 0};
    unsigned loss_per_mille = 0;
    unsigned duplicate_per_mille = 0;
};

class SimNetwork {
  public:
    using Deliver = std::function<void(NodeId to, LinkId link, const FramePtr& frame)>;

    SimNetwork(World& world, std::size_t nodes, std::size_t links, Deliver deliver);

    // To everybody else on the link; `takes`: until its last byte has left, on a serial line.
    void send(NodeId from, LinkId link, const FramePtr& frame, Duration takes = {});

    void set_quality(LinkId link, const LinkQuality& quality);
    [[nodiscard]] const LinkQuality& quality(LinkId link) const { return quality_.at(index(link)); }
    // One direction of one pair on one link.
    void set_cut(NodeId from, NodeId to, LinkId link, bool cut);
    void cut(NodeId from, NodeId to) { set_cut_on_all(from, to, true); }
    void heal(NodeId from, NodeId to) { set_cut_on_all(from, to, false); }
    void cut_both(NodeId a, NodeId b);
    void heal_all();
    [[nodiscard]] bool is_cut(NodeId from, NodeId to, LinkId link) const;
    [[nodiscard]] bool passes(NodeId from, NodeId to, LinkId link) const;
    // Whether a frame can get from one to the other on any link.
    [[nodiscard]] bool reaches(NodeId from, NodeId to) const;
    // Cable of a node out of a link: both directions with everybody.
    void set_cable(NodeId node, LinkId link, bool connected);
    [[nodiscard]] bool cable(NodeId node, LinkId link) const;
    [[nodiscard]] bool whole() const;
    // Cables, cuts, or how good the links are.
    [[nodiscard]] WorldTime changed_at() const { return changed_at_; }

    [[nodiscard]] std::size_t links() const { return links_; }
    [[nodiscard]] std::size_t nodes() const { return nodes_; }

    // Keeps what was sent, and now and then sends an old frame again (an attacker's recording, or a
    // switch that repeats itself).
    void replay_old_frames(unsigned per_mille) { replay_per_mille_ = per_mille; }

  private:
    void set_cut_on_all(NodeId from, NodeId to, bool cut);
    void copy_to(NodeId from, NodeId to, LinkId link, const FramePtr& frame, Duration extra);
    [[nodiscard]] std::size_t pair(NodeId from, NodeId to, LinkId link) const {
        return (rank(from) * nodes_ + rank(to)) * links_ + index(link);
    }
    World& world_;
    std::size_t nodes_;
    std::size_t links_;
    Deliver deliver_;
    std::vector<LinkQuality> quality_;  // by link
    std::vector<char> cut_;             // by pair()
    std::vector<char> cable_;           // by node and link
    unsigned replay_per_mille_ = 0;
    WorldTime changed_at_{};
    std::vector<std::pair<NodeId, FramePtr>> recorded_;
};

}  // namespace hb::sim
