// The Filesystem agent with real file systems: ext4 on loop devices, tmpfs, bind mounts, processes
// that keep them busy. In a mount namespace of its own; called as OCF tools call it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr int kSuccess = 0;
constexpr int kFailed = 1;
constexpr int kNotInstalled = 5;
constexpr int kNotRunning = 7;

struct Outcome {
    int code = -1;
    std::string output;
};

Outcome shell(const std::string& command) {
    Outcome result;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), n);
    const int status = pclose(pipe);
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

std::string must(const std::string& command) {
    const Outcome result = shell(command);
    EXPECT_EQ(result.code, 0) << command << ": " << result.output;
    std::string text = result.output;
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

// A process of the test's that has a file open, or its directory, on a file system.
class Holder {
  public:
    enum class Way { kDirectory, kFile, kDeafFile, kNamespace };
    Holder(Way way, const std::string& path) {
        int ready[2];
        if (pipe(ready) != 0) return;
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_NAME, "busybody");
            if (way == Way::kDeafFile) signal(SIGTERM, SIG_IGN);
            bool good = true;
            if (way == Way::kNamespace)
                good = unshare(CLONE_NEWNS) == 0 &&
                       mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
            else if (way == Way::kDirectory)
                good = chdir(path.c_str()) == 0;
            else
                good = ::open(path.c_str(), O_RDWR | O_CREAT, 0644) >= 0;
            if (write(ready[1], good ? "y" : "n", 1) != 1) _exit(1);
            for (;;)
                pause();
        }
        close(ready[1]);
        char answer = 0;
        EXPECT_EQ(read(ready[0], &answer, 1), 1);
        EXPECT_EQ(answer, 'y') << path;
        close(ready[0]);
    }
    ~Holder() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }
    // By which signal it ended; 0: it lives.
    int ended_by() {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) return 0;
        pid_ = -1;
        return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    }

  private:
    pid_t pid_ = -1;
};

class Filesystem : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/hb-fs-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        parameters_ = {{"directory", at("mnt")}};
    }
    void TearDown() override {
        shell("umount -R " + at("mnt") + " " + at("other"));
        for (const std::string& loop : loops_)
            shell("losetup -d " + loop);
        std::error_code ignored;
        fs::remove_all(dir_, ignored);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return dir_ + "/" + name; }

    std::string image(const std::string& name, const std::string& type = "ext4") {
        must(fmt::format("truncate -s 16M {0} && mkfs.{1} -q {0}", at(name), type));
        return at(name);
    }
    // A block device with that on it.
    std::string disk(const std::string& name, const std::string& type = "ext4") {
        loops_.push_back(must("losetup -f --show " + image(name, type)));
        return loops_.back();
    }
    Outcome call(const std::string& action, const std::string& more = "") {
        std::string command =
            "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin OCF_RESOURCE_INSTANCE=fs "
            "OCF_RESKEY_CRM_meta_timeout=60000 " +
            more;
        for (const auto& [name, value] : parameters_)
            command += fmt::format(" 'OCF_RESKEY_{}={}'", name, value);
        return shell(fmt::format("{} {} Filesystem {}", command, HB_AGENT, action));
    }
    void expect(const std::string& action, int code, const std::string& text = "",
                const std::string& more = "") {
        const Outcome got = call(action, more);
        EXPECT_EQ(got.code, code) << action << ": " << got.output;
        EXPECT_THAT(got.output, HasSubstr(text)) << action;
    }
    static std::string mounts(const std::string& directory) {
        return shell("findmnt -rn -o SOURCE,FSTYPE -M " + directory).output;
    }

    std::string dir_;
    std::vector<std::string> loops_;
    std::map<std::string, std::string> parameters_;
};

TEST_F(Filesystem, MountsADiskAndLetsItGo) {
    parameters_["device"] = disk("a");
    expect("monitor", kNotRunning);
    expect("start", kSuccess, "made the directory");
    EXPECT_EQ(mounts(at("mnt")), parameters_["device"] + " ext4\n");
    expect("monitor", kSuccess);
    expect("monitor", kSuccess, "", "OCF_CHECK_LEVEL=10");
    expect("monitor", kSuccess, "", "OCF_CHECK_LEVEL=20");
    EXPECT_TRUE(fs::exists(at("mnt/.Filesystem_status")));
    must("echo precious > " + at("mnt/file"));
    expect("stop", kSuccess, "unmounted", "OCF_CHECK_LEVEL=20");
    EXPECT_EQ(mounts(at("mnt")), "");
    expect("monitor", kNotRunning);
    expect("start", kSuccess);
    EXPECT_EQ(must("cat " + at("mnt/file")), "precious");
    expect("stop", kSuccess);
}

