// Settings and keys <-> their messages, for codec_master. Internal to proto/: includes generated
// headers.
#pragma once

#include "common/config/settings.hpp"
#include "proto/checks.hpp"
#include "settings.pb.h"

namespace hb::proto {

void put(const config::Settings& from, pb::Settings& to);
[[nodiscard]] config::Settings read(const pb::Settings& from, Reader& in);

void put(const config::AuthKeys& from, pb::AuthKeys& to);
[[nodiscard]] config::AuthKeys read(const pb::AuthKeys& from, Reader& in);

}  // namespace hb::proto
