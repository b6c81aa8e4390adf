// Which system calls each kind of daemon may use. An allow-list: what is not here kills the process
// (SIGSYS; the master says so, and the kernel's audit log names the call).
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "common/runtime/privileges.hpp"
#include "common/runtime/sanitized.hpp"

namespace hb::runtime {

namespace {

// For every filtered daemon: memory, time, its loop, its channels, its own end.
constexpr const char* kCommon[] = {
    // memory
    "brk",
    "madvise",
    "mlock",
    "mlock2",
    "mremap",
    "munlock",
    "munmap",
    // time and chance
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "getrandom",
    "gettimeofday",
    "nanosleep",
    "time",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    // the loop and what it reads and writes
    "close",
    "dup",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "fcntl",
    "fstat",
    "lseek",
    "pipe2",
    "poll",
    "ppoll",
    "read",
    "readv",
    "write",
    "writev",
    // sockets that are there
    "accept4",
    "getpeername",
    "getsockname",
    "getsockopt",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    // the process itself
    "exit",
    "exit_group",
    "futex",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrusage",
    "gettid",
    "getuid",
    "membarrier",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "sigaltstack",
    "uname",
};

// hb-comm besides: sockets of its own, and a resolver (threads, /etc/resolv.conf).
constexpr const char* kNetwork[] = {
    "access", "bind",     "connect",    "faccessat",       "faccessat2", "getdents64",
    "ioctl",  "listen",   "mmap",       "mprotect",        "newfstatat", "pread64",
    "prctl",  "readlink", "readlinkat", "rt_sigtimedwait", "socket",     "stat",
    "statfs", "statx",    "sysinfo",    "set_tid_address",
};

// Asked for by the C library on odd occasions; they get an answer instead of the process an end.
constexpr const char* kAnsweredNo[] = {"open",     "openat", "stat",      "newfstatat",
                                       "statx",    "access", "faccessat", "faccessat2",
                                       "readlink", "clone3", "sysinfo"};

class Filter {
  public:
    explicit Filter(std::uint32_t default_action) : context_(::seccomp_init(default_action)) {}

    [[nodiscard]] bool usable() const { return context_ != nullptr; }

    template <typename... Conditions>
    void add(std::uint32_t action, const char* name, Conditions... conditions) {
        const int number = ::seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) return;  // another architecture's
        const int rc =
            ::seccomp_rule_add(context_.get(), action, number,
                               static_cast<unsigned>(sizeof...(conditions)), conditions...);
        if (rc < 0 && error_.empty())
            error_ = fmt::format("seccomp rule for {}: {}", name, std::strerror(-rc));
    }

    Result<void> load() {
        if (!error_.empty()) return failure(error_);
        // PR_SET_NO_NEW_PRIVS is set already, and verified.
        ::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_NNP, 0);
        ::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_LOG, 1);
        if (const int rc = ::seccomp_load(context_.get()); rc < 0)
            return failure(fmt::format("seccomp: {}", std::strerror(-rc)));
        return {};
    }

  private:
    struct Release {
        void operator()(void* context) const { ::seccomp_release(context); }
    };
    std::unique_ptr<void, Release> context_;
    std::string error_;
};

void add_common(Filter& filter) {
    for (const char* name : kCommon)
        filter.add(SCMP_ACT_ALLOW, name);
    // abort() and raise(), to oneself only.
    const auto self = static_cast<scmp_datum_t>(::getpid());
    filter.add(SCMP_ACT_ALLOW, "tgkill", SCMP_A0(SCMP_CMP_EQ, self));
}

void add_channels(Filter& filter) {
    // Memory that can be written is never executed.
    filter.add(SCMP_ACT_ALLOW, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.add(SCMP_ACT_ALLOW, "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // The journal's socket, no other kind.
    filter.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    // stdio asks whether stderr is a terminal.
    filter.add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, TCGETS));
    filter.add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO));
    filter.add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD));
    filter.add(SCMP_ACT_ALLOW, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_GET_SECCOMP));
    for (const char* name : kAnsweredNo)
        filter.add(SCMP_ACT_ERRNO(EACCES), name);
}

void add_network(Filter& filter) {
    for (const char* name : kNetwork)
        filter.add(SCMP_ACT_ALLOW, name);
    // Files are read, never written.
    filter.add(SCMP_ACT_ALLOW, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, 0));
    filter.add(SCMP_ACT_ALLOW, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, 0));
    // Threads, not processes. clone3 hides its flags behind a pointer: the C library then uses
    // clone.
    filter.add(SCMP_ACT_ALLOW, "clone",
               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
}

// Debugging only: the process dies of the refused call all the same, but says which it was.
void explain(int, siginfo_t* info, void*) {
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, info->si_syscall);
    char line[160];
    const int n =
        ::snprintf(line, sizeof line, "ERROR: system call %d (%s) is not in this daemon's list\n",
                   info->si_syscall, name != nullptr ? name : "?");
    if (n > 0 && ::write(2, line, static_cast<std::size_t>(n)) < 0) ::_exit(159);
    ::_exit(159);
}

}  // namespace

Result<void> load_syscall_filter(SyscallProfile profile, bool explain_denied) {
    if (kSanitized) return {};
    if (explain_denied) {
        struct sigaction action {};
        action.sa_sigaction = explain;
        action.sa_flags = SA_SIGINFO;
        ::sigaction(SIGSYS, &action, nullptr);
    }
    Filter filter(explain_denied ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
    if (!filter.usable()) return failure("seccomp: no filter can be made");
    switch (profile) {
        case SyscallProfile::kNone:
            return {};
        case SyscallProfile::kChannels:
            add_common(filter);
            add_channels(filter);
            break;
        case SyscallProfile::kNetwork:
            add_common(filter);
            add_network(filter);
            break;
    }
    if (Result<void> done = filter.load(); !done) return done;
    if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2)
        return failure("seccomp: the filter is not there");
    return {};
}

}  // namespace hb::runtime
