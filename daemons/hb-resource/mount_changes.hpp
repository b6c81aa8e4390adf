// MountChanges: of the directories that are watched, which have another mount on them than before,
// or none any more. Pure: it is given what is mounted.
//
// Directories are compared as they are written. One that was never seen as a mount point may be
// written through a symbolic link: it counts as changed whenever something is unmounted anywhere.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace hb::resource {

using MountIds = std::map<std::string, int>;  // mount point -> id of the mount that is seen there

class MountChanges {
  public:
    // As in haresources: slashes may be too many.
    void watch(const std::string& directory);
    [[nodiscard]] bool watches_any() const { return !watched_.empty(); }
    // As the latest update had it; false for one that is written through a link.
    [[nodiscard]] bool is_mounted(const std::string& directory) const;
    // As watch() was given them.
    [[nodiscard]] std::vector<std::string> update(MountIds now);

  private:
    std::map<std::string, std::string> watched_;  // as given -> plain
    MountIds before_;
};

}  // namespace hb::resource
