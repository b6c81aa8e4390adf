#include "daemons/hb-ipfail/ipfail_daemon.hpp"

#include <gtest/gtest.h>

#include "common/base/assert.hpp"
#include "proto/codec_membership_ipfail.hpp"

namespace hb::ipfail {
namespace {

class FakeHost final : public skeleton::Host {
  public:
    runtime::EventLoop& loop() override { return loop_; }
    log::Logger& log() override { return logger_; }
    runtime::SendResult send(ipc::Program, std::string_view bytes) override {
        sent.push_back(proto::decode_ipfail_to_membership(bytes).value());
        return runtime::SendResult::kSent;
    }
    bool has(ipc::Program) const override { return true; }
    void fault(ipc::Program neighbour, std::string_view reason) override {
        faults.emplace_back(neighbour, reason);
    }
    runtime::SendResult tell_master(const ipc::DaemonToMaster&) override {
        return runtime::SendResult::kSent;
    }
    void exit(int) override { exited = true; }

    std::vector<std::pair<ipc::Program, std::string>> faults;
    std::vector<ipc::IpfailToMembership> sent;
    bool exited = false;

  private:
    runtime::EventLoop loop_;
    log::Logger logger_{{.daemon = "hb-ipfail", .least = Level::kError}};
};

ipc::Setup setup() {
    ipc::Setup setup;
    setup.self = node_id(0);
    setup.settings.nodes = {"node1", "node2"};
    setup.settings.pings = {{.name = "10.0.0.1", .members = {"10.0.0.1"}}};
    return setup;
}

TEST(IpfailDaemon, PublishesWhatItWasTold) {
    FakeHost host;
    const ipc::Setup s = setup();
    IpfailDaemon daemon(host, s);
    daemon.on_neighbour(ipc::Program::kMembership);
    EXPECT_TRUE(host.sent.empty());
    daemon.on_message(
        ipc::Program::kMembership,
        proto::encode(ipc::MembershipToIpfail(ipc::PeerPings{node_id(1), {{"10.0.0.1"}, {}}})));
    daemon.on_message(
        ipc::Program::kMembership,
        proto::encode(ipc::MembershipToIpfail(ipc::PingSeen{0, PingState::kPing, false})));
    daemon.on_gap(10s);
    daemon.on_neighbour_gone(ipc::Program::kMembership);
    EXPECT_TRUE(host.faults.empty());
    ASSERT_EQ(host.sent.size(), 1U);
    EXPECT_EQ(std::get<ipc::IpfailPublish>(host.sent[0]).ping, (PingReport{{"10.0.0.1"}, {}}));
    daemon.on_neighbour(ipc::Program::kMembership);
    EXPECT_EQ(host.sent.size(), 2U) << "a new hb-membership knows nothing";
    EXPECT_FALSE(host.exited);
    daemon.on_stop(host);
    EXPECT_TRUE(host.exited);
}

TEST(IpfailDaemon, ReportsWhatMayNotBe) {
    FakeHost host;
    const ipc::Setup s = setup();
    IpfailDaemon daemon(host, s);
    daemon.on_message(ipc::Program::kMembership, "nonsense");
    daemon.on_message(ipc::Program::kComm, "");
    ASSERT_EQ(host.faults.size(), 2U);
    EXPECT_EQ(host.faults[0],
              std::pair(ipc::Program::kMembership, std::string("message: malformed")));
    EXPECT_EQ(host.faults[1].first, ipc::Program::kComm);
}

}  // namespace
}  // namespace hb::ipfail
