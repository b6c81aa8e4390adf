// Opens a serial line for hb-comm, which may open no file: raw, at its rate, without flow control
// and whatever its modem lines say, closed to others as far as the kernel keeps them out
// (TIOCEXCL). Never blocks.
//
// Refused, with the reason: what is no terminal device, what another program uses (a getty whose
// terminal it is, a lock file of a living process, flock), what does not take the rate.
#pragma once

#include <string>
#include <vector>

#include "common/base/ipc/master.hpp"
#include "common/base/result.hpp"
#include "common/config/settings.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::master {

[[nodiscard]] Result<runtime::UniqueFd> open_serial(const std::string& device, unsigned baud);

// For hb-comm, which may ask for what ha.cf names only.
struct OpenedLine {
    ipc::LineOpened answer;
    std::vector<runtime::UniqueFd> line;  // one, or none
};
[[nodiscard]] OpenedLine open_line(const config::Settings& settings, const std::string& device);

}  // namespace hb::master
