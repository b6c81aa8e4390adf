#include "common/runtime/exec_child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/assert.hpp"

namespace hb::runtime {

namespace {

constexpr int kParking = 64;  // descriptors are put there before they get their numbers
constexpr std::size_t kMostPassed = 8;

}  // namespace

PreparedExec::PreparedExec(const ChildSpec& spec, int hold, int release, int input, int output)
    : spec_(spec), hold_(hold), release_(release), input_(input), output_(output) {
    HB_ASSERT(spec.fds.size() <= kMostPassed);
    for (const std::string& s : spec.argv)
        argv_.push_back(const_cast<char*>(s.c_str()));
    argv_.push_back(nullptr);
    for (const std::string& s : spec.environment)
        environment_.push_back(const_cast<char*>(s.c_str()));
    environment_.push_back(nullptr);
}

void PreparedExec::give_up(int code) noexcept {
    ::_exit(code);
}

// One line of output for whoever reads it, as a shell would say it.
void PreparedExec::cannot(const char* what, int code) const noexcept {
    const char* reason = ::strerrordesc_np(errno);
    std::array<const char*, 6> parts{what, " ", argv_[0], ": ", reason ? reason : "?", "\n"};
    for (const char* part : parts)
        if (::write(2, part, ::strlen(part)) < 0) break;
    give_up(code);
}

void PreparedExec::run() const noexcept {
    ::setpgid(0, 0);
    wait_until_released();
    reset_process();
    arrange_descriptors();
    if (spec_.identity) become_user();
    // After the change of user, which would clear it.
    if (spec_.death_signal != 0) ::prctl(PR_SET_PDEATHSIG, spec_.death_signal, 0, 0, 0);
    if (::chdir(spec_.directory.c_str()) != 0) cannot("no working directory for", 126);
    ::execve(argv_[0], argv_.data(), environment_.data());
    cannot("cannot execute", errno == ENOENT ? 127 : 126);
}

void PreparedExec::wait_until_released() const noexcept {
    ::close(release_);  // our copy of the other end would keep the pipe open for ever
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    char byte = 0;
    ssize_t n = 0;
    do
        n = ::read(hold_, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1) give_up(0);
}

void PreparedExec::reset_process() const noexcept {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int s = 1; s < NSIG; ++s)
        ::sigaction(s, &standard, nullptr);  // refused for SIGKILL and SIGSTOP: as they are
    standard.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const sched_param normal{};
    ::sched_setscheduler(0, SCHED_OTHER, &normal);
    ::umask(022);
    if (spec_.is_ordinary) become_ordinary();
}

// What the service manager gave to us, or we to ourselves, is for heartbeats. An ordinary program
// gets what the kernel gives to anybody; limits are only ever lowered.
void PreparedExec::become_ordinary() const noexcept {
    ::setpriority(PRIO_PROCESS, 0, 0);
    constexpr int kWhoProcess = 1;  // IOPRIO_WHO_PROCESS; 0: the class that goes with nice
    ::syscall(SYS_ioprio_set, kWhoProcess, 0, 0);
    const auto lower = [](int which, rlim_t most) {
        rlimit limit{};
        if (::getrlimit(static_cast<__rlimit_resource>(which), &limit) != 0) return;
        limit.rlim_max = std::min(limit.rlim_max, most);
        limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
        ::setrlimit(static_cast<__rlimit_resource>(which), &limit);
    };
    lower(RLIMIT_MEMLOCK, 8 * 1024 * 1024);
    lower(RLIMIT_RTPRIO, 0);
    // Our cores could hold keys, those of a service cannot: as far as it may.
    rlimit core{};
    if (::getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = core.rlim_max;
        ::setrlimit(RLIMIT_CORE, &core);
    }
    const int oom = ::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    char first = 0;
    if (oom < 0) return;
    if (::read(oom, &first, 1) == 1 && first == '-' && ::pwrite(oom, "0", 1, 0) != 1) {
        // It stays sheltered: no reason not to run.
    }
    ::close(oom);
}

void PreparedExec::arrange_descriptors() const noexcept {
    // Parked high first, so that no target number is still somebody's source.
    std::array<int, kMostPassed> parked{};
    for (std::size_t i = 0; i < spec_.fds.size(); ++i)
        parked[i] = ::fcntl(spec_.fds[i].fd, F_DUPFD_CLOEXEC, kParking);
    const int output = output_ >= 0 ? ::fcntl(output_, F_DUPFD_CLOEXEC, kParking) : -1;
    const int input = input_ >= 0 ? ::fcntl(input_, F_DUPFD_CLOEXEC, kParking) : -1;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (input_ >= 0 ? ::dup2(input, 0) < 0 : null >= 0 && ::dup2(null, 0) < 0)
        cannot("no input for", 126);
    if (output >= 0) {
        ::dup2(output, 1);
        ::dup2(output, 2);
    } else if (!spec_.inherit_output && null >= 0) {
        ::dup2(null, 1);
        ::dup2(null, 2);
    }
    for (std::size_t i = 0; i < spec_.fds.size(); ++i)
        if (parked[i] < 0 || ::dup2(parked[i], spec_.fds[i].as) < 0)
            cannot("no descriptor for", 126);
}

void PreparedExec::become_user() const noexcept {
    const Identity& who = *spec_.identity;
    if (::setgroups(who.groups.size(), who.groups.data()) != 0 ||
        ::setresgid(who.gid, who.gid, who.gid) != 0 || ::setresuid(who.uid, who.uid, who.uid) != 0)
        cannot("cannot become the user of", 126);
}

}  // namespace hb::runtime
