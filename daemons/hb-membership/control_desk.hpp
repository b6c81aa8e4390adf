// ControlDesk: what the control socket answers (common/base/ipc/control.hpp). Who may ask what,
// which answer belongs to whom, who is told of changes and events.
//
// It owns no socket and no clock; its actions are carried out in order. A client that breaks a rule
// is dropped, and nothing else happens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/event.hpp"
#include "common/base/ipc/control.hpp"
#include "common/base/ipc/master.hpp"
#include "common/base/ipc/membership_resource.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"

namespace hb::membership {

using ClientId = std::uint64_t;

// What SO_PEERCRED says of a client.
struct Caller {
    std::int64_t pid = 0;
    std::uint32_t uid = 0;
    std::vector<std::uint32_t> groups;  // its gid and the others
};
// Our own: hb-membership runs as hacluster:haclient.
struct Identity {
    std::uint32_t hacluster = 0;  // uid
    std::uint32_t haclient = 0;   // gid
    ipc::Lookers lookers;         // others, who may look
};
// Status and events: root, hacluster, members of haclient and `lookers`. Requests: root and
// members.
[[nodiscard]] bool may_look(const Caller& caller, const Identity& us);
[[nodiscard]] bool may_ask(const Caller& caller, const Identity& us);
[[nodiscard]] std::string describe(const Caller& caller);  // "root (pid 812)"

struct ToClient {
    ClientId client = 0;
    ipc::MembershipToTool message;
};
struct DropClient {
    ClientId client = 0;
    std::string why;
};
using DeskAction =
    std::variant<ToClient, DropClient, ipc::Request, ipc::SetLogLevel, ipc::ReloadRequest>;

class ControlDesk {
  public:
    static constexpr Duration kBetweenStatus = 50ms;    // to a subscriber
    static constexpr Duration kIdle = 60s;              // neither subscribed nor waiting: dropped
    static constexpr std::size_t kForRoot = 2;          // places that only root gets
    static constexpr std::size_t kRequestsAtOnce = 16;  // of one client

    // What it is asked for: the status, whenever one is to be sent, and directives of ha.cf.
    using Compose = std::function<ClusterStatus(MonoTime)>;
    using Parameter = std::function<std::optional<std::string>(const std::string&)>;

    using Why = std::function<std::optional<GroupStory>(const GroupName&)>;

    ControlDesk(Identity us, Compose compose, Parameter parameter, Why why);

    // An error: it is not let in, and why.
    [[nodiscard]] Result<void> open(ClientId client, Caller caller, MonoTime now);
    void closed(ClientId client);
    void said(ClientId client, const ipc::ToolToMembership& message, MonoTime now,
              std::vector<DeskAction>& out);

    void resource_here();
    void resource_gone(std::vector<DeskAction>& out);
    void answered(const ipc::RequestAnswer& answer, std::vector<DeskAction>& out);
    void reloaded(const ipc::ReloadAnswer& answer, std::vector<DeskAction>& out);

    void log_level_is(unsigned debug, std::vector<DeskAction>& out);  // hb-master told everybody

    void changed(MonoTime now);  // the status is another
    void tell(const Event& event, std::vector<DeskAction>& out);

    void on_deadline(MonoTime now, std::vector<DeskAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;

  private:
    struct Client {
        Caller caller;
        MonoTime heard{};
        bool status = false;
        bool events = false;
        std::size_t waiting = 0;  // requests under way
        [[nodiscard]] bool idle() const { return !status && !events && waiting == 0; }
    };
    struct Waiting {
        ClientId client = 0;
        std::uint64_t id = 0;  // the client's
    };
    void ask(ClientId id, Client& client, const ipc::AdminRequest& request,
             std::vector<DeskAction>& out);
    void reload(ClientId id, Client& client, const ipc::ReloadWanted& wanted,
                std::vector<DeskAction>& out);

    void ask_log_level(ClientId id, Client& client, const ipc::LogLevelRequest& request,
                       std::vector<DeskAction>& out);

    Identity us_;
    Compose compose_;
    Parameter parameter_;
    Why why_;
    std::map<ClientId, Client> clients_;
    std::map<std::uint64_t, Waiting> waiting_;  // by our own request id
    std::vector<Waiting> waiting_for_log_level_;
    std::map<std::uint64_t, Waiting> reloads_;  // the same, for hb-master
    std::uint64_t next_request_ = 1;
    bool resource_here_ = false;
    std::optional<MonoTime> changed_at_;
    MonoTime last_told_ = kNever;
};

}  // namespace hb::membership
