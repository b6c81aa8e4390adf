// The three configuration files as values: what the parser produces and every daemon is given.
//
// Every value that people can get wrong keeps its position, so that later checks (does the
// interface exist?) name file, line and column too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/time.hpp"

namespace hb::config {

struct Position {
    std::string file;     // as people know it: "ha.cf"
    unsigned line = 0;    // from 1; 0: a default, written nowhere
    unsigned column = 0;  // from 1
    bool operator==(const Position&) const = default;
};

enum class MediumKind : std::uint8_t { kBcast = 1, kUcast, kMcast, kUcast6, kMcast6, kSerial };

// One medium: `bcast eth0 eth1` makes two.
struct Medium {
    MediumKind kind = MediumKind::kBcast;
    std::string interface;     // kSerial: the device
    std::string peer;          // kUcast, kUcast6: address or host name
    IpAddress group;           // kMcast, kMcast6
    std::uint16_t port = 694;  // 0: kSerial has none
    std::uint8_t ttl = 1;      // kMcast; kMcast6: hops
    bool loop = false;         // kMcast, kMcast6
    unsigned baud = 19200;     // kSerial
    Position position;
    bool operator==(const Medium&) const = default;
};

enum class AutoFailback : std::uint8_t { kOn = 1, kOff, kLegacy };

struct RespawnLine {
    std::string user;
    std::string command;     // the whole rest of the line: program and arguments
    bool is_ipfail = false;  // .../ipfail, whatever the directory: hb-ipfail is started instead
    // A client of Heartbeat's own programming interface (ccm, dopd, ...), which is not offered
    // here: accepted so that the file works unchanged, never started.
    bool is_heartbeat_client = false;
    Position position;
    bool operator==(const RespawnLine&) const = default;
};

struct PingNode {
    std::string name;                  // the address or host name; the group's name for ping_group
    std::vector<std::string> members;  // one for `ping`
    bool is_group = false;
    bool v6 = false;  // `ping6`: names mean their IPv6 address
    Position position;
    bool operator==(const PingNode&) const = default;
};

// One resource word of haresources. An address word (`10.0.0.5/24/eth0`) has type "IPaddr".
struct Resource {
    std::string type;
    std::vector<std::string> args;
    std::string word;  // as written, for people and logs
    Position position;
    bool operator==(const Resource&) const = default;
};

// One logical line of haresources.
struct Group {
    GroupName name;  // the first resource word
    NodeId preferred{};
    std::vector<Resource> resources;
    Position position;
    bool operator==(const Group&) const = default;
};

// `apiauth CLIENT [uid=USER,...] [gid=GROUP,...]`: who may look at the control socket, beside root
// and haclient.
struct ApiClient {
    std::string name;  // of a program of Heartbeat's: it only names the line
    std::vector<std::string> users;
    std::vector<std::string> groups;
    Position position;
    bool operator==(const ApiClient&) const = default;
};

inline constexpr unsigned kMostRtprio = 99;

struct MonitorOverride {   // `monitor TIME RESOURCE`
    std::string resource;  // a word of haresources, or a type: all resources of that type
    Duration interval{};   // zero: not monitored
    Position position;
    bool operator==(const MonitorOverride&) const = default;
};

struct Monitoring {           // `monitor`, `restarts`
    Duration interval = 10s;  // zero: nothing is monitored
    std::vector<MonitorOverride> overrides;
    unsigned restarts =
        3;  // in place, of one resource, within restart_window; then its group moves
    Duration restart_window = 10min;
    bool operator==(const Monitoring&) const = default;
};

// How long one call of an agent may take.
struct CallTimes {
    Duration start = 60s;
    Duration stop = 60s;
    Duration status = 20s;
    bool operator==(const CallTimes&) const = default;
};

enum class CallKind : std::uint8_t { kStart = 1, kStop, kStatus };

struct CallTimeOverride {  // `agent_timeout KIND TIME [RESOURCE...]`
    CallKind kind{};
    std::string resource;  // as of MonitorOverride; empty: all
    Duration time{};
    Position position;
    bool operator==(const CallTimeOverride&) const = default;
};

// `failback_window`: when groups may go back by themselves, by the wall clock of the node that
// decides. From the first minute to before the last; over midnight if that is the earlier one.
struct FailbackWindow {
    unsigned from = 0;  // minute of the day
    unsigned to = 0;
    bool operator==(const FailbackWindow&) const = default;
    [[nodiscard]] bool contains(unsigned minute) const {
        return from < to ? minute >= from && minute < to : minute >= from || minute < to;
    }
};

// ---- fencing (docs/fencing.md)

struct FenceTarget {
    NodeId node{};
    std::string plug;  // what the device calls it: outlet, virtual machine; empty: it has one only
    bool operator==(const FenceTarget&) const = default;
};

// One device that switches nodes off: a `stonith_host` line, or a line of the file of `stonith`.
struct FenceDevice {
    std::string type;            // as written: "external/ipmi", "fence_ipmilan", "meatware"
    std::string agent;           // the program: "fence_ipmilan", or a path; empty: a human confirms
    std::optional<NodeId> from;  // the only node that uses it; none: every node
    std::vector<FenceTarget> targets;  // by rank
    unsigned level = 1;                // levels are tried from the lowest on
    Duration delay{};                  // waited before its targets are switched off
    // Parameters of the agent, among them passwords: nobody but hb-fence is given them.
    std::vector<std::pair<std::string, std::string>> parameters;
    Position position;
    bool operator==(const FenceDevice&) const = default;
    [[nodiscard]] bool is_human() const { return agent.empty(); }
    [[nodiscard]] const FenceTarget* find(NodeId node) const {
        for (const FenceTarget& t : targets)
            if (t.node == node) return &t;
        return nullptr;
    }
    // May `self` switch `node` off with it?
    [[nodiscard]] bool serves(NodeId self, NodeId node) const {
        return self != node && (!from || *from == self) && find(node) != nullptr;
    }
};

enum class FenceAction : std::uint8_t { kOff = 1, kReboot };

struct Fencing {
    std::vector<FenceDevice> devices;  // in file order
    FenceAction action = FenceAction::kOff;
    Duration timeout = 60s;  // of one call of an agent
    Duration check = 1h;     // between two checks of a device; zero: none
    Duration delay = 5s;     // two nodes that may shoot each other: the second one waits
    bool operator==(const Fencing&) const = default;
    [[nodiscard]] bool covers(NodeId self, NodeId node) const {
        for (const FenceDevice& d : devices)
            if (d.serves(self, node)) return true;
        return false;
    }
    // Has `self` any device at all?
    [[nodiscard]] bool is_used_by(NodeId self) const {
        for (const FenceDevice& d : devices)
            for (const FenceTarget& t : d.targets)
                if (d.serves(self, t.node)) return true;
        return false;
    }
};

struct NotifyLine {       // `notify [USER] PROGRAM [ARGUMENT...]`
    std::string user;     // empty: hacluster
    std::string command;  // begins with an absolute path
    Position position;
    bool operator==(const NotifyLine&) const = default;
};

struct Settings {
    std::vector<std::string> nodes;  // by rank, lower case
    Duration keepalive = 1s;
    Duration warntime = 15s;
    Duration deadtime = 30s;
    Duration initdead = 30s;
    Duration deadping = 30s;
    std::uint16_t udpport = 694;
    std::vector<Medium> media;  // by LinkId
    AutoFailback auto_failback = AutoFailback::kLegacy;
    std::vector<RespawnLine> respawn;
    std::vector<NotifyLine> notify;
    std::vector<PingNode> pings;
    bool isolation_stop = true;  // with ping nodes: who is isolated lets go (L3)
    // What a node rests on when another falls silent (G5, G7, L2, L4).
    std::optional<bool> quorum;           // as written; none: as the number of nodes says
    Duration handover{};                  // T: takers wait this much longer
    std::string watchdog;                 // the device of this node; empty: none
    bool watchdog_evidence = false;       // every node has one: it resets who could not let go
    std::vector<MacAddress> gate_ignore;  // who answers for addresses of others: no holder (G8)
    std::string logfile;                  // empty: none
    std::string debugfile;
    std::string logfacility;  // empty: not given
    bool classic_log_lines = false;  // of log files; `syslogmsgfmt off`
    unsigned debug = 0;
    bool log_badpack = true;                 // frames that are no good: a line for each kind
    std::vector<ApiClient> apiauth;          // in file order
    bool realtime = true;                    // of the daemons: scheduling, locked memory
    unsigned rtprio = 1;                     // the least of theirs, 1 to kMostRtprio
    std::map<std::string, std::string> env;  // HA_<name> of scripts and clients
    Monitoring monitoring;
    std::vector<CallTimeOverride> call_times;      // in file order
    std::vector<FailbackWindow> failback_windows;  // empty: always
    Fencing fencing;
    std::vector<Group> groups;  // in file order
    // Raw text of every directive as written, for HA_<directive> of scripts; without the lines of
    // fence devices, which have passwords. Of a directive given
    // on several lines: the lines' texts, with a newline between them.
    std::map<std::string, std::string> raw;
    bool operator==(const Settings&) const = default;

    [[nodiscard]] std::optional<NodeId> find_node(std::string_view name) const;  // any letter case
    // Two nodes have no majority when they lose each other.
    [[nodiscard]] bool has_quorum() const { return quorum.value_or(nodes.size() >= 3); }
    [[nodiscard]] const std::string& node_name(NodeId n) const { return nodes.at(rank(n)); }
};

enum class AuthMethod : std::uint8_t {
    kCrc = 1,
    kMd5,
    kSha1,
    kHmacSha256,
    kBlake2b,
    kXchacha20Poly1305
};

struct AuthKey {
    AuthMethod method = AuthMethod::kCrc;
    std::string key;  // as written; empty for crc
    bool operator==(const AuthKey&) const = default;
};

// authkeys. `sign_with` signs; every listed index verifies with its own key.
struct AuthKeys {
    std::uint8_t sign_with = 0;
    std::map<std::uint8_t, AuthKey> keys;
    bool operator==(const AuthKeys&) const = default;
};

}  // namespace hb::config
