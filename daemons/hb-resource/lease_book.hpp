// Until when may we rely on what a peer reported? (L1, T9.3) Two books of the same kind:
// acknowledgements that came behind view and report allow starts; those straight from hb-comm,
// which no death of hb-membership ends, say whether we are in touch at all (L2, L3).
#pragma once

#include <map>

#include "common/base/ids.hpp"
#include "common/base/probe_window.hpp"
#include "common/base/time.hpp"

namespace hb::resource {

class LeaseBook {
  public:
    explicit LeaseBook(Duration deadtime) : length_(lease_length(deadtime)) {}

    // The peer acknowledged our frame sent at `sent`. Older news than known changes nothing.
    void acknowledged(NodeId peer, MonoTime sent) {
        auto [it, fresh] = sent_.try_emplace(peer, sent);
        if (!fresh && it->second < sent) it->second = sent;
    }
    // A gap of our own (L5): what was promised before it is void.
    void forget() { sent_.clear(); }
    void forget(NodeId peer) { sent_.erase(peer); }

    [[nodiscard]] MonoTime newest(NodeId peer) const {
        const auto it = sent_.find(peer);
        return it == sent_.end() ? kNever : it->second;
    }
    // Good while now < until. kNever: none.
    [[nodiscard]] MonoTime until(NodeId peer) const {
        const auto it = sent_.find(peer);
        return it == sent_.end() ? kNever : it->second + length_;
    }
    [[nodiscard]] bool good(NodeId peer, MonoTime now) const { return now < until(peer); }

  private:
    Duration length_;
    std::map<NodeId, MonoTime> sent_;
};

}  // namespace hb::resource