TEST_F(Filesystem, FindsItByUuidByLabelThroughLinksAndInAFile) {
    const std::string device = disk("a");
    must("e2label " + device + " hb-" + std::to_string(getpid()));
    const std::string uuid = must("blkid -p -s UUID -o value " + device);
    fs::create_symlink(device, at("by-id"));
    must("mkdir -p " + at("real/mnt") + "; ln -s real " + at("alias"));
    for (const std::string& name :
         {"UUID=" + uuid, "-U" + uuid, "LABEL=hb-" + std::to_string(getpid()), at("by-id")})
        for (const std::string& directory : {at("mnt"), at("alias/mnt/")}) {
            parameters_ = {{"device", name}, {"directory", directory}};
            expect("start", kSuccess);
            expect("monitor", kSuccess);
            expect("start", kSuccess);
            expect("stop", kSuccess);
            expect("monitor", kNotRunning);
        }
    parameters_ = {{"device", image("b")}, {"directory", at("mnt")}, {"options", "noatime"}};
    expect("start", kSuccess);
    expect("monitor", kSuccess);
    expect("stop", kSuccess);
    EXPECT_EQ(shell("losetup -j " + at("b")).output, "") << "its loop device went with it";
}

TEST_F(Filesystem, RefusesAnOccupiedDirectoryAndADeviceThatIsElsewhere) {
    const std::string device = disk("a");
    parameters_["device"] = device;
    must("mkdir -p " + at("mnt") + " " + at("other"));
    must("mount -t tmpfs somebody " + at("mnt"));
    expect("start", kFailed, "somebody (tmpfs) is mounted there");
    expect("monitor", kNotRunning);
    expect("stop", kSuccess);
    EXPECT_EQ(mounts(at("mnt")), "somebody tmpfs\n") << "not ours";
    must("umount " + at("mnt"));

    must("mount " + device + " " + at("other"));
    const std::string where = at("other") + " on this host";
    expect("start", kFailed, "it is mounted at " + where);
    expect("monitor", kFailed, "but at " + where);
    expect("stop", kFailed, "but at " + where);
    must("umount " + at("other"));
    expect("stop", kSuccess);

    must("mkdir -p " + at("mnt/in"));
    must("mount -t tmpfs inner " + at("mnt/in"));
    expect("start", kFailed, "it would hide inner (tmpfs), which is mounted at " + at("mnt/in"));
    must("umount " + at("mnt/in"));
}

TEST_F(Filesystem, UnmountsWhatIsInsideAndTheSameDiskElsewhere) {
    parameters_["device"] = disk("a");
    expect("start", kSuccess);
    must("mkdir -p " + at("mnt/one/two") + " " + at("other"));
    must("mount -t tmpfs one " + at("mnt/one") + " && mkdir " + at("mnt/one/two"));
    must("mount -t tmpfs two " + at("mnt/one/two"));
    must("mount --bind " + at("mnt") + " " + at("other"));
    expect("stop", kSuccess, "unmounted " + at("mnt/one/two"));
    EXPECT_EQ(mounts(at("other")), "");
    EXPECT_EQ(mounts(at("mnt")), "");
}

TEST_F(Filesystem, EndsWhoKeepsItBusyFirstPolitely) {
    parameters_["device"] = disk("a");
    expect("start", kSuccess);
    {
        Holder sitting(Holder::Way::kDirectory, at("mnt"));
        expect("stop", kSuccess,
               fmt::format("sending SIGTERM to busybody (pid {}, user root: its directory is {})",
                           sitting.pid(), at("mnt")));
        EXPECT_EQ(sitting.ended_by(), SIGTERM);
    }
    expect("start", kSuccess);
    Holder deaf(Holder::Way::kDeafFile, at("mnt/open"));
    expect("stop", kSuccess, "sending SIGKILL to busybody", "OCF_RESKEY_CRM_meta_timeout=10000");
    EXPECT_EQ(deaf.ended_by(), SIGKILL);
}

TEST_F(Filesystem, NamesWhoKeepsItBusyWhenItMayNotEndThem) {
    parameters_["device"] = disk("a");
    parameters_["force_unmount"] = "no";
    parameters_["fast_stop"] = "yes";
    expect("start", kSuccess);
    Holder holder(Holder::Way::kFile, at("mnt/open"));
    expect("stop", kFailed,
           fmt::format("cannot unmount {0}: it is held by busybody (pid {1}, user root: {0}/open)",
                       at("mnt"), holder.pid()),
           "OCF_RESKEY_CRM_meta_timeout=3000");
    EXPECT_EQ(holder.ended_by(), 0) << "it lives";
    expect("monitor", kSuccess);
    must("umount -l " + at("mnt"));
    expect("monitor", kNotRunning);
}

