// A reload on a simulated node, as ReloadCore of hb-master does it: hb-resource first, then the
// others; who dies meanwhile is respawned with what is in force, or with what it was to have.
#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

const Timings& Node::timings(Kind k) const {
    return k == Kind::kResource && next_timings_ ? *next_timings_ : timings_;
}

void Node::reload(const Timings& to) {
    if (!master_alive_ || stopping_ || next_timings_ || freeze_ != Freeze::kNone) return;
    for (const Kind k : kKinds)
        if (!works(k)) return;  // "a daemon is just being started; ask again"
    world_.say(name_, "reload: deadtime {} ms, keepalive {} ms", to_ms(to.deadtime),
               to_ms(to.keepalive));
    cluster_.disturbed();
    next_timings_ = to;
    std::array<std::uint64_t, kKindCount> lives{};
    for (const Kind k : kKinds)
        lives[index(k)] = life(k);
    resource_adopted_ = false;
    post(Kind::kResource, lives[index(Kind::kResource)],
         cluster_.config().channel.draw(world_.prng()), [this, to](Daemon& d, MonoTime now) {
             static_cast<ResourceDaemon&>(d).adopt(to, now);
             resource_adopted_ = true;
         });
    finish_reload(lives);
}

void Node::finish_reload(const std::array<std::uint64_t, kKindCount>& lives) {
    world_.after(cluster_.config().channel.draw(world_.prng()), [this, lives, master = master_] {
        if (!next_timings_) return;
        const bool is_over = master != master_ || !master_alive_;  // the next one reads the files
        const Slot& resource = slot(Kind::kResource);
        const bool waits =
            resource.daemon && resource.life == lives[index(Kind::kResource)] && !resource_adopted_;
        if (!is_over && waits) return finish_reload(lives);
        timings_ = *next_timings_;
        next_timings_.reset();
        if (is_over) return;
        for (const Kind k : {Kind::kComm, Kind::kMembership}) {
            if (!alive(k)) continue;
            if (life(k) != lives[index(k)]) {
                kill(k);  // its successor was started with the timings before
                continue;
            }
            post(k, life(k), cluster_.config().channel.draw(world_.prng()),
                 [k, to = timings_](Daemon& d, MonoTime now) {
                     if (k == Kind::kComm)
                         static_cast<CommDaemon&>(d).adopt(to, now);
                     else
                         static_cast<MembershipDaemon&>(d).adopt(to, now);
                 });
        }
    });
}

void Node::announces(Duration deadtime) {
    if (announced_)
        announced_->announce(deadtime, local_now());
    else
        announced_.emplace(deadtime, local_now());
}

Duration Node::shortest_since(MonoTime sent) const {
    return announced_ ? announced_->shortest_since(sent) : timings_.deadtime;
}

}  // namespace hb::sim
