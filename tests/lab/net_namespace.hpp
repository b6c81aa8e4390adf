// A network namespace, held by a descriptor: it goes when the last user of it goes, so nothing is
// left in /run/netns and nothing survives the process that runs the lab.
#pragma once

#include <functional>
#include <string_view>

#include "tests/lab/os.hpp"

namespace hb::lab {

class NetNamespace {
  public:
    // A new one, with its loopback up.
    NetNamespace();
    // The one of a running process.
    explicit NetNamespace(int pid);

    [[nodiscard]] int fd() const { return fd_.get(); }

    // A socket that lives in this namespace, whoever uses it. It keeps the namespace alive.
    [[nodiscard]] Fd open_socket(int domain, int type, int protocol) const;

    // Runs `act` in a thread inside the namespace and waits for it.
    void inside(const std::function<void()>& act) const;

    // Runs a program inside; `ip` feeds a batch to ip(8), one command a line.
    CommandResult run(const Argv& argv, std::string_view input = {}) const;
    void ip(std::string_view batch) const;

    // Writes below /proc/sys/net: sysctl("ipv4/ip_forward", "1").
    void sysctl(std::string_view name, std::string_view value) const;

  private:
    Fd fd_;
};

}  // namespace hb::lab
