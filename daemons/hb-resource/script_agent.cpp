#include "daemons/hb-resource/script_agent.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/base/assert.hpp"
#include "common/log/line_rate.hpp"
#include "common/log/rate_limiter.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-resource/ocf_rules.hpp"
#include "daemons/hb-resource/script_rules.hpp"

namespace hb::resource {

using Outcome = OperationDone::Outcome;

namespace {

constexpr Duration kGrace = 5s;      // between SIGTERM and SIGKILL
constexpr Duration kDying = 2s;      // from SIGKILL to the end, on a busy host
constexpr Duration kLeastTime = 1s;  // for a status after a stop that took all of its time
constexpr const char* kOcfScratch = "/run/resource-agents";  // HA_RSCTMP
constexpr std::size_t kOutputKept = 4096;                    // of a status, to look for words in
constexpr std::string_view kExitReason = config::kOcfExitReason;
constexpr Duration kDyingPoll = 5ms;
constexpr std::uint64_t kLinesLogged = 100;  // of one script, each second
constexpr std::size_t kLinesKept = 1000;     // of its standard error

// What a script says on its standard error, apart: "is the server running?" must not be taken for
// an answer.
class ErrorLines {
  public:
    using OnLine = std::move_only_function<void(std::string_view) noexcept>;
    ErrorLines(runtime::EventLoop& loop, OnLine on_line)
        : on_line_(std::move(on_line)),
          event_(loop, [this](runtime::Readiness) noexcept { read(); }),
          go_on_(loop, [this]() noexcept { event_.watch(ours_.get(), runtime::Interest::kRead); }) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
        ours_.reset(ends[0]);
        theirs_.reset(ends[1]);
        (void)fcntl(theirs_.get(), F_SETFL, 0);  // the script's end is an ordinary one
        event_.watch(ours_.get(), runtime::Interest::kRead);
    }
    ~ErrorLines() {
        read();
        if (!partial_.empty()) say(partial_);
    }
    ErrorLines(const ErrorLines&) = delete;
    ErrorLines& operator=(const ErrorLines&) = delete;

    [[nodiscard]] int script_end() const { return theirs_.get(); }
    void close_script_end() { theirs_.reset(); }

  private:
    void read() noexcept {
        std::array<char, 4096> buffer;
        for (int i = 0; i < 16 && ours_; i++) {
            const ssize_t n = ::read(ours_.get(), buffer.data(), buffer.size());
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (n <= 0) {
                event_.cancel();
                ours_.reset();
                return;
            }
            for (char c : std::string_view(buffer.data(), static_cast<std::size_t>(n))) {
                if (c != '\n' && partial_.size() < kOutputKept) partial_ += c;
                if (c == '\n') say(std::exchange(partial_, {}));
            }
            if (budget_.spend(static_cast<std::size_t>(n), runtime::now())) continue;
            event_.cancel();
            return go_on_.arm(budget_.resume_at());
        }
    }
    void say(std::string_view line) {
        if (lines_ > kLinesKept) return;
        on_line_(lines_++ < kLinesKept ? line : "(more errors than are kept: the rest is dropped)");
    }
    OnLine on_line_;
    std::string partial_;
    std::size_t lines_ = 0;
    runtime::UniqueFd ours_;
    runtime::UniqueFd theirs_;
    runtime::ReadBudget budget_;
    runtime::FdEvent event_;
    runtime::Timer go_on_;
};

CallUrgency urgency_of(Operation operation) {
    switch (operation) {
        case Operation::kStop:
            return CallUrgency::kStop;
        case Operation::kStart:
            return CallUrgency::kStart;
        case Operation::kStatus:
            return CallUrgency::kStatus;
    }
    HB_UNREACHABLE();
}

}  // namespace

