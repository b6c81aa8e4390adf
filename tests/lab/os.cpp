#include "tests/lab/os.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <thread>

namespace hb::lab {

void throw_errno(std::string_view what) {
    throw LabError(fmt::format("{}: {}", what, std::strerror(errno)));
}

Pipe make_pipe() {
    int ends[2];
    must(::pipe2(ends, O_CLOEXEC), "pipe");
    return {Fd(ends[0]), Fd(ends[1])};
}

void in_new_thread(const std::function<void()>& act) {
    std::exception_ptr thrown;
    std::thread thread([&] {
        try {
            act();
        } catch (...) {
            thrown = std::current_exception();
        }
    });
    thread.join();
    if (thrown) std::rethrow_exception(thrown);
}

void prefer_this_thread() {
    sched_param param{};
    param.sched_priority = 10;
    ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &param);
}

int exit_code_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

std::string join(const Argv& argv) {
    return fmt::format("{}", fmt::join(argv, " "));
}

namespace {

// In the child of a process that may have threads: nothing but system calls.
[[noreturn]] void exec_child(char* const* args, int netns, int in, int out, int err) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_DFL);
    if (netns >= 0 && ::setns(netns, CLONE_NEWNET) != 0) ::_exit(126);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execvp(args[0], args);
    ::_exit(127);
}

void read_some(Fd& from, std::string& into) {
    char buffer[4096];
    const ssize_t n = ::read(from.get(), buffer, sizeof buffer);
    if (n > 0)
        into.append(buffer, static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
        from.reset();
}

// Feeds and drains the three pipes until the program closed its ends.
void converse(Fd in, std::string_view input, Fd out, Fd err, CommandResult& result) {
    if (input.empty()) in.reset();
    while (out || err) {
        pollfd polls[3] = {{in.get(), POLLOUT, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}};
        if (::poll(polls, 3, -1) < 0) continue;
        if (polls[0].revents != 0) {
            const ssize_t n = ::write(in.get(), input.data(), input.size());
            if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
            if (n < 0 || input.empty()) in.reset();
        }
        if (polls[1].revents != 0) read_some(out, result.out);
        if (polls[2].revents != 0) read_some(err, result.err);
    }
}

}  // namespace

CommandResult run_command(const Argv& argv, int netns, std::string_view input) {
    std::vector<char*> args;
    for (const std::string& word : argv)
        args.push_back(const_cast<char*>(word.c_str()));
    args.push_back(nullptr);
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const pid_t pid = must(::fork(), "fork");
    if (pid == 0) exec_child(args.data(), netns, in.read.get(), out.write.get(), err.write.get());
    in.read.reset();
    out.write.reset();
    err.write.reset();

    CommandResult result;
    converse(std::move(in.write), input, std::move(out.read), std::move(err.read), result);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = exit_code_of(status);
    if (result.exit_code != 0)
        throw LabError(fmt::format("{}: exit code {}: {}{}", join(argv), result.exit_code,
                                   result.err, result.out));
    return result;
}

}  // namespace hb::lab
