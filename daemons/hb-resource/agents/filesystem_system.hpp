// The system calls of the Filesystem agent. Each of them may hang; hb-agent's caller bounds them.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/filesystem_core.hpp"
#include "daemons/hb-resource/agents/mount_table.hpp"

namespace hb::agent::filesystem {

// The directory as mount tables show it: without symbolic links. What is mounted there already is
// not touched to find out.
[[nodiscard]] std::string real_directory(const std::string& directory, const MountTable& table);

// `wait`: udev may still be about to make the name of a device that has just come.
[[nodiscard]] Device find_device(const Request& request, const MountTable& table, Duration wait);

// The type that is on a block device or in an image; empty: none that is known.
[[nodiscard]] std::string type_on(const std::string& device);

[[nodiscard]] Answer make_directory(const std::string& directory);
[[nodiscard]] Answer check_and_repair(const Request& request, const Device& device,
                                      const std::string& fstype);
[[nodiscard]] Answer mount_device(const Request& request, const Device& device,
                                  const std::string& fstype);

enum class Unmounted : std::uint8_t { kYes = 1, kBusy, kHangs, kFailed };
// In a child, given up after `patience`; it says on standard error what was wrong, but for busy.
// `enter`: in the mount namespace of that process. `force`: what a server still owes is given up.
[[nodiscard]] Unmounted unmount(const std::string& target, bool force, Duration patience,
                                pid_t enter = 0);

// The kernel uses a block device: a mount somewhere, perhaps one that is no longer to be seen.
[[nodiscard]] bool is_in_use(const std::string& device);

// Reads one block past all caches.
[[nodiscard]] Answer read_device(const std::string& device);
// Opens the directory; of a file system that was shut down that fails.
[[nodiscard]] Answer open_directory(const std::string& directory);
// Writes a file and reads it back.
[[nodiscard]] Answer write_status_file(const std::string& path, const std::string& text,
                                       bool is_local);

}  // namespace hb::agent::filesystem
