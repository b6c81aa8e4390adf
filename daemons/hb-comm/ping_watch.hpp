// Ping nodes: hosts that run nothing of ours. When each is asked, which answers count, which nodes
// are up.
//
// Every host is asked once per interval, staggered, so that requests leave one by one. An answer
// counts once, and only for a request that left less than deadping ago: the shell has checked that
// it carries our secret (ping_packet.hpp), here it is matched with its request. What it proves, it
// proves for the moment at which the request left: all times are those. A node (a `ping` line's
// host, or a ping_group) is up while one of its hosts answered within deadping.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-comm/comm_core.hpp"

namespace hb::comm {

using PingAction = std::variant<SendPing, ipc::PingStatus, ipc::PingAnswered, Event>;

class PingWatch {
  public:
    struct Settings {
        std::vector<PingNodeSettings> nodes;
        Duration interval{};  // common/base/ping_times.hpp
        Duration deadping{};
    };
    PingWatch(Settings settings, MonoTime now);

    void set_times(Duration interval, Duration deadping, MonoTime now);
    // Until its address is known a host is not asked.
    void host_known(std::uint32_t host, bool known, MonoTime now);
    void answered(std::uint32_t host, std::uint64_t sequence, MonoTime now,
                  std::vector<PingAction>& out);
    // Somebody needs to hear another host soon (G8): everybody is asked again, a little later.
    void ask_soon(MonoTime now);
    // Nothing was read for a while: nobody is called dead before deadping has passed again.
    void stood_still(MonoTime now);
    // To a listener that is new.
    [[nodiscard]] std::vector<ipc::PingStatus> state() const;

    void on_deadline(MonoTime now, std::vector<PingAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;

  private:
    // Outcomes of the newest requests, for people.
    static constexpr std::size_t kRemembered = 100;

    struct Request {
        std::uint64_t sequence = 0;
        MonoTime sent{};
        bool answered = false;
    };
    struct Host {
        std::size_t node = 0;
        bool known = false;
        MonoTime next = kForever;
        std::optional<MonoTime> asked;
        std::uint64_t sequence = 0;
        std::deque<Request> requests;  // of the last deadping, oldest first
        std::deque<bool> lost;         // judged ones, newest last
        std::optional<Duration> round_trip;
    };
    struct Node {
        std::string name;
        std::size_t first = 0, hosts = 1;
        PingState state = PingState::kInit;
        bool late = false;
        std::optional<MonoTime> answered;  // a request that left then
        std::optional<MonoTime> told;
    };

    void ask(std::uint32_t host, MonoTime now, std::vector<PingAction>& out);
    void forget_old(Host& host, MonoTime now);
    void settle(Node& node, MonoTime now, std::vector<PingAction>& out);
    void tell(Node& node, MonoTime now, std::vector<PingAction>& out);
    [[nodiscard]] ipc::PingStatus status(const Node& node) const;
    [[nodiscard]] MonoTime late_at(const Node& node) const;
    [[nodiscard]] MonoTime dead_at(const Node& node) const;

    Duration interval_;
    Duration deadping_;
    Duration figures_;  // how often they are told
    MonoTime listening_;
    std::optional<MonoTime> told_answer_;  // newest PingAnswered
    std::vector<Host> hosts_;
    std::vector<Node> nodes_;
};

}  // namespace hb::comm
