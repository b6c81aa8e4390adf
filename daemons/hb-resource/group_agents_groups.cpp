// GroupAgents: which groups there are, of what, and how that changes by a reload.
#include <algorithm>
#include <utility>

#include "common/base/group_change.hpp"
#include "common/config/address_spec.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/group_agents.hpp"

namespace hb::resource {

namespace {

// A parameter of an agent of that type, whosever it is; empty: it is of another type.
std::string parameter_of(const config::Resource& resource,
                         const config::AgentDirectories& directories, std::string_view type,
                         std::string_view name) {
    const auto found = config::find_agent(resource, directories);
    if (!found || found->type != type) return {};
    const auto parameter =
        std::ranges::find(found->parameters, name, &std::pair<std::string, std::string>::first);
    return parameter == found->parameters.end() ? std::string() : parameter->second;
}

}  // namespace

std::vector<GroupAgents::Resource> GroupAgents::make_resources(const config::Group& group) const {
    std::vector<Resource> result;
    for (const config::Resource& resource : group.resources) {
        Resource made{
            .written = resource,
            .mount_point = parameter_of(resource, directories_, "Filesystem", "directory"),
            .source =
                IpAddress::parse(parameter_of(resource, directories_, "IPsrcaddr", "ipaddress"))};
        const auto address = config::address_of(resource);
        if (address) {
            made.is_address = true;
            made.address = *address;
        }
        result.push_back(std::move(made));
    }
    return result;
}

bool GroupAgents::is_idle(const GroupName& group) const {
    const auto it = groups_.find(group);
    if (it == groups_.end()) return true;
    return it->second.runner->idle() && std::ranges::none_of(results_, [&](const News& news) {
               const auto* done = std::get_if<RunnerDone>(&news);
               return done != nullptr && done->group == group;
           });
}

// A group that was here before keeps its runner: answers to its calls may still be out.
void GroupAgents::add(const config::Settings& settings, const config::Group& group,
                      std::vector<Resource> resources, const GroupName& whole) {
    Group& made = groups_[group.name];
    RunnerSettings runner = runner_settings(settings, group);
    if (made.runner) {
        std::vector<RunnerAction> actions;
        made.runner->leave_alone(false, runtime::now(), actions);
        made.runner->change(std::move(runner), std::vector<bool>(resources.size(), true), actions);
        carry_out(actions);
    } else {
        made.runner = std::make_unique<GroupRunner>(std::move(runner));
    }
    made.resources = std::move(resources);
    made.places_told = made.released = false;
    made.whole = whole;
}

void GroupAgents::regroup(const config::Settings& settings, const config::Regrouping& change) {
    const auto find = [](const std::vector<config::Group>& groups, const GroupName& name) {
        const auto it = std::ranges::find(groups, name, &config::Group::name);
        return it == groups.end() ? nullptr : &*it;
    };
    for (const auto& [name, how] : change.changed)
        this->change(settings, *find(settings.groups, name),
                     find(change.retired, removed_part(name)));
    for (const GroupName& name : change.added) {
        const config::Group& group = *find(settings.groups, name);
        add(settings, group, make_resources(group));
    }
    if (auto done = watch_mounts(); !done)
        callbacks_.on_event({"mounts-unwatched", Level::kError, done.error().text, {}});
}

void GroupAgents::change(const config::Settings& settings, const config::Group& to,
                         const config::Group* part) {
    Group& group = groups_.at(to.name);
    std::vector<Resource> left = std::exchange(group.resources, {});
    std::vector<bool> fresh;
    for (Resource& resource : make_resources(to)) {
        const auto same = std::ranges::find_if(
            left, [&](const Resource& old) { return old.written.word == resource.written.word; });
        fresh.push_back(same == left.end());
        if (same == left.end()) {
            group.resources.push_back(std::move(resource));
        } else {
            group.resources.push_back(std::move(*same));
            left.erase(same);
        }
    }
    group.places_told = false;
    std::vector<RunnerAction> actions;
    group.runner->change(runner_settings(settings, to), fresh, actions);
    carry_out(actions);
    if (part != nullptr) add(settings, *part, std::move(left), to.name);
}

void GroupAgents::complete(const GroupName& group) {
    std::vector<RunnerAction> actions;
    groups_.at(group).runner->complete(runtime::now(), actions);
    carry_out(actions);
}

void GroupAgents::release(const GroupName& group) {
    if (const auto it = groups_.find(group); it != groups_.end()) it->second.released = true;
}

}  // namespace hb::resource
