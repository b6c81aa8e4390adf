// HookRunner: runs scripts of /etc/ha.d/rc.d for calls of RcHooks: of each type one at a time, in
// order, with a deadline. Different types do not wait for each other, and nobody waits for any.
//
// A script that is not there (any more) is no error. One that would move resources by itself is
// never run, and that is said once.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/log/line_rate.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "daemons/hb-notify/rc_hooks.hpp"

namespace hb::notify {

class HookRunner {
  public:
    static constexpr std::size_t kMostWaiting = 100;  // of a type; then the oldest is dropped
    static constexpr Duration kDeadline = 60s;

    using OnEvent = std::move_only_function<void(const Event&) noexcept>;
    HookRunner(runtime::EventLoop& loop, std::string directory,
               std::vector<std::string> environment, OnEvent on_event);
    HookRunner(const HookRunner&) = delete;
    HookRunner& operator=(const HookRunner&) = delete;

    void run(HookCall call);

  private:
    struct Line {  // of one type
        std::deque<HookCall> waiting;
        std::unique_ptr<runtime::ChildProcess> process;
        log::LineRate rate{20, 1s};
    };
    void next(const std::string& type);
    void ended(const std::string& type, const std::string& path, const runtime::ExitStatus& status);
    void say(Level level, std::string id, std::string text);

    runtime::EventLoop& loop_;
    std::string directory_;
    std::vector<std::string> environment_;
    OnEvent on_event_;
    std::map<std::string, Line> lines_;
    std::set<std::string> refused_;
};

}  // namespace hb::notify
