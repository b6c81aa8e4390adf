#include "daemons/hb-resource/agents/filesystem_system.hpp"

#include <blkid.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libmount.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "common/runtime/system_clock.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::agent::filesystem {
namespace {

using runtime::UniqueFd;

constexpr Duration kPause = 20ms;
constexpr std::size_t kBlock = 4096;
constexpr int kFsckBad = 4;  // fsck(8): from here on something was left uncorrected

struct Release {
    void operator()(libmnt_context* context) const { ::mnt_free_context(context); }
    void operator()(blkid_struct_probe* probe) const { ::blkid_free_probe(probe); }
    void operator()(char* text) const { ::free(text); }  // NOLINT: malloc'ed by a C library
};
using Context = std::unique_ptr<libmnt_context, Release>;

std::string real_path(const std::string& path) {
    std::array<char, PATH_MAX> resolved{};
    return ::realpath(path.c_str(), resolved.data()) == nullptr ? std::string()
                                                                : std::string(resolved.data());
}

void pause() {
    struct timespec time = {.tv_sec = 0, .tv_nsec = kPause.count()};
    ::nanosleep(&time, nullptr);
}

// The exit code; -1: not run, or killed. What it prints is printed.
int run_program(std::vector<std::string> argv) {
    std::vector<char*> words;
    for (std::string& word : argv)
        words.push_back(word.data());
    words.push_back(nullptr);
    pid_t pid = 0;
    if (::posix_spawn(&pid, words[0], nullptr, nullptr, words.data(), environ) != 0) return -1;
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string find_program(const std::string& name) {
    for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"})
        if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
    return {};
}

Device look_at(const Request& request) {
    Device device{.kind = DeviceKind::kBlock, .written = request.device};
    std::string path = request.device;
    if (!path.starts_with('/')) {  // UUID=... and so on
        const std::unique_ptr<char, Release> found(::mnt_resolve_spec(path.c_str(), nullptr));
        path = found ? found.get() : "";
        if (!path.starts_with('/')) return device;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (has_option(request.options, "loop") || !path.starts_with("/dev/"))
            device.kind = DeviceKind::kImage;
        return device;
    }
    if (S_ISREG(status.st_mode)) device.kind = DeviceKind::kImage;
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) return device;
    device.path = real_path(path);
    if (S_ISBLK(status.st_mode)) device.number = status.st_rdev;
    return device;
}

// In the child of unmount().
int unmount_here(const std::string& target, bool force, pid_t enter) {
    if (enter != 0) {
        const UniqueFd space(
            ::open(fmt::format("/proc/{}/ns/mnt", enter).c_str(), O_RDONLY | O_CLOEXEC));
        if (!space || ::setns(space.get(), CLONE_NEWNS) != 0) return errno;
        return ::umount2(target.c_str(), UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
    }
    const Context context(::mnt_new_context());
    if (!context) return ENOMEM;
    ::mnt_context_disable_canonicalize(context.get(), 1);
    ::mnt_context_disable_helpers(context.get(), 1);
    ::mnt_context_enable_force(context.get(), force ? 1 : 0);
    ::mnt_context_set_target(context.get(), target.c_str());
    const int rc = ::mnt_context_umount(context.get());
    if (rc == 0 && ::mnt_context_get_status(context.get()) == 1) return 0;
    const int error = ::mnt_context_get_syscall_errno(context.get());
    return error > 0 ? error : EINVAL;
}

}  // namespace

std::string real_directory(const std::string& directory, const MountTable& table) {
    if (find_mount(table, directory) != nullptr) return directory;
    const std::filesystem::path path(directory);
    const std::string parent = real_path(path.parent_path());
    if (parent.empty()) return directory;
    const std::string here = (parent == "/" ? "" : parent) + "/" + path.filename().string();
    if (find_mount(table, here) != nullptr) return here;
    const std::string real = real_path(here);
    return real.empty() ? here : real;
}

Device find_device(const Request& request, const MountTable& table, Duration wait) {
    if (is_bind(request)) {
        Device device{.kind = DeviceKind::kBind, .written = request.device};
        device.path = real_path(request.device);
        if (!device.path.empty())
            std::tie(device.number, device.root) = place_of(table, device.path);
        return device;
    }
    if (is_network(request)) return {.kind = DeviceKind::kNetwork, .written = request.device};
    if (is_virtual(request)) return {.kind = DeviceKind::kVirtual, .written = request.device};
    const MonoTime limit = runtime::now() + wait;
    Device device = look_at(request);
    while (device.path.empty() && runtime::now() < limit) {
        pause();
        device = look_at(request);
    }
    return device;
}

std::string type_on(const std::string& device) {
    const std::unique_ptr<blkid_struct_probe, Release> probe(
        ::blkid_new_probe_from_filename(device.c_str()));
    const char* type = nullptr;
    if (!probe || ::blkid_do_safeprobe(probe.get()) != 0 ||
        ::blkid_probe_lookup_value(probe.get(), "TYPE", &type, nullptr) != 0 || type == nullptr)
        return {};
    return type;
}

Answer make_directory(const std::string& directory) {
    std::error_code problem;
    if (std::filesystem::is_directory(directory, problem)) return {};
    if (std::filesystem::exists(directory, problem))
        return {Code::kNotInstalled, fmt::format("{} is no directory", directory)};
    if (std::filesystem::create_directories(directory, problem)) {
        say(fmt::format("made the directory {}", directory));
        return {};
    }
    return {Code::kNotInstalled,
            fmt::format("cannot make the directory {}: {}", directory, problem.message())};
}

Answer check_and_repair(const Request& request, const Device& device, const std::string& fstype) {
    const std::string fsck = find_program("fsck");
    if (fsck.empty() || (!fstype.empty() && find_program("fsck." + fstype).empty())) {
        const std::string text =
            fmt::format("there is no fsck{}", fstype.empty() ? "" : "." + fstype);
        if (request.fsck == Fsck::kForce) return {Code::kNotInstalled, text};
        say(text + ": not checked");
        return {};
    }
    say(fmt::format("checking {}", device.path));
    std::vector<std::string> argv = {fsck};
    if (!fstype.empty()) argv.insert(argv.end(), {"-t", fstype});
    argv.insert(argv.end(), {"-p", device.path});
    const int code = run_program(std::move(argv));
    if (code >= 0 && code < kFsckBad) return {};
    return {Code::kGenericError,
            fmt::format("fsck did not repair {} (exit code {}): look at it by hand", device.path,
                        code)};
}

Answer mount_device(const Request& request, const Device& device, const std::string& fstype) {
    const Context context(::mnt_new_context());
    if (!context) return {Code::kGenericError, "no memory"};
    const bool is_local = device.kind == DeviceKind::kBlock || device.kind == DeviceKind::kImage;
    const std::string& source = is_local || device.path.empty() ? request.device : device.path;
    ::mnt_context_set_source(context.get(), source.c_str());
    ::mnt_context_set_target(context.get(), request.directory.c_str());
    if (!request.fstype.empty() && device.kind != DeviceKind::kBind)
        ::mnt_context_set_fstype(context.get(), request.fstype.c_str());
    if (!request.options.empty()) ::mnt_context_set_options(context.get(), request.options.c_str());
    // A disk that turns out to be write-protected is no disk to take over.
    if (is_local && !has_option(request.options, "ro") && !is_read_only_type(fstype))
        ::mnt_context_enable_rwonly_mount(context.get(), 1);
    const int rc = ::mnt_context_mount(context.get());
    std::array<char, 512> text{};
    if (::mnt_context_get_excode(context.get(), rc, text.data(), text.size()) == 0) return {};
    const bool is_unknown = ::mnt_context_get_syscall_errno(context.get()) == ENODEV;
    return {
        is_unknown ? Code::kNotInstalled : Code::kGenericError,
        fmt::format("cannot mount {} at {}: {}", request.device, request.directory, text.data())};
}

Unmounted unmount(const std::string& target, bool force, Duration patience, pid_t enter) {
    const pid_t child = ::fork();
    if (child < 0) return Unmounted::kFailed;
    if (child == 0) {
        const int error = unmount_here(target, force, enter);
        if (error != 0 && error != EBUSY)
            say(fmt::format("cannot unmount {}: {}", target, std::strerror(error)));
        ::_exit(error == 0 ? 0 : error == EBUSY ? 1 : 2);
    }
    const MonoTime limit = runtime::now() + patience;
    for (int status = 0;; pause()) {
        if (::waitpid(child, &status, WNOHANG) == child) {
            if (!WIFEXITED(status)) return Unmounted::kFailed;
            return WEXITSTATUS(status) == 0   ? Unmounted::kYes
                   : WEXITSTATUS(status) == 1 ? Unmounted::kBusy
                                              : Unmounted::kFailed;
        }
        if (runtime::now() < limit) continue;
        ::kill(child, SIGKILL);
        return Unmounted::kHangs;
    }
}

bool is_in_use(const std::string& device) {
    const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK));
    return !fd && errno == EBUSY;
}

