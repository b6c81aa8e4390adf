#include "common/runtime/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/assert.hpp"
#include "common/runtime/exec_child.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {

namespace {

constexpr std::size_t kReadsPerWakeup = 4;
constexpr int kReadBytes = 16 * 1024;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};
Result<Pipe> make_pipe(int flags) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | flags) != 0)
        return failure(std::string("pipe: ") + std::strerror(errno));
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A file in memory that nobody else can name, to be read from its beginning.
Result<UniqueFd> make_input(const std::string& text) {
    UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
    if (!file) return failure(std::string("memfd_create: ") + std::strerror(errno));
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t n = ::write(file.get(), text.data() + at, text.size() - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failure(std::string("memfd: ") + std::strerror(errno));
        at += static_cast<std::size_t>(n);
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

// Reads and drops what a service goes on writing after its starter's end.
class PipeDrain {
  public:
    PipeDrain(EventLoop& loop, UniqueFd pipe)
        : loop_(loop),
          pipe_(std::move(pipe)),
          event_(loop, [this](Readiness) noexcept { drain(); }) {
        event_.watch(pipe_.get(), Interest::kRead);
    }

  private:
    void drain() noexcept {
        std::array<char, kReadBytes> dropped;
        const ssize_t n = ::read(pipe_.get(), dropped.data(), dropped.size());
        if (n > 0 && !budget_.spend(static_cast<std::size_t>(n), now())) {
            event_.cancel();
            if (!go_on_)
                go_on_ = std::make_unique<Timer>(
                    loop_, [this]() noexcept { event_.watch(pipe_.get(), Interest::kRead); });
            go_on_->arm(budget_.resume_at());
        }
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) return;
        event_.cancel();
        loop_.release(this);
    }
    EventLoop& loop_;
    UniqueFd pipe_;
    ReadBudget budget_;
    FdEvent event_;
    std::unique_ptr<Timer> go_on_;  // only who floods has one
};

// Reaps a killed child that has no owner any more.
class Reaper {
  public:
    Reaper(EventLoop& loop, UniqueFd pidfd)
        : loop_(loop),
          pidfd_(std::move(pidfd)),
          event_(loop, [this](Readiness) noexcept { reap(); }) {
        event_.watch(pidfd_.get(), Interest::kRead);
    }

  private:
    void reap() noexcept {
        siginfo_t info{};
        ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
        event_.cancel();
        loop_.release(this);
    }
    EventLoop& loop_;
    UniqueFd pidfd_;
    FdEvent event_;
};

// Who was started with SIGCHLD ignored has children that vanish before their end can be read.
void expect_children() {
    struct sigaction now_set {};
    if (::sigaction(SIGCHLD, nullptr, &now_set) == 0 && now_set.sa_handler == SIG_IGN)
        ::signal(SIGCHLD, SIG_DFL);
}

// As fork(), but the child is in the group from its first instruction. To move it there afterwards
// would make the kernel wait for every fork and exit on the machine.
pid_t fork_into(const Cgroup& cgroup) {
    clone_args arguments{};
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<__u64>(cgroup.fd());
    return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace

std::string ExitStatus::to_string() const {
    std::string text =
        signalled ? "killed by signal " + std::to_string(code) + " (" + ::strsignal(code) + ")"
                  : "exited with return code " + std::to_string(code);
    if (timed_out) text += " after its time was over";
    return text;
}

void signal_group(pid_t group, int signal) noexcept {
    // 0 and 1 would mean our own group and everybody.
    HB_ASSERT(group > 1);
    ::kill(-group, signal);
}

bool group_exists(pid_t group) noexcept {
    HB_ASSERT(group > 1);
    return ::kill(-group, 0) == 0 || errno == EPERM;
}

ChildProcess::ChildProcess(EventLoop& loop, const ChildSpec& spec, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      grace_(spec.grace),
      most_lines_(spec.most_lines),
      line_bytes_(spec.line_bytes),
      exit_event_(loop, [this](Readiness) noexcept { exited(); }),
      output_event_(loop, [this](Readiness what) noexcept { output(what); }),
      deadline_(loop, [this]() noexcept { deadline(); }) {}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(EventLoop& loop, const ChildSpec& spec,
                                                          Callbacks callbacks) {
    HB_ASSERT(!spec.argv.empty());
    expect_children();
    Result<Pipe> hold = make_pipe(0);
    if (!hold) return std::unexpected(hold.error());
    Pipe output;
    if (spec.capture_output) {
        Result<Pipe> made = make_pipe(0);
        if (!made) return std::unexpected(made.error());
        output = std::move(*made);
        ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);  // ours; the child's end stays ordinary
    }
    UniqueFd input;
    if (!spec.input.empty()) {
        Result<UniqueFd> made = make_input(spec.input);
        if (!made) return std::unexpected(made.error());
        input = std::move(*made);
    }
    std::unique_ptr<ChildProcess> child(new ChildProcess(loop, spec, std::move(callbacks)));

    const PreparedExec prepared(spec, hold->read.get(), hold->write.get(), input.get(),
                                output.write.get());
    pid_t pid = spec.cgroup ? fork_into(*spec.cgroup) : -1;
    if (pid > 0) child->cgroup_ = spec.cgroup;
    if (pid < 0) pid = ::fork();
    if (pid < 0) return failure(std::string("fork: ") + std::strerror(errno));
    if (pid == 0) prepared.run();  // never returns

    child->pid_ = pid;
    if (spec.cgroup && !child->cgroup_ && spec.cgroup->add(pid)) child->cgroup_ = spec.cgroup;
    // Both sides set it, so that it is so whoever comes first.
    ::setpgid(pid, pid);
    child->pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    bool go = static_cast<bool>(child->pidfd_);
    std::string why = go ? "" : std::string("pidfd_open: ") + std::strerror(errno);
    if (go && child->callbacks_.before_exec && !child->callbacks_.before_exec(pid)) {
        go = false;
        why = "refused before it ran";
    }
    if (!go) {
        // It waits for a byte that never comes: closing our end ends it, at once.
        hold->write.reset();
        int status = 0;
        ::waitpid(pid, &status, 0);
        child->pid_ = -1;
        return failure(why);
    }
    const char byte = 1;
    const ssize_t written = ::write(hold->write.get(), &byte, 1);
    HB_ASSERT(written == 1);

    child->exit_event_.watch(child->pidfd_.get(), Interest::kRead);
    if (spec.capture_output) {
        child->pipe_ = std::move(output.read);
        child->output_event_.watch(child->pipe_.get(), Interest::kRead);
    }
    if (spec.timeout > Duration::zero()) child->deadline_.arm(now() + spec.timeout);
    return child;
}

ChildProcess::~ChildProcess() {
    if (pid_ < 0) return;
    kill();
    exit_event_.cancel();
    loop_.keep(std::make_shared<Reaper>(loop_, std::move(pidfd_)));
}

void ChildProcess::signal_group(int signal) noexcept {
    if (pid_ > 0) runtime::signal_group(pid_, signal);
}

void ChildProcess::end(Duration grace) noexcept {
    if (pid_ < 0) return;
    terminated_ = true;
    signal_group(SIGTERM);
    signal_group(SIGCONT);  // a stopped one would not notice
    deadline_.arm(now() + grace);
}

// What left its process group is still in its cgroup.
void ChildProcess::kill() noexcept {
    signal_group(SIGKILL);
    if (cgroup_) cgroup_->kill();
}

void ChildProcess::deadline() noexcept {
    if (terminated_) {
        kill();
        return;
    }
    timed_out_ = true;
    end(grace_);
}

void ChildProcess::check() noexcept {
    siginfo_t info{};
    if (pid_ > 0 &&
        ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT) ==
            0 &&
        info.si_pid != 0)
        exited();
}

void ChildProcess::exited() noexcept {
    siginfo_t info{};
    // Looked at, not yet reaped: until on_exit is through, the number is nobody else's.
    const int rc =
        ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT);
    if (rc != 0 || info.si_pid == 0) return;
    // What does not go when its time is over is killed, also when only its leader went.
    if (terminated_) kill();

    ExitStatus status;
    status.signalled = info.si_code != CLD_EXITED;
    status.code = info.si_status;
    status.timed_out = timed_out_;

    deadline_.disarm();
    read_later_.reset();
    exit_event_.cancel();
    if (pipe_) {
        // What was there when it ended, and no more: what it left running may write faster than we
        // read.
        int waiting = 0;
        if (::ioctl(pipe_.get(), FIONREAD, &waiting) != 0) waiting = 0;
        for (int left = waiting; pipe_ && left > -kReadBytes && read_output();)
            left -= kReadBytes;
        output_event_.cancel();
        // Somebody else still holds the other end: the service, which must not die of it.
        if (pipe_) loop_.keep(std::make_shared<PipeDrain>(loop_, std::move(pipe_)));
    }
    if (!partial_.empty()) emit(partial_);  // a last line without its end
    const UniqueFd pidfd = std::move(pidfd_);
    pid_ = -1;
    Callbacks callbacks = std::move(callbacks_);
    callbacks.on_exit(status);  // may destroy us
    ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
}

