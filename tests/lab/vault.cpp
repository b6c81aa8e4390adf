#include "tests/lab/vault.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

namespace hb::lab {

Vault::Vault() {
    in_new_thread([this] {
        must(::unshare(CLONE_NEWNS), "a new mount namespace");
        must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
        must(::mount("ha-lab", mount_point(), "tmpfs", 0, "mode=0755"), "the lab's disks");
        mount_namespace_ =
            Fd(must(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), "ns/mnt"));
        root_ = Fd(must(::open(mount_point(), O_PATH | O_DIRECTORY | O_CLOEXEC), mount_point()));
    });
}

std::string Vault::path(const std::string& inside) const {
    return fmt::format("/proc/self/fd/{}/{}", root_.get(), inside);
}

void Vault::make_directory(const std::string& inside) const {
    std::filesystem::create_directories(path(inside));
}

}  // namespace hb::lab
