// Somebody else is on the heartbeat network. Without a key nothing that it sends has an effect,
// whatever it is made of; a recording of true frames keeps nobody alive (docs/protocol.md, V1 and
// section 8). Everything is counted and told, seldom.
#include <algorithm>
#include <cstdio>
#include <random>

#include "common/wire/envelope.hpp"
#include "tests/lab/cluster_test.hpp"
#include "tests/lab/stranger.hpp"

namespace hb::lab {
namespace {

constexpr const char* kVip = Cluster::kVip;
constexpr Duration kDeadtime = 1s, kInitdead = 2s;  // ClusterConfig's
// What a measurement may be late on a busy machine.
constexpr Duration kSlack = 500ms;

// Plays a recording, over and over, as long as it lives.
class Player {
  public:
    Player(Stranger& stranger, std::vector<Heartbeat> recording, Duration period)
        : thread_([this, &stranger, recording = std::move(recording), period] {
              for (std::size_t i = 0; !stop_; i = (i + 1) % recording.size()) {
                  stranger.send(recording[i].bytes);
                  std::this_thread::sleep_for(period);
              }
          }) {}
    ~Player() {
        stop_ = true;
        thread_.join();
    }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

  private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

class ForgedFrames : public ClusterTest {
  protected:
    void SetUp() override {
        prepare_cluster();
        stranger_ = std::make_unique<Stranger>(lab());
        cluster().start_all();
        cluster().wait_settled();
        record(1, 8);  // and of node2 about as many
    }
    void TearDown() override {
        stranger_.reset();
        ClusterTest::TearDown();
    }

    Stranger& stranger() { return *stranger_; }

    // What the node sent so far, once that is `more` frames more than now.
    std::vector<Heartbeat> record(unsigned n, std::size_t more) {
        const std::string from = node(n).address(Cable::kHeartbeat);
        const std::size_t enough = stranger().recorded(from).size() + more;
        cluster().wait("the stranger has recorded node" + std::to_string(n),
                       [&] { return stranger().recorded(from).size() >= enough; });
        return stranger().recorded(from);
    }

    nlohmann::json view(unsigned asked) {
        const std::optional<nlohmann::json> all = cluster().status(asked);
        return all ? all->at("view") : nlohmann::json();
    }

    // While `act` happens, and for a while after it, nobody notices anything.
    void expect_no_effect(const std::function<void()>& act) {
        const std::size_t addresses = lab().addresses().mark();
        const std::size_t log = lab().log().mark();
        const nlohmann::json before = view(1);
        ASSERT_TRUE(before.is_object());
        act();
        EXPECT_TRUE(stays([&] { return node(1).holds(kVip) && !node(2).holds(kVip); }, 2s));
        EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty()) << "the address moved";
        for (const unsigned n : {1U, 2U}) {
            EXPECT_EQ(view(n), before);
            for (const char* text : {"is dead", "(coordinator", "another host says"})
                EXPECT_FALSE(lab().log().find(node(n).name(), text, log))
                    << node(n).name() << " said: " << text;
            EXPECT_LT(complaints(n, log), 40U) << "a log that a stranger can fill";
        }
    }

    [[nodiscard]] std::size_t complaints(unsigned n, std::size_t log) {
        return lab().log().count(node(n).name(), "bad frame", log) +
               lab().log().count(node(n).name(), "dropped", log);
    }
    // The bad frames that the node told of, all lines together.
    [[nodiscard]] std::size_t bad_frames_told(unsigned n, std::size_t log) {
        std::size_t sum = 0;
        for (const LogLine& line : lab().log().lines(log)) {
            const std::size_t at = line.text.find(" bad frame");
            if (at == std::string::npos || !line.source.starts_with(node(n).name())) continue;
            const std::size_t number = line.text.rfind(' ', at - 1) + 1;
            sum += std::stoul(line.text.substr(number, at - number));
        }
        return sum;
    }

    // When the address came to node2, counted from `since`.
    Duration taken_over_after(LabTime since) {
        cluster().wait_owner(2);
        return lab().addresses().holdings(kVip).back().from - since;
    }

    std::mt19937 random_{std::random_device{}()};

