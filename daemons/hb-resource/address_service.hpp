// AddressService: the address agent with its hands: netlink socket, announcer, clock.
//
// Requests that come of one turn of the loop leave at its end, in batches (AddressBatches). Every
// operation is answered once, through on_done, maybe inside run(). Callbacks may call run() again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/address_agent.hpp"
#include "daemons/hb-resource/address_batches.hpp"
#include "daemons/hb-resource/announcer.hpp"
#include "daemons/hb-resource/netlink_socket.hpp"

namespace hb::resource {

class AddressService {
  public:
    struct Callbacks {
        std::move_only_function<void(const AddressDone&) noexcept> on_done;
        std::move_only_function<void(const Event&) noexcept> on_event;
        // Links, addresses or routes changed: place() may answer otherwise.
        std::move_only_function<void() noexcept> on_change;
        // The kernel's table is complete, for the first time or again.
        std::move_only_function<void() noexcept> on_synced;
    };
    [[nodiscard]] static Result<std::unique_ptr<AddressService>> open(runtime::EventLoop& loop,
                                                                      Callbacks callbacks);
    AddressService(const AddressService&) = delete;
    AddressService& operator=(const AddressService&) = delete;

    void run(const AddressOperation& operation);
    void hold(const config::AddressSpec& spec);
    void let_be(const config::AddressSpec& spec);
    void announce(const config::AddressSpec& spec);

    // The kernel's table is complete: place() means something.
    [[nodiscard]] bool synced() const { return agent_.kernel().synced(); }
    [[nodiscard]] Result<PlacedAddress> place(const config::AddressSpec& spec) const {
        return agent_.place(spec);
    }
    // What announce() says.
    [[nodiscard]] std::vector<Announce> announcements(const config::AddressSpec& spec) const {
        return agent_.announcements(spec);
    }
    // Something is not carried out yet.
    [[nodiscard]] bool busy() const { return agent_.busy(); }
    [[nodiscard]] const KernelTable& kernel() const { return agent_.kernel(); }
    [[nodiscard]] const NetlinkSocket& netlink() const { return *netlink_; }
    [[nodiscard]] const Announcer& announcer() const { return *announcer_; }

  private:
    AddressService(runtime::EventLoop& loop, Callbacks callbacks);
    void look();
    void act() noexcept;
    void carry_out(const AddressAction& action);
    void answered(std::uint32_t request, int error);
    void end_turn() noexcept;

    Callbacks callbacks_;
    AddressAgent agent_;
    std::vector<AddressAction> actions_;  // of the agent, not carried out yet
    bool acting_ = false;
    bool looked_ = false;  // at the kernel's reports, in this turn
    AddressBatches batches_;
    std::unique_ptr<NetlinkSocket> netlink_;
    std::unique_ptr<Announcer> announcer_;
    runtime::Defer turn_end_;
    runtime::Timer timer_;
};

}  // namespace hb::resource
