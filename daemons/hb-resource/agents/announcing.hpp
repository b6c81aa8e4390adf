// Announcing: an address is announced for some seconds, by the code that hb-resource announces its
// own with, when the action that wants it has long been over: in a process of its own.
//
// When end() returns, nothing is announced any more: by then the address may be somebody else's. A
// lock on a file in /run, which the process holds, says who it is; it dies with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemons/hb-resource/address_agent.hpp"
#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

// Announces to the end. The reason is the first thing that could not be sent.
[[nodiscard]] Answer announce_to_the_end(const std::vector<resource::Announce>& what);

class Announcing {
  public:
    Announcing(std::string_view type, const Call& call);

    // Instead of what is under way. When it returns, the process is there.
    [[nodiscard]] Answer begin(const std::vector<resource::Announce>& what) const;
    [[nodiscard]] Answer end() const;

  private:
    std::string path_;
};

}  // namespace hb::agent
