// The table of what hb-agent can do. An agent: a function here, a file beside this one, and its
// description in common/config/agents.
#include <array>

#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

Agent address_agent(std::string_view type);
Agent delay_agent();
Agent filesystem_agent();
Agent ip_srcaddr_agent();
Agent mail_to_agent();
Agent send_arp_agent();

std::span<const Agent> agents() {
    static const std::array all = {
        delay_agent(),           filesystem_agent(),
        address_agent("IPaddr"), address_agent("IPaddr2"),
        ip_srcaddr_agent(),      address_agent("IPv6addr"),
        mail_to_agent(),         send_arp_agent(),
    };
    return all;
}

}  // namespace hb::agent
