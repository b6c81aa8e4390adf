// hb-master <-> every daemon, as values. Descriptors travel beside the message that names them.
//
// Order on the channel (fd 3 of the daemon): Hello both ways; Setup and LogFiles; then, at any
// time, the rest. The master never waits for a daemon, and a daemon never for the master.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ipc/program.hpp"
#include "common/base/reload_outcome.hpp"
#include "common/base/time.hpp"
#include "common/config/settings.hpp"

namespace hb::ipc {

// ---- hb-master to a daemon

// Who may look at the control socket beside root and haclient (`apiauth`): their numbers here.
struct Lookers {
    std::vector<std::uint32_t> uids;
    std::vector<std::uint32_t> gids;
    bool operator==(const Lookers&) const = default;
};

// What a daemon is started with. It can be larger than one message of a channel (a thousand
// groups), so it travels as SetupParts, the first messages after Hello.
struct Setup {
    config::Settings settings;
    NodeId self{};
    // This process's: the node's generation, and the count of starts of this program under this
    // master (1: the first).
    Incarnation incarnation;
    std::string config_dir;  // /etc/ha.d
    std::string run_dir;
    std::string cgroup_tree;  // for resource operations; empty: none can be made
    Lookers lookers;
    // hb-comm only: the highest generation seen of each peer, and the keys.
    std::map<NodeId, std::uint64_t> known_generations;
    std::optional<config::AuthKeys> keys;
    [[nodiscard]] bool respawned() const { return incarnation.respawn > 1; }
    bool operator==(const Setup&) const = default;
};

struct SetupPart {
    std::string bytes;
    bool last = false;
    bool operator==(const SetupPart&) const = default;
};

// With one descriptor: our end of a fresh channel to this program. An older one to the same program
// is read to its end first.
struct NeighbourChannel {
    Program program{};
    bool operator==(const NeighbourChannel&) const = default;
};
// With one descriptor: the listening control socket (hb-membership only).
struct ControlSocket {
    bool operator==(const ControlSocket&) const = default;
};
// With as many descriptors as are true, in this order, opened for appending. Again after a
// rotation.
struct LogFiles {
    bool logfile = false;
    bool debugfile = false;
    bool operator==(const LogFiles&) const = default;
};
// The answer to OpenLine (hb-comm only): with one descriptor, or with the reason why not.
struct LineOpened {
    std::string device;
    std::string problem;  // empty: the descriptor is there
    bool operator==(const LineOpened&) const = default;
};
// The configuration was read again. What a daemon would be started with now, encoded as a Setup, in
// parts; it is looked at and kept, nothing is changed: the answer is SettingsPrepared.
struct SettingsPart {
    std::string bytes;
    bool last = false;
    bool operator==(const SettingsPart&) const = default;
};
// What was prepared is in effect from now on (the answer is SettingsAdopted), or is forgotten.
struct CommitSettings {
    bool operator==(const CommitSettings&) const = default;
};
struct AbandonSettings {
    bool operator==(const AbandonSettings&) const = default;
};
// The answer to ReloadRequest.
struct ReloadAnswer {
    std::uint64_t id = 0;
    ReloadOutcome outcome;
    bool operator==(const ReloadAnswer&) const = default;
};
// The suite stops: hb-resource leaves the cluster (T12) and says LeaveDone, all others exit.
struct Stop {
    bool operator==(const Stop&) const = default;
};
// How much is for debugging from now on, 0 to 255, instead of what Setup said.
struct LogLevel {
    unsigned debug = 0;
    bool operator==(const LogLevel&) const = default;
};

using MasterToDaemon =
    std::variant<SetupPart, NeighbourChannel, ControlSocket, LogFiles, Stop, LineOpened,
                 SettingsPart, CommitSettings, AbandonSettings, ReloadAnswer, LogLevel>;

// ---- a daemon to hb-master

// Setup is in effect: sockets are open, what can start has started.
struct Ready {
    bool operator==(const Ready&) const = default;
};
// hb-comm: keep on disk.
struct RememberGeneration {
    NodeId peer{};
    std::uint64_t generation = 0;
    bool operator==(const RememberGeneration&) const = default;
};
// hb-comm: open this serial line, which ha.cf names, for me. Its own descriptor is closed.
struct OpenLine {
    std::string device;
    bool operator==(const OpenLine&) const = default;
};
// A neighbour sent what does not decode or may not be, or does not read: it is to be respawned.
struct Fault {
    Program neighbour{};
    std::string reason;
    bool operator==(const Fault&) const = default;
};
// hb-resource: an agent call is about to run in this process group / has ended (its leader is not
// reaped yet). Calls without an end are killed before a new hb-resource starts, with the cgroup of
// that number.
struct CallStarted {
    std::int32_t group = 0;
    std::uint32_t cgroup = 0;  // 0: none
    bool operator==(const CallStarted&) const = default;
};
struct CallFinished {
    std::int32_t group = 0;
    bool operator==(const CallFinished&) const = default;
};
// hb-resource: nothing more will be stopped and every peer that is heard knows: the answer to Stop.
struct LeaveDone {
    bool all_stopped = true;  // false: a stop failed, something still runs (not: is in maintenance)
    bool operator==(const LeaveDone&) const = default;
};
// Where a watchdog is configured, every watchdog_report_interval(): this daemon's loop works.
struct Alive {
    bool well = true;  // false: it wants the host to be reset (G5)
    bool operator==(const Alive&) const = default;
};
// hb-comm: the UDP or ICMP socket that travels beside it wants a receive buffer of
// limits::kReceiveBytes, which only root can give beyond net.core.rmem_max.
struct EnlargeBuffer {
    bool operator==(const EnlargeBuffer&) const = default;
};
// hb-membership: an admin wants this LogLevel for all. It comes back as one.
struct SetLogLevel {
    unsigned debug = 0;
    std::string who;  // "root (pid 812)"
    bool operator==(const SetLogLevel&) const = default;
};

// The last SettingsPart came. `problem`: why it cannot be had; empty: it can.
struct SettingsPrepared {
    std::string problem;
    bool operator==(const SettingsPrepared&) const = default;
};
struct SettingsAdopted {
    bool operator==(const SettingsAdopted&) const = default;
};
// hb-membership: an admin wants the configuration to be read again, or to know what that would do.
struct ReloadRequest {
    std::uint64_t id = 0;
    bool dry_run = false;
    std::string who;  // "root (pid 812)"
    bool operator==(const ReloadRequest&) const = default;
};

using DaemonToMaster = std::variant<Ready, RememberGeneration, Fault, CallStarted, CallFinished,
                                    LeaveDone, Alive, EnlargeBuffer, OpenLine, SettingsPrepared,
                                    SettingsAdopted, ReloadRequest, SetLogLevel>;

}  // namespace hb::ipc
