#include "daemons/hb-membership/control_server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "common/base/ipc/hello.hpp"
#include "common/runtime/system_clock.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_hello.hpp"

namespace hb::membership {
namespace {

// A status of many groups, a few times over: who is further behind does not read.
constexpr runtime::ChannelOptions kClientChannel{
    .accepts_descriptors = false, .queue_bytes = 4 * 1024 * 1024, .queue_messages = 1000};
constexpr Duration kComplainAgain = 60s;

Caller caller_of(const runtime::PeerCredentials& who) {
    Caller caller{who.pid, who.uid, {who.gid}};
    caller.groups.insert(caller.groups.end(), who.groups.begin(), who.groups.end());
    return caller;
}

}  // namespace

ControlServer::ControlServer(runtime::EventLoop& loop, log::Logger& log, Identity us,
                             ControlDesk::Compose compose, ControlDesk::Parameter parameter,
                             ControlDesk::Why why,
                             std::function<void(const ipc::Request&)> to_resource,
                             std::function<void(const ipc::DaemonToMaster&)> to_master)
    : loop_(loop),
      log_(log),
      to_resource_(std::move(to_resource)),
      to_master_(std::move(to_master)),
      desk_(std::move(us), std::move(compose), std::move(parameter), std::move(why)),
      timer_(loop,
             [this]() noexcept {
                 desk_.on_deadline(runtime::now(), actions_);
                 carry_out();
             }),
      burial_(loop, [this]() noexcept { bury(); }) {}

void ControlServer::listen(runtime::UniqueFd socket) {
    listener_.reset();
    listener_.emplace(loop_, std::move(socket),
                      [this](runtime::UniqueFd client, runtime::PeerCredentials who) noexcept {
                          accept(std::move(client), who);
                      });
}

// ---- clients

void ControlServer::accept(runtime::UniqueFd socket, const runtime::PeerCredentials& who) {
    const ClientId id = next_client_++;
    const Caller caller = caller_of(who);
    const MonoTime now = runtime::now();
    if (const auto let_in = desk_.open(id, caller, now); !let_in) {
        if (complained_ != kNever && now - complained_ < kComplainAgain) return;
        complained_ = now;
        log_.log(Level::kWarn, "control-refused",
                 fmt::format("control socket: {} is not let in: {}", describe(caller),
                             let_in.error().text));
        return;
    }
    Client& client = clients_[id];
    client.channel = std::make_unique<runtime::Channel>(
        loop_, std::move(socket),
        runtime::Channel::Callbacks{
            .on_message = [this, id](
                              std::string_view bytes,
                              std::vector<runtime::UniqueFd>) noexcept { message(id, bytes); },
            .on_closed =
                [this, id](runtime::CloseReason reason) noexcept {
                    if (reason == runtime::CloseReason::kStuck) {
                        drop(id, "it does not read");
                    } else {
                        drop(id, "");
                    }
                    arm();
                }},
        kClientChannel);
    client.channel->send(proto::encode(ipc::Hello{.program = to_string(ipc::Program::kMembership),
                                                  .pid = static_cast<std::uint32_t>(::getpid())}));
    arm();
}

void ControlServer::message(ClientId id, std::string_view bytes) {
    const auto it = clients_.find(id);
    if (it == clients_.end()) return;
    if (!it->second.greeted) {
        if (const auto hello = proto::decode_hello(bytes); !hello)
            drop(id, hello.error().text);
        else
            it->second.greeted = true;
    } else if (const auto message = proto::decode_tool_to_membership(bytes); !message) {
        drop(id, message.error().text);
    } else {
        desk_.said(id, *message, runtime::now(), actions_);
    }
    carry_out();
}

// The channel itself goes later: this may be one of its callbacks.
void ControlServer::drop(ClientId id, const std::string& why) {
    const auto it = clients_.find(id);
    if (it == clients_.end()) return;
    if (!why.empty())
        log_.log(Level::kDebug, "control-dropped", fmt::format("control client dropped: {}", why));
    it->second.channel->close();
    dead_.push_back(std::move(it->second.channel));
    clients_.erase(it);
    desk_.closed(id);
    burial_.schedule();
}

void ControlServer::bury() {
    dead_.clear();
}

// ---- the daemon's side

void ControlServer::resource_here() {
    desk_.resource_here();
}

void ControlServer::resource_gone() {
    desk_.resource_gone(actions_);
    carry_out();
}

void ControlServer::answered(const ipc::RequestAnswer& answer) {
    desk_.answered(answer, actions_);
    carry_out();
}

void ControlServer::log_level_is(unsigned debug) {
    desk_.log_level_is(debug, actions_);
    carry_out();
}

void ControlServer::reloaded(const ipc::ReloadAnswer& answer) {
    desk_.reloaded(answer, actions_);
    carry_out();
}

void ControlServer::changed() {
    desk_.changed(runtime::now());
    arm();
}

void ControlServer::tell(const Event& event) {
    desk_.tell(event, actions_);
    carry_out();
}

void ControlServer::carry_out() {
    if (carrying_out_) return;  // what is new is carried out by the loop below
    carrying_out_ = true;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
        const DeskAction action = std::move(actions_[i]);
        if (const auto* to = std::get_if<ToClient>(&action)) {
            const auto it = clients_.find(to->client);
            if (it == clients_.end()) continue;
            if (it->second.channel->send(proto::encode(to->message)) ==
                runtime::SendResult::kTooLarge)
                drop(to->client, "the status does not fit into its socket");
        } else if (const auto* gone = std::get_if<DropClient>(&action)) {
            drop(gone->client, gone->why);
        } else if (const auto* level = std::get_if<ipc::SetLogLevel>(&action)) {
            to_master_(*level);
        } else if (const auto* reload = std::get_if<ipc::ReloadRequest>(&action)) {
            to_master_(*reload);
        } else {
            to_resource_(std::get<ipc::Request>(action));
        }
    }
    actions_.clear();
    carrying_out_ = false;
    arm();
}

void ControlServer::arm() {
    timer_.arm(desk_.next_deadline());
}

}  // namespace hb::membership
