#include "daemons/hb-resource/group_monitor.hpp"

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace hb::resource {

GroupMonitor::GroupMonitor(std::vector<MonitorSettings> resources, unsigned restarts,
                           Duration restart_window)
    : allowed_restarts_(restarts), restart_window_(restart_window) {
    for (const MonitorSettings& settings : resources)
        resources_.push_back({.settings = settings, .restarts = {}});
}

void GroupMonitor::configure(const std::vector<MonitorSettings>& resources, unsigned restarts,
                             Duration restart_window, MonoTime now) {
    HB_ASSERT(resources.size() == resources_.size());
    allowed_restarts_ = restarts;
    restart_window_ = restart_window;
    for (std::size_t i = 0; i < resources_.size(); i++) {
        Resource& r = resources_[i];
        const Duration before = r.settings.interval;
        r.settings.interval = resources[i].interval;
        if (!active_ || r.settings.interval == before) continue;
        if (r.settings.interval == Duration::zero())
            r.due = kForever;
        else if (before == Duration::zero() || r.due != kForever)  // else its status is of no use
            r.due = std::min(r.due, now + r.settings.interval);
    }
}

void GroupMonitor::begin(MonoTime now, bool seen) {
    active_ = true;
    for (Resource& r : resources_) {
        r.asking = false;
        r.again = false;
        r.doubts = 0;
        r.credible = r.credible || seen || r.settings.trusted;
        const Duration pause = r.credible ? r.settings.interval : kFirstLook;
        r.due = r.settings.interval > Duration::zero() ? now + pause : kForever;
    }
}

void GroupMonitor::end() {
    active_ = false;
    for (Resource& r : resources_) {
        r.asking = false;
        r.again = false;
        r.due = kForever;
    }
}

void GroupMonitor::hurry(std::size_t resource, MonoTime now) {
    Resource& r = resources_.at(resource);
    if (!active_) return;
    if (r.asking)
        r.again = true;
    else if (r.due != kForever)
        r.due = std::min(r.due, now);
}

std::vector<std::size_t> GroupMonitor::take_due(MonoTime now) {
    std::vector<std::size_t> result;
    if (!active_) return result;
    for (std::size_t i = 0; i < resources_.size(); i++) {
        Resource& r = resources_[i];
        if (r.asking || now < r.due) continue;
        r.asking = true;
        result.push_back(i);
    }
    return result;
}

GroupMonitor::Verdict GroupMonitor::answered(std::size_t resource, Health health, MonoTime now) {
    Resource& r = resources_.at(resource);
    HB_ASSERT(active_ && r.asking);
    r.asking = false;
    if (r.settings.interval == Duration::zero()) {  // monitoring ended while it was asked
        r.again = false;
        r.due = kForever;
        return Verdict::kUndecided;
    }
    if (health == Health::kRunning) {
        r.credible = true;
        r.doubts = 0;
        r.due = std::exchange(r.again, false) ? now : now + r.settings.interval;
        return Verdict::kFine;
    }
    r.doubts++;
    if (!r.credible) {
        r.due = r.doubts < 2 ? now + kSecondLook : kForever;
        return r.doubts < 2 ? Verdict::kUndecided : Verdict::kNotMonitored;
    }
    if (health == Health::kNoAnswer && r.doubts < 2) {
        r.due = now + std::min(r.settings.interval, kSecondLook);
        return Verdict::kUndecided;
    }
    r.due = kForever;
    return Verdict::kFailed;
}

MonoTime GroupMonitor::next_deadline() const {
    MonoTime next = kForever;
    if (!active_) return next;
    for (const Resource& r : resources_)
        if (!r.asking) next = std::min(next, r.due);
    return next;
}

bool GroupMonitor::may_restart(std::size_t resource, MonoTime now) {
    std::deque<MonoTime>& past = resources_.at(resource).restarts;
    while (!past.empty() && now - past.front() >= restart_window_)
        past.pop_front();
    if (past.size() >= allowed_restarts_) return false;
    past.push_back(now);
    return true;
}

std::size_t GroupMonitor::restarts(std::size_t resource) const {
    return resources_.at(resource).restarts.size();
}

void GroupMonitor::forget_restarts() {
    for (Resource& r : resources_)
        r.restarts.clear();
}

}  // namespace hb::resource
