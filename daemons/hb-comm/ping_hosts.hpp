// PingHosts: every host of the ping nodes and groups, by its place in ha.cf, with its address; and
// the media over which they are asked. Names are resolved without blocking, and again from time to
// time; what a name was known as stays until a newer answer comes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.hpp"
#include "common/runtime/resolver.hpp"
#include "daemons/hb-comm/ping_medium.hpp"

namespace hb::comm {

class PingHosts {
  public:
    struct Callbacks {
        std::function<void(std::uint32_t host)> on_known;
        std::function<void(const PingAsked& asked, int interface)> on_answer;
    };
    // Throws std::runtime_error when there are hosts and no ICMP socket. on_known is called for
    // every address of ha.cf at once, for names when they are resolved, never from here.
    PingHosts(runtime::EventLoop& loop, log::Logger& log,
              const std::vector<config::PingNode>& nodes, Callbacks callbacks);

    void send(const PingAsked& asked);
    void drain();

  private:
    struct Host {
        std::string name;
        IpAddress::Family family{};
        bool is_name = false;
        std::optional<IpAddress> address;
        bool complained = false;
    };

    void resolve();
    void resolved(std::size_t host, Result<IpAddress> answer);

    log::Logger& log_;
    Callbacks callbacks_;
    PingSecret secret_;
    std::vector<Host> hosts_;
    std::unique_ptr<PingMedium> v4_, v6_;  // those that are needed
    std::size_t asked_ = 0;                // questions without an answer
    runtime::Resolver resolver_;
    runtime::Timer again_;
};

}  // namespace hb::comm
