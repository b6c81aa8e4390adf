// A reload on a simulated node, as ReloadCore of hb-master does it: hb-resource first, then the
// others; who dies meanwhile is respawned with what is in force, or with what it was to have.
#include <fmt/ranges.h>

#include "tests/sim/cluster.hpp"
#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/regroup.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

const Timings& Node::timings(Kind k) const {
    return k == Kind::kResource && next_timings_ ? *next_timings_ : timings_;
}

bool Node::reload(const Timings& wanted) {
    Timings to = wanted;
    to.without = file_without_;
    if (!master_alive_ || stopping_ || next_timings_ || freeze_ != Freeze::kNone) return false;
    for (const Kind k : kKinds)
        if (!works(k)) return false;  // "a daemon is just being started; ask again"
    if (!resource()->can_have(to.without)) return false;
    const Regrouping change = regroup(cluster_.config(), timings_.without, to.without);
    retired_.insert(change.retired.begin(), change.retired.end());
    world_.say(name_, "reload: deadtime {} ms, keepalive {} ms, without {}", to_ms(to.deadtime),
               to_ms(to.keepalive), fmt::join(to.without, " "));
    cluster_.disturbed();
    next_timings_ = to;
    std::array<std::uint64_t, kKindCount> lives{};
    for (const Kind k : kKinds)
        lives[index(k)] = life(k);
    resource_adopted_ = false;
    post(Kind::kResource, lives[index(Kind::kResource)],
         cluster_.config().channel.draw(world_.prng()), [this, to](Daemon& d, MonoTime now) {
             resource_adopted_ = static_cast<ResourceDaemon&>(d).adopt(to, now);
             if (resource_adopted_) return;  // else its next life has them
             world_.after(1us, [this, at = life(Kind::kResource)] {
                 if (alive(Kind::kResource) && life(Kind::kResource) == at) kill(Kind::kResource);
             });
         });
    finish_reload(lives);
    return true;
}

void Node::find_left_behind() {
    const ClusterConfig& config = cluster_.config();
    if (std::exchange(ran_here_, true)) {
        const Regrouping change = regroup(config, timings_.without, file_without_);
        retired_.insert(change.retired.begin(), change.retired.end());
    }
    for (const GroupSpec& g : config.groups) {
        if (const auto it = memory_.find(g.name); it != memory_.end() && it->second.maintenance.on)
            retired_.erase(g.name);
        if (retired_.contains(g.name)) retired_.erase(removed_part(g.name));  // whole
        if (file_without_.contains(g.name)) continue;
        retired_.erase(g.name);
        if (has_last(file_without_, g.name)) retired_.erase(removed_part(g.name));
    }
}

void Node::want_all_groups() {
    file_without_.clear();
    if (timings_.without.empty() && !next_timings_) return;
    reload(timings_);
    world_.after(cluster_.config().deadtime / 4, [this] { want_all_groups(); });
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
