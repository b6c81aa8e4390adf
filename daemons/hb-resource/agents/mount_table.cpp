#include "daemons/hb-resource/agents/mount_table.hpp"

#include <fmt/format.h>
#include <libmount.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <ranges>

namespace hb::agent {
namespace {

struct Release {
    void operator()(libmnt_table* table) const { ::mnt_unref_table(table); }
    void operator()(libmnt_iter* iter) const { ::mnt_free_iter(iter); }
};

std::string text(const char* value) {
    return value == nullptr ? std::string() : std::string(value);
}

// /dev and /sys are never on a server that may be dead.
void look_behind(MountEntry& entry) {
    if (!entry.source.starts_with("/dev/")) return;
    struct stat status {};
    if (::stat(entry.source.c_str(), &status) != 0 || !S_ISBLK(status.st_mode)) return;
    entry.source_device = status.st_rdev;
    if (!entry.source.starts_with("/dev/loop")) return;
    std::ifstream file("/sys/block/" + entry.source.substr(5) + "/loop/backing_file");
    std::getline(file, entry.image);
}

MountEntry entry_of(libmnt_fs* fs) {
    MountEntry entry = {.id = ::mnt_fs_get_id(fs),
                        .parent = ::mnt_fs_get_parent_id(fs),
                        .device = ::mnt_fs_get_devno(fs),
                        .root = text(::mnt_fs_get_root(fs)),
                        .target = text(::mnt_fs_get_target(fs)),
                        .fstype = text(::mnt_fs_get_fstype(fs)),
                        .source = text(::mnt_fs_get_source(fs)),
                        .mount_options = text(::mnt_fs_get_vfs_options(fs)),
                        .super_options = text(::mnt_fs_get_fs_options(fs))};
    look_behind(entry);
    return entry;
}

}  // namespace

Result<MountTable> read_mount_table(int pid) {
    const std::string path =
        pid == 0 ? "/proc/self/mountinfo" : fmt::format("/proc/{}/mountinfo", pid);
    const std::unique_ptr<libmnt_table, Release> table(::mnt_new_table());
    const std::unique_ptr<libmnt_iter, Release> iter(::mnt_new_iter(MNT_ITER_FORWARD));
    if (!table || !iter) return failure("no memory");
    if (const int rc = ::mnt_table_parse_file(table.get(), path.c_str()); rc != 0)
        return failure(fmt::format("{}: {}", path, std::strerror(rc < 0 ? -rc : EIO)));
    MountTable result;
    libmnt_fs* fs = nullptr;
    while (::mnt_table_next_fs(table.get(), iter.get(), &fs) == 0)
        result.push_back(entry_of(fs));
    return result;
}

const MountEntry* find_mount(const MountTable& table, std::string_view target) {
    for (const MountEntry& entry : std::views::reverse(table))
        if (entry.target == target) return &entry;
    return nullptr;
}

}  // namespace hb::agent
