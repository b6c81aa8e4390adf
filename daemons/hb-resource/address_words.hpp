// What AddressAgent says and asks of addresses, in words and plain questions. Pure.
#pragma once

#include <string>

#include "common/base/event.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::resource {

[[nodiscard]] Event address_event(std::string id, Level level, std::string text,
                                  const IpAddress& address);

// Why the kernel refused, `error` being its errno.
[[nodiscard]] std::string refusal_text(const KernelAddress& address, const std::string& interface,
                                       int error);

// IPv6: another host claimed it, and the kernel does not use it.
[[nodiscard]] bool is_duplicate(const KernelAddress& address);

// Not used yet, or never: what an address of ours is not.
[[nodiscard]] bool is_undecided(const KernelAddress& address);

}  // namespace hb::resource
