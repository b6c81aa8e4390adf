// What hb-master and its daemons tell each other: round trips, and what is refused.
#include <gtest/gtest.h>

#include "proto/codec_master.hpp"
#include "tests/unit/proto/generate.hpp"

namespace hb::proto {
namespace {

class MasterGenerator : public test::Generator {
  public:
    using Generator::Generator;

    // Words of a file need not be UTF-8.
    std::string word() { return name(20) + (coin() ? "\xff" : ""); }
    std::vector<std::string> words(std::size_t most) {
        std::vector<std::string> to(below(most + 1));
        for (std::string& w : to)
            w = word();
        return to;
    }
    config::Position position() {
        return {word(), static_cast<unsigned>(below(1000)), static_cast<unsigned>(below(80))};
    }
    config::Medium medium() {
        return {static_cast<config::MediumKind>(1 + below(6)),
                name(15),
                coin() ? name(20) : "",
                place().address,
                static_cast<std::uint16_t>(below(65536)),
                static_cast<std::uint8_t>(below(5)),
                coin(),
                300 + static_cast<unsigned>(below(460'800)),
                position()};
    }
    config::Group group() {
        config::Group g{name(30), node(), {}, position()};
        for (std::size_t n = below(4); n > 0; --n)
            g.resources.push_back({word(), words(3), word(), position()});
        return g;
    }
    config::FenceDevice fence_device() {
        config::FenceDevice d{.type = word(), .agent = coin() ? "" : word()};
        if (coin()) d.from = node_id(below(64));
        for (std::size_t n = below(3); n > 0; --n)
            d.targets.push_back({node_id(below(64)), coin() ? "" : word()});
        d.level = static_cast<unsigned>(below(9));
        if (coin()) d.delay = deadtime();
        for (std::size_t n = below(4); n > 0; --n)
            d.parameters.emplace_back(word(), word());
        d.position = position();
        return d;
    }
    config::Settings settings() {
        config::Settings s;
        for (std::size_t n = 1 + below(5); n > 0; --n)
            s.nodes.push_back(name(60));
        for (Duration* d : {&s.keepalive, &s.warntime, &s.deadtime, &s.initdead, &s.deadping})
            *d = deadtime();
        s.udpport = static_cast<std::uint16_t>(1 + below(65535));
        for (std::size_t n = below(4); n > 0; --n)
            s.media.push_back(medium());
        s.auto_failback = static_cast<config::AutoFailback>(1 + below(3));
        for (std::size_t n = below(3); n > 0; --n)
            s.respawn.push_back({word(), word(), coin(), coin(), position()});
        for (std::size_t n = below(3); n > 0; --n)
            s.notify.push_back({coin() ? word() : "", word(), position()});
        for (std::size_t n = below(3); n > 0; --n)
            s.pings.push_back({name(20), words(3), coin(), coin(), position()});
        s.isolation_stop = coin();
        if (coin()) s.quorum = coin();
        if (coin()) s.handover = deadtime();
        if (coin()) s.watchdog = word();
        s.watchdog_evidence = coin();
        if (coin()) s.logfile = word();
        if (coin()) s.debugfile = word();
        if (coin()) s.logfacility = word();
        s.classic_log_lines = coin();
        s.debug = static_cast<unsigned>(below(256));
        s.monitoring.interval = coin() ? Duration{} : deadtime();
        s.monitoring.restart_window = deadtime();
        for (std::size_t n = below(3); n > 0; --n)
            s.gate_ignore.push_back(mac());
        s.realtime = coin();
        s.rtprio = static_cast<unsigned>(1 + below(config::kMostRtprio));
        s.log_badpack = coin();
        for (std::size_t n = below(3); n > 0; --n)
            s.apiauth.push_back({word(), {word()}, {word(), word()}, position()});
        for (std::size_t n = below(3); n > 0; --n)
            s.env[word()] = word();
        s.monitoring.restarts = static_cast<unsigned>(below(9));
        for (std::size_t n = below(3); n > 0; --n)
            s.monitoring.overrides.push_back(
                {word(), coin() ? Duration{} : deadtime(), position()});
        for (std::size_t n = below(3); n > 0; --n)
            s.call_times.push_back({static_cast<config::CallKind>(1 + below(3)),
                                    coin() ? "" : word(), deadtime(), position()});
        for (std::size_t n = below(3); n > 0; --n)
            s.failback_windows.push_back(
                {static_cast<unsigned>(below(1440)), static_cast<unsigned>(below(1440))});
        for (std::size_t n = below(3); n > 0; --n)
            s.fencing.devices.push_back(fence_device());
        s.fencing.action = static_cast<config::FenceAction>(1 + below(2));
        s.fencing.timeout = deadtime();
        s.fencing.check = coin() ? Duration{} : deadtime();
        s.fencing.delay = coin() ? Duration{} : deadtime();
        for (std::size_t n = below(4); n > 0; --n)
            s.groups.push_back(group());
        for (std::size_t n = below(4); n > 0; --n)
            s.raw[word()] = word() + "\n" + word();
        return s;
    }
    config::AuthKeys keys() {
        config::AuthKeys k;
        for (std::size_t n = 1 + below(4); n > 0; --n)
            k.keys[static_cast<std::uint8_t>(below(16))] = {
                static_cast<config::AuthMethod>(1 + below(6)), word()};
        k.sign_with = k.keys.begin()->first;
        return k;
    }
    ipc::Setup setup() {
        ipc::Setup s{.settings = settings(),
                     .self = {},
                     .incarnation = incarnation(),
                     .config_dir = "/" + word_path(),
                     .run_dir = "/" + word_path(),
                     .cgroup_tree = coin() ? "/" + word_path() : "",
                     .known_generations = {},
                     .keys = {}};
        s.self = node_id(below(s.settings.nodes.size()));
        for (std::size_t n = below(4); n > 0; --n)
            s.known_generations[node()] = number() | 1;
        if (coin()) s.keys = keys();
        return s;
    }
    ipc::MasterToDaemon to_daemon() {
        switch (below(11)) {
            case 9:
                return ipc::LogLevel{static_cast<unsigned>(below(256))};
            case 0:
                return ipc::SetupPart{word(), coin()};
            case 1:
                return ipc::NeighbourChannel{program()};
            case 2:
                return ipc::ControlSocket{};
            case 3:
                return ipc::LogFiles{coin(), coin()};
            case 4:
                return ipc::SettingsPart{word(), coin()};
            case 6:
                return ipc::CommitSettings{};
            case 7:
                return ipc::AbandonSettings{};
            case 8:
                return ipc::ReloadAnswer{number(), reload_outcome()};
            case 5:
                return ipc::LineOpened{name(60), coin() ? "" : sentence()};
            default:
                return ipc::Stop{};
        }
    }
    ipc::DaemonToMaster to_master() {
        switch (below(13)) {
            case 11:
                return ipc::SetLogLevel{static_cast<unsigned>(below(256)), sentence()};
            case 0:
                return ipc::Ready{};
            case 1:
                return ipc::RememberGeneration{node(), number() | 1};
            case 2:
                return ipc::Fault{program(), sentence()};
            case 3:
                return ipc::CallStarted{static_cast<std::int32_t>(2 + below(4000000)),
                                        coin() ? static_cast<std::uint32_t>(number()) : 0};
            case 4:
                return ipc::CallFinished{static_cast<std::int32_t>(2 + below(4000000))};
            case 5:
                return ipc::Alive{coin()};
            case 6:
                return ipc::EnlargeBuffer{};
            case 7:
                return ipc::OpenLine{name(60)};
            case 8:
                return ipc::SettingsPrepared{coin() ? "" : sentence()};
            case 9:
                return ipc::SettingsAdopted{};
            case 10:
                return ipc::ReloadRequest{number(), coin(), sentence()};
            default:
                return ipc::LeaveDone{coin()};
        }
    }

  private:
    std::string word_path() { return name(40); }
    ipc::Program program() { return static_cast<ipc::Program>(1 + below(5)); }
};

template <typename Value, typename Generate, typename Decode>
void check(Generate generate, Decode decode) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        MasterGenerator random(seed);
        const Value value = generate(random);
        const std::string bytes = encode(value);
        const Result<Value> back = decode(bytes);
        ASSERT_TRUE(back.has_value()) << "seed " << seed << ": " << back.error().text;
        ASSERT_EQ(*back, value) << "seed " << seed;
        ASSERT_EQ(encode(*back), bytes) << "seed " << seed;

        std::string damaged = bytes;
        if (random.coin())
            damaged.resize(random.below(damaged.size()));
        else
            damaged[random.below(damaged.size())] ^= static_cast<char>(1U << random.below(8));
        if (const Result<Value> other = decode(damaged)) {
            const Result<Value> again = decode(encode(*other));
            ASSERT_TRUE(again.has_value()) << "seed " << seed << ": " << again.error().text;
            ASSERT_EQ(*again, *other) << "seed " << seed;
        }
    }
}

TEST(MasterCodec, SetupRoundTrip) {
    check<ipc::Setup>([](MasterGenerator& g) { return g.setup(); }, &decode_setup);
}
TEST(MasterCodec, MasterToDaemonRoundTrip) {
    check<ipc::MasterToDaemon>([](MasterGenerator& g) { return g.to_daemon(); },
                               &decode_master_to_daemon);
}
TEST(MasterCodec, DaemonToMasterRoundTrip) {
    check<ipc::DaemonToMaster>([](MasterGenerator& g) { return g.to_master(); },
                               &decode_daemon_to_master);
}

TEST(MasterCodec, Refusals) {
    const auto said = [](const ipc::DaemonToMaster& message) {
        const auto back = decode_daemon_to_master(encode(message));
        return back ? "accepted" : back.error().text;
    };
    EXPECT_EQ(said(ipc::RememberGeneration{node_id(0), 0}), "generation: missing");
    EXPECT_EQ(said(ipc::Fault{static_cast<ipc::Program>(9), "x"}), "neighbour: unknown");
    // Killing one of these groups would be our own end, or everybody's.
    for (const std::int32_t group : {1, 0, -1, -400}) {
        EXPECT_EQ(said(ipc::CallStarted{group}), "process group: impossible");
        EXPECT_EQ(said(ipc::CallFinished{group}), "process group: impossible");
    }
    EXPECT_EQ(said(ipc::OpenLine{std::string(64, 'x')}), "device: too long");
    EXPECT_EQ(said(ipc::OpenLine{}), "device: missing");
    EXPECT_EQ(decode_daemon_to_master("").error().text, "message: of an unknown kind");
    EXPECT_EQ(decode_master_to_daemon("\xff").error().text, "message: malformed");

    MasterGenerator random(1);
    ipc::Setup setup = random.setup();
    setup.self = node_id(setup.settings.nodes.size());
    EXPECT_EQ(decode_setup(encode(setup)).error().text, "this node: not listed");
    setup = random.setup();
    setup.keys = config::AuthKeys{.sign_with = 3, .keys = {{1, {}}}};
    EXPECT_EQ(decode_setup(encode(setup)).error().text, "index that signs: has no key");
}

}  // namespace
}  // namespace hb::proto
