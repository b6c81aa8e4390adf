// Process 1 of a node: makes the node's view of the file system, then starts, signals and reaps
// processes as the lab asks over fd 3 (tests/lab/init_link.hpp has the words).
//
// It ends when the lab's process ends, and with it everything in the node.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "tests/lab/os.hpp"

namespace hb::lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kLab = 3;

// --- the file system ---------------------------------------------------------------------------

void set_read_only(const char* path, bool read_only, unsigned flags) {
    mount_attr attributes{};
    (read_only ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
    must(::mount_setattr(AT_FDCWD, path, flags, &attributes, sizeof attributes),
         fmt::format("mount attributes of {}", path));
}

void mount_tmpfs(const char* path, const char* options) {
    must(::mount("ha-lab", path, "tmpfs", MS_NOSUID, options), path);
}

// The machine's directory below, what the node writes on the node's disk.
void mount_overlay(const std::string& path, const std::string& disk) {
    const std::string name = path.substr(1);
    const std::string upper = fmt::format("{}/{}", disk, name);
    const std::string work = fmt::format("{}/.{}", disk, name);
    fs::create_directories(upper);
    fs::create_directories(work);
    const std::string options =
        fmt::format("lowerdir={},upperdir={},workdir={}", path, upper, work);
    must(::mount("ha-lab", path.c_str(), "overlay", 0, options.c_str()), options);
}

void make_file_system(const json& spec) {
    const std::string disk = spec.at("disk");
    const std::string vault = spec.at("vault");
    // Whatever a script in the node does, the machine under it stays as it is.
    set_read_only("/", true, AT_RECURSIVE);
    set_read_only(vault.c_str(), false, 0);
    mount_overlay("/etc", disk);
    mount_overlay("/var", disk);
    mount_tmpfs("/run", "mode=0755");
    mount_tmpfs("/tmp", "mode=1777");
    mount_tmpfs("/dev/shm", "mode=1777");
    must(::mount("proc", "/proc", "proc", 0, nullptr), "/proc");
    must(::mount("sysfs", "/sys", "sysfs", MS_RDONLY, nullptr), "/sys");
    if (spec.at("cgroup").get<bool>())
        must(::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr), "/sys/fs/cgroup");
}

// --- what an installation leaves on a host -------------------------------------------------------

bool has_entry(const std::string& file, const std::string& name) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(name + ":")) return true;
    return false;
}

bool has_id(const std::string& file, unsigned id) {
    std::ifstream in(file);
    const std::string field = fmt::format(":{}:", id);
    for (std::string line; std::getline(in, line);)
        if (line.find(field) != std::string::npos) return true;
    return false;
}

void append(const std::string& file, const std::string& line) {
    std::ofstream out(file, std::ios::app);
    if (!(out << line << '\n' << std::flush)) throw LabError(file + ": cannot write");
}

void make_accounts() {
    unsigned id = 990;
    while (id > 900 && (has_id("/etc/passwd", id) || has_id("/etc/group", id)))
        --id;
    if (!has_entry("/etc/group", "haclient"))
        append("/etc/group", fmt::format("haclient:x:{}:", id));
    if (has_entry("/etc/passwd", "hacluster")) return;
    const group* clients = ::getgrnam("haclient");
    if (clients == nullptr) throw LabError("no group haclient");
    append("/etc/passwd", fmt::format("hacluster:x:{}:{}:ha-suite:/var/lib/ha-suite:"
                                      "/usr/sbin/nologin",
                                      id, clients->gr_gid));
}

void make_host(const json& spec) {
    const std::string name = spec.at("name");
    must(::sethostname(name.data(), name.size()), "hostname");
    std::ofstream("/etc/hostname") << name << '\n';
    std::ofstream("/etc/hosts") << "127.0.0.1 localhost\n" << spec.at("hosts").get<std::string>();
    make_accounts();
    ::setenv(
        "PATH",
        fmt::format("{}/bin:/usr/sbin:/usr/bin:/sbin:/bin", spec.at("vault").get<std::string>())
            .c_str(),
        1);
    fs::create_directories("/etc/ha.d/resource.d");
    fs::create_directories("/var/lib/ha-suite");
    fs::create_directories("/run/ha-suite");
    fs::create_directories("/run/lock");
}

// --- requests ------------------------------------------------------------------------------------

struct Received {
    json request;
    std::vector<Fd> fds;
};

std::optional<Received> receive() {
    static std::vector<char> buffer(256 * 1024);
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(kLab, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) return std::nullopt;
    Received received;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            received.fds.emplace_back(fd);
        }
    }
    received.request = json::parse(buffer.data(), buffer.data() + n);
    return received;
}

void answer(const json& message) {
    const std::string text = message.dump();
    // The lab may be gone already; then so shall we be, at the next read.
    [[maybe_unused]] const ssize_t n = ::send(kLab, text.data(), text.size(), MSG_NOSIGNAL);
}

struct ProcessInfo {
    pid_t pid = 0;
    pid_t parent = 0;
    char state = '?';
    std::string name;
};

