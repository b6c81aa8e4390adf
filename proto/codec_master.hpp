// Messages between hb-master and its daemons <-> bytes, both ways. Refuses what is out of bounds,
// as proto/codec_node.hpp says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ipc/master.hpp"
#include "common/base/result.hpp"

namespace hb::proto {

// With keys inside (Setup, its parts, SettingsPart): the caller wipes the bytes after use.
[[nodiscard]] std::string encode(const ipc::Setup& setup);
[[nodiscard]] Result<ipc::Setup> decode_setup(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::MasterToDaemon& message);
[[nodiscard]] Result<ipc::MasterToDaemon> decode_master_to_daemon(std::string_view bytes);

[[nodiscard]] std::string encode(const ipc::DaemonToMaster& message);
[[nodiscard]] Result<ipc::DaemonToMaster> decode_daemon_to_master(std::string_view bytes);

}  // namespace hb::proto
