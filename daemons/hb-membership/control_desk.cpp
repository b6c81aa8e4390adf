#include "daemons/hb-membership/control_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.hpp"

namespace hb::membership {
namespace {

DeskAction refusal(ClientId client, std::uint64_t id, std::string why) {
    return ToClient{client, ipc::AdminAnswer{id, false, std::move(why)}};
}

std::string log_level_text(const std::string& level) {
    return fmt::format("debug level {}: lines for debugging are {}logged", level,
                       level == "0" ? "not " : "");
}

bool is_member(const Caller& caller, const Identity& us) {
    return std::ranges::find(caller.groups, us.haclient) != caller.groups.end();
}

bool is_looker(const Caller& caller, const ipc::Lookers& lookers) {
    const auto& [uids, gids] = lookers;
    return std::ranges::find(uids, caller.uid) != uids.end() ||
           std::ranges::find_first_of(caller.groups, gids) != caller.groups.end();
}

}  // namespace

bool may_look(const Caller& caller, const Identity& us) {
    return caller.uid == us.hacluster || may_ask(caller, us) || is_looker(caller, us.lookers);
}

bool may_ask(const Caller& caller, const Identity& us) {
    return caller.uid == 0 || is_member(caller, us);
}

std::string describe(const Caller& caller) {
    return caller.uid == 0 ? fmt::format("root (pid {})", caller.pid)
                           : fmt::format("uid {} (pid {})", caller.uid, caller.pid);
}

ControlDesk::ControlDesk(Identity us, Compose compose, Parameter parameter, Why why)
    : us_(std::move(us)),
      compose_(std::move(compose)),
      parameter_(std::move(parameter)),
      why_(std::move(why)) {}

Result<void> ControlDesk::open(ClientId id, Caller caller, MonoTime now) {
    if (!may_look(caller, us_))
        return failure("neither root nor a member of haclient, nor named by apiauth");
    const std::size_t places = limits::kControlClients - (caller.uid == 0 ? 0 : kForRoot);
    if (clients_.size() >= places)
        return failure(fmt::format("{} clients are here already", clients_.size()));
    clients_[id] = {.caller = std::move(caller), .heard = now};
    return {};
}

// Its requests go on; their answers find nobody.
void ControlDesk::closed(ClientId id) {
    clients_.erase(id);
    std::erase_if(waiting_for_log_level_, [id](const Waiting& w) { return w.client == id; });
}

void ControlDesk::said(ClientId id, const ipc::ToolToMembership& message, MonoTime now,
                       std::vector<DeskAction>& out) {
    const auto it = clients_.find(id);
    if (it == clients_.end()) return;
    Client& client = it->second;
    client.heard = now;
    if (const auto* get = std::get_if<ipc::GetStatus>(&message)) {
        out.emplace_back(ToClient{id, ipc::Status{get->id, compose_(now)}});
    } else if (const auto* subscribe = std::get_if<ipc::Subscribe>(&message)) {
        client.status = subscribe->status;
        client.events = subscribe->events;
        if (client.status)
            out.emplace_back(ToClient{id, ipc::Status{subscribe->id, compose_(now)}});
    } else if (const auto* p = std::get_if<ipc::GetParameter>(&message)) {
        out.emplace_back(ToClient{id, ipc::Parameter{p->id, parameter_(p->name)}});
    } else if (const auto* why = std::get_if<ipc::GetWhy>(&message)) {
        out.emplace_back(ToClient{id, ipc::Why{why->id, why_(why->group)}});
    } else if (const auto* level = std::get_if<ipc::LogLevelRequest>(&message)) {
        ask_log_level(id, client, *level, out);
    } else if (const auto* wanted = std::get_if<ipc::ReloadWanted>(&message)) {
        reload(id, client, *wanted, out);
    } else {
        ask(id, client, std::get<ipc::AdminRequest>(message), out);
    }
}

void ControlDesk::ask(ClientId id, Client& client, const ipc::AdminRequest& request,
                      std::vector<DeskAction>& out) {
    if (!may_ask(client.caller, us_)) {
        out.push_back(
            refusal(id, request.id, "only root and members of haclient may ask for that"));
        return;
    }
    if (!resource_here_) {
        out.push_back(refusal(id, request.id, "hb-resource is being restarted; ask again"));
        return;
    }
    if (client.waiting >= kRequestsAtOnce) {
        out.push_back(refusal(id, request.id, "too many requests at once"));
        return;
    }
    ++client.waiting;
    const std::uint64_t ours = next_request_++;
    waiting_[ours] = {id, request.id};
    out.emplace_back(ipc::Request{.id = ours,
                                  .kind = request.kind,
                                  .scope = request.scope,
                                  .group = request.group,
                                  .stay = request.stay,
                                  .target = request.target,
                                  .force = request.force,
                                  .who = describe(client.caller)});
}

// ---- how much is logged

void ControlDesk::ask_log_level(ClientId id, Client& client, const ipc::LogLevelRequest& request,
                                std::vector<DeskAction>& out) {
    if (!request.level) {
        const std::string level = parameter_("debug").value_or("0");
        out.emplace_back(ToClient{id, ipc::AdminAnswer{request.id, true, log_level_text(level)}});
        return;
    }
    if (!may_ask(client.caller, us_)) {
        out.push_back(
            refusal(id, request.id, "only root and members of haclient may ask for that"));
        return;
    }
    if (client.waiting >= kRequestsAtOnce) {
        out.push_back(refusal(id, request.id, "too many requests at once"));
        return;
    }
    ++client.waiting;
    waiting_for_log_level_.push_back({id, request.id});
    out.emplace_back(ipc::SetLogLevel{*request.level, describe(client.caller)});
}

void ControlDesk::log_level_is(unsigned debug, std::vector<DeskAction>& out) {
    for (const Waiting& asked : std::exchange(waiting_for_log_level_, {})) {
        const auto client = clients_.find(asked.client);
        if (client == clients_.end()) continue;
        --client->second.waiting;
        out.emplace_back(ToClient{
            asked.client, ipc::AdminAnswer{asked.id, true, log_level_text(std::to_string(debug))}});
    }
}

// ---- hb-master

void ControlDesk::reload(ClientId id, Client& client, const ipc::ReloadWanted& wanted,
                         std::vector<DeskAction>& out) {
    const auto refuse = [&](const char* why) {
        out.emplace_back(
            ToClient{id, ipc::ReloadDone{wanted.id, {.text = why, .changes = {}, .findings = {}}}});
    };
    if (!may_ask(client.caller, us_))
        return refuse("only root and members of haclient may ask for that");
    if (client.waiting >= kRequestsAtOnce) return refuse("too many requests at once");
    ++client.waiting;
    const std::uint64_t ours = next_request_++;
    reloads_[ours] = {id, wanted.id};
    out.emplace_back(
        ipc::ReloadRequest{.id = ours, .dry_run = wanted.dry_run, .who = describe(client.caller)});
}

void ControlDesk::reloaded(const ipc::ReloadAnswer& answer, std::vector<DeskAction>& out) {
    const auto it = reloads_.find(answer.id);
    if (it == reloads_.end()) return;
    const Waiting asked = it->second;
    reloads_.erase(it);
    const auto client = clients_.find(asked.client);
    if (client == clients_.end()) return;
    --client->second.waiting;
    out.emplace_back(ToClient{asked.client, ipc::ReloadDone{asked.id, answer.outcome}});
}

// ---- hb-resource

void ControlDesk::resource_here() {
    resource_here_ = true;
}

void ControlDesk::resource_gone(std::vector<DeskAction>& out) {
    resource_here_ = false;
    for (const auto& [ours, asked] : waiting_) {
        const auto it = clients_.find(asked.client);
        if (it == clients_.end()) continue;
        --it->second.waiting;
        out.push_back(refusal(asked.client, asked.id, "hb-resource died; ask again"));
    }
    waiting_.clear();
}

void ControlDesk::answered(const ipc::RequestAnswer& answer, std::vector<DeskAction>& out) {
    const auto it = waiting_.find(answer.id);
    if (it == waiting_.end()) return;
    const Waiting asked = it->second;
    waiting_.erase(it);
    const auto client = clients_.find(asked.client);
    if (client == clients_.end()) return;
    --client->second.waiting;
    out.emplace_back(
        ToClient{asked.client, ipc::AdminAnswer{asked.id, answer.ok, answer.text, answer.history}});
}

// ---- changes and events

void ControlDesk::changed(MonoTime now) {
    if (!changed_at_) changed_at_ = now;
}

void ControlDesk::tell(const Event& event, std::vector<DeskAction>& out) {
    for (const auto& [id, client] : clients_)
        if (client.events) out.emplace_back(ToClient{id, ipc::EventNote{event}});
}

// The status is composed also when nobody listens: since when a group is where it is, is remembered
// by looking.
void ControlDesk::on_deadline(MonoTime now, std::vector<DeskAction>& out) {
    if (changed_at_ && (last_told_ == kNever || now >= last_told_ + kBetweenStatus)) {
        changed_at_.reset();
        last_told_ = now;
        const ClusterStatus status = compose_(now);
        for (const auto& [id, client] : clients_)
            if (client.status) out.emplace_back(ToClient{id, ipc::Status{0, status}});
    }
    for (auto it = clients_.begin(); it != clients_.end();) {
        const auto [id, idle] =
            std::pair(it->first, it->second.idle() && now >= it->second.heard + kIdle);
        it = idle ? clients_.erase(it) : std::next(it);
        if (idle) out.emplace_back(DropClient{id, "it asked for nothing"});
    }
}

MonoTime ControlDesk::next_deadline() const {
    MonoTime next = kForever;
    if (changed_at_)
        next = last_told_ == kNever ? *changed_at_
                                    : std::max(*changed_at_, last_told_ + kBetweenStatus);
    for (const auto& [id, client] : clients_)
        if (client.idle()) next = std::min(next, client.heard + kIdle);
    return next;
}

}  // namespace hb::membership
