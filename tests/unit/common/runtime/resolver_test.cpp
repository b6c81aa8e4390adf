#include "common/runtime/resolver.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

namespace hb::runtime {
namespace {

constexpr int kNoWorld = 100;

// The exit code of `body` in a process that has no network and its own /etc/hosts and
// /etc/resolv.conf.
int in_its_own_world(const std::string& hosts, const std::string& resolv_conf,
                     const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", "/tmp", "tmpfs", 0, nullptr) != 0)
            ::_exit(kNoWorld);
        std::ofstream("/tmp/hosts") << hosts;
        std::ofstream("/tmp/resolv.conf") << resolv_conf;
        if (::mount("/tmp/hosts", "/etc/hosts", nullptr, MS_BIND, nullptr) != 0 ||
            ::mount("/tmp/resolv.conf", "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0)
            ::_exit(kNoWorld);
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

// A cluster without name servers is an ordinary cluster.
TEST(Resolver, NamesOfEtcHostsNeedNoNameServer) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const auto node2 = [] {
        EventLoop loop;
        Resolver resolver(loop);
        std::optional<Result<IpAddress>> answer;
        resolver.resolve("node2", [&](Result<IpAddress> a) noexcept { answer = std::move(a); });
        if (!answer) return 1;
        if (!*answer) return 2;
        return (*answer)->to_string() == "10.1.1.2" ? 0 : 3;
    };
    const std::string hosts = "127.0.0.1 localhost\n10.1.1.2 node2\n";
    const int without = in_its_own_world(hosts, "", node2);
    if (without == kNoWorld) GTEST_SKIP() << "no mounts of our own here";
    EXPECT_EQ(without, 0);
    EXPECT_EQ(in_its_own_world(hosts, "nameserver 10.9.9.9\n", node2), 0);
}

}  // namespace
}  // namespace hb::runtime
