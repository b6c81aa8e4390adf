#include "tests/lab/init_link.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace hb::lab {
namespace {

// In the child of a process with threads: system calls only, until the new program runs.
[[noreturn]] void become_init(int socket, int vault, bool own_cgroup, char* const* args) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    ::signal(SIGPIPE, SIG_DFL);
    // What the group that we were born in is below is not the node's to see.
    if (own_cgroup && ::unshare(CLONE_NEWCGROUP) != 0) ::_exit(124);
    if (::setns(vault, CLONE_NEWNS) != 0) ::_exit(121);
    if (::unshare(CLONE_NEWNS) != 0) ::_exit(122);
    // Our end has to be 3, open across the exec; if it is 3 already dup2 would keep close-on-exec.
    if (socket == 3) {
        if (::fcntl(3, F_SETFD, 0) != 0) ::_exit(123);
    } else if (::dup2(socket, 3) != 3) {
        ::_exit(123);
    }
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) ::dup2(null, 0);
    ::execv(args[0], args);
    ::_exit(127);
}

pid_t clone_with_namespaces(int cgroup) {
    clone_args args{};
    args.flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
    args.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<__u64>(cgroup);
    }
    return static_cast<pid_t>(
        must(::syscall(SYS_clone3, &args, sizeof args), "a new node's namespaces"));
}

}  // namespace

InitLink::InitLink(Pump& pump, Wakeup& wakeup, const Vault& vault, int cgroup,
                   const nlohmann::json& spec, OnExit on_exit)
    : pump_(pump), wakeup_(wakeup), on_exit_(std::move(on_exit)) {
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
    socket_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    std::string program = LAB_NODE_INIT;
    std::string words = spec.dump();
    char* const args[] = {program.data(), words.data(), nullptr};
    pid_ = clone_with_namespaces(cgroup);
    if (pid_ == 0) become_init(theirs.get(), vault.mount_namespace(), cgroup >= 0, args);
    pump_.add(socket_.get(), [this] { return on_readable(); });
}

InitLink::~InitLink() {
    kill();
}

void InitLink::wait_ready() {
    const bool in_time = wakeup_.wait(30s, [this] {
        const std::lock_guard lock(mutex_);
        return ready_ || gone_ || !failed_.empty();
    });
    const std::lock_guard lock(mutex_);
    if (!failed_.empty()) throw LabError("the node cannot boot: " + failed_);
    if (!in_time || !ready_) throw LabError("the node cannot boot");
}

nlohmann::json InitLink::request(nlohmann::json words, const std::vector<int>& fds) {
    unsigned id = 0;
    {
        const std::lock_guard lock(mutex_);
        id = next_id_++;
    }
    words["id"] = id;
    std::string text = words.dump();
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
    }
    must(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL), "a request to the node");
    nlohmann::json reply;
    const bool answered = wakeup_.wait(30s, [&] {
        const std::lock_guard lock(mutex_);
        const auto found = answers_.find(id);
        if (found == answers_.end()) return gone_;
        reply = std::move(found->second);
        answers_.erase(found);
        return true;
    });
    if (!answered || reply.is_null()) throw LabError("the node does not answer: " + words.dump());
    if (reply.contains("error")) throw LabError(reply["error"].get<std::string>());
    return reply;
}

void InitLink::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    // Process 1 is gone only after everything in its namespace is.
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    pump_.remove(socket_.get());
    while (on_readable()) {
    }
}

// On the pump's thread, or after it let go of the socket.
bool InitLink::on_readable() {
    static thread_local std::vector<char> buffer(256 * 1024);
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
    if (n <= 0) {
        {
            const std::lock_guard lock(mutex_);
            gone_ = true;
        }
        wakeup_.ring();
        return false;
    }
    nlohmann::json message = nlohmann::json::parse(buffer.data(), buffer.data() + n);
    if (message.contains("exited")) {
        on_exit_(message["exited"], message["status"]);
    } else {
        const std::lock_guard lock(mutex_);
        if (message.contains("ready")) ready_ = true;
        if (message.contains("failed")) failed_ = message["failed"];
        if (message.contains("id")) {
            const unsigned id = message["id"];
            answers_[id] = std::move(message);
        }
    }
    wakeup_.ring();
    return true;
}

}  // namespace hb::lab
