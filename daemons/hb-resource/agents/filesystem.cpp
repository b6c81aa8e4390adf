// Filesystem: the three actions, from the core's decisions and the system calls.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "common/config/agents/signals.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/filesystem_core.hpp"
#include "daemons/hb-resource/agents/filesystem_stop.hpp"
#include "daemons/hb-resource/agents/filesystem_system.hpp"

namespace hb::agent {
namespace {

using namespace filesystem;

constexpr Duration kUdevTime = 5s;  // a device that has just come has its names by then
constexpr unsigned kReadLevel = 10;
constexpr unsigned kWriteLevel = 20;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

// As the other agents of this kind name it.
std::string status_file(const Call& call, const Request& request) {
    return fmt::format("{}/{}{}_{}", request.directory, call["statusfile_prefix"], call.instance,
                       host_name());
}

Answer start(const Call& call) {
    Request request = request_of(call);
    Result<MountTable> table = read_mount_table();
    if (!table) return {Code::kGenericError, table.error().text};
    request.directory = real_directory(request.directory, *table);
    const Duration patience = std::min(kUdevTime, (call.deadline - runtime::now()) / 2);
    const Device device = find_device(request, *table, patience);
    if (const auto answer = before_start(request, device, *table)) return *answer;

    std::string fstype = request.fstype;
    if (fstype.empty() && !device.path.empty() && device.kind != DeviceKind::kBind)
        fstype = type_on(device.path);
    if (wants_fsck(request, device, fstype))
        if (Answer checked = check_and_repair(request, device, fstype);
            checked.code != Code::kSuccess)
            return checked;
    if (Answer made = make_directory(request.directory); made.code != Code::kSuccess) return made;
    request.directory = real_directory(request.directory, *table);
    if (Answer mounted = mount_device(request, device, fstype); mounted.code != Code::kSuccess)
        return mounted;

    table = read_mount_table();
    if (!table) return {Code::kGenericError, table.error().text};
    Answer seen = filesystem::monitor(request, find_device(request, *table, {}), *table);
    if (seen.code == Code::kNotRunning)
        return {Code::kGenericError, fmt::format("{} was mounted at {} and is not there",
                                                 request.device, request.directory)};
    return seen;
}

Answer stop(const Call& call) {
    const Request request = request_of(call);
    if (call.check_level == kWriteLevel) {
        const Result<MountTable> table = read_mount_table();
        if (table && mounted_at(*table, request.directory) != nullptr) {
            std::error_code ignored;
            std::filesystem::remove(status_file(call, request), ignored);
        }
    }
    StopSettings settings{.term_signals = config::signals_of(call["term_signals"]),
                          .kill_signals = config::signals_of(call["kill_signals"])};
    unsigned delay = 1;
    const std::string& text = call["signal_delay"];
    std::from_chars(text.data(), text.data() + text.size(), delay);
    settings.signal_delay = std::chrono::seconds(delay);
    return stop_all(request, settings, call.deadline);
}

Answer monitor(const Call& call) {
    Request request = request_of(call);
    const Result<MountTable> table = read_mount_table();
    if (!table) return {Code::kGenericError, table.error().text};
    request.directory = real_directory(request.directory, *table);
    const Device device = find_device(request, *table, Duration::zero());
    Answer answer = filesystem::monitor(request, device, *table);
    const bool is_local = device.kind == DeviceKind::kBlock || device.kind == DeviceKind::kImage;
    if (answer.code == Code::kSuccess && is_local) answer = open_directory(request.directory);
    if (answer.code == Code::kSuccess && call.check_level == kReadLevel &&
        device.kind == DeviceKind::kBlock)
        answer = read_device(mounted_at(*table, request.directory)->source);
    if (answer.code == Code::kSuccess && call.check_level == kWriteLevel)
        answer = write_status_file(status_file(call, request), call.instance + "\n", is_local);
    return answer;
}

}  // namespace

Agent filesystem_agent() {
    return {.type = "Filesystem", .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
