#include "tests/sim/sim_network.hpp"

#include <algorithm>

namespace hb::sim {

SimNetwork::SimNetwork(World& world, std::size_t nodes, std::size_t links, Deliver deliver)
    : world_(world),
      nodes_(nodes),
      links_(links),
      deliver_(std::move(deliver)),
      quality_(links),
      cut_(nodes * nodes * links, 0),
      cable_(nodes * links, 1) {}

bool SimNetwork::passes(NodeId from, NodeId to, LinkId link) const {
    return cut_[pair(from, to, link)] == 0 && cable(from, link) && cable(to, link);
}

void SimNetwork::send(NodeId from, LinkId link, const FramePtr& frame, Duration takes) {
    Prng& prng = world_.prng();
    for (std::size_t r = 0; r < nodes_; r++) {
        const NodeId to = node_id(r);
        if (to != from) copy_to(from, to, link, frame, takes);
    }
    if (replay_per_mille_ == 0) return;
    constexpr std::size_t kRecorded = 400;
    if (recorded_.size() < kRecorded)
        recorded_.emplace_back(from, frame);
    else
        recorded_[prng.index(kRecorded)] = {from, frame};
    if (!prng.chance(replay_per_mille_)) return;
    const auto& [old_sender, old_frame] = recorded_[prng.index(recorded_.size())];
    for (std::size_t r = 0; r < nodes_; r++)
        if (node_id(r) != old_sender) copy_to(old_sender, node_id(r), link, old_frame, 1ms);
}

void SimNetwork::copy_to(NodeId from, NodeId to, LinkId link, const FramePtr& frame,
                         Duration extra) {
    if (!passes(from, to, link)) return;
    Prng& prng = world_.prng();
    const LinkQuality& quality = quality_[index(link)];
    if (quality.loss_per_mille > 0 && prng.chance(quality.loss_per_mille)) return;
    const bool twice = quality.duplicate_per_mille > 0 && prng.chance(quality.duplicate_per_mille);
    for (int copy = 0; copy < (twice ? 2 : 1); copy++) {
        world_.after(quality.delay.draw(prng) + extra, [this, from, to, link, frame] {
            if (passes(from, to, link)) deliver_(to, link, frame);
        });
    }
}

void SimNetwork::set_quality(LinkId link, const LinkQuality& quality) {
    quality_.at(index(link)) = quality;
    changed_at_ = world_.now();
}

void SimNetwork::set_cut(NodeId from, NodeId to, LinkId link, bool cut) {
    cut_.at(pair(from, to, link)) = cut ? 1 : 0;
    changed_at_ = world_.now();
}

void SimNetwork::set_cut_on_all(NodeId from, NodeId to, bool cut) {
    for (std::size_t l = 0; l < links_; l++)
        set_cut(from, to, link_id(l), cut);
}

void SimNetwork::cut_both(NodeId a, NodeId b) {
    cut(a, b);
    cut(b, a);
}

void SimNetwork::heal_all() {
    changed_at_ = world_.now();
    std::ranges::fill(cut_, char{0});
    std::ranges::fill(cable_, char{1});
}

bool SimNetwork::is_cut(NodeId from, NodeId to, LinkId link) const {
    return cut_.at(pair(from, to, link)) != 0;
}

bool SimNetwork::reaches(NodeId from, NodeId to) const {
    for (std::size_t l = 0; l < links_; l++)
        if (passes(from, to, link_id(l))) return true;
    return false;
}

void SimNetwork::set_cable(NodeId node, LinkId link, bool connected) {
    cable_.at(rank(node) * links_ + index(link)) = connected ? 1 : 0;
    changed_at_ = world_.now();
}

bool SimNetwork::cable(NodeId node, LinkId link) const {
    return cable_[rank(node) * links_ + index(link)] != 0;
}

bool SimNetwork::whole() const {
    return std::ranges::all_of(cut_, [](char c) { return c == 0; }) &&
           std::ranges::all_of(cable_, [](char c) { return c != 0; });
}

}  // namespace hb::sim
