#include "proto/codec_master.hpp"

#include <limits>

#include "master.pb.h"
#include "proto/checks.hpp"
#include "proto/convert_reload.hpp"
#include "proto/convert_settings.hpp"

namespace hb::proto {

namespace {

constexpr std::size_t kPathBytes = 4096;

ipc::Program program(std::uint32_t from, std::string_view what, Reader& in) {
    in.require(from >= 1 && from <= static_cast<std::uint32_t>(ipc::Program::kFence), what,
               from == 0 ? "missing" : "unknown");
    return static_cast<ipc::Program>(from);
}

std::uint64_t generation(std::uint64_t from, Reader& in) {
    in.require(from != 0, "generation", "missing");
    return from;
}

// A process group that may be killed: never ours, never everybody's.
std::int32_t process_group(std::int32_t from, Reader& in) {
    in.require(from > 1, "process group", "impossible");
    return from;
}

void put(const ipc::SetupPart& from, pb::MasterToDaemon& envelope) {
    const auto& [bytes, last] = from;
    envelope.mutable_setup_part()->set_bytes(bytes);
    envelope.mutable_setup_part()->set_last(last);
}
void put(const ipc::NeighbourChannel& from, pb::MasterToDaemon& envelope) {
    const auto& [neighbour] = from;
    envelope.mutable_neighbour_channel()->set_program(static_cast<std::uint32_t>(neighbour));
}
void put(const ipc::ControlSocket&, pb::MasterToDaemon& envelope) {
    envelope.mutable_control_socket();
}
void put(const ipc::LogFiles& from, pb::MasterToDaemon& envelope) {
    const auto& [logfile, debugfile] = from;
    envelope.mutable_log_files()->set_logfile(logfile);
    envelope.mutable_log_files()->set_debugfile(debugfile);
}
void put(const ipc::Stop&, pb::MasterToDaemon& envelope) {
    envelope.mutable_stop();
}

void put(const ipc::LineOpened& from, pb::MasterToDaemon& envelope) {
    const auto& [device, problem] = from;
    envelope.mutable_line_opened()->set_device(device);
    envelope.mutable_line_opened()->set_problem(plain_text(problem, limits::kReasonBytes));
}

void put(const ipc::LogLevel& from, pb::MasterToDaemon& envelope) {
    const auto& [debug] = from;
    envelope.mutable_log_level()->set_debug(debug);
}

unsigned read_debug(std::uint32_t from, Reader& in) {
    in.require(from <= limits::kDebugMax, "debug level", "too high");
    return from;
}

void put(const ipc::SettingsPart& from, pb::MasterToDaemon& envelope) {
    const auto& [bytes, last] = from;
    envelope.mutable_settings_part()->set_bytes(bytes);
    envelope.mutable_settings_part()->set_last(last);
}
void put(const ipc::CommitSettings&, pb::MasterToDaemon& envelope) {
    envelope.mutable_commit_settings();
}
void put(const ipc::AbandonSettings&, pb::MasterToDaemon& envelope) {
    envelope.mutable_abandon_settings();
}
void put(const ipc::ReloadAnswer& from, pb::MasterToDaemon& envelope) {
    const auto& [id, outcome] = from;
    envelope.mutable_reload_answer()->set_id(id);
    proto::put(outcome, *envelope.mutable_reload_answer()->mutable_outcome());
}

void put(const ipc::Ready&, pb::DaemonToMaster& envelope) {
    envelope.mutable_ready();
}
void put(const ipc::RememberGeneration& from, pb::DaemonToMaster& envelope) {
    const auto& [peer, number] = from;
    envelope.mutable_remember_generation()->set_peer(from_one(peer));
    envelope.mutable_remember_generation()->set_generation(number);
}
void put(const ipc::Fault& from, pb::DaemonToMaster& envelope) {
    const auto& [neighbour, reason] = from;
    envelope.mutable_fault()->set_neighbour(static_cast<std::uint32_t>(neighbour));
    envelope.mutable_fault()->set_reason(plain_text(reason, limits::kReasonBytes));
}
void put(const ipc::CallStarted& from, pb::DaemonToMaster& envelope) {
    const auto& [group, cgroup] = from;
    envelope.mutable_call_started()->set_group(group);
    envelope.mutable_call_started()->set_cgroup(cgroup);
}
void put(const ipc::CallFinished& from, pb::DaemonToMaster& envelope) {
    const auto& [group] = from;
    envelope.mutable_call_finished()->set_group(group);
}
void put(const ipc::LeaveDone& from, pb::DaemonToMaster& envelope) {
    const auto& [all_stopped] = from;
    envelope.mutable_leave_done()->set_all_stopped(all_stopped);
}
void put(const ipc::Alive& from, pb::DaemonToMaster& envelope) {
    const auto& [well] = from;
    envelope.mutable_alive()->set_well(well);
}
void put(const ipc::EnlargeBuffer&, pb::DaemonToMaster& envelope) {
    envelope.mutable_enlarge_buffer();
}

void put(const ipc::SetLogLevel& from, pb::DaemonToMaster& envelope) {
    const auto& [debug, who] = from;
    envelope.mutable_set_log_level()->set_debug(debug);
    envelope.mutable_set_log_level()->set_who(plain_text(who, limits::kReasonBytes));
}

void put(const ipc::OpenLine& from, pb::DaemonToMaster& envelope) {
    const auto& [device] = from;
    envelope.mutable_open_line()->set_device(device);
}

void put(const ipc::SettingsPrepared& from, pb::DaemonToMaster& envelope) {
    const auto& [problem] = from;
    envelope.mutable_settings_prepared()->set_problem(plain_text(problem, limits::kReasonBytes));
}
void put(const ipc::SettingsAdopted&, pb::DaemonToMaster& envelope) {
    envelope.mutable_settings_adopted();
}
void put(const ipc::ReloadRequest& from, pb::DaemonToMaster& envelope) {
    const auto& [id, dry_run, who] = from;
    pb::ReloadRequest& to = *envelope.mutable_reload_request();
    to.set_id(id);
    to.set_dry_run(dry_run);
    to.set_who(plain_text(who, limits::kReasonBytes));
}

}  // namespace

std::string encode(const ipc::Setup& setup) {
    const auto& [settings, self, incarnation, config_dir, run_dir, cgroup_tree, lookers,
                 known_generations, keys] = setup;
    pb::Setup m;  // not kept: it may hold keys
    put(settings, *m.mutable_settings());
    m.set_self(from_one(self));
    m.set_generation(incarnation.generation);
    m.set_respawn(incarnation.respawn);
    m.set_config_dir(config_dir);
    m.set_run_dir(run_dir);
    m.set_cgroup_tree(cgroup_tree);
    m.mutable_looker_uids()->Add(lookers.uids.begin(), lookers.uids.end());
    m.mutable_looker_gids()->Add(lookers.gids.begin(), lookers.gids.end());
    for (const auto& [peer, number] : known_generations) {
        pb::KnownGeneration& known = *m.add_known_generations();
        known.set_peer(from_one(peer));
        known.set_generation(number);
    }
    if (keys) put(*keys, *m.mutable_keys());
    return m.SerializeAsString();
}

Result<ipc::Setup> decode_setup(std::string_view bytes) {
    Reader in;
    pb::Setup m;
    ipc::Setup to;
    if (!parse(m, bytes, limits::kSetupBytes, in)) return in.finish(std::move(to));
    to.settings = read(m.settings(), in);
    to.self = in.node(m.self(), "this node");
    in.require(rank(to.self) < to.settings.nodes.size(), "this node", "not listed");
    to.incarnation = in.incarnation(m.generation(), m.respawn(), "generation");
    to.config_dir = in.name(m.config_dir(), kPathBytes, "configuration directory");
    to.run_dir = in.name(m.run_dir(), kPathBytes, "run-time directory");
    if (!m.cgroup_tree().empty())
        to.cgroup_tree = in.name(m.cgroup_tree(), kPathBytes, "control group");
    in.count(m.looker_uids_size(), limits::kLookers, "users of apiauth");
    in.count(m.looker_gids_size(), limits::kLookers, "groups of apiauth");
    to.lookers.uids.assign(m.looker_uids().begin(), m.looker_uids().end());
    to.lookers.gids.assign(m.looker_gids().begin(), m.looker_gids().end());
    in.count(m.known_generations_size(), limits::kNodes, "known generations");
    for (const pb::KnownGeneration& known : m.known_generations()) {
        const auto& [at, is_new] = to.known_generations.emplace(in.node(known.peer(), "peer"),
                                                                generation(known.generation(), in));
        in.require(is_new && at == std::prev(to.known_generations.end()), "known generations",
                   "double or not in order");
    }
    if (m.has_keys()) to.keys = read(m.keys(), in);
    return in.finish(std::move(to));
}

std::string encode(const ipc::MasterToDaemon& message) {
    pb::MasterToDaemon m;  // not kept: it may hold keys
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::MasterToDaemon> decode_master_to_daemon(std::string_view bytes) {
    Reader in;
    pb::MasterToDaemon m;
    ipc::MasterToDaemon to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::MasterToDaemon::kSetupPart:
            to = ipc::SetupPart{m.setup_part().bytes(), m.setup_part().last()};
            break;
        case pb::MasterToDaemon::kNeighbourChannel:
            to = ipc::NeighbourChannel{program(m.neighbour_channel().program(), "neighbour", in)};
            break;
        case pb::MasterToDaemon::kControlSocket:
            to = ipc::ControlSocket{};
            break;
        case pb::MasterToDaemon::kLogFiles:
            to = ipc::LogFiles{m.log_files().logfile(), m.log_files().debugfile()};
            break;
        case pb::MasterToDaemon::kSettingsPart:
            to = ipc::SettingsPart{m.settings_part().bytes(), m.settings_part().last()};
            break;
        case pb::MasterToDaemon::kCommitSettings:
            to = ipc::CommitSettings{};
            break;
        case pb::MasterToDaemon::kAbandonSettings:
            to = ipc::AbandonSettings{};
            break;
        case pb::MasterToDaemon::kReloadAnswer:
            to = ipc::ReloadAnswer{m.reload_answer().id(), read(m.reload_answer().outcome(), in)};
            break;
        case pb::MasterToDaemon::kStop:
            to = ipc::Stop{};
            break;
        case pb::MasterToDaemon::kLineOpened:
            to = ipc::LineOpened{
                in.name(m.line_opened().device(), limits::kLinkNameBytes, "device"),
                in.sentence(m.line_opened().problem(), limits::kReasonBytes, "problem")};
            break;
        case pb::MasterToDaemon::kLogLevel:
            to = ipc::LogLevel{read_debug(m.log_level().debug(), in)};
            break;
        case pb::MasterToDaemon::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

std::string encode(const ipc::DaemonToMaster& message) {
    auto& m = scratch<pb::DaemonToMaster>();
    std::visit([&](const auto& value) { put(value, m); }, message);
    return m.SerializeAsString();
}

Result<ipc::DaemonToMaster> decode_daemon_to_master(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::DaemonToMaster>();
    ipc::DaemonToMaster to;
    if (!parse(m, bytes, limits::kChannelBytes, in)) return in.finish(std::move(to));
    switch (m.message_case()) {
        case pb::DaemonToMaster::kReady:
            to = ipc::Ready{};
            break;
        case pb::DaemonToMaster::kRememberGeneration:
            to = ipc::RememberGeneration{in.node(m.remember_generation().peer(), "peer"),
                                         generation(m.remember_generation().generation(), in)};
            break;
        case pb::DaemonToMaster::kFault:
            to = ipc::Fault{
                program(m.fault().neighbour(), "neighbour", in),
                in.sentence(m.fault().reason(), limits::kReasonBytes, "reason of a fault")};
            break;
        case pb::DaemonToMaster::kCallStarted:
            to = ipc::CallStarted{process_group(m.call_started().group(), in),
                                  m.call_started().cgroup()};
            break;
        case pb::DaemonToMaster::kCallFinished:
            to = ipc::CallFinished{process_group(m.call_finished().group(), in)};
            break;
        case pb::DaemonToMaster::kLeaveDone:
            to = ipc::LeaveDone{m.leave_done().all_stopped()};
            break;
        case pb::DaemonToMaster::kAlive:
            to = ipc::Alive{m.alive().well()};
            break;
        case pb::DaemonToMaster::kEnlargeBuffer:
            to = ipc::EnlargeBuffer{};
            break;
        case pb::DaemonToMaster::kOpenLine:
            to = ipc::OpenLine{in.name(m.open_line().device(), limits::kLinkNameBytes, "device")};
            break;
        case pb::DaemonToMaster::kSetLogLevel:
            to = ipc::SetLogLevel{
                read_debug(m.set_log_level().debug(), in),
                in.sentence(m.set_log_level().who(), limits::kReasonBytes, "who asks")};
            break;
        case pb::DaemonToMaster::kSettingsPrepared:
            to = ipc::SettingsPrepared{
                in.sentence(m.settings_prepared().problem(), limits::kReasonBytes, "problem")};
            break;
        case pb::DaemonToMaster::kSettingsAdopted:
            to = ipc::SettingsAdopted{};
            break;
        case pb::DaemonToMaster::kReloadRequest:
            to = ipc::ReloadRequest{
                m.reload_request().id(), m.reload_request().dry_run(),
                in.sentence(m.reload_request().who(), limits::kReasonBytes, "who asks")};
            break;
        case pb::DaemonToMaster::MESSAGE_NOT_SET:
            in.refuse("message", "of an unknown kind");
            break;
    }
    return in.finish(std::move(to));
}

}  // namespace hb::proto
