#include "daemons/hb-resource/mount_watch.hpp"

#include <libmount.h>

#include <utility>

#include "common/runtime/system_clock.hpp"

namespace hb::resource {
namespace {

constexpr Duration kPause = 20ms;

struct ReleaseTable {
    void operator()(libmnt_table* table) const noexcept { ::mnt_unref_table(table); }
    void operator()(libmnt_iter* iter) const noexcept { ::mnt_free_iter(iter); }
};

// Of mounts one upon the other the last is seen. False: it could not be read.
bool read_mounts(MountIds& result) {
    const std::unique_ptr<libmnt_table, ReleaseTable> table(::mnt_new_table());
    const std::unique_ptr<libmnt_iter, ReleaseTable> iter(::mnt_new_iter(MNT_ITER_FORWARD));
    if (!table || !iter || ::mnt_table_parse_file(table.get(), "/proc/self/mountinfo") != 0)
        return false;
    libmnt_fs* fs = nullptr;
    while (::mnt_table_next_fs(table.get(), iter.get(), &fs) == 0)
        if (const char* target = ::mnt_fs_get_target(fs); target != nullptr)
            result[target] = ::mnt_fs_get_id(fs);
    return true;
}

}  // namespace

void MountWatch::Release::operator()(libmnt_monitor* monitor) const noexcept {
    ::mnt_unref_monitor(monitor);
}

MountWatch::MountWatch(runtime::EventLoop& loop, MountChanges directories, OnChange on_change)
    : changes_(std::move(directories)),
      on_change_(std::move(on_change)),
      monitor_(::mnt_new_monitor()),
      event_(loop, [this](runtime::Readiness) noexcept { changed(); }),
      pause_(loop, [this]() noexcept { look(); }) {}

Result<std::unique_ptr<MountWatch>> MountWatch::open(runtime::EventLoop& loop,
                                                     MountChanges directories, OnChange on_change) {
    std::unique_ptr<MountWatch> watch(
        new MountWatch(loop, std::move(directories), std::move(on_change)));
    if (!watch->monitor_ || ::mnt_monitor_enable_kernel(watch->monitor_.get(), 1) != 0)
        return failure("mounts cannot be watched");
    const int fd = ::mnt_monitor_get_fd(watch->monitor_.get());
    MountIds now;
    if (fd < 0 || !read_mounts(now)) return failure("the mount table cannot be read");
    (void)watch->changes_.update(std::move(now));
    watch->event_.watch(fd, runtime::Interest::kRead);
    return watch;
}

void MountWatch::changed() noexcept {
    ::mnt_monitor_event_cleanup(monitor_.get());
    if (pause_.armed() == kForever) pause_.arm(runtime::now() + kPause);
}

void MountWatch::expect(const std::string& directory) noexcept {
    look();
    if (!changes_.is_mounted(directory)) on_change_(directory);
}

void MountWatch::look() noexcept {
    pause_.disarm();
    MountIds now;
    if (!read_mounts(now)) return;  // the next change, or the next monitor, sees it
    for (const std::string& directory : changes_.update(std::move(now)))
        on_change_(directory);
}

}  // namespace hb::resource