Answer read_device(const std::string& device) {
    const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    const std::unique_ptr<void, void (*)(void*)> block(std::aligned_alloc(kBlock, kBlock),
                                                       std::free);
    if (fd && block && ::read(fd.get(), block.get(), kBlock) > 0) return {};
    return {Code::kGenericError, fmt::format("cannot read {}: {}", device, std::strerror(errno))};
}

Answer open_directory(const std::string& directory) {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) return {};
    return {Code::kGenericError,
            fmt::format("cannot open {}: {}", directory, std::strerror(errno))};
}

Answer write_status_file(const std::string& path, const std::string& text, bool is_local) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const std::unique_ptr<void, void (*)(void*)> block(std::aligned_alloc(kBlock, kBlock),
                                                       std::free);
    const auto failed = [&](const char* what) {
        return Answer{Code::kGenericError, fmt::format("cannot {} the status file {}: {}", what,
                                                       path, std::strerror(errno))};
    };
    if (!block) return {Code::kGenericError, "no memory"};
    std::memset(block.get(), 0, kBlock);
    std::memcpy(block.get(), text.data(), std::min(text.size(), kBlock));
    const int direct = is_local ? O_DIRECT : 0;
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_SYNC | O_CLOEXEC | direct, 0644));
    if (!fd && errno == EINVAL)  // no direct writes there
        fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_SYNC | O_CLOEXEC, 0644));
    if (!fd || ::write(fd.get(), block.get(), kBlock) != static_cast<ssize_t>(kBlock) ||
        ::fsync(fd.get()) != 0)
        return failed("write");
    fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::read(fd.get(), block.get(), kBlock) <= 0) return failed("read");
    return {};
}

}  // namespace hb::agent::filesystem
