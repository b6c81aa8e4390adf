#include "daemons/hb-resource/agents/filesystem_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

namespace hb::agent::filesystem {
namespace {

constexpr auto kNetworkTypes = std::to_array<std::string_view>(
    {"nfs", "nfs4", "efs", "cifs", "smb3", "smbfs", "ncpfs", "glusterfs", "fuse.glusterfs", "ceph",
     "lustre", "cvfs", "rozofs", "beegfs", "9p", "afs", "coda", "fuse.sshfs"});
constexpr auto kVirtualTypes = std::to_array<std::string_view>(
    {"tmpfs", "ramfs", "overlay", "overlayfs", "zfs", "proc", "sysfs", "cgroup2", "virtiofs"});
// Made for several hosts at once.
constexpr auto kClusterTypes = std::to_array<std::string_view>({"gfs2", "ocfs2", "lustre", "cvfs"});
constexpr auto kReadOnlyTypes =
    std::to_array<std::string_view>({"iso9660", "squashfs", "erofs", "cramfs", "romfs"});
// Their journals are replayed by the mount; the others are looked at by fsck before.
constexpr auto kNoFsckTypes = std::to_array<std::string_view>(
    {"ext4", "ext4dev", "ext3",  "reiserfs", "reiser4",  "nss",   "xfs",    "jfs",
     "vfat", "fat",     "ocfs2", "gfs2",     "none",     "btrfs", "f2fs",   "bcachefs",
     "udf",  "exfat",   "ntfs3", "iso9660",  "squashfs", "erofs", "cramfs", "romfs"});

template <typename Types>
bool is_one_of(const Types& types, std::string_view type) {
    return std::ranges::find(types, type) != types.end();
}

bool is_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() && path.starts_with(directory) &&
           path[directory.size()] == '/';
}

std::string without_slash(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/') && !path.ends_with(":/"))
        path.remove_suffix(1);
    return std::string(path);
}

// "//srv//data/" as mount tables show it.
std::string plain_path(std::string_view path) {
    std::string result;
    for (const char c : path)
        if (c != '/' || !result.ends_with('/')) result += c;
    return without_slash(result);
}

bool is_local_disk(const Device& device) {
    return device.kind == DeviceKind::kBlock || device.kind == DeviceKind::kImage;
}

// A part of a file system that has several, and the options say which.
bool is_part(const MountEntry& entry, const Request& request) {
    return entry.fstype == "btrfs" && request.options.find("subvol") != std::string::npos;
}

// Names that udev or device-mapper give: what they stand for cannot be told when they are gone.
bool is_alias(std::string_view device) {
    return !device.starts_with("/dev/") || device.find('/', 5) != std::string_view::npos;
}

// Where the device is mounted besides the directory.
const MountEntry* elsewhere(const Request& request, const Device& device, const MountTable& table) {
    for (const MountEntry& entry : table)
        if (entry.target != request.directory && !is_part(entry, request) &&
            is_exclusive(device, entry.fstype) && !device.path.empty() && may_be(entry, device))
            return &entry;
    return nullptr;
}

}  // namespace

bool has_option(std::string_view options, std::string_view wanted) {
    return std::ranges::any_of(options | std::views::split(','), [&](auto&& part) {
        return std::string_view(part.begin(), part.end()) == wanted;
    });
}

Request request_of(const Call& call) {
    const auto choice = [&](std::string_view name) { return call[name]; };
    Request request{.device = plain_tag(call["device"]),
                    .directory = plain_path(call["directory"]),
                    .fstype = call["fstype"],
                    .options = call["options"],
                    .fast_stop = call.yes("fast_stop"),
                    .is_clone = call.is_clone,
                    .force_clones = call.yes("force_clones")};
    if (request.fstype == "none" || request.fstype == "auto") request.fstype.clear();
    if (choice("run_fsck") == "force") request.fsck = Fsck::kForce;
    if (choice("run_fsck") == "no") request.fsck = Fsck::kNo;
    if (choice("force_unmount") == "safe")
        request.force = ForceUnmount::kSafe;
    else
        request.force = call.yes("force_unmount") ? ForceUnmount::kYes : ForceUnmount::kNo;
    return request;
}

