// A machine that runs Heartbeat, the program that ha-suite takes the place of, as far as ha-suite
// can see it: it holds every group, says so in frames of its own, and never asks anybody.
//
// Its frames are one per keepalive, lost like others; that of an orderly stop says that it released
// everything.
#pragma once

#include <memory>

#include "daemons/hb-comm/old_heartbeats.hpp"
#include "tests/sim/cluster.hpp"

namespace hb::sim {

class OldHeartbeat {
  public:
    OldHeartbeat(Cluster& cluster, NodeId on);
    ~OldHeartbeat() { is_gone(); }
    OldHeartbeat(const OldHeartbeat&) = delete;
    OldHeartbeat& operator=(const OldHeartbeat&) = delete;

    void start();  // everything is up at once
    void stop();   // group after group, right to left; then its farewell
    // With its machine's power, or by a signal.
    void is_gone() {
        state_->life++;
        state_->runs = false;
    }
    [[nodiscard]] bool runs() const { return state_->runs; }
    // From the next beat on; `deadtime` is in its frames.
    void slows_down(Duration keepalive, Duration deadtime) {
        state_->keepalive = keepalive;
        state_->deadtime = deadtime;
    }

  private:
    struct State {
        bool runs = false;
        std::uint64_t life = 0;  // what an earlier one planned never happens
        std::uint64_t sequence = 0;
        std::uint64_t generation = 0;
        Duration keepalive{};
        Duration deadtime{};
    };
    void say(bool released);
    void beat();
    void release(std::size_t groups_left);
    void later(Duration delay, std::function<void()> what);

    Cluster& cluster_;
    NodeId on_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace hb::sim
