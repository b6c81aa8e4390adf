#include "daemons/hb-resource/release_all.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/config/load.hpp"
#include "common/runtime/cgroup_tree.hpp"
#include "common/runtime/event_loop.hpp"
#include "daemons/hb-resource/group_agents.hpp"
#include "daemons/hb-resource/groups_file.hpp"
#include "daemons/hb-resource/known_groups.hpp"
#include "daemons/hb-resource/memory_file.hpp"

namespace hb::resource {

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitNotConfigured = 6;  // LSB

int cannot_tell(log::Logger& log) {
    log.log(Level::kCrit, "release-impossible",
            "cannot tell what to release: the configuration is not readable");
    return kExitNotConfigured;
}

// M2: peers remember that it may still be here, and start it nowhere.
bool in_maintenance(const Memory& memory, const GroupName& group, log::Logger& log) {
    const auto it = memory.find(group);
    if (it == memory.end() || !it->second.maintenance.on) return false;
    log.log(Level::kInfo, "release-not-wanted",
            fmt::format("{} is in maintenance: left as it is", group), {{"HB_GROUP", group}});
    return true;
}

bool is_part_in_maintenance(const GroupName& part, const config::Settings& settings,
                            const Memory& memory) {
    return std::ranges::any_of(settings.groups, [&](const config::Group& group) {
        const auto it = memory.find(group.name);
        return removed_part(group.name) == part && it != memory.end() && it->second.maintenance.on;
    });
}

}  // namespace

int release_all(const ReleaseOptions& options, log::Logger& log) {
    const config::Loaded loaded = config::load_directory(options.config_dir, options.own_node);
    // Groups and node names count here. An error elsewhere (the mode of authkeys, say) must not
    // keep addresses on a host whose suite is dead.
    if (!loaded.self) {
        for (const config::Diagnostic& each : loaded.diagnostics)
            log.log(Level::kError, "configuration-error", to_string(each));
        return cannot_tell(log);
    }

    auto memory = read_memory(options.run_dir, loaded.settings.nodes);
    if (!memory) {
        log.log(Level::kError, "memory-unreadable", memory.error().text);
        memory.emplace();
    }
    bool some_stay = false;
    auto behind = left_behind(options.run_dir, loaded.settings, *memory);
    if (!behind) {
        log.log(Level::kError, "groups-unknown", behind.error().text);
        behind.emplace();
        some_stay = true;  // whatever the file says: it is not touched
    }
    if (!loaded.ok() && loaded.settings.groups.empty() && behind->to_stop.empty())
        return cannot_tell(log);
    const Result<std::string> cgroups = runtime::make_cgroup_tree(options.run_dir);
    runtime::EventLoop loop;
    std::set<GroupName> left;
    std::set<GroupName> failed;
    auto agents =
        GroupAgents::open(loop, loaded.settings,
                          {.self = *loaded.self,
                           .config_dir = options.config_dir,
                           .directories = config::agent_directories(options.config_dir),
                           .cgroup_tree = cgroups.value_or(""),
                           .retired = behind->to_stop,
                           .limits = {}},
                          {.on_done =
                               [&](const std::vector<RunnerDone>& results) noexcept {
                                   for (const RunnerDone& done : results) {
                                       left.erase(done.group);
                                       if (done.answer != RunnerDone::Answer::kStopped)
                                           failed.insert(done.group);
                                   }
                                   if (left.empty()) loop.stop();
                               },
                           .on_trouble = [](const RunnerTrouble&) noexcept {},
                           .on_event = [&](const Event& event) noexcept { log.log(event); },
                           .on_places = [](const GroupPlaces&) noexcept {},
                           .on_no_carrier = {},
                           .on_ping_places = {},
                           .call_started = [](pid_t, std::uint32_t) noexcept { return true; },
                           .call_finished = [](pid_t) noexcept {}});
    if (!agents) {
        log.log(Level::kCrit, "release-impossible", agents.error().text);
        return kExitFailed;
    }
    const auto stop = [&](const std::set<GroupName>& names) {
        left = names;
        for (const GroupName& name : names)
            (*agents)->stop(name);
        if (!left.empty()) loop.run();
    };
    // What a reload took out first: a group that it was part of is still under it.
    std::set<GroupName> names;
    some_stay = some_stay || !behind->left_alone.empty();
    for (const config::Group& group : behind->to_stop)
        if (is_part_in_maintenance(group.name, loaded.settings, *memory))
            some_stay = true;
        else
            names.insert(group.name);
    stop(names);
    names.clear();
    for (const config::Group& group : loaded.settings.groups) {
        if (in_maintenance(*memory, group.name, log))
            some_stay = true;
        else if (failed.contains(removed_part(group.name)))
            failed.insert(group.name);
        else
            names.insert(group.name);
    }
    stop(names);

    agents->reset();
    if (cgroups) runtime::tidy_cgroup_tree(*cgroups);
    for (const GroupName& name : failed)
        log.log(
            Level::kCrit, "release-failed",
            fmt::format("{} is not released: what could not be stopped keeps its address", name),
            {{"HB_GROUP", name}});
    if (failed.empty()) log.log(Level::kInfo, "release-done", "All HA resources relinquished.");
    if (failed.empty() && !some_stay)
        if (const auto done = write_groups(options.run_dir, {}, loaded.settings.nodes); !done)
            log.log(Level::kError, "groups-not-written", done.error().text);
    return failed.empty() ? 0 : kExitFailed;
}

}  // namespace hb::resource
