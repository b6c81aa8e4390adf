#include "daemons/hb-ipfail/ipfail_daemon.hpp"

#include <gtest/gtest.h>

#include "common/base/assert.hpp"
#include "proto/codec_membership_ipfail.hpp"

namespace hb::ipfail {
namespace {

class FakeHost final : public skeleton::Host {
  public:
    runtime::EventLoop& loop() override { HB_UNREACHABLE(); }
    log::Logger& log() override { return logger_; }
    runtime::SendResult send(ipc::Program, std::string_view) override {
        sent++;
        return runtime::SendResult::kSent;
    }
    bool has(ipc::Program) const override { return true; }
    void fault(ipc::Program neighbour, std::string_view reason) override {
        faults.emplace_back(neighbour, reason);
    }
    runtime::SendResult tell_master(const ipc::DaemonToMaster&) override {
        sent++;
        return runtime::SendResult::kSent;
    }
    void exit(int) override { exited = true; }

    std::vector<std::pair<ipc::Program, std::string>> faults;
    int sent = 0;
    bool exited = false;

  private:
    log::Logger logger_{{.daemon = "hb-ipfail", .least = Level::kError}};
};

TEST(IpfailDaemon, HasNoOpinionAndKeepsItsChannel) {
    FakeHost host;
    IpfailDaemon daemon(host);
    daemon.on_neighbour(ipc::Program::kMembership);
    daemon.on_message(ipc::Program::kMembership,
                      proto::encode(ipc::PeerPings{node_id(1), {{"10.0.0.1"}}}));
    daemon.on_gap(10s);
    daemon.on_neighbour_gone(ipc::Program::kMembership);
    EXPECT_TRUE(host.faults.empty());
    EXPECT_EQ(host.sent, 0);
    EXPECT_FALSE(host.exited);
    daemon.on_stop(host);
    EXPECT_TRUE(host.exited);
}

TEST(IpfailDaemon, ReportsWhatMayNotBe) {
    FakeHost host;
    IpfailDaemon daemon(host);
    daemon.on_message(ipc::Program::kMembership, "nonsense");
    daemon.on_message(ipc::Program::kComm, "");
    ASSERT_EQ(host.faults.size(), 2U);
    EXPECT_EQ(host.faults[0],
              std::pair(ipc::Program::kMembership, std::string("message: malformed")));
    EXPECT_EQ(host.faults[1].first, ipc::Program::kComm);
}

}  // namespace
}  // namespace hb::ipfail
