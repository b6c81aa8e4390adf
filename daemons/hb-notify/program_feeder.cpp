#include "daemons/hb-notify/program_feeder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "common/runtime/system_clock.hpp"

namespace hb::notify {

namespace {

constexpr std::uint64_t kOutputLines = 20;  // a second

}  // namespace

ProgramFeeder::ProgramFeeder(runtime::EventLoop& loop, std::vector<std::string> argv,
                             std::vector<std::string> environment, LineQueue::LostLine lost_line,
                             OnEvent on_event)
    : loop_(loop),
      argv_(std::move(argv)),
      environment_(std::move(environment)),
      on_event_(std::move(on_event)),
      queue_(kMostLines, std::move(lost_line)),
      rate_(kOutputLines, 1s),
      losses_(60s),
      writable_(loop, [this](runtime::Readiness) noexcept { feed(); }),
      restart_(loop, [this]() noexcept { start(); }),
      grace_(loop, [this]() noexcept { done_(); }) {}

void ProgramFeeder::push(std::string line) {
    if (done_) return;
    settle();
    if (!queue_.push(std::move(line)))
        if (const auto more = losses_.allow("lost", runtime::now()))
            say(Level::kWarn, "notify-lost",
                fmt::format("{} does not read what happens: the oldest events are dropped{}",
                            argv_[0], log::more_suffix(*more, 60s)));
    if (process_)
        writable_.watch(input_.get(), runtime::Interest::kWrite);
    else
        start();
}

void ProgramFeeder::start() {
    if (process_ || done_ || queue_.empty()) return;
    const MonoTime now = runtime::now();
    if (now < pause_.not_before()) return restart_.arm(pause_.not_before());
    int ends[2];
    std::string problem;
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        problem = std::strerror(errno);
    } else {
        unread_.reset(ends[0]);
        input_.reset(ends[1]);
        (void)::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    }
    pause_.started(now);
    delivered_before_ = queue_.delivered();
    if (problem.empty()) {
        auto started = runtime::ChildProcess::start(
            loop_,
            {.argv = argv_,
             .environment = environment_,
             .fds = {{.fd = unread_.get(), .as = STDIN_FILENO}},
             .death_signal = SIGTERM,
             .most_lines = std::numeric_limits<std::size_t>::max(),
             .is_ordinary = true},
            {.on_line = [this](std::string_view line) noexcept { output(line); },
             .on_exit = [this](const runtime::ExitStatus& status) noexcept { ended(status); }});
        if (started) {
            process_ = std::move(*started);
            return writable_.watch(input_.get(), runtime::Interest::kWrite);
        }
        problem = started.error().text;
    }
    close_input();
    pause_.ended(false, now);
    restart_.arm(pause_.not_before());
    say(Level::kError, "notify-not-run", fmt::format("cannot run {}: {}", argv_[0], problem));
}

void ProgramFeeder::feed() noexcept {
    while (!queue_.next().empty()) {
        const std::string_view bytes = queue_.next();
        const ssize_t n = ::write(input_.get(), bytes.data(), bytes.size());
        if (n <= 0) return;  // full: later
        queue_.written(static_cast<std::size_t>(n));
    }
    writable_.cancel();
}

void ProgramFeeder::settle() {
    int unread = 0;
    if (unread_ && ::ioctl(unread_.get(), FIONREAD, &unread) == 0 && unread >= 0)
        queue_.unread(static_cast<std::size_t>(unread));
}

void ProgramFeeder::close_input() {
    writable_.cancel();
    input_.reset();
    unread_.reset();
}

void ProgramFeeder::ended(const runtime::ExitStatus& status) {
    const std::string text = status.to_string();
    const bool ok = status.ok();
    settle();
    queue_.start_again();
    close_input();
    const bool well = ok && queue_.delivered() > delivered_before_;
    const std::unique_ptr<runtime::ChildProcess> process = std::move(process_);
    if (done_) {
        grace_.arm(runtime::now());
        return;
    }
    pause_.ended(well, runtime::now());
    if (!well)
        say(Level::kError, "notify-failed",
            fmt::format("{} {}{}: it is started again in {} s", argv_[0], text,
                        ok ? " without having read anything" : "",
                        std::chrono::duration_cast<std::chrono::seconds>(pause_.pause()).count()));
    restart_.arm(pause_.not_before());
}

void ProgramFeeder::output(std::string_view line) {
    if (const auto more = rate_.allow(runtime::now()))
        say(Level::kInfo, "notify-output",
            fmt::format("{}: {}{}", argv_[0], line, log::more_suffix(*more, 1s)));
}

void ProgramFeeder::finish(Duration grace, std::move_only_function<void() noexcept> done) {
    done_ = std::move(done);
    if (process_) feed();
    close_input();
    grace_.arm(process_ ? runtime::now() + grace : runtime::now());
}

void ProgramFeeder::say(Level level, std::string id, std::string text) {
    on_event_({std::move(id), level, std::move(text), {}});
}

}  // namespace hb::notify
