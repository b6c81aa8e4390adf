// What IPsrcaddr resources have to do with the others of haresources.
#pragma once

#include "common/config/diagnostic.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

// A source address that nothing to the left of it provides; one route with two.
void check_source_addresses(const Settings& settings, Diagnostics& diagnostics);

}  // namespace hb::config