// ---- output

void ChildProcess::output(Readiness) noexcept {
    for (std::size_t i = 0; i < kReadsPerWakeup && pipe_; ++i) {
        if (!read_output()) return;
        if (budget_.spend(kReadBytes, now())) continue;
        output_event_.cancel();
        if (!read_later_)
            read_later_ = std::make_unique<Timer>(loop_, [this]() noexcept {
                if (pipe_) output_event_.watch(pipe_.get(), Interest::kRead);
            });
        return read_later_->arm(budget_.resume_at());
    }
}

bool ChildProcess::read_output() {
    std::array<char, kReadBytes> buffer;
    const ssize_t n = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (n > 0) {
        take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
        return true;
    }
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    output_event_.cancel();
    pipe_.reset();
    return false;
}

void ChildProcess::take(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        const std::size_t room = line_bytes_ - partial_.size();
        partial_.append(piece.substr(0, room));
        if (end == std::string_view::npos) return;
        emit(partial_);
        partial_.clear();
        bytes.remove_prefix(end + 1);
    }
}

void ChildProcess::emit(std::string_view line) {
    if (!callbacks_.on_line || lines_ > most_lines_) return;
    if (lines_++ < most_lines_)
        callbacks_.on_line(line);
    else
        callbacks_.on_line("(more output than is kept: the rest is dropped)");
}

}  // namespace hb::runtime
