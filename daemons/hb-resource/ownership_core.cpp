#include "daemons/hb-resource/ownership_core.hpp"

#include "common/base/assert.hpp"
#include "daemons/hb-resource/ownership_impl.hpp"

namespace hb::resource {

OwnershipCore::Impl::Impl(OwnershipSettings settings, MonoTime now)
    : s(std::move(settings)), born(now), leases(s.deadtime), straight(s.deadtime), settled_at(now) {
    HB_ASSERT(rank(s.self) < s.node_names.size());
    HB_ASSERT(s.fencing.empty() || s.fencing.size() == s.node_names.size());
    for (const GroupSettings& g : s.groups) {
        GroupFacts facts;
        facts.settings = g;
        facts.reason = "not asked yet";
        groups.emplace(g.name, std::move(facts));
    }
    for (const GroupSettings& g : s.retired) {
        GroupFacts facts;
        facts.settings = g;
        retired.emplace(g.name, std::move(facts));
    }
    recall();
    for (std::size_t r = 0; r < s.node_names.size(); r++) {
        if (node_id(r) == s.self) continue;
        PeerFacts p;
        p.status.peer = node_id(r);
        p.status.last_heard = kNever;
        peers.emplace(node_id(r), std::move(p));
    }
}

OwnershipCore::OwnershipCore(OwnershipSettings settings, MonoTime now)
    : impl_(std::make_unique<Impl>(std::move(settings), now)) {}
OwnershipCore::~OwnershipCore() = default;
OwnershipCore::OwnershipCore(OwnershipCore&&) noexcept = default;
OwnershipCore& OwnershipCore::operator=(OwnershipCore&&) noexcept = default;

void OwnershipCore::handle(const OwnershipInput& input, MonoTime now,
                           std::vector<OwnershipAction>& out) {
    std::visit([&](const auto& m) { impl_->on(m, now); }, input);
    if (!impl_->can_wait(input)) impl_->settle(now, out);
}

void OwnershipCore::on_deadline(MonoTime now, std::vector<OwnershipAction>& out) {
    impl_->settle(now, out);
}

MonoTime OwnershipCore::next_deadline() const {
    return impl_->next_deadline();
}
bool OwnershipCore::may_feed_watchdog(MonoTime now) const {
    return impl_->may_feed_watchdog(now);
}
TransitionId OwnershipCore::transition(const GroupName& group) const {
    const auto it = impl_->groups.find(group);
    return it == impl_->groups.end() ? TransitionId{} : it->second.transition;
}
std::string OwnershipCore::may_change(const GroupName& group) const {
    return impl_->may_change(group);
}
std::string OwnershipCore::may_add(const Conflict& conflict) const {
    return impl_->may_add(conflict);
}
const Report& OwnershipCore::report() const {
    return impl_->last_report;
}
const std::optional<Table>& OwnershipCore::table() const {
    return impl_->table;
}

}  // namespace hb::resource
