#include "daemons/skeleton/daemon_main.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/ipc/hello.hpp"
#include "common/base/limits.hpp"
#include "common/base/reload_times.hpp"
#include "common/base/watchdog_times.hpp"
#include "common/config/secrets.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/skeleton/arguments.hpp"
#include "daemons/skeleton/privilege_table.hpp"
#include "proto/codec_hello.hpp"
#include "proto/codec_master.hpp"

namespace hb::skeleton {

namespace {

using runtime::Channel;
using runtime::CloseReason;
using runtime::SendResult;
using runtime::UniqueFd;

constexpr int kExitFailed = 1;      // start-up, or the master is gone
constexpr int kExitPrivileges = 4;  // LSB: insufficient privilege
constexpr Duration kLastWords = 1s;

using config::wipe;

class Skeleton final : public Host {
  public:
    Skeleton(const DaemonSpec& spec, const Arguments& arguments)
        : spec_(spec),
          log_({.daemon = to_string(spec.program),
                .host = arguments.host,
                .target = arguments.log,
                .least = arguments.debug ? Level::kDebug : Level::kInfo}),
          faults_(loop_, [this]() noexcept { drop_faulty(); }),
          health_(loop_, [this]() noexcept { report_health(); }),
          gap_limit_(loop_, [this]() noexcept {
              loop_.set_gap_threshold(setup_->settings.deadtime * 3 / 4);
          }) {}

    [[nodiscard]] int run();

    runtime::EventLoop& loop() override { return loop_; }
    log::Logger& log() override { return log_; }
    SendResult send(Program to, std::string_view bytes) override;
    [[nodiscard]] bool has(Program neighbour) const override;
    [[nodiscard]] std::size_t queued_bytes(Program neighbour) const override;
    void drain(Program neighbour) override;
    void fault(Program neighbour, std::string_view reason) override;
    SendResult tell_master(const ipc::DaemonToMaster& message) override;
    void enlarge_buffer(int socket) override;
    void exit(int code) override;

  private:
    struct Neighbour {
        std::unique_ptr<Channel> channel;
        bool greeted = false;  // its Hello was good: the daemon knows of it
        bool faulty = false;
    };

    [[nodiscard]] std::string own_hello() const;
    void open_master();
    void master_message(std::string_view bytes, std::vector<UniqueFd> fds);
    void master_closed(CloseReason reason);
    void carry_out(ipc::SetupPart& part, std::vector<UniqueFd>& fds);
    void carry_out(ipc::NeighbourChannel& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::ControlSocket& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::LogFiles& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::SettingsPart& part, std::vector<UniqueFd>& fds);
    void carry_out(ipc::CommitSettings& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::AbandonSettings& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::ReloadAnswer& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::Stop& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::LineOpened& message, std::vector<UniqueFd>& fds);
    void carry_out(ipc::LogLevel& message, std::vector<UniqueFd>& fds);
    void set_up(ipc::Setup setup);
    void set_log(const config::Settings& settings);
    void forget_prepared();
    void give_up(std::string_view problem);
    void report_health();

    void neighbour_message(Program from, std::string_view bytes);
    void neighbour_closed(Program from, CloseReason reason);
    void lose(Program neighbour);
    void drop_faulty();
    void last_words();

