// OwnershipCore: the configuration was read again.
//
// L8, deadtime: what we promise (leases, letting go) goes by the shorter of both until the peers
// must know the new one, what we wait for before we take goes by the longer of both:
// docs/protocol.md.
#include <algorithm>

#include "common/base/reload_times.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

using Impl = OwnershipCore::Impl;

void Impl::on(const NewSettings& m, MonoTime now) {
    const OwnershipSettings& to = m.to;
    if (to.deadtime != s.deadtime) {
        // By then a peer has heard of it, or has called us silent: either way it goes by the
        // older one no more. Margin: the frame on its way.
        const Duration longest = long_deadtime(now);
        short_before = std::min(s.deadtime, short_deadtime(now));
        long_before = longest;
        before_until = old_deadtime_until(now, longest);
        for (LeaseBook* book : {&leases, &straight}) {
            if (s.dropped.l8_announced)
                book->forget_what_was_announced(to.deadtime);
            else
                book->set_deadtime(to.deadtime);
        }
    }
    s.keepalive = to.keepalive;
    s.deadtime = to.deadtime;
    s.warntime = to.warntime;
    s.deadping = to.deadping;
    s.auto_failback = to.auto_failback;
    s.isolation_stop = to.isolation_stop;
    take_groups(m, now);
    s.haresources = to.haresources;
    s.fencing = to.fencing;
    s.fence_delay = to.fence_delay;
    if (m.other_ping_nodes) {
        // They have to be asked first. Whoever is in touch with a peer loses that after 3/4 d only
        // (L3), which is time enough; nobody waits for what a node runs that is alone already.
        s.ping_nodes = to.ping_nodes;
        if (!in_touch_with_peer(now)) pings_judged_from = now + std::max(to.deadping, to.deadtime);
        if (!to.ping_nodes) ping_places.reset();
    }
}

Duration Impl::short_deadtime(MonoTime now) const {
    return now < before_until ? std::min(s.deadtime, short_before) : s.deadtime;
}

Duration Impl::long_deadtime(MonoTime now) const {
    return now < before_until ? std::max(s.deadtime, long_before) : s.deadtime;
}

}  // namespace hb::resource
