#include "daemons/hb-resource/agents/local_addresses.hpp"

#include <exception>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {

using resource::AddressDone;

Result<std::unique_ptr<LocalAddresses>> LocalAddresses::open(MonoTime deadline) try {
    std::unique_ptr<LocalAddresses> result(new LocalAddresses);
    LocalAddresses* const self = result.get();
    auto service = resource::AddressService::open(
        self->loop_, {.on_done = [self](const AddressDone& done) noexcept { self->done_ = done; },
                      .on_event = [](const Event& event) noexcept { say(event.text); },
                      .on_change = []() noexcept {},
                      .on_synced = []() noexcept {}});
    if (!service) return std::unexpected(service.error());
    self->service_ = std::move(*service);
    if (!self->until([&] { return self->service_->synced(); }, deadline))
        return failure("no answer from the kernel: which addresses are here?");
    return result;
} catch (const std::exception& problem) {  // a loop without descriptors
    return failure(problem.what());
}

AddressDone LocalAddresses::run(resource::Operation operation, const config::AddressSpec& spec,
                                MonoTime deadline) {
    done_.reset();
    service_->run({.id = 1, .operation = operation, .spec = spec, .deadline = deadline});
    // The service keeps the deadline itself.
    (void)until([&] { return done_.has_value(); }, kForever);
    (void)until([&] { return !service_->busy(); }, deadline);
    return *done_;
}

bool LocalAddresses::until(const std::function<bool()>& holds, MonoTime deadline) {
    runtime::Timer timer(loop_, []() noexcept {});
    timer.arm(deadline);
    while (!holds()) {
        if (runtime::now() >= deadline) return false;
        loop_.wait();
    }
    return true;
}

}  // namespace hb::agent
