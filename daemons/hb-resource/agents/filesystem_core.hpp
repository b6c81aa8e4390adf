// What the Filesystem agent decides: plain functions of what was asked, what the device turned out
// to be, and what is mounted. No system call.
//
// One rule is behind all of it: "stopped" means that this host no longer writes to the device,
// because another host may mount it then. So whatever is not certainly somebody else's counts as
// ours, and a device that is mounted anywhere is not stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/mount_table.hpp"

namespace hb::agent::filesystem {

enum class DeviceKind : std::uint8_t {
    kBlock = 1,
    kImage,    // a file, by a loop device
    kBind,     // a directory (or file) of this host
    kNetwork,  // host:/path, //host/share
    kVirtual,  // tmpfs, overlay, ...: there is no device
};

struct Device {
    DeviceKind kind{};
    std::string written;  // as given
    // Resolved: "/dev/sdb1", the file, the bound directory. Empty: it is not there.
    std::string path;
    std::uint64_t number = 0;  // block: its own; bind: of what it is on
    std::string root;          // bind: where it is on that file system
};

enum class Fsck : std::uint8_t { kAuto = 1, kForce, kNo };
enum class ForceUnmount : std::uint8_t { kNo = 1, kYes, kSafe };

struct Request {
    std::string device;
    std::string directory;  // absolute, without a slash at its end
    std::string fstype;     // empty: to be found out
    std::string options;
    Fsck fsck = Fsck::kAuto;
    ForceUnmount force = ForceUnmount::kYes;
    bool fast_stop = false;
    bool is_clone = false;
    bool force_clones = false;
};

[[nodiscard]] Request request_of(const Call& call);

[[nodiscard]] bool has_option(std::string_view options, std::string_view wanted);

// What the words say; a path has to be looked at (is it a directory, a file?) by the caller.
[[nodiscard]] bool is_network(const Request& request);
[[nodiscard]] bool is_virtual(const Request& request);
[[nodiscard]] bool is_bind(const Request& request);
// -U x, -Ux, --uuid=x and so on, in the form UUID=x.
[[nodiscard]] std::string plain_tag(std::string_view device);

// Only one host may have it mounted.
[[nodiscard]] bool is_exclusive(const Device& device, std::string_view fstype);

// Is what `entry` shows that device? When that cannot be told: yes.
[[nodiscard]] bool may_be(const MountEntry& entry, const Device& device);

// On which file system a path is, and where on it; as bind mounts show it.
[[nodiscard]] std::pair<std::uint64_t, std::string> place_of(const MountTable& table,
                                                             std::string_view path);

// What is seen at the directory. An automounter's trap is nothing.
[[nodiscard]] const MountEntry* mounted_at(const MountTable& table, std::string_view directory);

// The kernel made it read-only, or shut it down, after an error.
[[nodiscard]] bool is_broken(const MountEntry& entry, const Device& device, const Request& request);

// "/dev/sdb1 (ext4)"
[[nodiscard]] std::string named(const MountEntry& entry);

// An answer: nothing is to be done, or it is refused. None: mount it.
[[nodiscard]] std::optional<Answer> before_start(const Request& request, const Device& device,
                                                 const MountTable& table);

[[nodiscard]] Answer monitor(const Request& request, const Device& device, const MountTable& table);

// The next mount to be undone, so that the file system is mounted nowhere: what is inside goes
// first, the latest first. Null: none is left.
[[nodiscard]] const MountEntry* next_to_unmount(const Request& request, const Device& device,
                                                const MountTable& table);

// After that, or when nothing was mounted at the directory: is it really stopped?
[[nodiscard]] Answer after_stop(const Request& request, const Device& device,
                                const MountTable& table);

// `fstype`: as asked for, or as found on the device.
[[nodiscard]] bool wants_fsck(const Request& request, const Device& device,
                              std::string_view fstype);

// Types that cannot be written to by their nature.
[[nodiscard]] bool is_read_only_type(std::string_view fstype);

}  // namespace hb::agent::filesystem
