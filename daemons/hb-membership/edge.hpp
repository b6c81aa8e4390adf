// The edge: bytes of topics <-> the values that the core works with.
//
// A topic of a peer that does not decode is counted, said at a bounded rate and dropped; the rest
// of its frame stands. The lease rule sees by itself that it is missing: the frame's head names a
// version that never arrived (T9.3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "daemons/hb-membership/membership_core.hpp"

namespace hb::membership {

class Edge {
  public:
    explicit Edge(std::vector<std::string> node_names);

    // Takes the frame's topics apart; what is wrong is said through `events`.
    [[nodiscard]] PeerFrame decode(ipc::FrameSeen seen, MonoTime now, std::vector<Event>& events);
    [[nodiscard]] static ipc::PublishTopics encode(const PublishValues& values);

    [[nodiscard]] std::uint64_t undecodable() const { return undecodable_; }

  private:
    void complain(const ipc::FrameSeen& seen, Topic topic, const std::string& why, MonoTime now,
                  std::vector<Event>& events);

    std::vector<std::string> node_names_;
    std::uint64_t undecodable_ = 0;
    std::vector<MonoTime> complained_;  // by rank
};

[[nodiscard]] Topic topic_of(const TopicValue& value);

}  // namespace hb::membership
