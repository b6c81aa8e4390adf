// ResourceDaemon: which groups it has, of what, and how a reload changes that, as GroupAgents and
// the shell of hb-resource have it.
#include <algorithm>
#include <utility>

#include "tests/sim/cluster.hpp"
#include "tests/sim/regroup.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

resource::RunnerSettings ResourceDaemon::runner_settings(const GroupSpec& g) const {
    const ClusterConfig& config = node_.cluster().config();
    resource::RunnerSettings s;
    s.group = g.name;
    // What was left behind is stopped whole.
    const bool is_whole = has_last(without_, g.name) || node_.retired().contains(g.name);
    const std::size_t count = g.resources - (is_whole ? 0 : 1);
    for (std::size_t r = 0; r < count; r++)
        s.resources.push_back(
            {.word = r == 0 && g.has_address ? g.name : fmt::format("service{}", r),
             .alone = r == 0 && g.has_address,
             .monitor = {.interval = config.agents.monitor, .trusted = true}});
    s.restarts = config.agents.restarts;
    s.restart_window = config.agents.restart_window;
    s.start_timeout = s.stop_timeout = s.status_timeout = config.agents.timeout;
    s.stop_retries = config.agents.stop_retries;
    s.stop_retry_delay = config.agents.stop_retry;
    return s;
}

resource::RunnerSettings ResourceDaemon::part_settings(const GroupSpec& g) const {
    resource::RunnerSettings s = runner_settings(g);
    s.group = removed_part(g.name);
    s.resources = {{.word = fmt::format("service{}", g.resources - 1)}};
    return s;
}

resource::RunOperation ResourceDaemon::as_called(const resource::RunOperation& run) const {
    resource::RunOperation real = run;
    for (const GroupSpec& g : node_.cluster().config().groups)
        if (run.group == removed_part(g.name)) {
            real.group = g.name;
            real.resource = g.resources - 1;
        }
    return real;
}

// As GroupAgents has it.
void ResourceDaemon::regroup(const std::set<GroupName>& without, MonoTime now) {
    const ClusterConfig& config = node_.cluster().config();
    const Regrouping change = sim::regroup(config, without_, without);
    without_ = without;
    for (const GroupSpec& g : config.groups) {
        const bool is_added = change.added.contains(g.name);
        if (!is_added && !change.changed.contains(g.name)) continue;
        resource::RunnerSettings s = runner_settings(g);
        std::vector<bool> fresh(s.resources.size(), is_added);
        if (!is_added && change.changed.at(g.name).gains) fresh.back() = true;
        runner(g.name).change(std::move(s), fresh, runner_out_);
        carry_out_runner(g.name, now);
    }
}

// As the skeleton of every daemon has it: the shorter of both counts until peers must know.
bool ResourceDaemon::adopt(const Timings& to, MonoTime now) {
    const Regrouping change = sim::regroup(node_.cluster().config(), without_, to.without);
    for (const auto& [name, how] : change.changed)
        if (!core_.may_change(name).empty() || !runners_.at(name).idle()) return false;
    gap_deadtime_ = std::min({gap_deadtime_, deadtime_, to.deadtime});
    gap_settles_ = now + std::exchange(deadtime_, to.deadtime);
    regroup(to.without, now);
    input(
        resource::NewSettings{
            .to = settings(node_), .other_ping_nodes = false, .changed = change.changed},
        now);
    look_at_places(now);
    return true;
}

bool ResourceDaemon::can_have(const std::set<GroupName>& without) const {
    const ClusterConfig& config = node_.cluster().config();
    const Regrouping change = sim::regroup(config, without_, without);
    for (const GroupName& name : change.retired)
        if (!core_.may_change(name).empty()) return false;
    for (const auto& [name, how] : change.changed)
        if (!core_.may_change(name).empty() || !runners_.at(name).idle()) return false;
    return !change.adds() || core_.may_add([](std::uint64_t) { return std::string(); }).empty();
}

void ResourceDaemon::act(const resource::GroupReleased& a, MonoTime) {
    node_.released(a.group);
}

void ResourceDaemon::act(const resource::CompleteGroup& a, MonoTime now) {
    runner(a.group).complete(now, runner_out_);
    carry_out_runner(a.group, now);
}

}  // namespace hb::sim