bool is_bind(const Request& request) {
    return has_option(request.options, "bind") || has_option(request.options, "rbind");
}

bool is_network(const Request& request) {
    if (is_bind(request)) return false;
    if (is_one_of(kNetworkTypes, request.fstype)) return true;
    const std::string& device = request.device;
    if (device.starts_with("//")) return true;
    return !device.starts_with('/') && device.find(":/") != std::string::npos;
}

bool is_virtual(const Request& request) {
    if (is_bind(request)) return false;
    if (is_one_of(kVirtualTypes, request.fstype)) return true;
    const bool is_path_or_tag =
        request.device.starts_with('/') || request.device.find('=') != std::string::npos;
    return !is_path_or_tag && !is_network(request);
}

std::string plain_tag(std::string_view device) {
    constexpr std::pair<std::string_view, std::string_view> kForms[] = {
        {"--uuid=", "UUID="},   {"--uuid ", "UUID="}, {"--label=", "LABEL="},
        {"--label ", "LABEL="}, {"-U", "UUID="},      {"-L", "LABEL="},
    };
    for (const auto& [form, tag] : kForms) {
        if (!device.starts_with(form)) continue;
        device.remove_prefix(form.size());
        while (device.starts_with(' '))
            device.remove_prefix(1);
        return std::string(tag) + std::string(device);
    }
    return std::string(device);
}

bool is_exclusive(const Device& device, std::string_view fstype) {
    return is_local_disk(device) && !is_one_of(kClusterTypes, fstype);
}

bool may_be(const MountEntry& entry, const Device& device) {
    switch (device.kind) {
        case DeviceKind::kBlock:
        case DeviceKind::kImage:
            if (device.path.empty())  // not there: unplugged, perhaps
                return entry.source == device.written || entry.image == device.written ||
                       (entry.source.starts_with("/dev/") &&
                        (entry.source_device == 0 || is_alias(device.written)));
            if (device.kind == DeviceKind::kImage) return entry.image == device.path;
            return entry.device == device.number || entry.source_device == device.number;
        case DeviceKind::kBind:
            if (device.number == 0) return true;
            return entry.device == device.number && entry.root == device.root;
        case DeviceKind::kNetwork:
            // Hosts have several names; the mount helpers put another one there now and then.
            return without_slash(entry.source).substr(entry.source.rfind(':') + 1) ==
                       without_slash(device.written).substr(device.written.rfind(':') + 1) ||
                   entry.fstype.starts_with("fuse");
        case DeviceKind::kVirtual:
            return entry.source == device.written || !entry.source.starts_with('/');
    }
    return true;
}

std::pair<std::uint64_t, std::string> place_of(const MountTable& table, std::string_view path) {
    const MountEntry* best = nullptr;
    for (const MountEntry& entry : table) {
        const bool holds =
            entry.target == "/" || entry.target == path || is_below(path, entry.target);
        if (holds && (best == nullptr || entry.target.size() >= best->target.size())) best = &entry;
    }
    if (best == nullptr) return {0, ""};
    const std::string_view rest = path.substr(best->target == "/" ? 0 : best->target.size());
    std::string root = best->root == "/" ? std::string(rest) : best->root + std::string(rest);
    return {best->device, root.empty() ? "/" : without_slash(root)};
}

const MountEntry* mounted_at(const MountTable& table, std::string_view directory) {
    const MountEntry* entry = find_mount(table, directory);
    return entry != nullptr && entry->fstype == "autofs" ? nullptr : entry;
}

bool is_broken(const MountEntry& entry, const Device& device, const Request& request) {
    if (!is_local_disk(device)) return false;
    if (has_option(entry.super_options, "emergency_ro") ||
        has_option(entry.super_options, "shutdown"))
        return true;
    return has_option(entry.super_options, "ro") && !has_option(request.options, "ro") &&
           !is_read_only_type(entry.fstype);
}

std::string named(const MountEntry& entry) {
    return fmt::format("{} ({})", entry.source.empty() ? "something" : entry.source, entry.fstype);
}

