// CallCgroups: a control group for each resource operation, and one per group for what operations
// leave running. Without a tree (hb-master found nothing to write) there are none, and nobody
// misses them; should the kernel refuse later, that is said once.
//
// It kills nothing: ChildProcess does, for calls that must end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/event.hpp"
#include "common/runtime/cgroup.hpp"

namespace hb::resource {

class CallCgroups {
  public:
    using OnEvent = std::move_only_function<void(const Event&) noexcept>;
    CallCgroups(std::string tree, OnEvent on_event);

    struct Place {
        std::uint32_t number = 0;  // 0: none
        std::shared_ptr<runtime::Cgroup> cgroup;
    };
    // A new one, for a call that is about to start.
    [[nodiscard]] Place make();
    // The call has finished: what it left running moves to the group's own, and what is empty goes.
    void settle(const Place& place, std::string_view group);

  private:
    void complain(const std::string& problem);

    std::string tree_;
    OnEvent on_event_;
    std::uint32_t last_ = 0;
    bool has_complained_ = false;
};

}  // namespace hb::resource
