#include "daemons/hb-resource/address_service.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "common/runtime/system_clock.hpp"

namespace hb::resource {

AddressService::AddressService(runtime::EventLoop& loop, Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      turn_end_(loop, [this]() noexcept { end_turn(); }),
      timer_(loop, [this]() noexcept {
          agent_.on_deadline(runtime::now(), actions_);
          act();
      }) {}

Result<std::unique_ptr<AddressService>> AddressService::open(runtime::EventLoop& loop,
                                                             Callbacks callbacks) {
    std::unique_ptr<AddressService> service(new AddressService(loop, std::move(callbacks)));
    AddressService* const self = service.get();
    auto announcer = Announcer::open(loop, [self](const Announce& first, int error) noexcept {
        self->callbacks_.on_event(
            {"announcement-failed",
             Level::kWarn,
             fmt::format("Cannot announce {}: {} (packets failed so far: {}); repeated soon",
                         first.address.to_string(), std::strerror(error),
                         self->announcer_->failed()),
             {{"HB_ADDRESS", first.address.to_string()}}});
    });
    if (!announcer) return std::unexpected(announcer.error());
    service->announcer_ = std::move(*announcer);

    auto netlink = NetlinkSocket::open(
        loop, {.on_update =
                   [self](const KernelUpdate& update) noexcept {
                       const bool was_synced = self->synced();
                       self->agent_.handle(update, runtime::now(), self->actions_);
                       self->act();
                       if (!was_synced && self->synced())
                           self->callbacks_.on_synced();
                       else
                           self->callbacks_.on_change();
                   },
               .on_answer =
                   [self](std::uint32_t request, int error) noexcept {
                       self->answered(request, error);
                       self->act();
                   },
               .on_answers_lost =
                   [self]() noexcept {
                       self->agent_.answers_lost(self->batches_.lost(), runtime::now(),
                                                 self->actions_);
                       self->act();
                   }});
    if (!netlink) return std::unexpected(netlink.error());
    service->netlink_ = std::move(*netlink);
    return service;
}

void AddressService::run(const AddressOperation& operation) {
    look();
    agent_.run(operation, runtime::now(), actions_);
    act();
}

void AddressService::let_be(const config::AddressSpec& spec) {
    agent_.let_be(spec);
}

void AddressService::hold(const config::AddressSpec& spec) {
    agent_.hold(spec, runtime::now(), actions_);
    act();
}

void AddressService::announce(const config::AddressSpec& spec) {
    look();
    agent_.announce(spec, actions_);
    act();
}

// What the kernel has said by now counts, not what the loop happens to have read.
void AddressService::look() {
    if (looked_) return;
    looked_ = true;
    netlink_->read_reports();
}

// Callbacks may add to the actions; they are carried out in order, never one inside another.
void AddressService::act() noexcept {
    if (acting_) return;
    acting_ = true;
    while (!actions_.empty())
        for (const AddressAction& action : std::exchange(actions_, {}))
            carry_out(action);
    acting_ = false;
    turn_end_.schedule();
}

void AddressService::carry_out(const AddressAction& action) {
    if (const auto* request = std::get_if<AddressRequest>(&action)) {
        batches_.push(*request);
    } else if (const auto* done = std::get_if<AddressDone>(&action)) {
        callbacks_.on_done(*done);
    } else if (const auto* announce = std::get_if<Announce>(&action)) {
        announcer_->start(*announce);
    } else if (const auto* stop = std::get_if<StopAnnouncing>(&action)) {
        announcer_->stop(stop->address);
    } else if (const auto* event = std::get_if<Event>(&action)) {
        callbacks_.on_event(*event);
    }
}

void AddressService::answered(std::uint32_t request, int error) {
    batches_.answered(request);
    agent_.answered(request, error, runtime::now(), actions_);
}

void AddressService::end_turn() noexcept {
    looked_ = false;
    for (auto batch = batches_.take(); !batch.empty(); batch = batches_.take()) {
        for (const auto& [request, error] : netlink_->send(batch))
            answered(request, error);
        if (!actions_.empty()) act();
    }
    announcer_->more_to_come(!batches_.idle());
    timer_.arm(agent_.next_deadline());
}

}  // namespace hb::resource