std::optional<Answer> before_start(const Request& request, const Device& device,
                                   const MountTable& table) {
    if (const MountEntry* entry = mounted_at(table, request.directory); entry != nullptr) {
        if (!may_be(*entry, device))
            return Answer{Code::kGenericError,
                          fmt::format("cannot mount {} at {}: {} is mounted there", request.device,
                                      request.directory, named(*entry))};
        if (is_broken(*entry, device, request))
            return Answer{Code::kGenericError,
                          fmt::format("{} is mounted at {} already, but the kernel made it "
                                      "read-only after an error: stop it first",
                                      request.device, request.directory)};
        return Answer{};
    }
    for (const MountEntry& entry : table)
        if (is_below(entry.target, request.directory))
            return Answer{
                Code::kGenericError,
                fmt::format("cannot mount {} at {}: it would hide {}, which is mounted "
                            "at {}",
                            request.device, request.directory, named(entry), entry.target)};
    if (const MountEntry* other = elsewhere(request, device, table); other != nullptr)
        return Answer{Code::kGenericError,
                      fmt::format("cannot mount {} at {}: it is mounted at {} on this host",
                                  request.device, request.directory, other->target)};
    if (request.is_clone && is_exclusive(device, request.fstype) && !request.force_clones &&
        !has_option(request.options, "ro"))
        return Answer{
            Code::kNotConfigured,
            fmt::format("{} ({}) can be mounted by one host at a time: it must not be a "
                        "clone",
                        request.device, request.fstype.empty() ? "a local disk" : request.fstype)};
    if (device.path.empty() && (is_local_disk(device) || device.kind == DeviceKind::kBind))
        return Answer{Code::kNotInstalled, fmt::format("no device {}", request.device)};
    return std::nullopt;
}

Answer monitor(const Request& request, const Device& device, const MountTable& table) {
    const MountEntry* entry = mounted_at(table, request.directory);
    if (entry != nullptr && may_be(*entry, device)) {
        if (!is_broken(*entry, device, request)) return {};
        return {Code::kGenericError,
                fmt::format("the kernel made {} at {} read-only after an error", named(*entry),
                            request.directory)};
    }
    const Answer rest = after_stop(request, device, table);
    return rest.code == Code::kSuccess ? Answer{Code::kNotRunning, {}} : rest;
}

const MountEntry* next_to_unmount(const Request& request, const Device& device,
                                  const MountTable& table) {
    const MountEntry* entry = mounted_at(table, request.directory);
    if (entry == nullptr || !may_be(*entry, device)) return nullptr;
    // The same disk at other places keeps it in use by this host. What this host itself stands on
    // is left alone.
    std::vector<std::string_view> roots = {request.directory};
    if (is_exclusive(device, entry->fstype) && !is_part(*entry, request))
        for (const MountEntry& each : table)
            if (each.device == entry->device && each.fstype == entry->fstype)
                roots.push_back(each.target);
    if (std::ranges::find(roots, "/") != roots.end()) roots.resize(1);
    for (const MountEntry& each : std::views::reverse(table)) {
        if (each.target == request.directory) continue;  // itself, at the end
        for (const std::string_view root : roots)
            if (each.target == root || is_below(each.target, root)) return &each;
    }
    return entry;
}

Answer after_stop(const Request& request, const Device& device, const MountTable& table) {
    const MountEntry* other = elsewhere(request, device, table);
    if (other == nullptr) return {};
    return {Code::kGenericError,
            fmt::format("{} is not mounted at {}, but at {} on this host: no other host may mount "
                        "it; unmount it there",
                        request.device, request.directory, other->target)};
}

bool is_read_only_type(std::string_view fstype) {
    return is_one_of(kReadOnlyTypes, fstype);
}

bool wants_fsck(const Request& request, const Device& device, std::string_view fstype) {
    if (device.kind != DeviceKind::kBlock) return false;
    switch (request.fsck) {
        case Fsck::kForce:
            return true;
        case Fsck::kNo:
            return false;
        case Fsck::kAuto:
            return !fstype.empty() && !is_one_of(kNoFsckTypes, fstype);
    }
    return false;
}

}  // namespace hb::agent::filesystem
