#include "tools/ha-lab/enter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace hb::lab {
namespace {

void enter(const std::string& path, int kind) {
    const Fd fd(must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
    must(::setns(fd.get(), kind), path);
}

void enter_node(int pid) {
    // All opened first: with the mount namespace /proc changes.
    const char* const names[] = {"ipc", "uts", "net", "pid", "mnt"};
    std::vector<Fd> fds;
    for (const char* name : names) {
        const std::string path = fmt::format("/proc/{}/ns/{}", pid, name);
        fds.emplace_back(must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
    }
    for (const Fd& fd : fds)
        must(::setns(fd.get(), 0), "entering the node");
    ::setenv("PATH", "/media/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

}  // namespace

int enter_and_run(const Answer& where, Argv command) {
    if (command.empty()) command = {"/bin/bash"};
    if (where.enter_pid > 0)
        enter_node(where.enter_pid);
    else
        enter(where.enter_fd, CLONE_NEWNET);
    // A PID namespace begins with the next child.
    const pid_t child = must(::fork(), "fork");
    if (child == 0) {
        std::vector<char*> args;
        for (std::string& word : command)
            args.push_back(word.data());
        args.push_back(nullptr);
        [[maybe_unused]] const int here = ::chdir("/");
        ::execvp(args[0], args.data());
        fmt::print(stderr, "{}: {}\n", command[0], std::strerror(errno));
        ::_exit(127);
    }
    ::signal(SIGINT, SIG_IGN);  // for the command, not for us
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return exit_code_of(status);
}

}  // namespace hb::lab
