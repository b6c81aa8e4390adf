#include "daemons/hb-resource/agents/filesystem_stop.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/agents/filesystem_system.hpp"
#include "daemons/hb-resource/agents/holders.hpp"

namespace hb::agent::filesystem {
namespace {

constexpr Duration kFastStop = 6s;
// A service that has just ended, or a passing look at the disk, need not be killed.
constexpr Duration kCourtesy = 500ms;
constexpr Duration kRetryPause = 100ms;
constexpr Duration kWalkTime = 5s;
constexpr Duration kReleaseTime = 2s;  // the kernel frees a device a moment after its unmount

void sleep_for(Duration time) {
    struct timespec spec = {.tv_sec = time / 1s, .tv_nsec = (time % 1s).count()};
    ::nanosleep(&spec, nullptr);
}

class Stop {
  public:
    Stop(const Request& request, const StopSettings& settings, MonoTime deadline)
        : request_(request), settings_(settings) {
        begin_ = runtime::now();
        deadline_ = request.fast_stop ? std::min(deadline, begin_ + kFastStop) : deadline;
        half_ = begin_ + (deadline_ - begin_) / 2;
    }

    Answer run() {
        for (;;) {
            const Result<MountTable> table = read_mount_table();
            if (!table) return {Code::kGenericError, table.error().text};
            request_.directory = real_directory(request_.directory, *table);
            const Device device = find_device(request_, *table, Duration::zero());
            const MountEntry* next = next_to_unmount(request_, device, *table);
            if (next == nullptr) return done(device, *table);
            note(*next, device);
            if (Answer answer = undo(*next, device); answer.code != Code::kSuccess) return answer;
        }
    }

  private:
    // What is on a disk is looked for where else the disk may be in use.
    void note(const MountEntry& entry, const Device& device) {
        if (entry.target == request_.directory && is_exclusive(device, entry.fstype)) {
            disk_ = device.kind == DeviceKind::kBlock ? entry.source : "";
            number_ = entry.device;
        }
    }

    // Unmounts one; back when it is gone, or when it will not go.
    Answer undo(const MountEntry& entry, const Device& device) {
        const bool is_remote = device.kind == DeviceKind::kNetwork;
        const Place place{
            .directories = {entry.target},
            .device = is_remote || entry.fstype.starts_with("fuse") ? 0 : entry.device};
        MonoTime signal_at = runtime::now() + kCourtesy;
        std::vector<Holder> holders;
        for (;;) {
            const bool force = is_remote && runtime::now() >= half_;
            // One that hangs in its server's silence is tried again with force, at half time.
            const MonoTime until = force || !is_remote ? deadline_ : half_;
            const Unmounted result =
                unmount(entry.target, force, std::max(until - runtime::now(), kRetryPause));
            if (result == Unmounted::kYes) {
                say(fmt::format("unmounted {}", entry.target));
                return {};
            }
            const MonoTime now = runtime::now();
            if (now >= deadline_) return given_up(entry, result, place);
            if (result == Unmounted::kBusy && now >= signal_at) {
                holders = find_holders(place, std::min(kWalkTime, deadline_ - now));
                signal(entry, holders);
                signal_at = runtime::now() + settings_.signal_delay;
            }
            sleep_for(kRetryPause);
        }
    }

    Answer given_up(const MountEntry& entry, Unmounted result, const Place& place) {
        if (result == Unmounted::kHangs)
            return {Code::kGenericError,
                    fmt::format("cannot unmount {}: the kernel has not finished in time",
                                entry.target)};
        std::vector<std::string> who = find_kernel_holders(place);
        if (const std::vector<Holder> holders = find_holders(place, kRetryPause * 10);
            !holders.empty())
            who.insert(who.begin(), describe(holders));
        return {Code::kGenericError,
                fmt::format("cannot unmount {}: {}", entry.target,
                            who.empty() ? "it is busy, and nobody can be found who holds it"
                                        : fmt::format("it is held by {}", fmt::join(who, ", ")))};
    }

    void signal(const MountEntry& entry, const std::vector<Holder>& holders) {
        if (const std::string text = describe(holders); text != said_) {
            said_ = text;
            say(holders.empty()
                    ? fmt::format("{} is busy, and no process is found that holds it", entry.target)
                    : fmt::format("{} is busy: held by {}", entry.target, text));
        }
        if (request_.force == ForceUnmount::kNo) return;
        const bool kill = runtime::now() >= half_;
        for (const Holder& holder : holders)
            for (const int number : kill ? settings_.kill_signals : settings_.term_signals) {
                if (signalled_.emplace(holder.pid, number).second)
                    say(fmt::format("sending SIG{} to {}",
                                    ::sigabbrev_np(number) ? ::sigabbrev_np(number) : "?",
                                    describe({holder})));
                ::kill(holder.pid, number);
            }
    }

    // No mount is left that this namespace sees.
    Answer done(const Device& device, const MountTable& table) {
        Answer answer = after_stop(request_, device, table);
        if (answer.code != Code::kSuccess || disk_.empty()) return answer;
        const MonoTime begin = runtime::now();
        for (bool entered = false; is_in_use(disk_); sleep_for(kRetryPause)) {
            if (runtime::now() >= begin + kReleaseTime) return still_used();
            if (entered || request_.force == ForceUnmount::kNo ||
                runtime::now() < begin + kCourtesy)
                continue;
            entered = true;
            unmount_in_namespaces();
        }
        return {};
    }

    // Containers and services with a mount namespace of their own may have taken the mount along.
    void unmount_in_namespaces() {
        for (const Holder& space : find_namespaces(number_, kWalkTime))
            if (unmount(space.how, false, kReleaseTime, space.pid) == Unmounted::kYes)
                say(fmt::format("unmounted {} in the mount namespace of {} (pid {})", space.how,
                                space.command, space.pid));
    }

    // Named, if anybody can be; otherwise it is somebody's who may have it (a volume on top of it).
    Answer still_used() {
        const std::vector<Holder> spaces = find_namespaces(number_, kWalkTime);
        if (!spaces.empty())
            return {Code::kGenericError,
                    fmt::format("{} is unmounted, but still mounted in the mount namespace of {}",
                                disk_, describe(spaces))};
        const std::vector<Holder> holders =
            find_holders({.directories = {}, .device = number_}, kWalkTime);
        if (!holders.empty())
            return {Code::kGenericError,
                    fmt::format("{} is no longer seen as mounted, but still in use by {}", disk_,
                                describe(holders))};
        say(fmt::format("{} is unmounted and still in use by something that is not a mount",
                        disk_));
        return {};
    }

    Request request_;
    const StopSettings& settings_;
    MonoTime begin_{};
    MonoTime half_{};
    MonoTime deadline_{};
    std::string disk_;          // to be free at the end
    std::uint64_t number_ = 0;  // st_dev of what was on it
    std::string said_;
    std::set<std::pair<pid_t, int>> signalled_;
};

}  // namespace

Answer stop_all(const Request& request, const StopSettings& settings, MonoTime deadline) {
    return Stop(request, settings, deadline).run();
}

}  // namespace hb::agent::filesystem
