// LocalAddresses: the addresses of this host in the hands of one action: hb-resource's own address
// service, in a loop that runs until what was asked is done.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/event_loop.hpp"
#include "daemons/hb-resource/address_service.hpp"

namespace hb::agent {

class LocalAddresses {
  public:
    // When this returns the kernel's table is complete.
    [[nodiscard]] static Result<std::unique_ptr<LocalAddresses>> open(MonoTime deadline);
    LocalAddresses(const LocalAddresses&) = delete;
    LocalAddresses& operator=(const LocalAddresses&) = delete;

    // Returns when it is done, and so is what the kernel took along with it.
    [[nodiscard]] resource::AddressDone run(resource::Operation operation,
                                            const config::AddressSpec& spec, MonoTime deadline);

    [[nodiscard]] const resource::KernelTable& kernel() const { return service_->kernel(); }
    [[nodiscard]] std::vector<resource::Announce> announcements(
        const config::AddressSpec& spec) const {
        return service_->announcements(spec);
    }

  private:
    LocalAddresses() = default;
    // False: the deadline came first.
    [[nodiscard]] bool until(const std::function<bool()>& holds, MonoTime deadline);

    runtime::EventLoop loop_;
    std::optional<resource::AddressDone> done_;
    std::unique_ptr<resource::AddressService> service_;
};

}  // namespace hb::agent
