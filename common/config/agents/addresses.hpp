// The parameters of IPaddr, IPaddr2 and IPv6addr as the address that they name.
#pragma once

#include "common/config/address_spec.hpp"
#include "common/config/built_in.hpp"

namespace hb::config {

[[nodiscard]] Result<AddressSpec> address_of_parameters(const Parameters& given);

}  // namespace hb::config
