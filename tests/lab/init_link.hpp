// The lab's end of the line to process 1 of a running node (node_init.cpp is the other).
//
// Requests are {"op": ...}, each answered once under its id; {"exited": pid, "status": s} comes
// unasked. Process numbers are the node's own.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/lab/os.hpp"
#include "tests/lab/pump.hpp"
#include "tests/lab/vault.hpp"
#include "tests/lab/wakeup.hpp"

namespace hb::lab {

class InitLink {
  public:
    using OnExit = std::function<void(pid_t pid, int wait_status)>;

    // Starts process 1 in new network, PID, UTS, IPC and mount namespaces. Its life ends with that
    // of the calling *thread*, which therefore has to be the one that keeps the lab. `cgroup`: the
    // directory of the control group that it is born in and sees as a root; -1: ours.
    InitLink(Pump& pump, Wakeup& wakeup, const Vault& vault, int cgroup, const nlohmann::json& spec,
             OnExit on_exit);
    ~InitLink();
    InitLink(const InitLink&) = delete;
    InitLink& operator=(const InitLink&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }  // as the machine numbers it

    // Returns when the node's file system is made; throws with the reason when it cannot be.
    void wait_ready();

    // `fds` are passed along. Throws when the answer is an error or the node is gone.
    nlohmann::json request(nlohmann::json words, const std::vector<int>& fds = {});

    // Kills the node: returns when no process of it is left.
    void kill();

  private:
    bool on_readable();

    Pump& pump_;
    Wakeup& wakeup_;
    OnExit on_exit_;
    Fd socket_;
    pid_t pid_ = -1;
    mutable std::mutex mutex_;
    std::map<unsigned, nlohmann::json> answers_;
    unsigned next_id_ = 1;
    bool ready_ = false;
    bool gone_ = false;
    std::string failed_;
};

}  // namespace hb::lab
