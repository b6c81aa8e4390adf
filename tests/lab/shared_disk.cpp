#include "tests/lab/shared_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lab/lab.hpp"

namespace hb::lab {
namespace {

// ext4 and xfs agree on it; the C library's headers have it under neither name.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kWithoutFlush = 2;

// From the kernel's documentation of ext4: the superblock begins at 1024.
constexpr off_t kMountCount = 1024 + 0x34;
constexpr off_t kMagic = 1024 + 0x38;
constexpr std::uint16_t kExt4 = 0xEF53;

std::uint16_t read_16(const Fd& image, off_t at) {
    std::uint8_t bytes[2] = {};
    must(::pread(image.get(), bytes, sizeof bytes, at), "a shared disk");
    return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}

}  // namespace

SharedDisk::SharedDisk(Lab& lab, std::string name, std::uint64_t bytes)
    : lab_(lab), name_(std::move(name)) {
    lab_.vault().make_directory("disks");
    const std::string path = lab_.vault().path("disks/" + name_);
    image_ = Fd(must(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path));
    must(::ftruncate(image_.get(), static_cast<off_t>(bytes)), path);
    std::set<dev_t> numbers;
    for (unsigned n = 1; n <= lab_.size(); ++n) {
        auto loop = std::make_unique<LoopDevice>(image_);
        numbers.insert(loop->number());
        lab_.node(n).make_link(device(), loop->path());
        devices_[n] = std::move(loop);
    }
    run_command({"mkfs.ext4", "-q", devices_.at(1)->path()});
    watch_ = std::make_unique<DiskWatch>(name_, std::move(numbers), lab_.log(), lab_.wakeup());
    for (unsigned n = 1; n <= lab_.size(); ++n)
        if (lab_.node(n).is_on()) node_boots(lab_.node(n));
}

void SharedDisk::node_boots(const Node& node) {
    watch_->node_boots(node);
}

void SharedDisk::cut(const Node& node) {
    watch_->node_dies(node.number());
    for (const std::string& target : watch_->targets(node.number())) {
        const std::string path = fmt::format("/proc/{}/root{}", node.init_pid(), target);
        const Fd fd(must(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path));
        must(::ioctl(fd.get(), kShutdown, &kWithoutFlush), path + ": power off");
    }
}

// Nobody announces it.
void SharedDisk::wait_released(const Node& node) {
    const LoopDevice& device = *devices_.at(node.number());
    if (!lab_.wakeup().wait(
            10s, [&] { return !device.is_in_use(); }, 1ms))
        throw LabError(fmt::format("{} is dead and does not let go of {}", node.name(), name_));
    watch_->node_is_gone(node.number());
}

long SharedDisk::mounts_unseen() const {
    if (read_16(image_, kMagic) != kExt4) throw LabError(name_ + ": its superblock is gone");
    return static_cast<long>(read_16(image_, kMountCount)) - static_cast<long>(watch_->mounts());
}

}  // namespace hb::lab
