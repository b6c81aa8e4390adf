// hb-notify: tells others what happens. hb-master starts one for each `notify` line, as the line's
// user, and one as root for scripts in rc.d if there are any. It has no part in any decision: it
// listens at the control socket as any client does, and its death or delay is nobody's.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log/logger.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-notify/control_watch.hpp"
#include "daemons/hb-notify/hook_runner.hpp"
#include "daemons/hb-notify/notify_line.hpp"
#include "daemons/hb-notify/program_feeder.hpp"
#include "daemons/hb-notify/rc_hooks.hpp"

namespace hb::notify {
namespace {

constexpr Duration kLastLines = 2s;  // for the program, at the end

struct Options {
    std::string run_dir = "/run/ha-suite";
    std::string rc_dir;  // either this
    std::string host;
    std::string log = "journal";
    std::vector<std::string> program;  // or that
};

std::vector<std::string> own_environment() {
    std::vector<std::string> all;
    for (char** each = ::environ; *each != nullptr; ++each)
        all.emplace_back(*each);
    return all;
}

class Notifier {
  public:
    Notifier(const Options& options, log::Logger& log);
    void run() { loop_.run(); }

  private:
    [[nodiscard]] Stamp stamp() {
        const runtime::WallTime wall = runtime::wall_time();
        return {host_, ++lines_, wall.seconds * 1000 + wall.nanoseconds / 1000000};
    }
    void tell(const Event& event) {
        if (feeder_)
            if (auto line = event_line(event, stamp())) feeder_->push(std::move(*line));
        if (!hooks_) return;
        if (auto call = rc_.call_for(event)) hooks_->run(std::move(*call));
    }
    void see(const ClusterStatus& status, bool fresh) {
        if (hooks_ && fresh)
            for (HookCall& call : rc_.catch_up(status))
                hooks_->run(std::move(call));
        if (feeder_ && (fresh || !status_)) {
            feeder_->push(snapshot_line(status, stamp()));
        } else if (feeder_) {
            const StatusNews news = news_of(*status_, status);
            if (news.view) feeder_->push(view_line(status, stamp()));
            for (const Event& event : news.events)
                tell(event);
        }
        status_ = status;
    }
    void stop() {
        if (!feeder_) return loop_.stop();
        feeder_->finish(kLastLines, [this]() noexcept { loop_.stop(); });
    }

    log::Logger& log_;
    std::string host_;
    std::uint64_t lines_ = 0;
    RcHooks rc_;
    std::optional<ClusterStatus> status_;
    runtime::EventLoop loop_;
    runtime::SignalEvent terminate_;
    std::unique_ptr<ProgramFeeder> feeder_;
    std::unique_ptr<HookRunner> hooks_;
    ControlWatch watch_;
};

Notifier::Notifier(const Options& options, log::Logger& log)
    : log_(log),
      host_(options.host),
      rc_(options.host),
      terminate_(loop_, SIGTERM, [this]() noexcept { stop(); }),
      watch_(loop_, options.run_dir,
             {.on_status = [this](const ClusterStatus& status,
                                  bool fresh) noexcept { see(status, fresh); },
              .on_event = [this](const Event& event) noexcept { tell(event); },
              .on_trouble =
                  [this](const std::string& why) noexcept {
                      log_.log(Level::kInfo, "notify-waits",
                               fmt::format("waiting for hb-membership ({})", why));
                  }}) {
    const auto say = [this](const Event& event) noexcept { log_.log(event); };
    if (!options.program.empty())
        feeder_ = std::make_unique<ProgramFeeder>(
            loop_, options.program, own_environment(),
            [this](std::uint64_t lost) { return lost_line(lost, stamp()); }, say);
    if (!options.rc_dir.empty())
        hooks_ = std::make_unique<HookRunner>(loop_, options.rc_dir, own_environment(), say);
}

}  // namespace
}  // namespace hb::notify

int main(int argc, char** argv) {
    hb::notify::Options options;
    CLI::App app("Tells a program, or Heartbeat's hooks, what happens in the cluster.",
                 "hb-notify");
    app.add_option("--run-dir", options.run_dir, "of the suite")->capture_default_str();
    app.add_option("--rc-dir", options.rc_dir, "run the hooks there");
    app.add_option("--host", options.host, "this node's name")->required();
    app.add_option("--log", options.log, "journal or stderr")
        ->check(CLI::IsMember({"journal", "stderr"}))
        ->capture_default_str();
    app.add_option("program", options.program, "started and told on its standard input");
    app.positionals_at_end();
    CLI11_PARSE(app, argc, argv);
    if (options.program.empty() == options.rc_dir.empty()) {
        fmt::print(stderr, "hb-notify: either --rc-dir or a program\n");
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    hb::log::Logger log(
        {.daemon = "hb-notify",
         .host = options.host,
         .target = options.log == "stderr" ? hb::log::Target::kStderr : hb::log::Target::kJournal});
    try {
        hb::notify::Notifier(options, log).run();
    } catch (const std::exception& problem) {
        fmt::print(stderr, "hb-notify: {}\n", problem.what());
        return 1;
    }
    return 0;
}
