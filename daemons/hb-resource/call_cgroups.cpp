#include "daemons/hb-resource/call_cgroups.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/runtime/cgroup_tree.hpp"

namespace hb::resource {

namespace {

// Names that are taken are of a predecessor: services that it had not moved yet.
constexpr int kMostTries = 1000;

}  // namespace

CallCgroups::CallCgroups(std::string tree, OnEvent on_event)
    : tree_(std::move(tree)), on_event_(std::move(on_event)) {}

void CallCgroups::complain(const std::string& problem) {
    if (std::exchange(has_complained_, true)) return;
    on_event_({"cgroup-failed",
               Level::kWarn,
               fmt::format("no control group for a resource operation ({}): going on with process "
                           "groups alone",
                           problem),
               {}});
}

CallCgroups::Place CallCgroups::make() {
    if (tree_.empty()) return {};
    std::string problem;
    for (int i = 0; i < kMostTries; ++i) {
        if (++last_ == 0) ++last_;
        const std::string path = runtime::call_cgroup(tree_, last_);
        if (auto made = runtime::Cgroup::make(path)) return {last_, std::move(*made)};
        if (errno == EEXIST) continue;
        // An idle suite's tree is tidied by whoever ends another one.
        problem = fmt::format("{}: {}", path, std::strerror(errno));
        if (errno != ENOENT || ::mkdir(tree_.c_str(), 0755) != 0) break;
    }
    complain(problem);
    return {};
}

void CallCgroups::settle(const Place& place, std::string_view group) {
    if (!place.cgroup) return;
    const std::string path = runtime::group_cgroup(tree_, group);
    if (!place.cgroup->is_empty()) {
        auto own = runtime::Cgroup::make(path);
        if (!own) own = runtime::Cgroup::open(path);
        // If it cannot be moved it stays where it is: nobody kills a finished call.
        if (!own)
            complain(own.error().text);
        else if (!place.cgroup->move_all(**own))
            complain(fmt::format("{}: not all of it can be moved", place.cgroup->path()));
    }
    place.cgroup->remove();
    ::rmdir(path.c_str());  // refused while a service lives in it
}

}  // namespace hb::resource
