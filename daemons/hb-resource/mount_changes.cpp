#include "daemons/hb-resource/mount_changes.hpp"

#include <algorithm>
#include <utility>

namespace hb::resource {

void MountChanges::watch(const std::string& directory) {
    std::string plain;
    for (const char c : directory)
        if (c != '/' || !plain.ends_with('/')) plain += c;
    while (plain.size() > 1 && plain.ends_with('/'))
        plain.pop_back();
    watched_[directory] = plain;
}

bool MountChanges::is_mounted(const std::string& directory) const {
    const auto found = watched_.find(directory);
    return found != watched_.end() && before_.contains(found->second);
}

std::vector<std::string> MountChanges::update(MountIds now) {
    const MountIds before = std::exchange(before_, std::move(now));
    const auto id_of = [](const MountIds& mounts, const std::string& directory) {
        const auto found = mounts.find(directory);
        return found == mounts.end() ? 0 : found->second;
    };
    const bool something_went = std::ranges::any_of(
        before, [&](const auto& mount) { return id_of(before_, mount.first) != mount.second; });
    std::vector<std::string> result;
    for (const auto& [directory, plain] : watched_) {
        const int was = id_of(before, plain);
        const int is = id_of(before_, plain);
        if (was != is || (was == 0 && something_went)) result.push_back(directory);
    }
    return result;
}

}  // namespace hb::resource
