#include "tests/lab/vault.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>

namespace hb::lab {

Vault::Vault(const std::string& build_directory) {
    in_new_thread([&] {
        must(::unshare(CLONE_NEWNS), "a new mount namespace");
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno == EINVAL)
            throw std::runtime_error(
                "the root directory is no mount point, as in a chroot: run the laboratory on a "
                "host, in a container, or behind 'mount --bind DIRECTORY DIRECTORY'");
        must(::mount("ha-lab", mount_point(), "tmpfs", 0, "mode=0755"), "the lab's disks");
        const std::string build = fmt::format("{}/build", mount_point());
        must(::mkdir(build.c_str(), 0755), build);
        must(::mount(build_directory.c_str(), build.c_str(), nullptr, MS_BIND, nullptr), build);
        mount_namespace_ =
            Fd(must(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), "ns/mnt"));
        root_ = Fd(must(::open(mount_point(), O_PATH | O_DIRECTORY | O_CLOEXEC), mount_point()));
    });
    link_programs(build_directory);
}

// An installation has the programs side by side; a build has each where it was made.
void Vault::link_programs(const std::string& build_directory) const {
    namespace fs = std::filesystem;
    for (const auto& [from, to] : {std::pair{"daemons", "libexec"}, std::pair{"tools", "bin"}}) {
        make_directory(to);
        const fs::path top = fs::path(build_directory) / from;
        if (!fs::is_directory(top)) continue;
        for (const auto& directory : fs::directory_iterator(top)) {
            if (!directory.is_directory()) continue;
            for (const auto& file : fs::directory_iterator(directory)) {
                const bool runs =
                    file.is_regular_file() && ::access(file.path().c_str(), X_OK) == 0;
                if (!runs || file.path().has_extension()) continue;
                const fs::path relative = fs::relative(file.path(), build_directory);
                fs::create_symlink(fs::path(mount_point()) / "build" / relative,
                                   path(fmt::format("{}/{}", to, file.path().filename().string())));
            }
        }
    }
}

std::string Vault::path(const std::string& inside) const {
    return fmt::format("/proc/self/fd/{}/{}", root_.get(), inside);
}

void Vault::make_directory(const std::string& inside) const {
    std::filesystem::create_directories(path(inside));
}

}  // namespace hb::lab
