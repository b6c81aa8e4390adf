// ChildProcess: one started program, watched from the loop.
//
// It runs in its own process group, with a clean signal state, normal scheduling, umask 022, no
// descriptor but the named ones, SIGPIPE ignored (what a script leaves running must survive our end
// of its output pipe). Its end is seen through a pidfd. A deadline, if given: SIGTERM to the group,
// after `grace` SIGKILL to the group.
//
// The child is held before its exec until `before_exec` returned true, so that somebody else (the
// master) can know of it first; if we die before, it ends without having run anything.
// on_exit is called before the process is reaped: its pid, and so its group's number, cannot have
// become somebody else's meanwhile.
//
// Output (stdout and stderr together) arrives line by line, bounded; what is too much is read and
// dropped, and said once. It is read at a bounded rate (ReadBudget): a flood waits in the pipe. A
// program that still holds the pipe after its parent's exit is the service: its output is read and
// dropped for as long as this loop lives. "Cannot execute" is a line of output and exit code 127
// (126: not permitted), as in a shell.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/runtime/cgroup.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/read_budget.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {

struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // supplementary; empty: none
};

struct ExitStatus {
    bool signalled = false;
    int code = 0;            // exit code, or the signal
    bool timed_out = false;  // ended by its deadline
    [[nodiscard]] bool ok() const { return !signalled && code == 0; }
    [[nodiscard]] std::string to_string()
        const;  // "exited with return code 3", "killed by signal 9 (Killed)"
};

struct PassedFd {
    int fd = -1;  // ours, not owned
    int as = -1;  // its number in the child
};

struct ChildSpec {
    std::vector<std::string> argv;         // argv[0]: absolute path
    std::vector<std::string> environment;  // "NAME=value", complete
    std::optional<Identity> identity;      // none: ours
    std::string directory = "/";
    std::string input;           // what it reads from 0; empty: /dev/null
    std::vector<PassedFd> fds;   // besides 0, 1 and 2
    bool capture_output = true;  // false: `inherit_output`, else /dev/null
    bool inherit_output = false;
    int death_signal = 0;  // sent to it when we die; 0: none
    Duration timeout{};    // zero: none
    Duration grace = 5s;
    std::size_t most_lines = 1000;  // then dropped
    std::size_t line_bytes = 1000;  // longer lines are cut
    // Born there, and killed with all that is in it. If the kernel refuses, it runs where we are,
    // and `in_cgroup` is false.
    std::shared_ptr<Cgroup> cgroup;
    // An ordinary program: without what the suite's own processes have beyond others (locked
    // memory, real-time limits, nice value, I/O class, a shelter from the OOM killer).
    bool is_ordinary = false;
};

class ChildProcess {
  public:
    struct Callbacks {
        std::move_only_function<bool(pid_t pid) noexcept> before_exec;          // optional
        std::move_only_function<void(std::string_view line) noexcept> on_line;  // optional
        // The object may be destroyed inside. All output that was there was delivered.
        std::move_only_function<void(const ExitStatus&) noexcept> on_exit;
    };

    // Fails when nothing was started (no processes, no descriptors, before_exec refused).
    [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(EventLoop& loop,
                                                                     const ChildSpec& spec,
                                                                     Callbacks callbacks);
    ~ChildProcess();  // still running: SIGKILL to its group, nobody is told
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }  // also its process group
    [[nodiscard]] bool in_cgroup() const { return static_cast<bool>(cgroup_); }
    void signal_group(int signal) noexcept;
    // SIGTERM to the group now, SIGKILL after the grace: as if its deadline were here.
    void end(Duration grace) noexcept;
    // If it has ended: on_exit now, not from the loop.
    void check() noexcept;

  private:
    ChildProcess(EventLoop& loop, const ChildSpec& spec, Callbacks callbacks);
    void deadline() noexcept;
    void kill() noexcept;
    void output(Readiness what) noexcept;
    bool read_output();  // false: nothing more now
    void take(std::string_view bytes);
    void emit(std::string_view line);
    void exited() noexcept;

    EventLoop& loop_;
    Callbacks callbacks_;
    Duration grace_;
    std::size_t most_lines_;
    std::size_t line_bytes_;
    pid_t pid_ = -1;
    std::shared_ptr<Cgroup> cgroup_;
    bool timed_out_ = false;
    bool terminated_ = false;
    std::size_t lines_ = 0;
    std::string partial_;
    UniqueFd pidfd_;
    UniqueFd pipe_;
    FdEvent exit_event_;
    FdEvent output_event_;
    ReadBudget budget_;
    std::unique_ptr<Timer> read_later_;  // only who floods has one
    Timer deadline_;
};

// Signals a whole process group. ESRCH is success.
void signal_group(pid_t group, int signal) noexcept;
// Is any process of the group left (zombies that nobody reaped yet included)?
[[nodiscard]] bool group_exists(pid_t group) noexcept;

}  // namespace hb::runtime
