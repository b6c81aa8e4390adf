// The control socket (RUN_DIR/control, SOCK_SEQPACKET, one message per datagram): tools <->
// hb-membership, as values.
//
// Both sides send Hello first. The server checks SO_PEERCRED for every message: status and events
// are for everybody who may open the socket, an AdminRequest is for root and group haclient. A
// message that does not decode ends the connection, and nothing else.
//
// What the server (daemons/hb-membership) does:
//   GetStatus     -> Status with the same id, at once.
//   GetParameter  -> Parameter with the same id, at once.
//   LogLevelRequest -> AdminAnswer with the same id: the debug level, at once; with `level`, as an
//                    AdminRequest, when every daemon was told to have that one.
//   GetWhy        -> Why with the same id, at once.
//   Subscribe     -> Status with its id at once (if `status`), and again, id 0, after every change
//                    (at most every 50 ms); EventNote for every Event that is logged from then on
//                    (if `events`). A client that does not read is dropped, never waited for.
//   AdminRequest  -> a Request with an id of the server's own to hb-resource (`who` from
//                    SO_PEERCRED), and its RequestAnswer back as AdminAnswer with the client's id.
//                    No hb-resource, or not permitted: AdminAnswer with ok = false at once.
//                    hb-resource dies before it answered: ok = false, "hb-resource died; ask
//                    again".
//   ReloadWanted  -> a ReloadRequest to hb-master, its answer back as ReloadDone. For who may ask
//                    with an AdminRequest.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/base/group_story.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/reload_outcome.hpp"

namespace hb::ipc {

// ---- tool to hb-membership

struct GetStatus {
    std::uint64_t id = 0;
    bool operator==(const GetStatus&) const = default;
};
// What the running suite has of a directive of ha.cf, in Heartbeat's form.
struct GetParameter {
    std::uint64_t id = 0;
    std::string name;
    bool operator==(const GetParameter&) const = default;
};
// What happened to a group.
struct GetWhy {
    std::uint64_t id = 0;
    GroupName group;
    bool operator==(const GetWhy&) const = default;
};
struct LogLevelRequest {
    std::uint64_t id = 0;
    std::optional<unsigned> level;  // none: what is it?
    bool operator==(const LogLevelRequest&) const = default;
};
struct Subscribe {
    std::uint64_t id = 0;
    bool status = false;
    bool events = false;
    bool operator==(const Subscribe&) const = default;
};
struct AdminRequest {
    std::uint64_t id = 0;
    RequestKind kind{};
    Scope scope = Scope::kAll;
    GroupName group;  // for Scope::kGroup
    bool stay = false;
    std::optional<NodeId> target;  // for kMove and fencing
    bool force = false;            // for kFence
    bool operator==(const AdminRequest&) const = default;
};
// Read the three files again; or say what that would do, and do nothing.
struct ReloadWanted {
    std::uint64_t id = 0;
    bool dry_run = false;
    bool operator==(const ReloadWanted&) const = default;
};
using ToolToMembership = std::variant<GetStatus, Subscribe, AdminRequest, GetParameter, GetWhy,
                                      ReloadWanted, LogLevelRequest>;

// ---- hb-membership to tool

struct Status {
    std::uint64_t id = 0;  // of the request; 0: something changed
    ClusterStatus status;
    bool operator==(const Status&) const = default;
};
struct Parameter {
    std::uint64_t id = 0;
    std::optional<std::string> value;  // none: not given, and without a default
    bool operator==(const Parameter&) const = default;
};
struct Why {
    std::uint64_t id = 0;
    std::optional<GroupStory> story;  // none: no such group
    bool operator==(const Why&) const = default;
};
struct AdminAnswer {
    std::uint64_t id = 0;
    bool ok = false;
    std::string text;                  // what will happen, or why not
    std::vector<FenceRecord> history;  // for kFenceHistory, newest first
    bool operator==(const AdminAnswer&) const = default;
};
struct EventNote {
    Event event;
    bool operator==(const EventNote&) const = default;
};
struct ReloadDone {
    std::uint64_t id = 0;
    ReloadOutcome outcome;
    bool operator==(const ReloadDone&) const = default;
};
using MembershipToTool = std::variant<Status, AdminAnswer, EventNote, Parameter, Why, ReloadDone>;

}  // namespace hb::ipc
