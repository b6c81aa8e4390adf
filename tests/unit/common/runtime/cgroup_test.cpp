#include "common/runtime/cgroup.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "common/runtime/cgroup_tree.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {
namespace {

using Paths = std::vector<std::string>;

constexpr const char* kHybrid =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* kUnified =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(CgroupDirectories, WhereTheHierarchyIs) {
    const std::string unit = "0::/system.slice/ha-suite.service\n";
    EXPECT_EQ(cgroup_directories(unit, kUnified),
              (Paths{"/sys/fs/cgroup/system.slice/ha-suite.service"}));
    // Optional fields (shared:4) or none; version 1 beside it does not count.
    EXPECT_EQ(cgroup_directories("9:name=systemd:/x\n1:cpu:/y\n" + unit, kHybrid),
              (Paths{"/sys/fs/cgroup/unified/system.slice/ha-suite.service"}));
    EXPECT_EQ(cgroup_directories("0::/\n", kHybrid), (Paths{"/sys/fs/cgroup/unified"}));
    // No newline at the end of either.
    EXPECT_EQ(cgroup_directories("0::/a", "30 23 0:26 / /c rw - cgroup2 none rw"), (Paths{"/c/a"}));
}

TEST(CgroupDirectories, AMountThatShowsAPart) {
    // A container whose runtime bind-mounted its own part, without a namespace.
    const std::string part = "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    EXPECT_EQ(cgroup_directories("0::/docker/abc\n", part), (Paths{"/sys/fs/cgroup"}));
    EXPECT_EQ(cgroup_directories("0::/docker/abc/x\n", part), (Paths{"/sys/fs/cgroup/x"}));
    EXPECT_EQ(cgroup_directories("0::/docker/abcd\n", part), Paths{});
    EXPECT_EQ(cgroup_directories("0::/\n", part), Paths{});
    // Outside of our namespace.
    EXPECT_EQ(cgroup_directories("0::/../../x\n", kUnified), Paths{});
}

TEST(CgroupDirectories, SeveralMountsTheLastFirst) {
    const std::string two = std::string(kUnified) +
                            "50 23 0:26 / /mnt/with\\040blank\\134s rw - cgroup2 cgroup2 rw\n" +
                            kUnified;
    EXPECT_EQ(cgroup_directories("0::/a\n", two),
              (Paths{"/mnt/with blank\\s/a", "/sys/fs/cgroup/a"}));
}

TEST(CgroupDirectories, Nonsense) {
    EXPECT_EQ(cgroup_directories("", kUnified), Paths{});
    EXPECT_EQ(cgroup_directories("1:cpu:/a\n", kUnified), Paths{});
    EXPECT_EQ(cgroup_directories("0::/a\n", ""), Paths{});
    EXPECT_EQ(cgroup_directories("0::/a\n", "x - cgroup2 y\n - cgroup2 \n1 2 3 / - cgroup2 z\n"),
              Paths{});
    EXPECT_EQ(cgroup_directories("0::a\n0:x:/b\n", kUnified), Paths{});
}

TEST(CgroupTree, Names) {
    EXPECT_EQ(cgroup_tree_below("/c/ha-suite.service", "/run/ha-suite"),
              "/c/ha-suite.service/ha-suite");
    EXPECT_EQ(cgroup_tree_below("/c/ha-suite.service/.control", "/run/ha-suite"),
              "/c/ha-suite.service/ha-suite");
    EXPECT_TRUE(cgroup_tree_below("/c", "/tmp/run").starts_with("/c/ha-suite-"));
    EXPECT_EQ(call_cgroup("/t", 12), "/t/call-12");
    EXPECT_EQ(group_cgroup("/t", "10.0.0.5/16/eth0"), "/t/group-10.0.0.5_2f16_2feth0");
    EXPECT_EQ(group_cgroup("/t", "a_b"), "/t/group-a_5fb");
    EXPECT_EQ(group_cgroup("/t", ".."), "/t/group-..");
    const std::string a = group_cgroup("/t", std::string(300, 'x') + "a");
    const std::string b = group_cgroup("/t", std::string(300, 'x') + "b");
    EXPECT_NE(a, b);
    EXPECT_LE(a.size(), 255u);
}

// ---- with the kernel's

class CgroupTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::getuid() != 0) GTEST_SKIP() << "needs root";
        auto tree = make_cgroup_tree("/cgroup-test-" + std::to_string(::getpid()));
        if (!tree) GTEST_SKIP() << tree.error().text;
        tree_ = *tree;
        auto made = Cgroup::make(call_cgroup(tree_, 1));
        ASSERT_TRUE(made) << made.error().text;
        call_ = *made;
    }
    void TearDown() override {
        if (tree_.empty()) return;
        for (const auto& group : {call_, services_}) {
            if (!group) continue;
            group->kill();
            until([&] { return group->remove(); });
        }
        tidy_cgroup_tree(tree_);
        EXPECT_FALSE(std::filesystem::exists(tree_));
    }
    // To its end; what it printed.
    ExitStatus shell(const std::string& script, ChildSpec spec = {}) {
        spec.argv = {"/bin/sh", "-c", script};
        spec.environment = {"PATH=/usr/bin:/bin"};
        spec.cgroup = call_;
        std::optional<ExitStatus> end;
        auto child = ChildProcess::start(
            loop_, spec,
            {.on_line = [this](std::string_view line) noexcept { lines_.emplace_back(line); },
             .on_exit =
                 [&](const ExitStatus& status) noexcept {
                     end = status;
                     loop_.stop();
                 }});
        EXPECT_TRUE(child && (*child)->in_cgroup());
        if (child) loop_.run();
        return end.value_or(ExitStatus{});
    }
    template <typename F>
    static void until(F&& so) {
        const MonoTime limit = now() + 30s;
        while (!so() && now() < limit)
            ::usleep(1000);
        EXPECT_TRUE(so());
    }

    EventLoop loop_;
    std::string tree_;
    std::shared_ptr<Cgroup> call_;
    std::shared_ptr<Cgroup> services_;
    std::vector<std::string> lines_;
};