    const DaemonSpec& spec_;
    runtime::EventLoop loop_;
    log::Logger log_;
    runtime::Defer faults_;
    runtime::Timer health_;
    runtime::Timer gap_limit_;  // the deadtime before counts no more
    MonoTime gap_limit_until_ = kNever;
    Duration gap_deadtime_{};  // until then the shortest that counts
    std::unique_ptr<Channel> master_;
    bool master_greeted_ = false;
    std::string setup_bytes_;
    std::optional<ipc::Setup> setup_;
    std::optional<ipc::Setup> prepared_;  // of a reload, not in effect yet
    std::map<Program, Neighbour> neighbours_;
    int exit_code_ = 0;
    std::unique_ptr<Daemon> daemon_;  // last: it goes first
};

std::string Skeleton::own_hello() const {
    return proto::encode(ipc::Hello{.program = to_string(spec_.program),
                                    .pid = static_cast<std::uint32_t>(::getpid())});
}

int Skeleton::run() {
    open_master();
    loop_.run();
    last_words();
    return exit_code_;
}

void Skeleton::exit(int code) {
    exit_code_ = code;
    loop_.stop();
}

// What waits in a queue is waited for, a little: a LeaveDone must not be lost.
void Skeleton::last_words() {
    const auto all_sent = [&] {
        for (const auto& [program, neighbour] : neighbours_)
            if (neighbour.channel->queued_bytes() > 0) return false;
        return !master_ || master_->queued_bytes() == 0;
    };
    if (all_sent()) return;
    for (auto& [program, neighbour] : neighbours_)
        neighbour.channel->pause();
    master_->pause();
    health_.disarm();
    daemon_.reset();
    const MonoTime until = runtime::now() + kLastWords;
    while (!all_sent() && runtime::now() < until)
        loop_.poll();
}

// ---- the master

void Skeleton::open_master() {
    master_ = std::make_unique<Channel>(
        loop_, UniqueFd(kMasterFd),
        Channel::Callbacks{
            .on_message =
                [this](std::string_view bytes, std::vector<UniqueFd> fds) noexcept {
                    master_message(bytes, std::move(fds));
                },
            .on_closed = [this](CloseReason reason) noexcept { master_closed(reason); }},
        runtime::ChannelOptions{.accepts_descriptors = true});
    master_->send(own_hello());
}

void Skeleton::give_up(std::string_view problem) {
    log_.log(Level::kError, "daemon-start-failed", std::string(problem));
    exit(kExitFailed);
}

void Skeleton::master_message(std::string_view bytes, std::vector<UniqueFd> fds) {
    if (!master_greeted_) {
        const auto hello = proto::decode_hello(bytes);
        if (!hello || hello->program != to_string(Program::kMaster))
            return give_up(fmt::format("no Hello from hb-master: {}",
                                       hello ? hello->program : hello.error().text));
        master_greeted_ = true;
        return;
    }
    auto message = proto::decode_master_to_daemon(bytes);
    ::explicit_bzero(loop_.scratch().data(), bytes.size());  // there may be keys in it
    if (!message)
        return give_up(fmt::format("hb-master sent what cannot be: {}", message.error().text));
    std::visit([&](auto& m) { carry_out(m, fds); }, *message);
}

void Skeleton::master_closed(CloseReason reason) {
    log_.log(
        Level::kCrit, "master-died",
        fmt::format("Emergency Shutdown: Master Control process died. ({})", to_string(reason)));
    if (daemon_)
        daemon_->on_master_gone(*this);
    else
        exit(kExitFailed);
}

SendResult Skeleton::tell_master(const ipc::DaemonToMaster& message) {
    return master_->send(proto::encode(message));
}

void Skeleton::enlarge_buffer(int socket) {
    std::vector<UniqueFd> fds;
    fds.emplace_back(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
    if (fds.front())
        master_->send(proto::encode(ipc::DaemonToMaster(ipc::EnlargeBuffer{})), std::move(fds));
}

void Skeleton::carry_out(ipc::SetupPart& part, std::vector<UniqueFd>&) {
    if (setup_ || setup_bytes_.size() + part.bytes.size() > limits::kSetupBytes)
        return give_up("hb-master sent an impossible Setup");
    if (setup_bytes_.capacity() == 0) setup_bytes_.reserve(limits::kSetupPartBytes);
    setup_bytes_ += part.bytes;
    wipe(part.bytes);
    if (!part.last) return;
    auto setup = proto::decode_setup(setup_bytes_);
    wipe(setup_bytes_);
    if (!setup) return give_up(fmt::format("Setup: {}", setup.error().text));
    set_up(std::move(*setup));
}

void Skeleton::set_up(ipc::Setup setup) {
    setup_ = std::move(setup);
    const config::Settings& settings = setup_->settings;
    set_log(settings);
    try {
        daemon_ = spec_.make(*this, *setup_);
    } catch (const std::exception& problem) {
        return give_up(fmt::format("cannot start: {}", problem.what()));
    }
    if (setup_->keys) wipe(*setup_->keys);
    setup_->keys.reset();
    loop_.watch_gaps(settings.deadtime * 3 / 4, [this](Duration gap) noexcept {
        if (daemon_) daemon_->on_gap(gap);
    });
    tell_master(ipc::Ready{});
    if (!settings.watchdog.empty()) report_health();
}

void Skeleton::set_log(const config::Settings& settings) {
    log_.set_least(settings.debug > 0 ? Level::kDebug : Level::kInfo);
    log_.set_facility(log::syslog_facility(settings.logfacility));
    log_.set_classic_files(settings.classic_log_lines);
}

// ---- a reload

void Skeleton::forget_prepared() {
    wipe(setup_bytes_);
    if (prepared_ && prepared_->keys) wipe(*prepared_->keys);
    prepared_.reset();
}

void Skeleton::carry_out(ipc::SettingsPart& part, std::vector<UniqueFd>&) {
    if (!daemon_ || setup_bytes_.size() + part.bytes.size() > limits::kSetupBytes)
        return give_up("hb-master sent impossible settings");
    if (prepared_) forget_prepared();
    setup_bytes_.reserve(limits::kSetupPartBytes);
    setup_bytes_ += part.bytes;
    wipe(part.bytes);
    if (!part.last) return;
    auto fresh = proto::decode_setup(setup_bytes_);
    wipe(setup_bytes_);
    if (!fresh) return give_up(fmt::format("Settings: {}", fresh.error().text));
    prepared_ = std::move(*fresh);
    tell_master(ipc::SettingsPrepared{daemon_->prepare_settings(*prepared_)});
}

void Skeleton::carry_out(ipc::AbandonSettings&, std::vector<UniqueFd>&) {
    forget_prepared();
}

void Skeleton::carry_out(ipc::CommitSettings&, std::vector<UniqueFd>&) {
    if (!daemon_ || !prepared_) return give_up("hb-master commits settings that it did not send");
    const ipc::Setup before = *setup_;
    setup_->settings = std::move(prepared_->settings);  // who we are stays
    setup_->keys = std::move(prepared_->keys);
    prepared_.reset();
    const config::Settings& settings = setup_->settings;
    set_log(settings);
    const Duration old = before.settings.deadtime;
    if (settings.deadtime != old) {
        const MonoTime now = runtime::now();
        if (now >= gap_limit_until_) gap_deadtime_ = old;
        gap_deadtime_ = std::min({gap_deadtime_, old, settings.deadtime});
        loop_.set_gap_threshold(gap_deadtime_ * 3 / 4);
        gap_limit_until_ = std::max(gap_limit_until_, old_deadtime_until(now, old));
        gap_limit_.arm(gap_limit_until_);
    }
    daemon_->adopt_settings(before);
    if (setup_->keys) wipe(*setup_->keys);
    setup_->keys.reset();
    tell_master(ipc::SettingsAdopted{});
}

void Skeleton::carry_out(ipc::ReloadAnswer& message, std::vector<UniqueFd>&) {
    if (daemon_) daemon_->on_reload_answer(message);
}

void Skeleton::report_health() {
    tell_master(ipc::Alive{daemon_->is_well()});
    health_.arm(runtime::now() + watchdog_report_interval(setup_->settings.deadtime));
}

void Skeleton::carry_out(ipc::LogFiles& message, std::vector<UniqueFd>& fds) {
    if (fds.size() != std::size_t{message.logfile} + std::size_t{message.debugfile})
        return give_up("hb-master sent other log files than it said");
    UniqueFd logfile = message.logfile ? std::move(fds.front()) : UniqueFd();
    UniqueFd debugfile = message.debugfile ? std::move(fds.back()) : UniqueFd();
    log_.set_files(std::move(logfile), std::move(debugfile));
}

void Skeleton::carry_out(ipc::ControlSocket&, std::vector<UniqueFd>& fds) {
    if (!daemon_ || fds.size() != 1) return give_up("hb-master sent no control socket");
    daemon_->on_control_socket(std::move(fds.front()));
}

void Skeleton::carry_out(ipc::LineOpened& message, std::vector<UniqueFd>& fds) {
    if (!daemon_ || fds.size() != (message.problem.empty() ? 1U : 0U))
        return give_up("hb-master sent no line");
    daemon_->on_line(message.device, fds.empty() ? UniqueFd() : std::move(fds.front()),
                     message.problem);
}

// `setup_` is what the daemon looks at: it has it from now on.
void Skeleton::carry_out(ipc::LogLevel& message, std::vector<UniqueFd>&) {
    log_.set_least(message.debug > 0 ? Level::kDebug : Level::kInfo);
    if (!setup_ || !daemon_) return;
    setup_->settings.debug = message.debug;
    daemon_->on_log_level(message.debug);
}

void Skeleton::carry_out(ipc::Stop&, std::vector<UniqueFd>&) {
    if (daemon_)
        daemon_->on_stop(*this);
    else
        exit(0);
}

// ---- neighbours

void Skeleton::carry_out(ipc::NeighbourChannel& message, std::vector<UniqueFd>& fds) {
    if (!daemon_ || fds.size() != 1) return give_up("hb-master sent no channel");
    const Program program = message.program;
    // Its predecessor is dead: what it said last is heard before the newcomer's first word (X1).
    if (const auto old = neighbours_.find(program); old != neighbours_.end()) {
        if (!old->second.faulty) old->second.channel->drain();
        lose(program);
    }
    Neighbour& fresh = neighbours_[program];
    fresh.channel = std::make_unique<Channel>(
        loop_, std::move(fds.front()),
        Channel::Callbacks{
            .on_message =
                [this, program](std::string_view bytes, std::vector<UniqueFd>) noexcept {
                    neighbour_message(program, bytes);
                },
            .on_closed = [this, program](
                             CloseReason reason) noexcept { neighbour_closed(program, reason); }});
    fresh.channel->send(own_hello());
}

void Skeleton::neighbour_message(Program from, std::string_view bytes) {
    Neighbour& neighbour = neighbours_.at(from);
    if (neighbour.greeted) return daemon_->on_message(from, bytes);
    const auto hello = proto::decode_hello(bytes);
    if (!hello) return fault(from, hello.error().text);
    if (hello->program != to_string(from))
        return fault(from, fmt::format("calls itself {}", hello->program));
    neighbour.greeted = true;
    daemon_->on_neighbour(from);
}

void Skeleton::neighbour_closed(Program from, CloseReason reason) {
    if (reason != CloseReason::kPeerGone)
        tell_master(ipc::Fault{.neighbour = from, .reason = to_string(reason)});
    lose(from);
}

void Skeleton::lose(Program program) {
    const auto at = neighbours_.find(program);
    if (at == neighbours_.end()) return;
    const bool was_known = at->second.greeted;
    neighbours_.erase(at);  // send() says kClosed from here on
    if (was_known && daemon_) daemon_->on_neighbour_gone(program);
}

SendResult Skeleton::send(Program to, std::string_view bytes) {
    const auto at = neighbours_.find(to);
    if (at == neighbours_.end() || !at->second.greeted) return SendResult::kClosed;
    return at->second.channel->send(bytes);
}

bool Skeleton::has(Program program) const {
    const auto at = neighbours_.find(program);
    return at != neighbours_.end() && at->second.greeted && !at->second.faulty;
}

std::size_t Skeleton::queued_bytes(Program program) const {
    const auto at = neighbours_.find(program);
    return at == neighbours_.end() ? 0 : at->second.channel->queued_bytes();
}

void Skeleton::drain(Program program) {
    const auto at = neighbours_.find(program);
    if (at != neighbours_.end() && !at->second.faulty) at->second.channel->drain();
}

void Skeleton::fault(Program program, std::string_view reason) {
    const auto at = neighbours_.find(program);
    if (at == neighbours_.end() || at->second.faulty) return;
    log_.log(Level::kError, "neighbour-fault",
             fmt::format("{} sent what cannot be ({}): it will be respawned", to_string(program),
                         reason),
             {{"HB_REASON", std::string(reason)}});
    tell_master(ipc::Fault{.neighbour = program, .reason = std::string(reason)});
    at->second.faulty = true;
    at->second.channel->close();
    faults_.schedule();
}

void Skeleton::drop_faulty() {
    for (auto at = neighbours_.begin(); at != neighbours_.end();) {
        const auto [program, faulty] = std::pair(at->first, at->second.faulty);
        ++at;
        if (faulty) lose(program);
    }
}

int start(const DaemonSpec& spec, const Arguments& arguments) {
    Skeleton skeleton(spec, arguments);
    log::Logger& log = skeleton.log();
    if (const int priority = realtime_priority(spec.program, arguments.realtime); priority > 0)
        for (const std::string& refused : runtime::apply_realtime(priority))
            log.log(Level::kWarn, "realtime-refused", fmt::format("{}, ignoring", refused));

    runtime::PrivilegePlan plan =
        privileges_of(spec.program, {.uid = arguments.uid, .gid = arguments.gid});
    plan.explain_denied = arguments.debug;
    if (const auto dropped = runtime::drop_privileges(plan); !dropped) {
        log.log(Level::kError, "privileges-not-dropped",
                fmt::format("refusing to run with privileges that are not as they should be: {}",
                            dropped.error().text));
        return kExitPrivileges;
    }
    return skeleton.run();
}

}  // namespace

int daemon_main(int argc, char** argv, const DaemonSpec& spec) {
    const std::string name = to_string(spec.program);
    const Arguments arguments = parse_arguments(argc, argv, name);
    int type = 0;
    socklen_t length = sizeof type;
    if (::getsockopt(kMasterFd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        type != SOCK_SEQPACKET) {
        fmt::print(stderr,
                   "{}: no channel to hb-master on descriptor {}: it is started by "
                   "hb-master, not by hand\n",
                   name, kMasterFd);
        return kExitFailed;
    }
    ::signal(SIGPIPE, SIG_IGN);
    // Sent by the kernel when the master's death leaves a stopped process group without a parent.
    ::signal(SIGHUP, SIG_IGN);
    try {
        return start(spec, arguments);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "{}: {}\n", name, problem.what());
        return kExitFailed;
    }
}

}  // namespace hb::skeleton
