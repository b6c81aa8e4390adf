#include "tests/lab/net_namespace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hb::lab {

NetNamespace::NetNamespace() {
    in_new_thread([this] {
        must(::unshare(CLONE_NEWNET), "a new network namespace");
        fd_ = Fd(must(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "ns/net"));
    });
    ip("link set lo up");
}

NetNamespace::NetNamespace(int pid) {
    const std::string path = fmt::format("/proc/{}/ns/net", pid);
    fd_ = Fd(must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
}

void NetNamespace::inside(const std::function<void()>& act) const {
    in_new_thread([&] {
        must(::setns(fd(), CLONE_NEWNET), "entering a network namespace");
        act();
    });
}

Fd NetNamespace::open_socket(int domain, int type, int protocol) const {
    Fd opened;
    inside([&] { opened = Fd(must(::socket(domain, type | SOCK_CLOEXEC, protocol), "socket")); });
    return opened;
}

CommandResult NetNamespace::run(const Argv& argv, std::string_view input) const {
    return run_command(argv, fd(), input);
}

void NetNamespace::ip(std::string_view batch) const {
    run({"ip", "-batch", "-"}, batch);
}

void NetNamespace::sysctl(std::string_view name, std::string_view value) const {
    inside([&] {
        // /proc/sys/net shows the namespace of whoever opens it.
        const std::string path = fmt::format("/proc/sys/net/{}", name);
        const Fd file(must(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path));
        must(::write(file.get(), value.data(), value.size()), path);
    });
}

}  // namespace hb::lab
