// hb-resource's shell between a host that writes everything down and a real kernel.
#include "daemons/hb-resource/resource_daemon.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/runtime/system_clock.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_membership_resource.hpp"

namespace hb::resource {
namespace {

using ipc::Program;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string shell(const std::string& command) {
    std::string output;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        output.append(buffer.data(), n);
    EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
    return output;
}

// Writes down what is sent, in words, each with whether the kernel had the address at that moment.
class FakeHost final : public skeleton::Host {
  public:
    runtime::EventLoop& loop() override { return loop_; }
    log::Logger& log() override { return log_; }
    runtime::SendResult send(Program to, std::string_view bytes) override {
        if (to == Program::kMembership)
            said(proto::decode_resource_to_membership(bytes));
        else
            said(proto::decode_resource_to_comm(bytes));
        return runtime::SendResult::kSent;
    }
    [[nodiscard]] bool has(Program) const override { return true; }
    void fault(Program neighbour, std::string_view reason) override {
        add(fmt::format("fault {}: {}", to_string(neighbour), reason));
    }
    runtime::SendResult tell_master(const ipc::DaemonToMaster& message) override {
        if (std::holds_alternative<ipc::CallStarted>(message)) add("call started");
        if (std::holds_alternative<ipc::CallFinished>(message)) add("call finished");
        if (std::holds_alternative<ipc::LeaveDone>(message)) add("left");
        return master;
    }
    void exit(int code) override { add(fmt::format("exit {}", code)); }

    void add(const std::string& words) {
        const bool there = shell("ip -4 addr show").find("10.0.0.5") != std::string::npos;
        story.push_back(words + (there ? " (address here)" : ""));
    }
    [[nodiscard]] bool heard(const std::string& words) const {
        return std::ranges::any_of(
            story, [&](const std::string& line) { return line.starts_with(words); });
    }

    std::vector<std::string> story;
    runtime::SendResult master = runtime::SendResult::kSent;

  private:
    void said(const Result<ipc::ResourceToMembership>& message) {
        ASSERT_TRUE(message) << message.error().text;
        if (std::holds_alternative<ipc::ResourceHello>(*message)) add("hello");
        const auto* publish = std::get_if<ipc::Publish>(&*message);
        if (publish == nullptr || !publish->report) return;
        for (const auto& [name, group] : publish->report->groups)
            if (std::exchange(last_, to_string(group.state)) != to_string(group.state))
                add(fmt::format("published {}", to_string(group.state)));
    }
    void said(const Result<ipc::ResourceToComm>& message) {
        ASSERT_TRUE(message) << message.error().text;
        const bool claims = !std::get<ipc::Watch>(*message).claims.empty();
        if (std::exchange(claims_, claims) != claims) add(claims ? "claim" : "no claim");
    }

    runtime::EventLoop loop_;
    log::Logger log_{{.daemon = "test", .least = Level::kCrit}};
    std::string last_;
    bool claims_ = false;
};

class ResourceDaemonTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        shell(
            "ip link set lo up; ip link add eth0 type veth peer name peer0; "
            "ip link set eth0 up; ip link set peer0 up; ip addr add 10.0.0.1/16 brd + dev eth0");
        std::string pattern = testing::TempDir() + "/hb-resource-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        std::filesystem::create_directory(dir_ / "resource.d");
        const std::filesystem::path script = dir_ / "resource.d/svc";
        std::ofstream(script) << "#!/bin/sh\n"
                                 "[ $1 = status ] && { [ -e $HA_DIR/up ] && echo running; exit; }\n"
                                 "[ $1 = start ] && touch $HA_DIR/up || rm -f $HA_DIR/up\n";
        ASSERT_EQ(chmod(script.c_str(), 0755), 0);

        setup_.config_dir = dir_;
        setup_.settings.nodes = {"node1"};
        setup_.settings.deadtime = 1s;
        setup_.settings.groups = {
            {.name = "10.0.0.5",
             .preferred = node_id(0),
             .resources = {{.type = "IPaddr", .args = {"10.0.0.5"}, .word = "10.0.0.5"},
                           {.type = "svc", .word = "svc"}}}};
    }
    void TearDown() override {
        daemon_.reset();
        std::filesystem::remove_all(dir_);
    }

    // A life of hb-resource, up to the view of this one node.
    void begin(std::uint32_t respawn) {
        setup_.incarnation = {1, respawn};
        daemon_ = std::make_unique<ResourceDaemon>(host_, setup_);
        daemon_->on_neighbour(Program::kMembership);
        const Incarnation incarnation{1, 1};
        membership(ipc::MembershipReady{.incarnation = incarnation});
        daemon_->on_message(Program::kComm, proto::encode(ipc::CommToResource(ipc::CommReady{})));
        const View view{{1, node_id(0), incarnation}, {{node_id(0), incarnation}}};
        membership(ipc::ViewChanged{.view = view, .installed = true});
    }
    void membership(const ipc::MembershipToResource& message) {
        daemon_->on_message(Program::kMembership, proto::encode(message));
    }
    void until(const std::string& words) {
        const MonoTime limit = runtime::now() + 30s;
        while (!host_.heard(words)) {
            ASSERT_LT(runtime::now(), limit) << words << " never came";
            host_.loop().poll();
        }
    }

    std::filesystem::path dir_;
    ipc::Setup setup_;
    FakeHost host_;
    std::unique_ptr<ResourceDaemon> daemon_;
};

TEST_F(ResourceDaemonTest, PublishesAndClaimsBeforeItActsAndLeavesInOrder) {
    begin(1);
    until("published running");
    EXPECT_THAT(host_.story,
                ElementsAre("hello", "published unknown", "call started", "call finished",
                            "published starting", "claim", "call started (address here)",
                            "call finished (address here)", "call started (address here)",
                            "call finished (address here)", "published running (address here)"));
    host_.story.clear();
    daemon_->on_stop(host_);
    until("exit 0");
    EXPECT_THAT(host_.story,
                ElementsAre("published stopping (address here)", "call started (address here)",
                            "call finished (address here)", "published stopped", "no claim", "left",
                            "exit 0"));
}

TEST_F(ResourceDaemonTest, ANewcomerFindsItRunningAndTouchesNothing) {
    begin(1);
    until("published running");
    daemon_.reset();
    host_.story.clear();
    begin(2);
    until("published running");
    // No claim: what hb-comm was told before still holds, and is never taken back.
    EXPECT_THAT(host_.story,
                ElementsAre("hello (address here)", "published unknown (address here)",
                            "call started (address here)", "call finished (address here)",
                            "published running (address here)"));
}

TEST_F(ResourceDaemonTest, WithoutAMasterItReleasesAll) {
    begin(1);
    until("published running");
    host_.master = runtime::SendResult::kClosed;
    daemon_->on_master_gone(host_);
    until("exit 0");
    EXPECT_THAT(shell("ip -4 addr show"), testing::Not(HasSubstr("10.0.0.5")));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "up"));
}

TEST_F(ResourceDaemonTest, WhatDoesNotDecodeIsItsSendersFault) {
    begin(1);
    daemon_->on_message(Program::kComm, "nonsense");
    EXPECT_THAT(host_.story, Contains(HasSubstr("fault hb-comm: ")));
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
