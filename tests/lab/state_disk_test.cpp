// The disk that the suite keeps its generations on: hangs, or is full. Neither delays a heartbeat,
// starves the watchdog or moves anything; what cannot be kept is said.
#include "tests/lab/cluster_test.hpp"
#include "tests/lab/watchdog_stand_in.hpp"

namespace hb::lab {
namespace {

constexpr const char* kStateDir = "/var/lib/ha-suite";
constexpr std::uint64_t kDiskSize = 16 << 20;

class StateDisk : public ClusterTest {
  protected:
    void prepare(ClusterConfig config = {}) {
        config.more.push_back(std::string("watchdog ") + WatchdogStandIn::kPath);
        config.master_environment = WatchdogStandIn::environment();
        prepare_cluster(std::move(config));
        for (unsigned n = 1; n <= 2; ++n)
            dogs_[n] = std::make_unique<WatchdogStandIn>(lab(), n, 2s);
    }
    void must(unsigned n, const Argv& argv) {
        const CommandResult result = node(n).run(argv);
        ASSERT_EQ(result.exit_code, 0) << argv[0] << ": " << result.err;
    }
    void start() {
        cluster().start_all();
        cluster().wait_settled();
    }
    // Node2 comes back with a new generation, which node1 is to keep.
    void node2_returns() {
        EXPECT_EQ(cluster().stop(2), 0);
        cluster().start(2);
        cluster().wait_all_active();
    }
    [[nodiscard]] std::string kept(unsigned n) {
        return node(n).run({"cat", std::string(kStateDir) + "/generations"}).out;
    }
    WatchdogStandIn& dog(unsigned n) { return *dogs_.at(n); }
    void TearDown() override {
        if (frozen_) node(1).run({"fsfreeze", "-u", kStateDir});
        dogs_.clear();  // they write into the lab's log
        ClusterTest::TearDown();
    }
    void freeze_disk() {
        must(1, {"fsfreeze", "-f", kStateDir});
        frozen_ = true;
    }
    void thaw_disk() {
        must(1, {"fsfreeze", "-u", kStateDir});
        frozen_ = false;
    }

  private:
    bool frozen_ = false;
    std::map<unsigned, std::unique_ptr<WatchdogStandIn>> dogs_;
};

TEST_F(StateDisk, that_hangs_delays_nothing) {
    prepare();
    const SharedDisk& disk = lab().add_shared_disk("state", kDiskSize);
    must(1, {"mkdir", "-p", kStateDir});
    must(1, {"mount", "-t", "ext4", disk.device(), kStateDir});
    start();
    freeze_disk();
    const std::string before = node(2).read_file(std::string(kStateDir) + "/generations");
    const std::size_t mark = lab().log().mark();
    node2_returns();
    cluster().wait_log(1, "the disk of /var/lib/ha-suite takes longer than 5 s", mark);
    // hb-master does all that it has to.
    for (const char* daemon : {"hb-comm", "hb-membership", "hb-resource"}) {
        const std::size_t killed = lab().log().mark();
        ASSERT_EQ(node(1).kill(daemon), 1U);
        cluster().wait_log(1, std::string("started ") + daemon, killed);
        cluster().wait_settled();
    }
    EXPECT_FALSE(dog(1).expired());
    EXPECT_EQ(lab().log().find("node1", "the watchdog is fed no more", mark), std::nullopt);
    EXPECT_EQ(lab().log().find("node1", "Late heartbeat", mark), std::nullopt);

    thaw_disk();
    const std::string own = node(2).read_file(std::string(kStateDir) + "/generations");
    ASSERT_NE(own, before);
    const std::string generation = own.substr(own.find("own ") + 4, 10);
    cluster().wait("the generation of node2 is kept",
                   [&] { return kept(1).find("node2 " + generation) != std::string::npos; });
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_FALSE(dog(1).armed());
    must(1, {"umount", kStateDir});
}

TEST_F(StateDisk, that_is_full_is_said_and_refuses_a_start) {
    prepare();
    must(1, {"mkdir", "-p", kStateDir});
    must(1, {"mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", kStateDir});
    start();
    const auto fill = [&] {
        node(1).run({"dd", "if=/dev/zero", std::string("of=") + kStateDir + "/junk", "bs=4k"});
    };
    fill();
    const std::string before = kept(1);
    const std::size_t mark = lab().log().mark();
    node2_returns();
    cluster().wait_log(1, "the generations of the other nodes cannot be kept on disk", mark);
    EXPECT_EQ(kept(1), before);
    cluster().wait_settled();
    EXPECT_FALSE(dog(1).expired());

    // A generation that is not on disk could be used twice.
    EXPECT_EQ(cluster().stop(1), 0);
    cluster().wait_owner(2);
    const std::size_t stopped = lab().log().mark();
    cluster().start(1);
    cluster().wait_log(1, "the generation cannot be kept on disk, so it could be used twice",
                       stopped);
    cluster().wait("node1 does not start", [&] { return !cluster().is_running(1); });
    must(1, {"rm", std::string(kStateDir) + "/junk"});
    cluster().start(1);
    cluster().wait_settled();
}

}  // namespace
}  // namespace hb::lab
