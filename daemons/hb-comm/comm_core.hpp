// CommCore: what hb-comm decides. When a frame is sent and what it carries, which frames are new,
// who is heard on which link, which acknowledgements came, what is known of watched addresses.
//
// It owns no socket and no clock. Shells give it inputs with the present time and carry out its
// actions in order. Frames handed in are authentic (common/wire checked the bytes); everything else
// about them is checked here. What does not fit is counted in stats() and dropped.
//
// Rules: docs/protocol.md, V1 (newer than every other seen), G8, G9, section 8 (sessions, replay).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-comm/old_heartbeats.hpp"

namespace hb::comm {

struct PingNodeSettings {
    std::string name;
    std::size_t hosts = 1;
};

struct CommSettings {
    NodeId self{};
    std::size_t nodes = 2;
    std::vector<std::string> node_names;
    std::vector<std::string> link_interfaces;  // by LinkId; all `ucast` of one device are one link
    std::vector<std::uint16_t> link_ports;     // by LinkId, for people; shorter: 694; 0: a line
    // By LinkId; shorter: none. A paced link leaves frames out, and is slow: no loss is judged by
    // what does not come on it.
    std::vector<bool> link_paced = {};
    Duration keepalive{};
    Duration deadtime{};
    Duration warntime{};
    std::uint32_t cluster = 0;  // expected in every frame header
    std::uint64_t generation = 0;
    Session session;  // new for each life of this core
    // Highest generation known of each peer (from disk); frames below it are refused unless fresh.
    std::map<NodeId, std::uint64_t> known_generations;
    std::vector<PingNodeSettings> ping_nodes;
    Duration deadping{};
    std::uint64_t random_seed = 0;     // for jitter
    std::set<MacAddress> gate_ignore;  // whose answers are none (proxy ARP)
};

// ---- inputs

struct FrameArrived {  // authentic, decoded, whole
    LinkId link{};
    FrameHeader header;
    FrameBody body;
    std::optional<IpAddress> from;  // for people: where to look for who repeats frames
};
// An authentic part of a frame that is not whole (yet, or any more): it shows only that the link
// works.
struct PartHeard {
    LinkId link{};
    FrameHeader header;
};
struct CarrierChanged {
    std::string interface;
    bool carrier = false;
};
// An ARP packet (or NDP, mapped onto the same fields: an advertisement is a reply whose sender is
// its target, a solicitation a request of its source) seen on an interface.
struct ArpSeen {
    std::string interface;
    bool request = false;
    MacAddress sender_mac;
    IpAddress sender;  // 0.0.0.0 or :: in a probe
    IpAddress target;
    bool from_this_host = false;  // its MAC is one of ours
};
// Any packet from another host on the interface (ARP, frame, ping answer): a control for G8.
struct ControlHeard {
    std::string interface;
};
// An answer to a SendPing, with our secret in it.
struct PingReply {
    std::uint32_t host = 0;
    std::uint64_t sequence = 0;
};
// A host to ping has an address now, or none any more.
struct PingHostKnown {
    std::uint32_t host = 0;
    bool known = false;
};
// The loop saw that this process handled nothing for so long (L5): finer than the core's own look
// at its deadlines.
struct StoodStill {
    Duration gap{};
};
struct ProbeFailed {  // the kernel refused to send it
    PlacedAddress where;
};
// ARP packets came that nobody read (the kernel dropped them, or there were too many).
struct ArpMissed {};
// The configuration was read again.
struct NewTimings {
    Duration keepalive{};
    Duration deadtime{};
    Duration warntime{};
    Duration deadping{};
    std::set<MacAddress> gate_ignore;
};
// A paced link has room for another frame, and not all topics are through.
struct LinkHasRoom {};
// An authentic frame of Heartbeat itself came, of a node of ours (or of this one).
struct OldHeartbeatSeen {
    OldHeartbeat frame;
    LinkId link{};
    std::optional<IpAddress> from;
};
struct MembershipGone {};  // channel closed and read to its end (X1)
// A fresh channel to hb-resource is there: answered by who runs Heartbeat itself, and
// CommReady, upon which it sends its Watch.
struct ResourceHere {};
struct ResourceGone {};

using CommInput =
    std::variant<StoodStill, FrameArrived, PartHeard, CarrierChanged, ArpSeen, ControlHeard,
                 ProbeFailed, ArpMissed, ipc::MembershipHello, ipc::PublishTopics, MembershipGone,
                 ResourceHere, ipc::Watch, ResourceGone, PingReply, PingHostKnown, LinkHasRoom,
                 OldHeartbeatSeen, NewTimings>;

// ---- actions

struct SendFrame {  // on every link; the header's sequence is set, its parts are the shell's affair
    FrameHeader header;
    FrameBody body;
};
// IPv6 addresses: by neighbour discovery. A solicitation from ::, an advertisement to all nodes.
struct SendArpProbe {  // request with sender 0.0.0.0 (RFC 5227)
    PlacedAddress where;
};
struct SendArpAnswer {  // a claim: reply "address is at our MAC" to this target
    PlacedAddress where;
    MacAddress to;
    IpAddress to_ip;
};
struct AskControl {  // ARP or NDP to the gateway (or a ping): anything that makes another host
                     // speak
    std::string interface;
};
struct SendPing {
    std::uint32_t host = 0;  // counted through all ping nodes, in the order of ha.cf
    std::uint64_t sequence = 0;
};
struct RememberGeneration {  // for the master to keep on disk
    NodeId peer{};
    std::uint64_t generation = 0;
};

using CommAction =
    std::variant<SendFrame, SendArpProbe, SendArpAnswer, AskControl, SendPing, RememberGeneration,
                 ipc::CommToMembership, ipc::CommToResource, Event>;

struct CommStats {
    std::uint64_t sent = 0, received = 0, duplicates = 0, stale = 0, replayed = 0,
                  foreign_cluster = 0, own_echo = 0, malformed = 0, unproven = 0;
};

class CommCore {
  public:
    CommCore(CommSettings settings, MonoTime now);
    ~CommCore();
    CommCore(CommCore&&) noexcept;
    CommCore& operator=(CommCore&&) noexcept;

    void handle(const CommInput& input, MonoTime now, std::vector<CommAction>& out);
    // To be called at or after next_deadline(), when everything that can be read was handed in (an
    // answer that waits in a socket buffer is no silence); early calls are harmless.
    void on_deadline(MonoTime now, std::vector<CommAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    [[nodiscard]] const CommStats& stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hb::comm
