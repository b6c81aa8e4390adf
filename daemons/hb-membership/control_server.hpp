// ControlServer: the control socket. Accepts, greets, decodes and encodes; ControlDesk decides.
//
// A client that sends what does not decode, or does not read what it asked for, is dropped. Nobody
// is ever waited for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "common/base/ipc/master.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-membership/control_desk.hpp"

namespace hb::membership {

class ControlServer {
  public:
    // `to_resource` and `to_master` send a request on.
    ControlServer(runtime::EventLoop& loop, log::Logger& log, Identity us,
                  ControlDesk::Compose compose, ControlDesk::Parameter parameter,
                  ControlDesk::Why why, std::function<void(const ipc::Request&)> to_resource,
                  std::function<void(const ipc::DaemonToMaster&)> to_master);

    void listen(runtime::UniqueFd socket);
    void resource_here();
    void resource_gone();
    void answered(const ipc::RequestAnswer& answer);
    void log_level_is(unsigned debug);
    void reloaded(const ipc::ReloadAnswer& answer);
    void changed();
    void tell(const Event& event);

  private:
    struct Client {
        std::unique_ptr<runtime::Channel> channel;
        bool greeted = false;
    };
    void accept(runtime::UniqueFd socket, const runtime::PeerCredentials& who);
    void message(ClientId id, std::string_view bytes);
    void drop(ClientId id, const std::string& why);
    void bury();
    void carry_out();
    void arm();

    runtime::EventLoop& loop_;
    log::Logger& log_;
    std::function<void(const ipc::Request&)> to_resource_;
    std::function<void(const ipc::DaemonToMaster&)> to_master_;
    ControlDesk desk_;
    std::optional<runtime::Listener> listener_;
    std::map<ClientId, Client> clients_;
    std::vector<std::unique_ptr<runtime::Channel>> dead_;  // until their callbacks have ended
    ClientId next_client_ = 1;
    std::vector<DeskAction> actions_;
    bool carrying_out_ = false;
    MonoTime complained_ = kNever;
    runtime::Timer timer_;
    runtime::Defer burial_;
};

}  // namespace hb::membership