TEST_F(Filesystem, ADiskInAnotherMountNamespaceIsNotStopped) {
    parameters_["device"] = disk("a");
    expect("start", kSuccess);
    {
        Holder container(Holder::Way::kNamespace, "");
        expect("stop", kSuccess, "in the mount namespace of busybody");
        EXPECT_EQ(container.ended_by(), 0);
    }
    parameters_["force_unmount"] = "no";
    expect("start", kSuccess);
    Holder container(Holder::Way::kNamespace, "");
    expect("stop", kFailed, "still mounted in the mount namespace of busybody");
}

TEST_F(Filesystem, AnErrorThatMadeItReadOnlyIsAFailure) {
    parameters_["device"] = disk("a");
    parameters_["options"] = "errors=remount-ro";
    expect("start", kSuccess);
    const std::string name = parameters_["device"].substr(5);
    const Outcome broken = shell("echo broken > /sys/fs/ext4/" + name + "/trigger_fs_error");
    if (broken.code != 0) must("mount -o remount,ro " + at("mnt"));  // looks the same from outside
    expect("monitor", kFailed, "read-only after an error");
    expect("start", kFailed, "stop it first");
    expect("stop", kSuccess);
    must("e2fsck -fy " + parameters_["device"] + " >/dev/null || test $? -lt 4");
    parameters_["options"] = "ro";
    expect("start", kSuccess);
    expect("monitor", kSuccess);
    expect("stop", kSuccess);
}

TEST_F(Filesystem, AWriteProtectedDiskIsNoDiskToTakeOver) {
    loops_.push_back(must("losetup -r -f --show " + image("a")));
    parameters_["device"] = loops_.back();
    expect("start", kFailed, "cannot mount");
    expect("monitor", kNotRunning);
}

TEST_F(Filesystem, ChecksTypesWithoutAJournalBeforeTheyAreMounted) {
    parameters_["device"] = disk("a", "ext2");
    expect("start", kSuccess, "checking /dev/loop");
    expect("stop", kSuccess);
    parameters_["run_fsck"] = "no";
    EXPECT_THAT(call("start").output, Not(HasSubstr("checking")));
    expect("stop", kSuccess);
    parameters_["device"] = disk("b", "ext4");
    parameters_["run_fsck"] = "force";
    expect("start", kSuccess, "checking /dev/loop");
}

TEST_F(Filesystem, BindsADirectory) {
    must("mkdir -p " + at("from/sub") + " && touch " + at("from/sub/here"));
    parameters_["device"] = at("from/sub");
    parameters_["fstype"] = "none";
    parameters_["options"] = "bind,ro";
    expect("monitor", kNotRunning);
    expect("start", kSuccess);
    EXPECT_TRUE(fs::exists(at("mnt/here")));
    EXPECT_NE(shell("touch " + at("mnt/new")).code, 0) << "read-only";
    expect("monitor", kSuccess);
    expect("start", kSuccess);
    expect("stop", kSuccess);
    EXPECT_TRUE(fs::exists(at("from/sub/here")));
    expect("monitor", kNotRunning);
}

TEST_F(Filesystem, SaysWhatIsMissing) {
    parameters_["device"] = "/dev/disk/by-id/not-there";
    expect("start", kNotInstalled, "no device /dev/disk/by-id/not-there");
    expect("stop", kSuccess);
    expect("monitor", kNotRunning);
    parameters_["device"] = "UUID=00000000-0000-4000-8000-00000000dead";
    expect("start", kNotInstalled, "no device UUID=");
    parameters_["device"] = disk("a");
    parameters_["fstype"] = "nosuchfs";
    expect("start", kNotInstalled, "nosuchfs");
    parameters_["fstype"] = "xfs";
    expect("start", kFailed, "cannot mount");
    parameters_.erase("fstype");
    must("touch " + at("mnt-file"));
    parameters_["directory"] = at("mnt-file");
    expect("start", kNotInstalled, "is no directory");
}

TEST_F(Filesystem, AnUnpluggedDiskIsStopped) {
    const std::string device = disk("a");
    fs::create_symlink(device, at("by-id"));
    parameters_["device"] = at("by-id");
    expect("start", kSuccess);
    fs::remove(at("by-id"));
    expect("monitor", kSuccess);
    expect("stop", kSuccess, "unmounted");
    EXPECT_EQ(mounts(at("mnt")), "");
    expect("stop", kSuccess);
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        std::perror("skipped: no mount namespace of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