struct ScriptAgent::Call {
    ScriptOperation operation;
    MonoTime deadline{};
    Operation verb{};    // of the script's present run
    std::string output;  // of a status
    std::string stop_problem;
    std::string reason;  // an OCF agent's own words for what is wrong
    std::unique_ptr<ErrorLines> errors;
    std::unique_ptr<runtime::ChildProcess> process;
    std::unique_ptr<runtime::Timer> dying;  // it should be dead by then
    bool given_up = false;                  // answered, though it has not ended
    CallCgroups::Place place;
    log::LineRate rate{kLinesLogged, 1s};
    bool is_cancelled = false;
    bool is_waiting = false;  // for its turn
    bool is_over = false;     // nothing of it is left, and it was answered

    [[nodiscard]] const char* word_for(Operation what) const {
        return operation.ocf ? ocf_action(what) : to_string(what);
    }
    [[nodiscard]] std::string command(Operation what) const {
        std::string text = operation.script;
        for (const std::string& arg : operation.args)
            text += " " + arg;
        return text + " " + word_for(what);
    }
};

ScriptAgent::ScriptAgent(runtime::EventLoop& loop, std::vector<std::string> environment,
                         std::string cgroup_tree, Callbacks callbacks)
    : loop_(loop),
      environment_(std::move(environment)),
      callbacks_(std::move(callbacks)),
      cgroups_(std::move(cgroup_tree),
               [this](const Event& event) noexcept { callbacks_.on_event(event); }),
      start_more_(loop, [this]() noexcept { start_some(); }),
      start_later_(loop, [this]() noexcept { start_some(); }),
      look_again_(loop, [this]() noexcept { look_at_dying(); }),
      deliver_(loop, [this]() noexcept { deliver(); }) {}

ScriptAgent::~ScriptAgent() = default;

void ScriptAgent::run(ScriptOperation operation) {
    const std::uint64_t id = operation.id;
    const Operation first = operation.operation == Operation::kStop || operation.ocf
                                ? operation.operation
                                : Operation::kStatus;
    auto made = std::make_unique<Call>();
    made->operation = std::move(operation);
    const auto [at, fresh] = calls_.emplace(id, std::move(made));
    HB_ASSERT(fresh);
    call(*at->second, first);
}

void ScriptAgent::cancel(std::uint64_t id) {
    const auto found = calls_.find(id);
    if (found == calls_.end() || found->second->operation.operation != Operation::kStatus) return;
    Call& call = *found->second;
    call.is_cancelled = true;
    if (call.process) return call.process->end(Duration::zero());
    if (!call.is_waiting) return;
    call.is_waiting = false;
    pacer_.ended(id);
    finish(call, Outcome::kTimeout, "not wanted any more");
}

void ScriptAgent::call(Call& call, Operation verb) {
    call.verb = verb;
    call.output.clear();
    call.is_waiting = true;
    pacer_.ask(call.operation.id, urgency_of(call.operation.operation));
    start_more_.schedule();
}

// One in each turn of the loop: to fork a process whose memory is locked takes milliseconds, and
// messages wait.
void ScriptAgent::start_some() noexcept {
    const auto id = pacer_.next(runtime::now());
    if (!id) return start_later_.arm(pacer_.next_deadline());
    start(*calls_.at(*id));
    start_more_.schedule();
}

