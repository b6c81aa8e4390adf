// A group with a file system, for real: started by hb-agent, and put back at once when somebody
// unmounts it behind our back. In a mount and network namespace of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/group_agents.hpp"

namespace hb::resource {
namespace {

using testing::HasSubstr;
using Answer = RunnerDone::Answer;

class MountWatchTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/hb-mounts-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        ASSERT_EQ(std::system(("mkdir " + dir_ + "/real && ln -s real " + dir_ + "/link").c_str()),
                  0);
    }
    void TearDown() override {
        agents_.reset();
        umount2((dir_ + "/real/mnt").c_str(), MNT_DETACH);
        std::filesystem::remove_all(dir_);
    }
    void open(const std::string& directory, const std::string& device = "tmpfs",
              const std::string& fstype = "tmpfs") {
        config::Resource resource{
            .type = "Filesystem", .args = {device, directory, fstype}, .word = "Filesystem::it"};
        settings_.nodes = {"node1"};
        settings_.monitoring.interval = 1h;  // what is seen is not seen by asking now and then
        settings_.groups = {
            {.name = kGroup, .preferred = node_id(0), .resources = {resource}, .position = {}}};
        auto opened = GroupAgents::open(
            loop_, settings_,
            {.self = node_id(0),
             .config_dir = dir_,
             .directories = {.resource_d = dir_, .init_d = dir_, .hb_agent = HB_AGENT},
             .limits = {}},
            {.on_done =
                 [this](const std::vector<RunnerDone>& results) noexcept {
                     done_.insert(done_.end(), results.begin(), results.end());
                 },
             .on_trouble =
                 [this](const RunnerTrouble& trouble) noexcept {
                     troubles_ += trouble.text + "\n";
                 },
             .on_event = [this](const Event& event) noexcept { log_ += event.text + "\n"; },
             .on_places = [](const GroupPlaces&) noexcept {},
             .call_started = [](pid_t, std::uint32_t) noexcept { return true; },
             .call_finished = [](pid_t) noexcept {}});
        ASSERT_TRUE(opened) << opened.error().text;
        agents_ = std::move(*opened);
    }
    template <typename F>
    void until(F&& so) {
        const MonoTime limit = runtime::now() + 60s;
        while (!so()) {
            ASSERT_LT(runtime::now(), limit) << "this never came true\n" << log_;
            loop_.poll();
        }
    }
    RunnerDone result() {
        until([&] { return !done_.empty(); });
        if (done_.empty()) return {};
        const RunnerDone done = done_.front();
        done_.erase(done_.begin());
        return done;
    }
    [[nodiscard]] bool is_mounted() const {
        std::ifstream table("/proc/self/mountinfo");
        for (std::string line; std::getline(table, line);)
            if (line.find(" " + dir_ + "/real/mnt ") != std::string::npos) return true;
        return false;
    }

    const GroupName kGroup = "Filesystem::it";
    std::string dir_;
    runtime::EventLoop loop_;
    config::Settings settings_;
    std::unique_ptr<GroupAgents> agents_;
    std::vector<RunnerDone> done_;
    std::string log_;
    std::string troubles_;
};

TEST_F(MountWatchTest, WhatIsUnmountedBehindOurBackIsPutBackAtOnce) {
    for (const char* directory : {"/real/mnt", "/link/mnt/"}) {
        open(dir_ + directory);
        agents_->start(kGroup);
        ASSERT_EQ(result().answer, Answer::kRunning) << log_;
        ASSERT_TRUE(is_mounted());
        ASSERT_EQ(umount((dir_ + "/real/mnt").c_str()), 0);
        EXPECT_EQ(result().answer, Answer::kRunning);
        EXPECT_TRUE(is_mounted());
        EXPECT_THAT(troubles_, HasSubstr("Filesystem::it failed (not running), restarted 1 of 3"));
        agents_->stop(kGroup);
        EXPECT_EQ(result().answer, Answer::kStopped);
        EXPECT_FALSE(is_mounted());
        troubles_.clear();
    }
}

TEST_F(MountWatchTest, ARefusalIsSaidInTheAgentsWords) {
    open(dir_ + "/real/mnt", "/dev/not-there", "ext4");
    agents_->start(kGroup);
    const RunnerDone done = result();
    EXPECT_EQ(done.answer, Answer::kStopped);
    EXPECT_EQ(done.detail, "Filesystem::it: not installed (5): no device /dev/not-there");
    EXPECT_THAT(log_, HasSubstr("Running " HB_AGENT " Filesystem start"));
    EXPECT_THAT(log_, HasSubstr("Filesystem::it: ocf-exit-reason:"));
}

}  // namespace
}  // namespace hb::resource

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        std::perror("skipped: no namespaces of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
