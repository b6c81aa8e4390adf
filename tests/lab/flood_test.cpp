// As many datagrams at udp/694 as this machine sends, up to 50,000 a second, garbage and forged
// ones: no heartbeat is late, nothing grows, the log stays short.
#include <fmt/format.h>

#include <random>
#include <thread>

#include "common/base/limits.hpp"
#include "tests/lab/cluster_test.hpp"
#include "tests/lab/stranger.hpp"

namespace hb::lab {
namespace {

constexpr unsigned kPerMillisecond = 50;
constexpr Duration kLength = 6s;

class Flood : public ClusterTest {
  protected:
    // Pages that the process has in memory, in KiB.
    std::size_t memory_of(unsigned n, const std::string& daemon) {
        const auto pid = node(n).pid_of(daemon);
        if (!pid) throw LabError(daemon + " does not run");
        std::istringstream in(node(n).read_file(fmt::format("/proc/{}/statm", *pid)));
        std::size_t total = 0, resident = 0;
        in >> total >> resident;
        return resident * 4;
    }
};

TEST_F(Flood, of_garbage_and_forged_frames_delays_nothing) {
    ClusterConfig config;
    config.keepalive = "100ms";
    run_cluster(config);
    Stranger stranger(lab());
    cluster().wait("heartbeats were recorded", [&] { return stranger.recorded().size() > 20; });
    std::mt19937 random(1);
    std::vector<std::string> datagrams;
    for (const Heartbeat& each : stranger.recorded()) {
        std::string forged = each.bytes;
        forged[random() % forged.size()] ^= 0x5a;
        datagrams.push_back(std::move(forged));
        std::string garbage(random() % 1400, '\0');
        for (char& c : garbage)
            c = static_cast<char>(random());
        datagrams.push_back(std::move(garbage));
    }
    stranger.stop_recording();
    // Sized by hb-master, twice as the kernel counts, whatever net.core.rmem_max says.
    for (const unsigned n : {1U, 2U})
        cluster().wait("the socket of heartbeats has a large receive buffer", [&] {
            return node(n)
                       .run({"ss", "-uanm", "sport = :694"})
                       .out.find(fmt::format("rb{}", 2 * limits::kReceiveBytes)) !=
                   std::string::npos;
        });
    std::map<unsigned, std::size_t> before;
    for (const unsigned n : {1U, 2U})
        before[n] = memory_of(n, "hb-comm");
    const std::size_t log = lab().log().mark();
    const std::size_t addresses = lab().addresses().mark();

    std::size_t sent = 0;
    const LabTime begin = LabClock::now();
    for (LabTime turn = begin; turn < begin + kLength; turn += 1ms) {
        std::this_thread::sleep_until(turn);
        stranger.flood(datagrams, sent, kPerMillisecond);
        sent += kPerMillisecond;
    }
    const double seconds = std::chrono::duration<double>(LabClock::now() - begin).count();
    const double rate = static_cast<double>(sent) / seconds;
    std::printf("%zu datagrams in %.1f s: %.0f a second\n", sent, seconds, rate);
    RecordProperty("datagrams_a_second", static_cast<int>(rate));
    EXPECT_GT(rate, 5000) << "no flood, so nothing was shown";

    cluster().wait_settled();
    EXPECT_TRUE(lab().addresses().events_of(Cluster::kVip, addresses).empty());
    for (const unsigned n : {1U, 2U}) {
        const std::string name = node(n).name();
        SCOPED_TRACE(name);
        EXPECT_EQ(lab().log().find(name, "Late heartbeat", log), std::nullopt);
        EXPECT_EQ(lab().log().find(name, "is dead", log), std::nullopt);
        EXPECT_EQ(lab().log().find(name, ": dead", log), std::nullopt);
        EXPECT_LT(lab().log().count(name, "hb-comm", log), 100U);
        EXPECT_LT(memory_of(n, "hb-comm"), before[n] + 4096);
    }
}

}  // namespace
}  // namespace hb::lab