  private:
    std::unique_ptr<Stranger> stranger_;
};

TEST_F(ForgedFrames, that_were_cut_or_changed_are_counted_and_told_with_their_source) {
    std::vector<std::string> broken;
    const std::vector<Heartbeat> all = stranger().recorded();
    for (int n = 0; n < 3; ++n) {
        const std::string whole = all[random_() % all.size()].bytes;
        for (const std::size_t length :
             {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{47}, std::size_t{48},
              std::size_t{60}, whole.size() / 2, whole.size() - 1})
            broken.push_back(whole.substr(0, length));
        broken.push_back(whole + '\0');
        for (int flip = 0; flip < 40; ++flip) {
            std::string changed = whole;
            const std::size_t bit = random_() % (8 * changed.size());
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
            broken.push_back(std::move(changed));
        }
    }
    const std::size_t log = lab().log().mark();
    expect_no_effect([&] {
        for (const std::string& each : broken)
            stranger().send(each);
    });
    for (const unsigned n : {1U, 2U}) {
        cluster().wait("node" + std::to_string(n) + " tells of every bad frame",
                       [&] { return bad_frames_told(n, log) >= broken.size(); });
        EXPECT_EQ(bad_frames_told(n, log), broken.size());
        EXPECT_TRUE(lab().log().find(node(n).name(), std::string("from ") + Stranger::kAddress));
    }
}

TEST_F(ForgedFrames, of_another_key_are_refused_whatever_they_say) {
    config::AuthKeys own{.sign_with = 1,
                         .keys = {{1, {config::AuthMethod::kSha1, "a-key-of-the-lab"}}}};
    const wire::KeyRing keys = wire::KeyRing::make(own).value();
    const std::vector<Heartbeat> all = stranger().recorded();
    const std::size_t log = lab().log().mark();
    expect_no_effect([&] {
        for (const Heartbeat& each : all) {
            auto opened = wire::open(each.bytes, keys);
            ASSERT_TRUE(opened) << "the test does not know the key";
            for (const auto& [index, method] :
                 std::vector<std::pair<std::uint8_t, config::AuthMethod>>{
                     {1, config::AuthMethod::kSha1},
                     {1, config::AuthMethod::kCrc},
                     {1, config::AuthMethod::kHmacSha256},
                     {9, config::AuthMethod::kSha1}}) {
                config::AuthKeys other{.sign_with = index, .keys = {{index, {method, "a-guess"}}}};
                const wire::KeyRing guess = wire::KeyRing::make(other).value();
                FrameHeader header = opened->header;
                header.sequence += 1000;
                for (const std::uint64_t later : {0U, 1U}) {
                    header.generation += later;
                    const auto parts = wire::seal(header, opened->body, guess).value();
                    for (const std::string& part : parts)
                        stranger().send(part);
                }
            }
        }
    });
    const std::string from = std::string("from ") + Stranger::kAddress + " on eth1: ";
    for (const unsigned n : {1U, 2U})
        for (const char* why : {"wrong key 1 (sha1)", "key 1 is not for crc", "unknown key 9"})
            cluster().wait_log(n, from + why, log);
}

TEST_F(ForgedFrames, garbage_and_a_flood_of_it) {
    const std::size_t log = lab().log().mark();
    const std::string truth = stranger().recorded().back().bytes;
    expect_no_effect([&] {
        std::string bytes;
        for (int n = 0; n < 20000; ++n) {
            bytes.resize(random_() % 1400);
            for (char& c : bytes)
                c = static_cast<char>(random_());
            // Some that look like ours at the beginning.
            if (n % 3 == 0) bytes.replace(0, random_() % 48, truth, 0, random_() % 48);
            stranger().send(bytes);
        }
        stranger().send(std::string(9000, 'x'));
        stranger().send(std::string(60000, '\0'));
    });
    for (const unsigned n : {1U, 2U})
        EXPECT_TRUE(lab().log().find(node(n).name(), Stranger::kAddress, log));
}

TEST_F(ForgedFrames, a_recording_has_no_effect_on_who_heard_the_true_ones) {
    const std::size_t log = lab().log().mark();
    expect_no_effect([&] {
        for (int again = 0; again < 3; ++again)
            for (const Heartbeat& each : stranger().recorded())
                stranger().send(each.bytes);
    });
    for (const unsigned n : {1U, 2U}) {
        const std::string name = node(n).name();
        EXPECT_EQ(lab().log().count(name, "came again (from 10.77.1.66) and were dropped", log),
                  1U);
    }
}

// The receiver forgot all it heard, but for the highest generation (on its disk).
TEST_F(ForgedFrames, a_recording_does_not_disturb_a_restarted_receiver) {
    cluster().stop(1);
    cluster().start(1);
    cluster().wait_settled();
    const std::vector<Heartbeat> recording = record(1, 8);  // the earlier generation, too
    const Player player(stranger(), recording, 5ms);
    const std::size_t addresses = lab().addresses().mark();
    cluster().stop(2);
    const std::size_t log = lab().log().mark();
    cluster().start(2);
    cluster().wait_settled();
    cluster().wait_log(2, "a frame of node1 (from 10.77.1.66) of generation", log);
    expect_no_effect([] {});
    EXPECT_TRUE(lab().addresses().events_of(kVip, addresses).empty());
}

TEST_F(ForgedFrames, a_recording_delays_no_takeover) {
    const std::vector<Heartbeat> recording = record(1, 8);
    const Player player(stranger(), recording, 20ms);
    const LabTime dead = node(1).power_off();
    EXPECT_LE(taken_over_after(dead), 2 * kDeadtime);
}

TEST_F(ForgedFrames, a_recording_delays_a_takeover_by_a_deadtime_after_a_respawn) {
    const std::vector<Heartbeat> recording = record(1, 16);
    const LabTime dead = node(1).power_off();
    node(2).kill("hb-comm");  // the next one never heard node1
    const Player player(stranger(), recording, 100ms);
    EXPECT_LE(taken_over_after(dead), 2 * kDeadtime + kSlack);
}

// Nobody answered for node1 when node2 came up, only the recording does, from shortly before
// initdead is over.
TEST_F(ForgedFrames, a_recording_delays_a_takeover_by_a_deadtime_after_a_restart) {
    cluster().stop(1);
    cluster().start(1);
    cluster().wait_settled();
    const std::vector<Heartbeat> recording = record(1, 20);
    cluster().stop(2);
    node(1).power_off();
    const std::size_t log = lab().log().mark();
    const LabTime started = LabClock::now();
    cluster().start(2);
    lab().wakeup().wait(kInitdead - 200ms, [] { return false; });
    const Player player(stranger(), recording, 40ms);
    EXPECT_LE(taken_over_after(started), kInitdead + kDeadtime + kSlack);
    cluster().wait_log(2, "does not answer us", log);
}

}  // namespace
}  // namespace hb::lab
