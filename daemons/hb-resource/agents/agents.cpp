// The table of what hb-agent can do. An agent: a function here, a file beside this one, and its
// description in common/config/agents.
#include <array>

#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

Agent delay_agent();
Agent filesystem_agent();
Agent mail_to_agent();

std::span<const Agent> agents() {
    static const std::array all = {
        delay_agent(),
        filesystem_agent(),
        mail_to_agent(),
    };
    return all;
}

}  // namespace hb::agent
