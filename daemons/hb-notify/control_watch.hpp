// ControlWatch: a subscription at the control socket, kept over respawns of hb-membership. It reads
// as fast as anything comes: who does not is dropped by the server.
//
// A server that speaks nonsense, or refuses us, is asked again a second later.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"

namespace hb::notify {

class ControlWatch {
  public:
    struct Callbacks {
        // The first after a (new) connection has `fresh`.
        std::move_only_function<void(const ClusterStatus&, bool fresh) noexcept> on_status;
        std::move_only_function<void(const Event&) noexcept> on_event;
        // Why there is no connection; once, until there was one again.
        std::move_only_function<void(const std::string& why) noexcept> on_trouble;
    };
    ControlWatch(runtime::EventLoop& loop, std::string run_dir, Callbacks callbacks);
    ControlWatch(const ControlWatch&) = delete;
    ControlWatch& operator=(const ControlWatch&) = delete;

  private:
    void connect() noexcept;
    void received(std::string_view bytes);
    void lost(const std::string& why);

    runtime::EventLoop& loop_;
    std::string run_dir_;
    Callbacks callbacks_;
    std::unique_ptr<runtime::Channel> channel_;
    bool greeted_ = false;
    bool fresh_ = true;
    bool told_ = false;
    runtime::Timer retry_;
};

}  // namespace hb::notify