std::vector<ProcessInfo> list_processes() {
    std::vector<ProcessInfo> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
            continue;
        std::ifstream in(entry.path() / "stat");
        std::string stat;
        if (!std::getline(in, stat)) continue;
        const std::size_t open = stat.find('(');
        const std::size_t close = stat.rfind(')');
        if (open == std::string::npos || close == std::string::npos) continue;
        ProcessInfo info;
        info.pid = std::stoi(name);
        info.name = stat.substr(open + 1, close - open - 1);
        int parent = 0;
        if (std::sscanf(stat.c_str() + close + 1, " %c %d", &info.state, &parent) != 2) continue;
        info.parent = parent;
        if (info.pid != 1) found.push_back(info);
    }
    return found;
}

[[noreturn]] void exec_child(const json& request, const std::vector<Fd>& fds, const Fd& failure) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    for (int i = 0; i < 3; ++i)
        ::dup2(fds.at(static_cast<std::size_t>(i)).get(), i);
    const Argv words = request.at("argv");
    std::vector<char*> args;
    for (const std::string& word : words)
        args.push_back(const_cast<char*>(word.c_str()));
    args.push_back(nullptr);
    for (const auto& [name, value] : request.at("env").items())
        ::setenv(name.c_str(), value.get<std::string>().c_str(), 1);
    ::execvp(args[0], args.data());
    const int reason = errno;
    [[maybe_unused]] const ssize_t n = ::write(failure.get(), &reason, sizeof reason);
    ::_exit(127);
}

// Whose end the lab wants to hear of; whoever else is ours to reap was orphaned.
std::set<pid_t> spawned;

json spawn(const json& request, const std::vector<Fd>& fds) {
    if (fds.size() != 3) return {{"error", "spawn needs three descriptors"}};
    // Closed by a successful exec: when we answer, the program runs under its own name.
    Pipe failure = make_pipe();
    const pid_t pid = ::fork();
    if (pid < 0) return {{"error", std::strerror(errno)}};
    if (pid == 0) exec_child(request, fds, failure.write);
    failure.write.reset();
    int reason = 0;
    if (::read(failure.read.get(), &reason, sizeof reason) == ssize_t{sizeof reason}) {
        ::waitpid(pid, nullptr, 0);
        return {{"error", fmt::format("{}: {}", request.at("argv").at(0).get<std::string>(),
                                      std::strerror(reason))}};
    }
    spawned.insert(pid);
    return {{"pid", pid}};
}

// By number, by name, or all but ourselves. Answers whom it reached.
json send_signal(const json& request) {
    const int signal = request.at("signal");
    json reached = json::array();
    if (request.contains("pid")) {
        const pid_t pid = request.at("pid");
        if (::kill(pid, signal) == 0) reached.push_back(pid);
        return {{"pids", reached}};
    }
    const bool all = !request.contains("name");
    for (const ProcessInfo& p : list_processes()) {
        if (p.state == 'Z' || (!all && p.name != request.at("name"))) continue;
        if (all || ::kill(p.pid, signal) == 0) reached.push_back(p.pid);
    }
    if (all) ::kill(-1, signal);  // at one instant, those born meanwhile too
    return {{"pids", reached}};
}

json list() {
    json all = json::array();
    for (const ProcessInfo& p : list_processes())
        all.push_back({{"pid", p.pid},
                       {"parent", p.parent},
                       {"name", p.name},
                       {"state", std::string(1, p.state)}});
    return {{"processes", all}};
}

json handle(const Received& received) {
    const std::string op = received.request.at("op");
    if (op == "spawn") return spawn(received.request, received.fds);
    if (op == "signal") return send_signal(received.request);
    if (op == "list") return list();
    return {{"error", "unknown request " + op}};
}

void reap() {
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        if (spawned.erase(pid) != 0) answer({{"exited", pid}, {"status", status}});
    }
}

int serve() {
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    const Fd signals(must(::signalfd(-1, &children, SFD_CLOEXEC), "signalfd"));
    answer({{"ready", true}});
    for (;;) {
        pollfd polls[2] = {{kLab, POLLIN, 0}, {signals.get(), POLLIN, 0}};
        if (::poll(polls, 2, -1) < 0) continue;
        if (polls[0].revents != 0) {
            const std::optional<Received> received = receive();
            if (!received) return 0;  // the lab is gone: so is the node
            json reply = handle(*received);
            reply["id"] = received->request.at("id");
            answer(reply);
        }
        if (polls[1].revents != 0) {
            signalfd_siginfo info{};
            [[maybe_unused]] const ssize_t n = ::read(signals.get(), &info, sizeof info);
            reap();
        }
    }
}

}  // namespace
}  // namespace hb::lab

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        if (argc != 2 || ::getpid() != 1) throw hb::lab::LabError("started by the lab only");
        const nlohmann::json spec = nlohmann::json::parse(argv[1]);
        hb::lab::make_file_system(spec);
        hb::lab::make_host(spec);
        return hb::lab::serve();
    } catch (const std::exception& e) {
        const std::string text = nlohmann::json{{"failed", e.what()}}.dump();
        [[maybe_unused]] const ssize_t n = ::send(3, text.data(), text.size(), MSG_NOSIGNAL);
        return 1;
    }
}
