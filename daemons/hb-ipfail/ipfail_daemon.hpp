// IpfailDaemon: the shell of hb-ipfail, which says how well this node is connected to the ping
// nodes.
//
// Ping nodes are not yet in effect: hb-comm does not ask them. So it publishes nothing, which every
// other part reads as "no opinion" (a PingReport that is absent, not one that is empty). What peers
// publish is decoded, so that a message that may not be is found where it arrives, and kept
// nowhere.
#pragma once

#include "daemons/skeleton/daemon_main.hpp"

namespace hb::ipfail {

class IpfailDaemon final : public skeleton::Daemon {
  public:
    explicit IpfailDaemon(skeleton::Host& host);

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program neighbour) noexcept override;
    void on_gap(Duration gap) noexcept override;

  private:
    skeleton::Host& host_;
};

}  // namespace hb::ipfail
