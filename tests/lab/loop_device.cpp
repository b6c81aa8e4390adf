#include "tests/lab/loop_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace hb::lab {
namespace {

// Whoever else takes loop devices on this machine may be quicker than we are.
constexpr int kTries = 100;

// System calls only: also called in the child of a process with threads. A device that is still
// mounted is detached by the kernel when it is no more. One that is somebody else's by now is not
// touched.
void detach(const char* path, const char* mark) {
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    loop_info64 info{};
    if (::ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
        std::strncmp(static_cast<const char*>(static_cast<const void*>(info.lo_file_name)), mark,
                     sizeof info.lo_file_name) == 0)
        ::ioctl(fd, LOOP_CLR_FD, 0);
    ::close(fd);
}

}  // namespace

LoopDevice::LoopDevice(const Fd& image) {
    static std::atomic<unsigned> count = 0;
    mark_ = fmt::format("ha-lab {} {}", ::getpid(), ++count);
    attach(image);
    post_guard();
}

LoopDevice::~LoopDevice() {
    ::kill(guard_, SIGKILL);
    while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
    detach(path_.c_str(), mark_.c_str());
}

void LoopDevice::attach(const Fd& image) {
    const Fd control(must(::open("/dev/loop-control", O_RDWR | O_CLOEXEC), "/dev/loop-control"));
    for (int i = 0; i < kTries; ++i) {
        const int free = must(::ioctl(control.get(), LOOP_CTL_GET_FREE), "a free loop device");
        path_ = fmt::format("/dev/loop{}", free);
        const Fd device(must(::open(path_.c_str(), O_RDWR | O_CLOEXEC), path_));
        loop_config config{};
        config.fd = static_cast<__u32>(image.get());
        std::memcpy(config.info.lo_file_name, mark_.c_str(), mark_.size());
        if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) {
            struct stat status {};
            must(::fstat(device.get(), &status), path_);
            number_ = status.st_rdev;
            return;
        }
        if (errno != EBUSY) throw_errno(path_);
    }
    throw LabError("no loop device is free");
}

void LoopDevice::post_guard() {
    Pipe pipe = make_pipe();
    guard_ = must(::fork(), "a guard for a loop device");
    if (guard_ == 0) {
        ::setsid();
        // Nothing of the lab may live on because of us. The pipe is put where it stays.
        ::dup2(pipe.read.get(), 0);
        ::close_range(1, ~0U, 0);
        char byte = 0;
        while (::read(0, &byte, 1) < 0 && errno == EINTR) {
        }
        detach(path_.c_str(), mark_.c_str());
        ::_exit(0);
    }
    alive_ = std::move(pipe.write);
}

// An exclusive opening is refused as long as a file system is there.
bool LoopDevice::is_in_use() const {
    const Fd fd(::open(path_.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
    if (!fd && errno != EBUSY) throw_errno(path_);
    return !fd;
}

}  // namespace hb::lab
