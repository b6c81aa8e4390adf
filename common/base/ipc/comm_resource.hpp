// hb-comm <-> hb-resource, as values: claims, address probes, leases that outlive hb-membership.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/time.hpp"

namespace hb::ipc {

// ---- hb-resource to hb-comm

// The whole wish, not a change: hb-comm makes it so. An address may be in both lists for a moment;
// a claim wins. hb-comm answers ARP/NDP probes for `claims`, asks the network about `probes`.
// A claim goes only by a later Watch: never because hb-resource died.
struct Watch {
    std::vector<PlacedAddress> claims;
    std::vector<PlacedAddress> probes;
    // Addresses of ours on every interface (claims and the kernel's own), whose foreign
    // announcements are conflicts.
    bool operator==(const Watch&) const = default;
};
using ResourceToComm = std::variant<Watch>;

// ---- hb-comm to hb-resource

struct CommReady {
    Session session;
    std::optional<MonoTime> listens_since;  // none: it does not say
    bool operator==(const CommReady&) const = default;
};

// A peer acknowledged our frame sent at `sent` (for L2 and L3 only; T9.3 goes by hb-membership).
struct Acknowledged {
    NodeId peer{};
    MonoTime sent{};
    // The shortest that we announced in it or later: nobody waits for less (L1). 0: not said.
    Duration deadtime{};
    bool operator==(const Acknowledged&) const = default;
};

// What is known of one probed address (G8).
struct ProbeStatus {
    PlacedAddress where;
    bool carrier = false;
    // All probes of a full window left since the last answer (or since probing began), and the
    // window ended at `quiet_since + W`; none while no window is complete.
    std::optional<MonoTime> window_complete;  // when the newest complete quiet window ended
    bool control_heard = false;               // within that window, on that interface
    std::optional<MonoTime> answered;         // newest answer by a foreign MAC
    std::optional<MacAddress> by;
    bool crossed = false;  // G9: a foreign claim or probe met ours; we withdrew and ask again later
    bool operator==(const ProbeStatus&) const = default;
};

// Told at every change and once per window: those whose windows end together together, so that a
// thousand addresses are judged once and not a thousand times. 1 to limits::kProbesPerMessage.
struct ProbeStatuses {
    std::vector<ProbeStatus> probes;
    bool operator==(const ProbeStatuses&) const = default;
};

// Somebody announced an address that we claim (L7). At most once per deadtime and MAC.
struct AddressConflict {
    PlacedAddress where;
    MacAddress by;
    bool operator==(const AddressConflict&) const = default;
};

// Any of the configured ping nodes answered us (L3).
struct PingAnswered {
    MonoTime when{};
    bool operator==(const PingAnswered&) const = default;
};

// A node still runs Heartbeat itself (G11): an authentic frame of it came at `when`. Or, since
// then, it does no more: it has released everything, or was silent for as long as it takes.
struct OldHeartbeatHeard {
    NodeId peer{};
    MonoTime when{};
    bool gone = false;
    Duration hold{};  // how long it has to be silent for that
    bool operator==(const OldHeartbeatHeard&) const = default;
};

// hb-comm stood still (L5).
struct CommStoodStill {
    Duration gap{};
    // The machine's clock stood still with it, as a peer's head shows (age of our newest frame): no
    // other process can see it, so it counts as a gap of the whole host.
    bool whole_host = false;
    MonoTime noticed{};  // names this gap, over all lives of hb-comm
    bool operator==(const CommStoodStill&) const = default;
};

using CommToResource = std::variant<CommReady, Acknowledged, ProbeStatuses, AddressConflict,
                                    PingAnswered, CommStoodStill, OldHeartbeatHeard>;

}  // namespace hb::ipc
