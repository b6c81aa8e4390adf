// Groups of addresses and scripts, for real: a network namespace of its own, scripts in a directory
// of their own.
#include "daemons/hb-resource/group_agents.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/release_all.hpp"

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Answer = RunnerDone::Answer;

std::string shell(const std::string& command) {
    std::string output;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        output.append(buffer.data(), n);
    EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
    return output;
}

// A service: keeps its state in a file, writes down how it was called, and does what the files
// fail-start, fail-stop, lie-stop, hang beside it say.
constexpr const char* kService = R"(#!/bin/sh
verb=$(eval echo \$$#)
echo "$0 $*" | sed "s,.*/,," >> $HA_DIR/calls
[ -e $HA_DIR/hang-$verb ] && { sleep 1000 & echo $! > $HA_DIR/sleeper; wait; }
case $verb in
start) echo starting $1; [ -e $HA_DIR/fail-start ] && exit 5; touch $HA_DIR/up;;
stop) [ -e $HA_DIR/fail-stop ] && exit 1
      rm -f $HA_DIR/up; [ -e $HA_DIR/lie-stop ] && exit 1;;
status) echo "is the server running?" >&2
        if [ -e $HA_DIR/up ]; then echo running; else echo stopped; fi;;
esac
exit 0
)";

class GroupAgentsTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        shell(
            "ip link set lo up; ip link add eth0 type veth peer name peer0; "
            "ip link set eth0 up; ip link set peer0 up; ip addr add 10.0.0.1/16 brd + dev eth0");
        std::string pattern = testing::TempDir() + "/hb-groups-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        std::filesystem::create_directory(dir_ / "resource.d");
        write("resource.d/svc", kService, 0755);
        write("ha.cf", "node node1 node2\nbcast eth0\nauto_failback on\nlogfacility none\n");
        write("haresources", "node1 10.0.0.5/16/eth0 10.0.0.6/16/eth0 svc::a::b\n");
        write("authkeys", "auth 1\n1 crc\n", 0600);
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }

    void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
        std::ofstream(dir_ / name) << text;
        ASSERT_EQ(chmod((dir_ / name).c_str(), mode), 0);
    }
    void touch(const std::string& name) { write(name, ""); }
    [[nodiscard]] std::vector<std::string> calls() {
        std::ifstream in(dir_ / "calls");
        std::vector<std::string> all;
        for (std::string line; std::getline(in, line);)
            all.push_back(line);
        std::filesystem::remove(dir_ / "calls");
        return all;
    }
    [[nodiscard]] static bool has(const char* address) {
        return shell("ip -4 addr show dev eth0").find(address) != std::string::npos;
    }

    void open(RunnerSettings limits = {}) {
        settings_.nodes = {"node1", "node2"};
        config::Group group{.name = "10.0.0.5/16/eth0", .preferred = node_id(0)};
        for (const char* word : {"10.0.0.5/16/eth0", "10.0.0.6/16/eth0"})
            group.resources.push_back({.type = "IPaddr", .args = {word}, .word = word});
        group.resources.push_back({.type = "svc", .args = {"a", "b"}, .word = "svc::a::b"});
        settings_.groups = {group};
        auto opened = GroupAgents::open(
            loop_, settings_,
            {.self = node_id(0),
             .config_dir = dir_,
             .directories = {.resource_d = dir_ / "resource.d", .init_d = dir_ / "init.d"},
             .limits = limits},
            {.on_done =
                 [this](const std::vector<RunnerDone>& results) noexcept {
                     done_.insert(done_.end(), results.begin(), results.end());
                 },
             .on_event = [this](const Event& event) noexcept { log_ += event.text + "\n"; },
             .on_places = [this](const GroupPlaces& places) noexcept { places_.push_back(places); },
             .on_no_carrier = [this](const NoCarrier& missing) noexcept { no_carrier_ = missing; },
             .call_started =
                 [this](pid_t pid, std::uint32_t) noexcept {
                     running_.insert(pid);
                     return allow_calls_;
                 },
             .call_finished = [this](pid_t pid) noexcept { running_.erase(pid); }});
        ASSERT_TRUE(opened) << opened.error().text;
        agents_ = std::move(*opened);
    }
    template <typename F>
    void until(F&& so) {
        const MonoTime limit = runtime::now() + 30s;
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
    RunnerDone start() {
        agents_->start(kGroup);
        return result();
    }
    RunnerDone stop() {
        agents_->stop(kGroup);
        return result();
    }
    RunnerDone ask() {
        agents_->ask(kGroup);
        return result();
    }

    const GroupName kGroup = "10.0.0.5/16/eth0";
    std::filesystem::path dir_;
    runtime::EventLoop loop_;
    config::Settings settings_;
    std::unique_ptr<GroupAgents> agents_;
    std::vector<RunnerDone> done_;
    std::vector<GroupPlaces> places_;
    NoCarrier no_carrier_;
    std::string log_;
    std::set<pid_t> running_;
    bool allow_calls_ = true;
};

