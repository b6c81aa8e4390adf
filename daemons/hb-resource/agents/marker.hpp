// A file that says that a resource runs which has nothing else to show for it: Delay, MailTo,
// SendArp. In /run, so that no boot inherits it.
#pragma once

#include <string>
#include <string_view>

#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

// A file of its own for each resource, and the directory where they are.
[[nodiscard]] std::string marker_path(std::string_view type, const Call& call);
void make_marker_directory();

class Marker {
  public:
    Marker(std::string_view type, const Call& call);

    [[nodiscard]] bool is_set() const;
    [[nodiscard]] Answer set() const;
    [[nodiscard]] Answer clear() const;

  private:
    std::string path_;
};

}  // namespace hb::agent
