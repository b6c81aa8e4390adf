// hb-master itself, with daemons that do nothing: it starts, respawns, ends in order.
//
// Root only (it drops privileges, it adopts orphans). The users of the suite are there in a mount
// namespace of the test's own. Waits on what is said, never for a time.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <ranges>
#include <regex>
#include <string>
#include <vector>

#include "common/runtime/cgroup_tree.hpp"
#include "common/runtime/channel.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::master {
namespace {

namespace fs = std::filesystem;

constexpr Duration kPatience = 30s;  // only ever used up by a failure

// Into a mount namespace whose /etc knows hacluster and haclient.
bool make_users() {
    if (::unshare(CLONE_NEWNS) != 0) return false;
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    for (const auto& [file, line] :
         {std::pair<std::string, std::string>{"/etc/passwd",
                                              "hacluster:x:64001:64001::/nonexistent:/bin/false"},
          {"/etc/group", "haclient:x:64001:"}}) {
        const std::string copy =
            testing::TempDir() + "/hb-users" + fs::path(file).filename().string();
        std::ifstream in(file);
        std::string text((std::istreambuf_iterator<char>(in)), {});
        if (text.find(line.substr(0, 9)) != std::string::npos) continue;
        std::ofstream(copy) << text << line << "\n";
        if (::mount(copy.c_str(), file.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
        fs::remove(copy);
    }
    return true;
}

class MasterRun : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (::getuid() != 0 || !make_users()) return;
        const passwd* user = ::getpwnam("hacluster");
        const group* group = ::getgrnam("haclient");
        has_users_ = user != nullptr && group != nullptr;
        if (!has_users_) return;
        uid_ = user->pw_uid;
        gid_ = group->gr_gid;
    }

    void SetUp() override {
        if (!has_users_) GTEST_SKIP() << "needs root and a mount namespace";
        std::string name = testing::TempDir() + "/hb-master-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        dir_ = name;
        fs::create_directories(dir_ / "etc");
        fs::create_directories(dir_ / "libexec");
        for (const char* program : {"hb-comm", "hb-membership", "hb-ipfail", "hb-resource"})
            fs::create_symlink(DUMMY_DAEMON, dir_ / "libexec" / program);
        // The unprivileged daemons have to be able to execute it.
        fs::permissions(dir_, fs::perms::others_exec | fs::perms::others_read,
                        fs::perm_options::add);
        write("ha.cf",
              "node node1 node2\nbcast lo\nkeepalive 250ms\ndeadtime 1\ninitdead 10\n"
              "auto_failback on\nlogfile /dev/null\nrespawn hacluster /usr/lib/heartbeat/ipfail\n");
        write("haresources", "node1 10.99.0.1/24/lo\n");
        write("authkeys", "auth 1\n1 sha1 secret\n");
    }
    void TearDown() override {
        if (master_) {
            master_->signal_group(SIGKILL);
            pump([&] { return exit_.has_value(); });
        }
        // A killed master leaves its control groups to the next one: here there is none.
        if (!dir_.empty())
            if (const auto tree =
                    runtime::make_cgroup_tree((dir_ / "run").lexically_normal().string()))
                runtime::tidy_cgroup_tree(*tree);
        std::error_code ignored;
        fs::remove_all(dir_, ignored);
    }

    void write(const std::string& file, const std::string& text) {
        std::ofstream(dir_ / "etc" / file) << text;
        ::chmod((dir_ / "etc" / file).c_str(), 0600);
    }
    void start_master() { start_master_in("/", dir_); }
    // Started in directory `here`, with its own directories below `base`.
    void start_master_in(const fs::path& here, const fs::path& base) {
        exit_.reset();
        auto started = runtime::ChildProcess::start(
            loop_,
            {.argv = {HB_MASTER, "--config-dir", base / "etc", "--state-dir", base / "state",
                      "--run-dir", base / "run", "--libexec-dir", base / "libexec", "--node",
                      "node1", "--no-realtime"},
             .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
             .directory = here,
             .most_lines = 100000},
            {.on_line = [this](std::string_view line) noexcept { lines_.emplace_back(line); },
             .on_exit = [this](const runtime::ExitStatus& status) noexcept { exit_ = status; }});
        ASSERT_TRUE(started) << started.error().text;
        master_ = std::move(*started);
    }
    template <typename Done>
    bool pump(Done done) {
        bool late = false;
        runtime::Timer patience(loop_, [&]() noexcept { late = true; });
        patience.arm(runtime::now() + kPatience);
        while (!done() && !late)
            loop_.wait();
        return !late;
    }
    // Waits for a line after `mark_` that matches; what is after it is looked at next.
    testing::AssertionResult sees(const std::string& pattern) {
        const std::regex wanted(pattern);
        std::size_t at = mark_;
        const bool found = pump([&] {
            for (; at < lines_.size(); ++at)
                if (std::regex_search(lines_[at], match_, wanted)) return true;
            return false;
        });
        if (found) {
            mark_ = at + 1;
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "never said: " << pattern << "\n" << said();
    }
    [[nodiscard]] std::string said() const { return fmt::format("{}", fmt::join(lines_, "\n")); }
    [[nodiscard]] std::size_t count(const std::string& pattern) const {
        const std::regex wanted(pattern);
        return static_cast<std::size_t>(std::ranges::count_if(
            lines_, [&](const auto& l) { return std::regex_search(l, wanted); }));
    }
    // The process that said it was started last.
    pid_t pid_of(const std::string& program) {
        const std::regex wanted("started " + program + " \\(pid (\\d+)");
        std::smatch m;
        for (auto line = lines_.rbegin(); line != lines_.rend(); ++line)
            if (std::regex_search(*line, m, wanted)) return std::stoi(m[1]);
        ADD_FAILURE() << program << " was never started";
        return 0;
    }
    void start_ready() {
        start_master();
        ASSERT_TRUE(sees("all daemons are ready"));
        // All channels are up: the last pair has greeted.
        ASSERT_TRUE(pump([&] { return count("heard hb-") >= 8; })) << said();
        mark_ = lines_.size();
    }

    static inline bool has_users_ = false;
    static inline uid_t uid_ = 0;
    static inline gid_t gid_ = 0;
    fs::path dir_;
    runtime::EventLoop loop_;
    std::unique_ptr<runtime::ChildProcess> master_;
    std::vector<std::string> lines_;
    std::size_t mark_ = 0;
    std::smatch match_;
    std::optional<runtime::ExitStatus> exit_;
};

TEST_F(MasterRun, StartsAllAndEndsInOrder) {
    start_ready();
    EXPECT_EQ(
        count(fmt::format("hb-comm\\[.*setup node node1 incarnation \\d+\\.1 keys 1 uid {}", uid_)),
        1u);
    EXPECT_EQ(count(fmt::format("hb-membership\\[.*setup node node1 .* keys 0 uid {}", uid_)), 1u);
    EXPECT_EQ(count("hb-resource\\[.*setup node node1 .* keys 0 uid 0"), 1u);
    EXPECT_EQ(count("hb-membership\\[.*control socket"), 1u);
    struct stat control {};
    ASSERT_EQ(::stat((dir_ / "run" / "control").c_str(), &control), 0);
    EXPECT_EQ(control.st_mode & 07777, 0660u);
    EXPECT_EQ(control.st_gid, gid_);
    EXPECT_TRUE(runtime::connect_to(dir_ / "run" / "control"));

    master_->signal_group(SIGTERM);
    EXPECT_TRUE(sees("Heartbeat shutdown in progress"));
    EXPECT_TRUE(sees("hb-resource\\[.*stop"));
    EXPECT_TRUE(sees("hb-resource ended"));
    EXPECT_TRUE(sees("hb-ipfail ended"));
    EXPECT_TRUE(sees("hb-membership ended"));
    EXPECT_TRUE(sees("hb-comm ended"));
    EXPECT_TRUE(sees("Heartbeat shutdown complete"));
    ASSERT_TRUE(pump([&] { return exit_.has_value(); }));
    EXPECT_TRUE(exit_->ok()) << exit_->to_string();
    EXPECT_FALSE(fs::exists(dir_ / "run" / "control"));
}

TEST_F(MasterRun, AnyDaemonIsRespawnedAndItsNeighboursGoOn) {
    start_ready();
    for (const std::string program : {"hb-comm", "hb-ipfail", "hb-membership", "hb-resource"}) {
        const std::vector<pid_t> before = {pid_of("hb-comm"), pid_of("hb-membership"),
                                           pid_of("hb-ipfail"), pid_of("hb-resource")};
        ::kill(pid_of(program), SIGKILL);
        ASSERT_TRUE(sees(program + " killed by signal 9 \\(Killed\\), respawning it"));
        ASSERT_TRUE(sees("started " + program + " \\(pid \\d+, start 2\\)"));
        ASSERT_TRUE(sees(program + "\\[.*setup node node1 incarnation \\d+\\.2"));
        ASSERT_TRUE(sees(program + "\\[.*heard hb-"));
        const std::vector<pid_t> after = {pid_of("hb-comm"), pid_of("hb-membership"),
                                          pid_of("hb-ipfail"), pid_of("hb-resource")};
        EXPECT_EQ(std::ranges::count_if(std::views::iota(0, 4),
                                        [&](int i) {
                                            const auto at = static_cast<std::size_t>(i);
                                            return before[at] != after[at];
                                        }),
                  1);
    }
    EXPECT_GE(count("hb-membership\\[.*lost hb-comm"), 1u);
    EXPECT_EQ(count("lost hb-master"), 0u);
}

TEST_F(MasterRun, UnfinishedCallsAreGoneBeforeTheNextResourceStarts) {
    start_ready();
    ASSERT_EQ(count("hb-resource\\[.*call (\\d+)"), 1u);
    mark_ = 0;
    ASSERT_TRUE(sees("hb-resource\\[.*call (\\d+)"));
    const pid_t call = std::stoi(match_[1]);
    EXPECT_TRUE(runtime::group_exists(call));
    ::kill(pid_of("hb-resource"), SIGKILL);
    ASSERT_TRUE(sees("started hb-resource \\(pid \\d+, start 2\\)"));
    EXPECT_FALSE(runtime::group_exists(call));
}

TEST_F(MasterRun, WhoBreaksTheRulesIsRespawnedNotWhoFoundIt) {
    start_ready();
    const pid_t membership = pid_of("hb-membership");
    ::kill(pid_of("hb-ipfail"), SIGUSR1);
    ASSERT_TRUE(sees("hb-membership\\[.*hb-ipfail sent what cannot be \\(it sent garbage\\)"));
    ASSERT_TRUE(sees("started hb-ipfail \\(pid \\d+, start 2\\)"));
    ::kill(pid_of("hb-comm"), SIGUSR1);
    ASSERT_TRUE(sees("hb-master found: it sent what another daemon sends"));
    ASSERT_TRUE(sees("started hb-comm \\(pid \\d+, start 2\\)"));
    EXPECT_EQ(pid_of("hb-membership"), membership);
}

TEST_F(MasterRun, KeysAreRereadAndRefusedWhenWrong) {
    start_ready();
    write("authkeys", "auth 2\n1 sha1 secret\n2 sha1 other\n");
    master_->signal_group(SIGHUP);
    ASSERT_TRUE(sees("hb-comm\\[.*adopt .* keys 2"));
    write("authkeys", "auth 3\n1 sha1 secret\n");
    master_->signal_group(SIGHUP);
    ASSERT_TRUE(sees("the configuration is not taken: 1 error in the configuration"));
    // The newcomer is given those.
    ::kill(pid_of("hb-comm"), SIGKILL);
    ASSERT_TRUE(sees("hb-comm\\[.*setup node node1 .* keys 2"));
}

TEST_F(MasterRun, AfterTheMastersDeathItsDaemonsEndAndTheNextOneWaitsForThem) {
    start_ready();
    mark_ = 0;
    ASSERT_TRUE(sees("Heartbeat generation: (\\d+)"));
    const std::string first = match_[1];
    const pid_t slow = pid_of("hb-resource");
    ::kill(slow, SIGUSR1);
    ASSERT_TRUE(sees("slow from now on"));
    ::kill(master_->pid(), SIGKILL);
    ASSERT_TRUE(pump([&] { return exit_.has_value(); }));
    start_master();
    ASSERT_TRUE(sees("waiting for processes of the last run to end: .*hb-resource \\(pid " +
                     std::to_string(slow)));
    EXPECT_EQ(count("all daemons are ready"), 1u);
    ::kill(slow, SIGUSR1);
    ASSERT_TRUE(sees("Heartbeat generation: (\\d+)"));
    EXPECT_GT(std::stoull(match_[1]), std::stoull(first));
    ASSERT_TRUE(sees("all daemons are ready"));
}

TEST_F(MasterRun, AfterTheDeathOfAllUnfinishedCallsAreEndedFirst) {
    start_ready();
    mark_ = 0;
    ASSERT_TRUE(sees("hb-resource\\[.*call (\\d+)"));
    const pid_t call = std::stoi(match_[1]);
    ::kill(master_->pid(), SIGKILL);
    for (const char* program : {"hb-resource", "hb-membership", "hb-comm", "hb-ipfail"})
        ::kill(pid_of(program), SIGKILL);
    ASSERT_TRUE(pump([&] { return exit_.has_value(); }));
    EXPECT_TRUE(runtime::group_exists(call));
    mark_ = lines_.size();
    start_master();
    ASSERT_TRUE(sees("killing an unfinished resource operation of the last run \\(process group " +
                     std::to_string(call)));
    ASSERT_TRUE(sees("started hb-comm"));
    EXPECT_FALSE(runtime::group_exists(call));
    ASSERT_TRUE(sees("all daemons are ready"));
}

TEST_F(MasterRun, ASecondMasterRefuses) {
    start_ready();
    auto first = std::move(master_);
    start_master();
    ASSERT_TRUE(sees("hb-master is already running \\(pid " + std::to_string(first->pid())));
    ASSERT_TRUE(pump([&] { return exit_.has_value(); }));
    EXPECT_EQ(exit_->code, 1);
    master_ = std::move(first);
    exit_.reset();
}

TEST_F(MasterRun, AWrongConfigurationStartsNothing) {
    write("ha.cf", "node node1 node2\nbcast lo\nkeepalive 250ms\ndeadtme 1\nauto_failback on\n");
    write("authkeys", "auth 1\n");
    start_master();
    ASSERT_TRUE(sees("ERROR: ha.cf:4:1: .*deadtme"));
    ASSERT_TRUE(sees("ERROR: authkeys"));
    ASSERT_TRUE(sees("Configuration error, heartbeat not started."));
    ASSERT_TRUE(pump([&] { return exit_.has_value(); }));
    EXPECT_EQ(exit_->code, 6);
    EXPECT_FALSE(fs::exists(dir_ / "run"));
    EXPECT_FALSE(fs::exists(dir_ / "state"));
}

TEST_F(MasterRun, ClientsOfRespawnLinesRunAsTheirUser) {
    std::ofstream(dir_ / "client")
        << "#!/bin/sh\nid -un > " << (dir_ / "out").string() << "/who\nexit 100\n";
    ::chmod((dir_ / "client").c_str(), 0755);
    fs::create_directory(dir_ / "out");
    ASSERT_EQ(::chown((dir_ / "out").c_str(), uid_, gid_), 0);
    std::ofstream(dir_ / "etc" / "ha.cf", std::ios::app)
        << "respawn hacluster " << (dir_ / "client").string() << "\n";
    start_ready();
    mark_ = 0;
    ASSERT_TRUE(sees("Starting child client"));
    ASSERT_TRUE(sees("Client .*/client exited with return code 100\\."));
    std::string who;
    std::ifstream(dir_ / "out" / "who") >> who;
    EXPECT_EQ(who, "hacluster");
}

// The daemons and the agents run in another directory than the master was started in.
TEST_F(MasterRun, ItsDirectoriesMayBeGivenRelatively) {
    std::ofstream(dir_ / "client")
        << "#!/bin/sh\necho $HA_DIR > " << (dir_ / "out").string() << "/where\nexit 100\n";
    ::chmod((dir_ / "client").c_str(), 0755);
    fs::create_directory(dir_ / "out");
    std::ofstream(dir_ / "etc" / "ha.cf", std::ios::app)
        << "respawn root " << (dir_ / "client").string() << "\n";
    start_master_in(dir_, "./");
    ASSERT_TRUE(sees("Client .*/client exited with return code 100\\."));
    std::string where;
    std::ifstream(dir_ / "out" / "where") >> where;
    EXPECT_EQ(where, fs::canonical(dir_ / "etc").string());
}

// As for Heartbeat, SIGUSR1 is for more debugging and SIGUSR2 for less, in all daemons.
TEST_F(MasterRun, TheSignalsOfHeartbeatsDebugging) {
    start_ready();
    ::kill(master_->pid(), SIGUSR1);
    ASSERT_TRUE(pump([&] { return count("debug level is 1 now \\(SIGUSR1\\)") == 1; })) << said();
    ASSERT_TRUE(pump([&] { return count("debug level 1") == 4; })) << said();
    ::kill(master_->pid(), SIGUSR2);
    ASSERT_TRUE(pump([&] { return count("debug level 0") == 4; })) << said();
    ::kill(master_->pid(), SIGUSR2);
    ASSERT_TRUE(pump([&] { return count("debug level is 0 now \\(SIGUSR2\\)") == 2; })) << said();
    EXPECT_FALSE(exit_);
}

// What people look for first in /var/log/ha-log.
TEST_F(MasterRun, TheLogFileHasTheStartToo) {
    const fs::path file = dir_ / "ha-log";
    write("ha.cf",
          fmt::format("node node1 node2\nbcast lo\nkeepalive 250ms\ndeadtime 1\ninitdead 2\n"
                      "auto_failback on\nlogfile {}\n",
                      file.string()));
    start_master();
    ASSERT_TRUE(sees("all daemons are ready"));
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (const char* line : {"Initial dead time", "Configuration validated. Starting heartbeat",
                             "Heartbeat generation:", "started hb-comm"})
        EXPECT_NE(text.find(line), std::string::npos) << line << " is not in:\n" << text;
}

TEST_F(MasterRun, TheLogFileInHeartbeatsOldForm) {
    const fs::path file = dir_ / "ha-log";
    write("ha.cf",
          fmt::format("node node1 node2\nbcast lo\nkeepalive 250ms\ndeadtime 1\ninitdead 2\n"
                      "auto_failback on\nlogfile {}\nsyslogmsgfmt off\n",
                      file.string()));
    start_master();
    ASSERT_TRUE(sees("all daemons are ready"));
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (const char* daemon : {"hb-master", "hb-comm"})
        EXPECT_TRUE(std::regex_search(
            text, std::regex(fmt::format(R"({}\[\d+\]: \d{{4}}/\d\d/\d\d_\d\d:\d\d:\d\d info: )",
                                         daemon))))
            << text;
}

}  // namespace
}  // namespace hb::master