TEST_F(GroupAgentsTest, StartsAndStopsAsHeartbeatDid) {
    open();
    EXPECT_EQ(ask().answer, Answer::kStopped);
    EXPECT_THAT(calls(), ElementsAre("svc a b status"));
    const RunnerDone started = start();
    EXPECT_EQ(started.answer, Answer::kRunning);
    EXPECT_TRUE(started.after_start);
    EXPECT_THAT(calls(), ElementsAre("svc a b status", "svc a b start"));
    EXPECT_TRUE(has("10.0.0.5") && has("10.0.0.6"));
    EXPECT_EQ(ask().answer, Answer::kRunning);
    EXPECT_EQ(start().answer, Answer::kRunning) << "of what runs already";
    EXPECT_THAT(calls(), ElementsAre("svc a b status", "svc a b status"));
    EXPECT_EQ(stop().answer, Answer::kStopped);
    EXPECT_THAT(calls(), ElementsAre("svc a b stop"));
    EXPECT_FALSE(has("10.0.0.5") || has("10.0.0.6"));
    EXPECT_THAT(running_, IsEmpty());
    for (const char* line :
         {"Acquiring resource group: node1 10.0.0.5/16/eth0 10.0.0.6/16/eth0 svc::a::b\n",
          "/resource.d/svc a b start\n", "svc::a::b: starting a\n",
          "svc::a::b: is the server running?\n", "Releasing resource group: node1"})
        EXPECT_THAT(log_, HasSubstr(line));
}

TEST_F(GroupAgentsTest, SaysWhereAGroupIsOrWhyItHasNoPlace) {
    open();
    until([&] { return !places_.empty(); });
    ASSERT_EQ(places_[0].places.size(), 2U);
    EXPECT_EQ(places_[0].places[1].interface, "eth0");
    EXPECT_EQ(places_[0].problem, "");
    shell("ip link del eth0");
    until([&] { return places_.size() > 1; });
    EXPECT_EQ(places_[1].problem, "eth0: no such device");
    std::filesystem::remove(dir_ / "resource.d/svc");
    places_.clear();
    shell("ip link add eth0 type veth peer name peer0; ip link set eth0 up");
    until([&] { return !places_.empty() && places_.back().places.size() == 2; });
    EXPECT_THAT(places_.back().problem, HasSubstr("Cannot locate resource script svc"));
}

TEST_F(GroupAgentsTest, ALinkThatIsDownHasNoCarrierAlsoWhereNothingHasAPlaceAnyMore) {
    open();
    until([&] { return !places_.empty(); });
    shell("ip link set peer0 down");
    until([&] { return no_carrier_.interfaces.contains("eth0"); });
    places_.clear();
    shell("ip link set eth0 down");
    until([&] { return !places_.empty(); });
    EXPECT_NE(places_.back().problem, "");
    EXPECT_TRUE(no_carrier_.interfaces.contains("eth0"));
    shell("ip link set peer0 up; ip link set eth0 up");
    until([&] { return no_carrier_.interfaces.empty(); });
}

TEST_F(GroupAgentsTest, AFailedStartIsUndone) {
    open();
    touch("fail-start");
    const RunnerDone done = start();
    EXPECT_EQ(done.answer, Answer::kStopped);
    EXPECT_TRUE(done.after_start);
    EXPECT_EQ(done.detail, "svc::a::b: return code 5");
    EXPECT_THAT(calls(), ElementsAre("svc a b status", "svc a b start", "svc a b stop"));
    EXPECT_FALSE(has("10.0.0.5") || has("10.0.0.6"));
    EXPECT_THAT(log_, HasSubstr("Return code 5 from " + (dir_ / "resource.d/svc").string()));
    EXPECT_THAT(log_, HasSubstr("Giving up resources due to failure of svc::a::b\n"));
}

TEST_F(GroupAgentsTest, WhatDoesNotStopKeepsItsAddress) {
    open({.stop_retries = 2, .stop_retry_delay = 20ms});
    EXPECT_EQ(start().answer, Answer::kRunning);
    (void)calls();
    touch("fail-stop");
    const RunnerDone done = stop();
    EXPECT_EQ(done.answer, Answer::kFailed);
    EXPECT_EQ(done.detail, "svc::a::b: return code 1");
    EXPECT_THAT(calls(), ElementsAre("svc a b stop", "svc a b status", "svc a b stop",
                                     "svc a b status", "svc a b stop", "svc a b status"));
    EXPECT_TRUE(has("10.0.0.5") && has("10.0.0.6"));
    EXPECT_THAT(log_, HasSubstr("Retrying failed stop operation [svc::a::b]\n"));
}

