// OldHeartbeats: which nodes still run Heartbeat itself, by its authentic frames (G11).
//
// One that counts is newer than every other seen of its node, and of a life that has not said that
// it released everything. (Whether it is older than the last ha-suite on that node cannot be told:
// Heartbeat's generations are another count than ours.)
//
// Silence is judged here, where frames are read, and not before any delay of ours is out of
// question: after one and a half times the longer of our deadtime and Heartbeat's. Heartbeat says
// something at least twice in its own, and we notice that we stood still for 3/4 of ours.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/time.hpp"

namespace hb::comm {

struct OldHeartbeat {  // of another node
    NodeId node{};
    std::uint64_t generation = 0;
    std::uint64_t sequence = 0;
    bool released = false;  // it said that it has released everything, and ends
    Duration deadtime{};    // as it announces it; zero: it does not
};

class OldHeartbeats {
  public:
    OldHeartbeats(std::vector<std::string> node_names, Duration deadtime)
        : node_names_(std::move(node_names)), deadtime_(deadtime) {}

    // Heartbeat itself goes by its own files: the longest that there was counts.
    void set_deadtime(Duration deadtime) { deadtime_ = std::max(deadtime_, deadtime); }

    // What hb-resource is to know, and what is to be logged; nothing when the frame does not count.
    // `where`: for people.
    [[nodiscard]] std::optional<ipc::OldHeartbeatHeard> heard(const OldHeartbeat& frame,
                                                              const std::string& where,
                                                              MonoTime now,
                                                              std::vector<Event>& events);
    // Who is no longer heard.
    [[nodiscard]] std::vector<ipc::OldHeartbeatHeard> on_deadline(MonoTime now,
                                                                  std::vector<Event>& events);
    // We did: what was said meanwhile may be lost, or wait to be read.
    void stood_still(MonoTime now);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

    // For a newborn hb-resource: all that runs somewhere.
    [[nodiscard]] std::vector<ipc::OldHeartbeatHeard> state() const;

  private:
    struct Seen {
        std::pair<std::uint64_t, std::uint64_t> newest;  // generation, sequence
        std::uint64_t released_generation = 0;
        std::optional<MonoTime> heard;  // none: it does not run, as far as we know
        Duration deadtime{};
    };
    [[nodiscard]] Duration hold(const Seen& seen) const;
    [[nodiscard]] const std::string& name(NodeId n) const { return node_names_[rank(n)]; }

    std::vector<std::string> node_names_;
    Duration deadtime_;
    std::map<NodeId, Seen> seen_;
};

}  // namespace hb::comm