void ScriptAgent::start(Call& call) {
    call.is_waiting = false;
    const Operation verb = call.verb;
    if (call.deadline == MonoTime{}) call.deadline = runtime::now() + call.operation.timeout;
    say(call, verb == Operation::kStatus ? Level::kDebug : Level::kInfo, "script-running",
        fmt::format("Running {}", call.command(verb)));

    runtime::ChildSpec spec;
    spec.argv.push_back(call.operation.script);
    spec.argv.insert(spec.argv.end(), call.operation.args.begin(), call.operation.args.end());
    spec.argv.emplace_back(call.word_for(verb));
    if (call.operation.ocf) {
        ::mkdir(kOcfScratch, 0755);  // agents take it for granted
        config::OcfCall& ocf = *call.operation.ocf;
        ocf.action = ocf_action(verb);
        ocf.timeout = call.operation.timeout;
        ocf.interval = call.operation.interval;
        spec.environment = config::ocf_environment(environment_, ocf);
    } else {
        spec.environment = environment_;
    }
    spec.timeout = std::max(call.deadline - runtime::now(), kLeastTime);
    spec.grace = kGrace;
    spec.is_ordinary = true;
    call.place = cgroups_.make();
    spec.cgroup = call.place.cgroup;
    call.errors.reset();
    if (verb == Operation::kStatus) {
        call.errors = std::make_unique<ErrorLines>(
            loop_, [this, &call](std::string_view text) noexcept { line(call, text, true); });
        if (call.errors->script_end() >= 0)
            spec.fds.push_back({.fd = call.errors->script_end(), .as = STDERR_FILENO});
    }
    const auto group = std::make_shared<pid_t>(-1);
    auto started = runtime::ChildProcess::start(
        loop_, spec,
        {.before_exec =
             [this, group, cgroup = call.place.number](pid_t pid) noexcept {
                 *group = pid;
                 return callbacks_.call_started(pid, cgroup);
             },
         .on_line = [this, &call](std::string_view text) noexcept { line(call, text, false); },
         .on_exit =
             [this, &call, group](const runtime::ExitStatus& status) noexcept {
                 callbacks_.call_finished(*group);
                 exited(call, status);
             }});
    if (call.errors) call.errors->close_script_end();
    if (started) {
        call.process = std::move(*started);
        call.dying =
            std::make_unique<runtime::Timer>(loop_, [this, &call]() noexcept { hangs(call); });
        call.dying->arm(runtime::now() + spec.timeout + spec.grace + kDying);
        return;
    }
    if (*group >= 0) callbacks_.call_finished(*group);
    cgroups_.settle(std::exchange(call.place, {}), call.operation.group);
    const std::string problem =
        fmt::format("cannot run {}: {}", call.operation.script, started.error().text);
    say(call, Level::kError, "script-not-run", problem);
    pacer_.ended(call.operation.id);
    finish(call, Outcome::kFailed, problem);
}

void ScriptAgent::line(Call& call, std::string_view text, bool error) {
    if (call.operation.ocf && text.starts_with(kExitReason))
        call.reason = text.substr(kExitReason.size());
    if (call.verb == Operation::kStatus && !error && call.output.size() < kOutputKept) {
        call.output += text;
        call.output += '\n';
    }
    if (const auto more = call.rate.allow(runtime::now()))
        say(call, call.verb == Operation::kStatus && !error ? Level::kDebug : Level::kInfo,
            "script-output",
            fmt::format("{}: {}{}", call.operation.word, text, log::more_suffix(*more, 1s)));
}

// A start that has not ended may still happen, and a stop may not: their groups are what they are
// until it is over. A status means nothing but that there is no answer.
void ScriptAgent::hangs(Call& call) {
    call.dying->disarm();
    const bool is_status = call.operation.operation == Operation::kStatus;
    say(call, Level::kCrit, "call-hangs",
        fmt::format("{} was killed and does not end: it hangs in the kernel{}",
                    call.command(call.verb),
                    is_status ? "" : ". Its group stays as it is until that is over"));
    if (!is_status) return;
    call.given_up = true;
    const std::uint64_t id = call.operation.id;
    hanging_.push_back(std::move(calls_.extract(id).mapped()));
    finished_.push_back({id, Outcome::kTimeout, "killed, and it does not end"});
    deliver_.schedule();
}

void ScriptAgent::exited(Call& call, const runtime::ExitStatus& status) {
    const runtime::ExitStatus end = status;
    call.errors.reset();  // its last lines are logged now
    if (const std::uint64_t more = std::exchange(call.rate, {kLinesLogged, 1s}).swallowed())
        say(call, Level::kInfo, "script-output",
            fmt::format("{}: ({} more lines were not logged)", call.operation.word, more));
    // The process object may go inside its own callback, but not before we are through with it.
    const std::unique_ptr<runtime::ChildProcess> process = std::move(call.process);
    if (!process->in_cgroup() || !(end.timed_out || call.is_cancelled) ||
        call.place.cgroup->is_empty())
        return ended(call, end);
    dying_.push_back({&call, end});
    look_again_.arm(runtime::now() + kDyingPoll);
}

