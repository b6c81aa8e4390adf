#include "tools/ha-lab/lab_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "tools/ha-lab/lab_commands.hpp"

namespace hb::lab {
namespace {

constexpr std::size_t kLongest = 4 << 20;  // an answer: the whole log

struct SocketName {
    sockaddr_un address{};
    socklen_t size = 0;
};

// An abstract name: it is gone with its process.
SocketName socket_name(const std::string& lab) {
    SocketName name;
    name.address.sun_family = AF_UNIX;
    const std::string text = "ha-lab/" + lab;
    if (text.size() + 1 > sizeof name.address.sun_path) throw LabError(lab + ": too long a name");
    text.copy(name.address.sun_path + 1, text.size());
    name.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    return name;
}

Fd open_stream() {
    return Fd(must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

// A message is its bytes to the end of the writing side.
std::string read_to_end(int fd) {
    std::string all;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0 && all.size() < kLongest;)
        all.append(buffer, static_cast<std::size_t>(n));
    return all;
}

void write_all(int fd, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t n = ::send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
    }
}

void write_and_end(int fd, const std::string& text) {
    write_all(fd, text);
    ::shutdown(fd, SHUT_WR);
}

// The end of the lab is answered to the end only when the lab is gone: by closing the connection.
void answer_one(int connection, LabCommands& commands) {
    const nlohmann::json words = nlohmann::json::parse(read_to_end(connection), nullptr, false);
    Answer answer{2, "not a command\n", 0, {}};
    if (words.is_array()) answer = commands.run(words.get<std::vector<std::string>>());
    const nlohmann::json reply = {{"exit_code", answer.exit_code},
                                  {"text", answer.text},
                                  {"enter_pid", answer.enter_pid},
                                  {"enter_fd", answer.enter_fd}};
    write_all(connection, reply.dump());
    if (!commands.is_over()) ::shutdown(connection, SHUT_WR);
}

// In the background process. Says "ok" through `ready` when the lab is up, else why not.
void keep_lab(Fd listener, Fd ready, const ClusterConfig& config, bool start_suite) {
    const auto tell = [&](const std::string& text) {
        [[maybe_unused]] const ssize_t n = ::write(ready.get(), text.data(), text.size());
        ready.reset();
    };
    Fd connection;  // outlives the lab
    try {
        Lab lab({.nodes = config.nodes});
        Cluster cluster(lab, config);
        if (start_suite) cluster.start_all();
        LabCommands commands(cluster);
        tell("ok");
        while (!commands.is_over()) {
            connection.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) answer_one(connection.get(), commands);
        }
        listener.reset();
    } catch (const std::exception& e) {
        if (ready) tell(e.what());
    }
}

}  // namespace

void start_server(const std::string& name, const ClusterConfig& config, bool start_suite) {
    Fd listener = open_stream();
    const SocketName address = socket_name(name);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.address), address.size) !=
        0)
        throw LabError(fmt::format("a lab named {} is up already (ha-lab down ends it)", name));
    must(::listen(listener.get(), 8), "listen");
    Pipe ready = make_pipe();
    const pid_t child = must(::fork(), "fork");
    if (child == 0) {
        ready.read.reset();
        ::setsid();
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 3; ++i)
            ::dup2(null, i);
        keep_lab(std::move(listener), std::move(ready.write), config, start_suite);
        ::_exit(0);
    }
    ready.write.reset();
    const std::string outcome = read_to_end(ready.read.get());
    if (outcome != "ok") {
        ::waitpid(child, nullptr, 0);
        throw LabError(outcome.empty() ? "the lab ended at once" : outcome);
    }
}

Answer ask_server(const std::string& name, const std::vector<std::string>& words) {
    const Fd socket = open_stream();
    const SocketName address = socket_name(name);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.address),
                  address.size) != 0)
        throw LabError("no lab is up (ha-lab up makes one)");
    write_and_end(socket.get(), nlohmann::json(words).dump());
    const nlohmann::json reply = nlohmann::json::parse(read_to_end(socket.get()), nullptr, false);
    if (!reply.is_object()) throw LabError("the lab does not answer");
    return {reply.at("exit_code"), reply.at("text"), reply.at("enter_pid"), reply.at("enter_fd")};
}

}  // namespace hb::lab
