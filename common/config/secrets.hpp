// Keys and passwords do not stay in memory that is given back: overwritten, so that the compiler
// does not leave it out.
#pragma once

#include <string.h>

#include <string>

#include "common/config/settings.hpp"

namespace hb::config {

inline void wipe(std::string& secret) {
    ::explicit_bzero(secret.data(), secret.size());
    secret.clear();
}

inline void wipe(AuthKeys& keys) {
    for (auto& [index, key] : keys.keys)
        wipe(key.key);
}

}  // namespace hb::config