TEST_F(GroupAgentsTest, AStopThatFailsThoughNothingRunsHasSucceeded) {
    open();
    EXPECT_EQ(start().answer, Answer::kRunning);
    touch("lie-stop");
    EXPECT_EQ(stop().answer, Answer::kStopped);
    EXPECT_THAT(log_, HasSubstr("probably not LSB-compliant"));
    EXPECT_FALSE(has("10.0.0.5"));
}

TEST_F(GroupAgentsTest, AHungScriptIsKilledWithItsChildren) {
    settings_.call_times = {{.kind = config::CallKind::kStart, .time = 300ms}};
    open();
    touch("hang-start");
    const RunnerDone done = start();
    EXPECT_EQ(done.answer, Answer::kStopped);
    EXPECT_THAT(done.detail, HasSubstr("after its time was over"));
    EXPECT_THAT(running_, IsEmpty());
    pid_t sleeper = 0;
    std::ifstream(dir_ / "sleeper") >> sleeper;
    ASSERT_GT(sleeper, 1);
    until([&] {  // dead, whether or not somebody has reaped it
        std::ifstream stat(fmt::format("/proc/{}/stat", sleeper));
        std::string pid;
        std::string name;
        std::string state;
        return !(stat >> pid >> name >> state) || state == "Z";
    });
    EXPECT_FALSE(has("10.0.0.5"));
}

// Whose end is kept from its parent, as that of a process that hangs in the kernel is.
TEST_F(GroupAgentsTest, AStatusThatSurvivesItsKillIsAnsweredWithoutIt) {
    settings_.call_times = {{.kind = config::CallKind::kStatus, .time = 500ms}};
    open();
    touch("hang-status");
    agents_->ask(kGroup);
    until([&] { return std::filesystem::exists(dir_ / "sleeper"); });
    ASSERT_EQ(running_.size(), 1U);
    const pid_t script = *running_.begin();
    const pid_t tracer = fork();
    if (tracer == 0) {
        if (ptrace(PTRACE_SEIZE, script, nullptr, nullptr) != 0) _exit(1);
        for (;;)
            pause();
    }
    const RunnerDone done = result();
    EXPECT_EQ(done.answer, Answer::kPartial) << "not stopped: nobody knows";
    EXPECT_THAT(done.detail, HasSubstr("killed, and it does not end"));
    EXPECT_THAT(log_, HasSubstr("status was killed and does not end: it hangs in the kernel\n"));
    EXPECT_EQ(running_.size(), 1U) << "the master still knows of it";
    kill(tracer, SIGKILL);
    waitpid(tracer, nullptr, 0);
    until([&] { return running_.empty(); });
}

TEST_F(GroupAgentsTest, ACallThatNobodyMayKnowOfDoesNotRun) {
    open();
    allow_calls_ = false;
    EXPECT_EQ(ask().answer, Answer::kPartial) << "what cannot be asked is not called stopped";
    EXPECT_THAT(calls(), IsEmpty());
    EXPECT_THAT(running_, IsEmpty());
}

TEST_F(GroupAgentsTest, ReleaseAllStopsWhatADeadSuiteLeft) {
    log::Logger log({.daemon = "test", .least = Level::kCrit});
    open();
    EXPECT_EQ(start().answer, Answer::kRunning);
    agents_.reset();  // the suite is dead
    (void)calls();
    EXPECT_EQ(release_all({.config_dir = dir_, .own_node = "node1"}, log), 0);
    EXPECT_THAT(calls(), ElementsAre("svc a b stop"));
    EXPECT_FALSE(has("10.0.0.5") || has("10.0.0.6"));
    EXPECT_TRUE(has("10.0.0.1"));
    EXPECT_EQ(release_all({.config_dir = dir_, .own_node = "node1"}, log), 0) << "again";
}

TEST_F(GroupAgentsTest, ReleaseAllWithoutConfigurationSaysSo) {
    log::Logger log({.daemon = "test", .least = Level::kCrit});
    std::filesystem::remove(dir_ / "ha.cf");
    EXPECT_EQ(release_all({.config_dir = dir_, .own_node = "node1"}, log), 6);
}

}  // namespace
}  // namespace hb::resource

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNET) != 0) {
        std::perror("skipped: no network namespace of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