TEST_F(CgroupTest, AChildIsBornInIt) {
    const ExitStatus end = shell("cat /proc/self/cgroup");
    EXPECT_TRUE(end.ok());
    bool found = false;
    for (const std::string& line : lines_)
        found |= line.starts_with("0::") && line.ends_with("/call-1");
    EXPECT_TRUE(found);
    EXPECT_TRUE(call_->is_empty());
    EXPECT_TRUE(call_->remove());
    EXPECT_TRUE(call_->is_empty()) << "what is gone is empty";
    EXPECT_TRUE(call_->remove());
}

TEST_F(CgroupTest, WhatLeftTheProcessGroupDiesWithTheCall) {
    // A double fork into a session of its own, deaf to SIGTERM; and the same from a stopped child.
    const ExitStatus end = shell(
        "(setsid sh -c 'trap \"\" TERM; (sleep 1000 & sleep 1000) & wait' &) ; "
        "setsid sh -c 'kill -STOP $$; sleep 1000' & sleep 1000",
        {.timeout = 300ms, .grace = 100ms});
    EXPECT_TRUE(end.timed_out);
    until([this] { return call_->is_empty(); });
    EXPECT_TRUE(call_->remove());
}

TEST_F(CgroupTest, WhatIsLeftRunningIsMovedAndLives) {
    const ExitStatus end = shell("setsid sleep 1000 & (sleep 1000 &) ; echo started");
    EXPECT_TRUE(end.ok());
    EXPECT_FALSE(call_->is_empty());
    EXPECT_FALSE(call_->remove()) << "somebody lives in it";
    auto services = Cgroup::make(group_cgroup(tree_, "a/b"));
    ASSERT_TRUE(services) << services.error().text;
    services_ = *services;
    EXPECT_TRUE(call_->move_all(*services_));
    EXPECT_TRUE(call_->remove());
    call_->kill();
    EXPECT_FALSE(services_->is_empty());
}

TEST(Cgroup, NotEveryDirectoryIsOne) {
    EXPECT_FALSE(Cgroup::open("/tmp"));
    EXPECT_FALSE(Cgroup::open("/nowhere"));
    const std::string path = testing::TempDir() + "/not-a-cgroup-" + std::to_string(::getpid());
    EXPECT_FALSE(Cgroup::make(path));
    EXPECT_FALSE(std::filesystem::exists(path)) << "made and left behind";
}

}  // namespace
}  // namespace hb::runtime
