// A shared disk of the lab: what is synchronized survives, what is not is lost with the power, and
// whoever mounts it twice is seen.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iterator>
#include <sstream>

#include "tests/lab/lab.hpp"

namespace hb::lab {
namespace {

constexpr std::uint64_t kSize = 32 << 20;

CommandResult shell(Node& node, const std::string& command) {
    return node.run({"sh", "-c", command});
}

void mount(Node& node, const SharedDisk& disk, const std::string& at = "/mnt") {
    const CommandResult result = node.run({"mount", "-t", "ext4", disk.device(), at});
    ASSERT_EQ(result.exit_code, 0) << result.err;
}

void unmount(Node& node, const std::string& at = "/mnt") {
    const CommandResult result = node.run({"umount", at});
    ASSERT_EQ(result.exit_code, 0) << result.err;
}

bool wait_holders(Lab& lab, const SharedDisk& disk, const std::set<unsigned>& who) {
    return lab.wakeup().wait(5s, [&] { return disk.watch().holders() == who; });
}

TEST(LabDisk, is_handed_over_and_nobody_had_it_twice) {
    Lab lab;
    lab.boot_all();
    const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
    for (int i = 0; i < 10; ++i) {
        Node& from = lab.node(i % 2 == 0 ? 1 : 2);
        Node& to = lab.node(i % 2 == 0 ? 2 : 1);
        mount(from, disk);
        EXPECT_TRUE(wait_holders(lab, disk, {from.number()}));
        EXPECT_EQ(shell(from, "echo " + std::to_string(i) + " > /mnt/file").exit_code, 0);
        unmount(from);
        mount(to, disk);
        EXPECT_EQ(to.run({"cat", "/mnt/file"}).out, std::to_string(i) + "\n");
        EXPECT_TRUE(wait_holders(lab, disk, {to.number()}));
        unmount(to);
    }
    EXPECT_TRUE(wait_holders(lab, disk, {}));
    EXPECT_TRUE(disk.watch().double_mounts().empty());
    EXPECT_EQ(disk.watch().mounts(), 20U);
    EXPECT_EQ(disk.mounts_unseen(), 0);
}

TEST(LabDisk, mounted_twice_is_seen) {
    Lab lab;
    lab.boot_all();
    const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
    mount(lab.node(1), disk);
    ASSERT_TRUE(wait_holders(lab, disk, {1}));
    mount(lab.node(2), disk, "/srv");
    ASSERT_TRUE(wait_holders(lab, disk, {1, 2}));
    ASSERT_EQ(disk.watch().double_mounts().size(), 1U);
    EXPECT_EQ(disk.watch().double_mounts()[0].first, 1U);
    EXPECT_EQ(disk.watch().double_mounts()[0].second, 2U);
    EXPECT_TRUE(lab.log().find("lab", "IS MOUNTED TWICE"));
    unmount(lab.node(1));
    unmount(lab.node(2), "/srv");
    EXPECT_TRUE(wait_holders(lab, disk, {}));
    EXPECT_EQ(disk.watch().double_mounts().size(), 1U);
}

// However short the watch's sleep was: the disk itself counts.
TEST(LabDisk, mounted_twice_for_a_moment_is_seen) {
    Lab lab;
    lab.boot_all();
    const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
    mount(lab.node(1), disk);
    ASSERT_TRUE(wait_holders(lab, disk, {1}));
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(
            shell(lab.node(2), "mount -t ext4 " + disk.device() + " /mnt && umount /mnt").exit_code,
            0);
    EXPECT_TRUE(wait_holders(lab, disk, {1}));
    EXPECT_TRUE(disk.watch().double_mounts().size() == 20U || disk.mounts_unseen() != 0)
        << disk.watch().double_mounts().size();
}

TEST(LabDisk, loses_with_the_power_what_was_not_written) {
    Lab lab;
    lab.boot_all();
    const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
    mount(lab.node(1), disk);
    ASSERT_EQ(shell(lab.node(1), "echo kept > /mnt/kept && sync").exit_code, 0);
    ASSERT_EQ(shell(lab.node(1), "echo lost > /mnt/lost; cat /mnt/lost").out, "lost\n");
    lab.node(1).power_off();
    EXPECT_TRUE(wait_holders(lab, disk, {}));
    mount(lab.node(2), disk);
    EXPECT_EQ(lab.node(2).run({"cat", "/mnt/kept"}).out, "kept\n");
    EXPECT_NE(shell(lab.node(2), "cat /mnt/lost").out, "lost\n");
    unmount(lab.node(2));
    // It is still node1's disk after a boot, with what node2 has made of it.
    lab.node(1).boot();
    mount(lab.node(1), disk);
    EXPECT_TRUE(wait_holders(lab, disk, {1}));
    EXPECT_EQ(lab.node(1).run({"cat", "/mnt/kept"}).out, "kept\n");
    EXPECT_TRUE(disk.watch().double_mounts().empty());
    EXPECT_EQ(disk.mounts_unseen(), 0);
}

// What a loop device is attached to, as the kernel was told: "ha-lab PID N" are ours.
std::string mark_of(const std::string& device) {
    const Fd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 info{};
    if (!fd || ::ioctl(fd.get(), LOOP_GET_STATUS64, &info) != 0) return {};
    return static_cast<const char*>(static_cast<const void*>(info.lo_file_name));
}

bool belongs_to(const std::string& device, pid_t lab) {
    return mark_of(device).starts_with("ha-lab " + std::to_string(lab) + " ");
}

std::string device_of(Node& node, const SharedDisk& disk) {
    std::string path = node.run({"readlink", disk.device()}).out;
    path.erase(path.find_last_not_of('\n') + 1);
    return path;
}

TEST(LabDisk, goes_with_the_lab) {
    std::string devices[2];
    {
        Lab lab;
        lab.boot_all();
        const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
        mount(lab.node(1), disk);
        for (unsigned n = 1; n <= 2; ++n)
            devices[n - 1] = device_of(lab.node(n), disk);
        EXPECT_TRUE(belongs_to(devices[0], ::getpid()));
        EXPECT_TRUE(belongs_to(devices[1], ::getpid()));
    }
    for (const std::string& device : devices)
        EXPECT_FALSE(belongs_to(device, ::getpid())) << device;
}

[[noreturn]] void make_a_disk_and_wait(int tell) {
    Lab lab;
    lab.boot_all();
    const SharedDisk& disk = lab.add_shared_disk("shared", kSize);
    mount(lab.node(1), disk);
    const std::string devices = device_of(lab.node(1), disk) + " " + device_of(lab.node(2), disk);
    [[maybe_unused]] const ssize_t n = ::write(tell, devices.data(), devices.size());
    ::pause();
    ::_exit(0);
}

TEST(LabDisk, leaves_nothing_even_when_killed) {
    Pipe pipe = make_pipe();
    const pid_t child = must(::fork(), "fork");
    if (child == 0) make_a_disk_and_wait(pipe.write.get());
    char told[64] = {};
    ASSERT_GT(::read(pipe.read.get(), told, sizeof told - 1), 0);
    std::istringstream words(told);
    const std::vector<std::string> devices{std::istream_iterator<std::string>(words), {}};
    ASSERT_EQ(devices.size(), 2U) << told;
    for (const std::string& device : devices)
        EXPECT_TRUE(belongs_to(device, child)) << device;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    Wakeup wakeup;
    for (const std::string& device : devices)
        EXPECT_TRUE(wakeup.wait(10s, [&] { return !belongs_to(device, child); })) << device;
}

}  // namespace
}  // namespace hb::lab
