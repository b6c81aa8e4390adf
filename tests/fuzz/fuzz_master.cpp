#include "common/config/parser.hpp"
#include "proto/codec_master.hpp"
#include "tests/fuzz/codec_fuzz.hpp"

namespace {

using namespace hb;

config::Settings settings() {
    config::Settings settings =
        config::parse_ha_cf(
            "node a b\nkeepalive 250ms\ndeadtime 1\nwarntime 500ms\nbcast eth0 eth1\n"
            "ucast eth1 10.0.0.1\nmcast eth0 225.0.0.1 694 1 0\nauto_failback on\nping 10.0.0.1\n"
            "ping_group g 10.0.0.2 10.0.0.3\nrespawn hacluster /usr/lib/heartbeat/ipfail\n")
            .settings;
    config::Diagnostics ignored;
    config::parse_haresources("a 10.0.0.5/24/eth0 Filesystem::/dev/sdb1::/mnt::ext4 apache\n",
                              settings, ignored);
    return settings;
}

const config::AuthKeys kKeys{1, {{1, {config::AuthMethod::kSha1, "secret"}}}};

ipc::Setup setup(test::Generator& random) {
    static const config::Settings kSettings = settings();
    ipc::Setup setup;
    setup.settings = kSettings;
    setup.self = node_id(random.below(2));
    setup.incarnation = random.incarnation();
    setup.config_dir = "/etc/ha.d";
    setup.run_dir = "/run/ha-suite";
    setup.known_generations[node_id(1)] = random.number() | 1;
    setup.keys = random.maybe(kKeys);
    return setup;
}

ipc::MasterToDaemon to_daemon(test::Generator& random) {
    switch (random.below(10)) {
        case 8:
            return ipc::LogLevel{static_cast<unsigned>(random.below(256))};
        case 0:
            return ipc::SetupPart{random.name(), random.coin()};
        case 1:
            return ipc::NeighbourChannel{ipc::Program::kComm};
        case 2:
            return ipc::ControlSocket{};
        case 3:
            return ipc::LogFiles{random.coin(), random.coin()};
        case 4:
            return ipc::SettingsPart{random.name(), random.coin()};
        case 5:
            return ipc::CommitSettings{};
        case 6:
            return ipc::AbandonSettings{};
        case 7:
            return ipc::ReloadAnswer{random.number(), random.reload_outcome()};
        default:
            return ipc::Stop{};
    }
}

ipc::DaemonToMaster to_master(test::Generator& random) {
    switch (random.below(12)) {
        case 10:
            return ipc::SetLogLevel{static_cast<unsigned>(random.below(256)), random.sentence()};
        case 0:
            return ipc::Ready{};
        case 1:
            return ipc::RememberGeneration{random.node(), random.number() | 1};
        case 2:
            return ipc::Fault{ipc::Program::kResource, random.sentence()};
        case 3:
            return ipc::CallStarted{1 + static_cast<std::int32_t>(random.below(1 << 20)),
                                    static_cast<std::uint32_t>(random.below(1 << 20))};
        case 4:
            return ipc::CallFinished{1 + static_cast<std::int32_t>(random.below(1 << 20))};
        case 5:
            return ipc::Alive{random.below(2) == 0};
        case 6:
            return ipc::EnlargeBuffer{};
        case 7:
            return ipc::SettingsPrepared{random.sentence()};
        case 8:
            return ipc::SettingsAdopted{};
        case 9:
            return ipc::ReloadRequest{random.number(), random.coin(), random.sentence()};
        default:
            return ipc::LeaveDone{random.below(2) == 0};
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<fuzz::Codec> codecs = {
        fuzz::codec<ipc::Setup>(
            &setup, [](const ipc::Setup& m) { return proto::encode(m); }, &proto::decode_setup),
        fuzz::codec<ipc::MasterToDaemon>(
            &to_daemon, [](const ipc::MasterToDaemon& m) { return proto::encode(m); },
            &proto::decode_master_to_daemon),
        fuzz::codec<ipc::DaemonToMaster>(
            &to_master, [](const ipc::DaemonToMaster& m) { return proto::encode(m); },
            &proto::decode_daemon_to_master),
    };
    return fuzz::run(codecs, data, size);
}
