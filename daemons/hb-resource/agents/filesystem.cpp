// Filesystem: mounts and unmounts.
#include <fmt/format.h>
#include <libmount.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/mount_table.hpp"

namespace hb::agent {
namespace {

struct ReleaseContext {
    void operator()(libmnt_context* context) const { ::mnt_free_context(context); }
};

std::string directory_of(const Call& call) {
    std::string directory = std::filesystem::path(call["directory"]).lexically_normal();
    while (directory.size() > 1 && directory.ends_with('/'))
        directory.pop_back();
    return directory;
}

Result<bool> is_mounted(const std::string& directory) {
    const Result<MountTable> table = read_mount_table();
    if (!table) return std::unexpected(table.error());
    return find_mount(*table, directory) != nullptr;
}

Answer mount_it(const Call& call, const std::string& directory) {
    const std::unique_ptr<libmnt_context, ReleaseContext> context(::mnt_new_context());
    if (!context) return {Code::kGenericError, "no memory"};
    const std::string& fstype = call["fstype"];
    ::mnt_context_set_source(context.get(), call["device"].c_str());
    ::mnt_context_set_target(context.get(), directory.c_str());
    if (!fstype.empty() && fstype != "none")
        ::mnt_context_set_fstype(context.get(), fstype.c_str());
    if (!call["options"].empty()) ::mnt_context_set_options(context.get(), call["options"].c_str());
    const int rc = ::mnt_context_mount(context.get());
    std::array<char, 512> text{};
    if (::mnt_context_get_excode(context.get(), rc, text.data(), text.size()) == 0) return {};
    return {Code::kGenericError,
            fmt::format("cannot mount {} at {}: {}", call["device"], directory, text.data())};
}

Answer start(const Call& call) {
    const std::string directory = directory_of(call);
    const Result<bool> mounted = is_mounted(directory);
    if (!mounted) return {Code::kGenericError, mounted.error().text};
    if (*mounted) return {};
    std::error_code problem;
    std::filesystem::create_directories(directory, problem);
    if (problem)
        return {Code::kNotInstalled,
                fmt::format("cannot make directory {}: {}", directory, problem.message())};
    return mount_it(call, directory);
}

Answer stop(const Call& call) {
    const std::string directory = directory_of(call);
    for (;;) {
        const Result<bool> mounted = is_mounted(directory);
        if (!mounted) return {Code::kGenericError, mounted.error().text};
        if (!*mounted) return {};
        if (::umount2(directory.c_str(), UMOUNT_NOFOLLOW) != 0)
            return {Code::kGenericError,
                    fmt::format("cannot unmount {}: {}", directory, std::strerror(errno))};
    }
}

Answer monitor(const Call& call) {
    const Result<bool> mounted = is_mounted(directory_of(call));
    if (!mounted) return {Code::kGenericError, mounted.error().text};
    return {*mounted ? Code::kSuccess : Code::kNotRunning, {}};
}

}  // namespace

Agent filesystem_agent() {
    return {.type = "Filesystem", .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
