// PostgreSQL, its file system and its address, managed by Debian's OCF agent: moved, killed, and
// interrupted in the middle, under a client that writes (database_test.hpp says what holds).
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "tests/lab/database_test.hpp"

namespace hb::lab {
namespace {

class Database : public DatabaseTest {
  protected:
    void run_it() { run_database(ocf_service()); }
    // hb-resource of that node dies, and comes back.
    void kill_resource_daemon(unsigned n) {
        const std::optional<pid_t> before = node(n).pid_of("hb-resource");
        EXPECT_GE(node(n).kill("hb-resource"), 1U);  // more: on its way to become a script
        cluster().wait("hb-resource is back", [&] {
            const std::optional<pid_t> now = node(n).pid_of("hb-resource");
            return now && now != before;
        });
    }
};

TEST_F(Database, is_stopped_orderly_and_fails_back) {
    run_it();
    EXPECT_EQ(cluster().stop(1), 0);
    EXPECT_FALSE(node(1).pid_of("postgres"));
    wait_served_by(2);
    cluster().start(1);
    wait_served_by(1);
}

TEST_F(Database, moves_by_standby_and_by_takeover) {
    run_it();
    ask(1, {"standby"});
    wait_served_by(2);
    ask(1, {"takeover"});
    wait_served_by(1);
    ask(1, {"move", group(), "node2"});
    wait_served_by(2);
}

TEST_F(Database, survives_the_power_off_of_its_owner) {
    run_it();
    const std::size_t rows = writer().acknowledged().size();
    cluster().wait("many rows", [&] { return writer().acknowledged().size() > rows + 200; });
    node(1).power_off();
    wait_served_by(2);
    node(1).boot();
    cluster().start(1);
    wait_served_by(1);
}

TEST_F(Database, is_restarted_in_place_when_it_is_killed) {
    run_it();
    const std::size_t mounts = disk().mounts();
    const std::size_t addresses = lab().addresses().mark();
    EXPECT_GT(node(1).kill("postgres"), 0U);
    cluster().wait_log(1, "has failed (not running");
    cluster().wait_log(1, "restarting it in place (1 of 3)");
    wait_served_by(1);
    EXPECT_EQ(disk().mounts(), mounts) << "the file system was touched";
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address was touched";
}

// An environment variable with a number.
unsigned number_of(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

class Handovers : public DatabaseTest {
  protected:
    // Away from `from`, by a way and from a node that chance chooses.
    struct Request {
        unsigned node;
        Argv words;
    };
    Request away_from(unsigned from) {
        const unsigned to = from == 1 ? 2 : 1;
        switch (random_() % 3) {
            case 0:
                return {from, {"standby"}};
            case 1:
                return {to, {"takeover"}};
            default:
                return {random_() % 2 == 0 ? from : to,
                        {"move", group(), fmt::format("node{}", to)}};
        }
    }
    // One of the moments of a handover, the first of which is: at once.
    void wait_moment(unsigned from, std::size_t mark) {
        const unsigned to = from == 1 ? 2 : 1;
        switch (random_() % 4) {
            case 0:
                return;
            case 1:
                cluster().wait_log(from, fmt::format("{} stop", kScript), mark);
                return;
            case 2:
                cluster().wait("the disk is away",
                               [&] { return !disk().holders().contains(from); });
                return;
            default:
                cluster().wait_log(to, fmt::format("{} start", kScript), mark);
                return;
        }
    }

    std::mt19937 random_;
};

// `HA_LAB_HANDOVERS=20` for less of them, `HA_LAB_SEED` for the same again.
TEST_F(Handovers, at_random_lose_nothing) {
    const unsigned times = number_of("HA_LAB_HANDOVERS", 100);
    const unsigned seed = number_of("HA_LAB_SEED", std::random_device{}());
    std::printf("%u handovers, seed %u\n", times, seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    run_database(kScript);
    unsigned owner = 1;
    unsigned changes_of_mind = 0;
    const LabTime began = LabClock::now();
    for (unsigned i = 0; i < times; ++i) {
        const Request request = away_from(owner);
        if (random_() % 4 != 0) {
            ask(request.node, request.words);
            owner = owner == 1 ? 2 : 1;
            wait_served_by(owner);
        } else {
            // Somebody changes his mind while it is on its way. Granted or refused: it is
            // somewhere.
            const std::size_t mark = lab().log().mark();
            Argv words = request.words;
            words.push_back("--no-wait");
            ask(request.node, words);
            wait_moment(owner, mark);
            const Request second = away_from(owner == 1 ? 2 : 1);
            const int code = cluster().hactl(second.node, second.words).exit_code;
            EXPECT_TRUE(code == 0 || code == 3) << join(second.words) << ": " << code;
            owner = wait_served();
            ++changes_of_mind;
        }
        if (HasFatalFailure()) return;
    }
    std::printf("%u handovers, %u of them with a change of mind, in %.1f s\n", times,
                changes_of_mind, to_ms(LabClock::now() - began) / 1000);
}

// Each row: on which node hb-resource dies in the middle of a move from node1 to node2, and when:
// as soon as its log has the line; without one, as soon as the server's process is there. (The
// disk's operations take milliseconds: there it may be a moment after.)
struct Moment {
    const char* name;
    unsigned node;
    const char* line;
    long killed_mounts = 0;  // at most
};
class DatabaseMidway : public Database, public ::testing::WithParamInterface<Moment> {};

TEST_P(DatabaseMidway, hb_resource_dies) {
    const Moment& moment = GetParam();
    mounts_are_killed(moment.killed_mounts);
    run_it();
    const std::size_t mark = lab().log().mark();
    ask(1, {"standby", "--no-wait"});
    if (moment.line != nullptr)
        cluster().wait_log(moment.node, moment.line, mark);
    else
        cluster().wait("the server is there",
                       [&] { return node(moment.node).pid_of("postgres").has_value(); });
    kill_resource_daemon(moment.node);
    wait_served();
    // And nothing is left that hinders the next move.
    ask(1, {"move", group(), "node2"});
    wait_served_by(2);
    ask(1, {"move", group(), "node1"});
    wait_served_by(1);
}

INSTANTIATE_TEST_SUITE_P(Of, DatabaseMidway,
                         ::testing::Values(Moment{"stop_of_the_server", 1, "heartbeat/pgsql stop"},
                                           Moment{"stop_of_the_disk", 1, "Filesystem stop"},
                                           Moment{"start_of_the_disk", 2, "Filesystem start", 1},
                                           Moment{"start_of_the_server", 2,
                                                  "heartbeat/pgsql start"},
                                           Moment{"start_when_the_server_is_there", 2, nullptr}),
                         [](const auto& moment) { return moment.param.name; });

}  // namespace
}  // namespace hb::lab
