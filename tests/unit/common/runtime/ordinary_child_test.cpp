// What a script gets from us, looked at from inside a real child of a process that has all that the
// suite's own processes have: real-time priority, locked memory, blocked signals, open files.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "common/runtime/child_process.hpp"
#include "common/runtime/privileges.hpp"

namespace hb::runtime {
namespace {

// Its own report. Shells' built-ins, so that no further process changes it.
constexpr const char* kReport = R"sh(
while read -r line; do
    case $line in SigBlk:*|SigIgn:*|SigCgt:*|VmLck:*) echo "$line" | tr -s '\t ' ' ' ;; esac
done < /proc/$$/status
echo "oom: $(cat /proc/$$/oom_score_adj)"
echo "policy: $(chrt -p $$ | sed -n 's/.*policy: //p')"
echo "nice: $(ps -o nice= -p $$ | tr -d ' ')"
echo "memlock: $(ulimit -H -l)"
echo "core: $(ulimit -S -c) $(ulimit -H -c)"
echo "io: $(ionice -p $$)"
echo "umask: $(umask)"
echo "cwd: $(pwd)"
ls /proc/self/fd
grep 'Max realtime priority' /proc/$$/limits | tr -s ' '
read -r line && echo "stdin: $line" || echo "stdin: end"
)sh";

std::map<std::string, std::string> report_of(ChildSpec spec) {
    spec.argv = {"/bin/bash", "-c", kReport};
    spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    EventLoop loop;
    std::map<std::string, std::string> said;
    auto child = ChildProcess::start(loop, spec,
                                     {.on_line =
                                          [&](std::string_view line) noexcept {
                                              const std::size_t at = line.find(": ");
                                              if (at != std::string_view::npos)
                                                  said[std::string(line.substr(0, at))] =
                                                      line.substr(at + 2);
                                              else
                                                  said[std::string(line)] = "";
                                          },
                                      .on_exit = [&](const ExitStatus&) noexcept { loop.stop(); }});
    EXPECT_TRUE(child);
    if (child) loop.run();
    return said;
}

// In a process of its own: it becomes what the suite's processes are. 0: all is as it should be.
int check_child() {
    (void)apply_realtime(1);
    ::setpriority(PRIO_PROCESS, 0, -5);
    ::syscall(SYS_ioprio_set, 1, 0, 1 << 13);
    std::ofstream("/proc/self/oom_score_adj") << -500 << std::flush;
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    for (const int s : {SIGHUP, SIGINT, SIGUSR1, SIGCHLD})
        ::signal(s, SIG_IGN);
    ::umask(0);
    const rlimit core{0, RLIM_INFINITY};
    ::setrlimit(RLIMIT_CORE, &core);
    const int open_file = ::open("/etc/passwd", O_RDONLY);  // somebody forgot close-on-exec
    EXPECT_GE(open_file, 0);
    EXPECT_EQ(::chdir("/tmp"), 0);

    std::map<std::string, std::string> said = report_of({.is_ordinary = true});
    EXPECT_EQ(said["policy"], "SCHED_OTHER");
    EXPECT_EQ(said["nice"], "0");
    EXPECT_EQ(said["io"].substr(0, 4), "none");
    EXPECT_EQ(said["oom"], "0");
    EXPECT_EQ(said["VmLck"], "0 kB");
    EXPECT_EQ(said["memlock"], "8192");
    EXPECT_EQ(said["Max realtime priority 0 0 "], "");
    EXPECT_TRUE(said.contains("Max realtime priority 0 0 "));
    EXPECT_EQ(said["SigBlk"], "0000000000000000");
    // SIGPIPE alone, as Heartbeat's and systemd's children have it; SIGQUIT is bash's own doing.
    EXPECT_EQ(said["SigIgn"],
              fmt::format("{:016x}", (1U << (SIGPIPE - 1)) | (1U << (SIGQUIT - 1))));
    EXPECT_EQ(said["umask"], "0022");
    EXPECT_EQ(said["cwd"], "/");
    // 3 is that of `ls` itself.
    EXPECT_TRUE(said.contains("3") && !said.contains("4"));
    EXPECT_EQ(said["stdin"], "end");
    EXPECT_EQ(said["core"], "unlimited unlimited");

    // The suite's own children keep what they were given.
    said = report_of({});
    EXPECT_EQ(said["policy"], "SCHED_OTHER");
    // 3 is that of `ls` itself.
    EXPECT_TRUE(said.contains("3") && !said.contains("4"));
    EXPECT_EQ(said["core"], "0 unlimited");
    return testing::Test::HasFailure() ? 1 : 0;
}

TEST(OrdinaryChild, HasNothingOfOurs) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root";
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        const int bad = check_child();
        std::fflush(nullptr);
        ::_exit(bad);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see above";
}

}  // namespace
}  // namespace hb::runtime
