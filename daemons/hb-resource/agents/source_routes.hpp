// The routes of one table, read from the kernel and changed in it, each as the kernel itself
// describes it: with all that we know nothing of. By libnl; waits for the kernel's answers, which
// is why it is not for hb-resource's loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "daemons/hb-resource/agents/source_core.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::agent {

// Names of /etc/iproute2, or numbers.
[[nodiscard]] std::optional<std::uint32_t> table_number(const std::string& name);
[[nodiscard]] std::optional<std::uint8_t> protocol_number(const std::string& name);

// A message as SourceRoute has it; nothing when it is none.
[[nodiscard]] std::optional<SourceRoute> parse_source_route(std::string_view message,
                                                            const resource::KernelTable& kernel);

// Of that family and table.
[[nodiscard]] Result<SourceRoutes> read_source_routes(IpAddress::Family family, std::uint32_t table,
                                                      const resource::KernelTable& kernel);

[[nodiscard]] Result<void> carry_out(const SourceStep& step);

}  // namespace hb::agent
