// Until when may we rely on what a peer reported? (L1, T9.3) Two books of the same kind:
// acknowledgements that came behind view and report allow starts; those straight from hb-comm,
// which no death of hb-membership ends, say whether we are in touch at all (L2, L3).
#pragma once

#include <algorithm>
#include <map>

#include "common/base/ids.hpp"
#include "common/base/probe_window.hpp"
#include "common/base/time.hpp"

namespace hb::resource {

class LeaseBook {
  public:
    explicit LeaseBook(Duration deadtime) : deadtime_(deadtime) {}

    // Another one of ours. What was acknowledged before is never good for longer than before: the
    // peer may have read a shorter one meanwhile (L8).
    void set_deadtime(Duration deadtime) {
        deadtime_ = deadtime;
        for (auto& [peer, lease] : sent_)
            lease.deadtime = std::min(lease.deadtime, deadtime);
    }

    // (Test only: L8 dropped.)
    void forget_what_was_announced(Duration deadtime) {
        deadtime_ = deadtime;
        for (auto& [peer, lease] : sent_)
            lease.deadtime = deadtime;
    }

    // The peer acknowledged our frame sent at `sent`, and knows of no deadtime of ours below this
    // (0: than the present one). Older news than known changes nothing.
    void acknowledged(NodeId peer, MonoTime sent, Duration known = {}) {
        if (known == Duration::zero()) known = deadtime_;
        const Lease lease{sent, std::min(known, deadtime_)};
        auto [it, fresh] = sent_.try_emplace(peer, lease);
        if (fresh) return;
        if (it->second.sent < sent)
            it->second = lease;
        else if (it->second.sent == sent)
            it->second.deadtime = std::min(it->second.deadtime, lease.deadtime);
    }
    // A gap of our own (L5): what was promised before it is void.
    void forget() { sent_.clear(); }
    void forget(NodeId peer) { sent_.erase(peer); }

    [[nodiscard]] MonoTime newest(NodeId peer) const {
        const auto it = sent_.find(peer);
        return it == sent_.end() ? kNever : it->second.sent;
    }
    // Good while now < until. kNever: none.
    [[nodiscard]] MonoTime until(NodeId peer) const {
        const auto it = sent_.find(peer);
        return it == sent_.end() ? kNever : it->second.sent + lease_length(it->second.deadtime);
    }
    [[nodiscard]] bool good(NodeId peer, MonoTime now) const { return now < until(peer); }

  private:
    struct Lease {
        MonoTime sent{};
        Duration deadtime{};
    };
    Duration deadtime_;
    std::map<NodeId, Lease> sent_;
};

}  // namespace hb::resource
