// MountWatch: hears at once of mounts that come and go (the kernel wakes who polls its mount table)
// and says which of the watched directories are concerned. Reads the table only; never touches what
// is mounted.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/mount_changes.hpp"

struct libmnt_monitor;

namespace hb::resource {

class MountWatch {
  public:
    using OnChange = std::move_only_function<void(const std::string& directory) noexcept>;
    [[nodiscard]] static Result<std::unique_ptr<MountWatch>> open(runtime::EventLoop& loop,
                                                                  MountChanges directories,
                                                                  OnChange on_change);
    // It should be mounted by now: looks, and says if it is not. A mount that has come and gone
    // since the last look leaves no other trace. May call on_change.
    void expect(const std::string& directory) noexcept;
    MountWatch(const MountWatch&) = delete;
    MountWatch& operator=(const MountWatch&) = delete;

  private:
    struct Release {
        void operator()(libmnt_monitor* monitor) const noexcept;
    };
    MountWatch(runtime::EventLoop& loop, MountChanges directories, OnChange on_change);
    void changed() noexcept;
    void look() noexcept;

    MountChanges changes_;
    OnChange on_change_;
    std::unique_ptr<libmnt_monitor, Release> monitor_;
    runtime::FdEvent event_;
    runtime::Timer pause_;  // changes come in bursts
};

}  // namespace hb::resource