// It is over when nothing of it lives (or when hangs() gave it up).
void ScriptAgent::look_at_dying() noexcept {
    for (const Dying& dying : std::exchange(dying_, {})) {
        const runtime::Cgroup& cgroup = *dying.call->place.cgroup;
        if (cgroup.is_empty()) {
            ended(*dying.call, dying.status);
            continue;
        }
        cgroup.kill();
        dying_.push_back(dying);
    }
    if (!dying_.empty()) look_again_.arm(runtime::now() + kDyingPoll);
}

void ScriptAgent::ended(Call& call, const runtime::ExitStatus& end) {
    call.dying->disarm();
    pacer_.ended(call.operation.id);
    start_more_.schedule();
    cgroups_.settle(std::exchange(call.place, {}), call.operation.group);
    if (call.given_up) {
        call.is_over = true;
        return deliver_.schedule();
    }
    if (call.operation.ocf) return ocf_ended(call, end);
    if (call.verb == Operation::kStatus) return status_ended(call, end);
    if (end.ok()) return finish(call, Outcome::kOk, "");
    const std::string problem =
        end.signalled || end.timed_out ? end.to_string() : fmt::format("return code {}", end.code);
    say(call, Level::kError, "script-failed",
        end.signalled || end.timed_out
            ? fmt::format("{} {}", call.command(call.verb), end.to_string())
            : fmt::format("Return code {} from {}", end.code, call.operation.script));
    if (call.verb == Operation::kStart)
        return finish(call, end.timed_out ? Outcome::kTimeout : Outcome::kFailed, problem);
    call.stop_problem = problem;
    this->call(call, Operation::kStatus);
}

void ScriptAgent::ocf_ended(Call& call, const runtime::ExitStatus& status) {
    OcfOutcome end{Outcome::kFailed, status.to_string()};
    if (status.timed_out)
        end.outcome = Outcome::kTimeout;
    else if (!status.signalled)
        end = ocf_outcome(call.verb, status.code);
    const bool bad = end.outcome == Outcome::kFailed || end.outcome == Outcome::kTimeout;
    if (bad && !call.reason.empty()) end.detail += ": " + call.reason;
    // A status that fails is judged, and logged, by whoever asked.
    if (bad && call.verb != Operation::kStatus)
        say(call, Level::kError, "script-failed",
            fmt::format("{}: {}", call.command(call.verb), end.detail));
    finish(call, end.outcome, std::move(end.detail));
}

void ScriptAgent::status_ended(Call& call, const runtime::ExitStatus& status) {
    const bool running = says_running(call.output);
    switch (call.operation.operation) {
        case Operation::kStatus:
            if (status.timed_out) return finish(call, Outcome::kTimeout, status.to_string());
            return finish(call, running ? Outcome::kRunning : Outcome::kNotRunning, "");
        case Operation::kStart:
            if (status.timed_out)
                return finish(call, Outcome::kTimeout, "its status: " + status.to_string());
            if (running) return finish(call, Outcome::kOk, "runs already");
            return this->call(call, Operation::kStart);
        case Operation::kStop:
            if (status.signalled || !says_stopped(call.output, status.code))
                return finish(call, Outcome::kFailed, call.stop_problem);
            say(call, Level::kWarn, "script-not-lsb",
                fmt::format("Resource script for {0} probably not LSB-compliant: it ({0}) MUST "
                            "succeed on a stop when already stopped",
                            call.operation.word));
            return finish(call, Outcome::kOk, "");
    }
}

void ScriptAgent::finish(Call& call, Outcome outcome, std::string detail) {
    call.is_over = true;
    finished_.push_back({call.operation.id, outcome, std::move(detail)});
    deliver_.schedule();
}

void ScriptAgent::deliver() noexcept {
    std::erase_if(hanging_, [](const auto& call) { return call->is_over; });
    for (const OperationDone& done : std::exchange(finished_, {})) {
        calls_.erase(done.id);
        callbacks_.on_done(done);
    }
}

void ScriptAgent::say(const Call& call, Level level, std::string id, std::string text) {
    callbacks_.on_event(
        {std::move(id), level, std::move(text), {{"HB_GROUP", call.operation.group}}});
}

}  // namespace hb::resource
