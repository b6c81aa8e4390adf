// How topics travel in simulated frames: as short tickets for values kept here (hb-comm never looks
// inside), or, in a sample of the runs, as the real bytes of proto/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemons/hb-membership/membership_core.hpp"

namespace hb::sim {

class TopicStore {
  public:
    explicit TopicStore(bool codecs) : codecs_(codecs) {}
    [[nodiscard]] std::string put(const membership::TopicValue& value);
    [[nodiscard]] std::optional<membership::TopicValue> get(Topic topic, const std::string& bytes);
    [[nodiscard]] static Topic topic_of(const membership::TopicValue& value);

  private:
    bool codecs_;
    std::vector<membership::TopicValue> values_;
};

}  // namespace hb::sim
