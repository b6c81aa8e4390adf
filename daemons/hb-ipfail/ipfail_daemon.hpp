// IpfailDaemon: the shell of hb-ipfail. Channel, log, timer; IpfailCore decides what is published.
#pragma once

#include <vector>

#include "common/runtime/events.hpp"
#include "daemons/hb-ipfail/ipfail_core.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::ipfail {

class IpfailDaemon final : public skeleton::Daemon {
  public:
    IpfailDaemon(skeleton::Host& host, const ipc::Setup& setup);

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program neighbour) noexcept override;
    void on_gap(Duration gap) noexcept override;

  private:
    void give(const IpfailInput& input);
    void deadline() noexcept;
    void carry_out();

    skeleton::Host& host_;
    IpfailCore core_;
    std::vector<IpfailAction> actions_;
    runtime::Timer timer_;
};

}  // namespace hb::ipfail
