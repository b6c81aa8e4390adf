// ScriptAgent: runs scripts of resource.d and init.d as Heartbeat did: `script args... start`, and
// OCF agents, in a process group (and a control group, where there are) of their own, each with a
// deadline. Never waits for one. What must be killed has ended when all of its control group has.
//
// An OCF agent goes by its exit codes (ocf_rules.hpp). For the others: a start asks for the status
// first and starts only what does not run. Start and stop go by the exit code, status by what the
// script prints (script_rules.hpp). A stop that fails although the script then says outright that
// nothing runs has succeeded: such scripts are common, and not LSB.
//
// A call that hangs in the kernel survives SIGKILL. A status is then answered without it; a start
// or a stop is not answered before it ends, because what it comes to is not known.
//
// Not all run at once (call_pacer.hpp), and not all are started in one turn of the loop. A deadline
// counts from the start of an operation's first script.
//
// Every operation is answered once, never inside run(). What a script prints is logged line by line
// under the resource's name. Whoever must know of running calls (the master, which kills them
// before a successor of ours starts) is told before the script runs its first instruction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/time.hpp"
#include "common/config/ocf_call.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/call_cgroups.hpp"
#include "daemons/hb-resource/call_pacer.hpp"
#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource {

struct ScriptOperation {
    std::uint64_t id = 0;  // the caller's; unique among those not answered yet
    Operation operation{};
    std::string script;  // absolute path
    std::vector<std::string> args;
    std::optional<config::OcfCall>
        ocf;           // it is an OCF agent; what is of the call is filled in by run()
    std::string word;  // of haresources, for the log
    std::string group;
    Duration timeout{};
    Duration interval{};  // of a status that is repeated
};

class ScriptAgent {
  public:
    struct Callbacks {
        std::move_only_function<void(const OperationDone&) noexcept> on_done;
        std::move_only_function<void(const Event&) noexcept> on_event;
        // False: the call must not run.
        std::move_only_function<bool(pid_t group, std::uint32_t cgroup) noexcept> call_started;
        std::move_only_function<void(pid_t group) noexcept> call_finished;
    };
    ScriptAgent(runtime::EventLoop& loop, std::vector<std::string> environment,
                std::string cgroup_tree, Callbacks callbacks);
    ~ScriptAgent();  // calls under way are killed
    ScriptAgent(const ScriptAgent&) = delete;
    ScriptAgent& operator=(const ScriptAgent&) = delete;

    // Of calls from now on.
    void set_environment(std::vector<std::string> environment) {
        environment_ = std::move(environment);
    }
    void run(ScriptOperation operation);
    // A status that nobody waits for any more is killed. Others are left alone.
    void cancel(std::uint64_t id);

  private:
    struct Call;
    void call(Call& call, Operation verb);
    void start_some() noexcept;
    void start(Call& call);
    void line(Call& call, std::string_view text, bool error);
    void hangs(Call& call);
    void exited(Call& call, const runtime::ExitStatus& status);
    void look_at_dying() noexcept;
    void ended(Call& call, const runtime::ExitStatus& status);
    void ocf_ended(Call& call, const runtime::ExitStatus& status);
    void status_ended(Call& call, const runtime::ExitStatus& status);
    void finish(Call& call, OperationDone::Outcome outcome, std::string detail);
    void deliver() noexcept;
    void say(const Call& call, Level level, std::string id, std::string text);

    runtime::EventLoop& loop_;
    std::vector<std::string> environment_;
    Callbacks callbacks_;
    std::map<std::uint64_t, std::unique_ptr<Call>> calls_;
    std::vector<std::unique_ptr<Call>> hanging_;  // answered, and not ended yet
    struct Dying {                                // killed, and not all of it has gone
        Call* call = nullptr;
        runtime::ExitStatus status;
    };
    std::vector<Dying> dying_;
    std::vector<OperationDone> finished_;
    CallCgroups cgroups_;
    CallPacer pacer_;
    runtime::Defer start_more_;
    runtime::Timer start_later_;
    runtime::Timer look_again_;
    runtime::Defer deliver_;
};

}  // namespace hb::resource
