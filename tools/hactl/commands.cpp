#include "tools/hactl/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "common/log/format.hpp"
#include "common/runtime/system_clock.hpp"
#include "tools/control/subscription.hpp"
#include "tools/hactl/json.hpp"
#include "tools/hactl/show.hpp"

namespace hb::hactl {

namespace {

using control::Client;
using control::Subscription;
using control::Trouble;
using control::Wish;

constexpr Duration kRedraw = 1s;  // ages go on while nothing happens

ExitCode fail(const Trouble& trouble) {
    std::fflush(stdout);
    fmt::print(stderr, "hactl: {}\n", trouble.text);
    return trouble.code;
}

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

std::string wall_clock() {
    const std::time_t seconds = runtime::wall_time().seconds;
    std::tm tm{};
    localtime_r(&seconds, &tm);
    return fmt::format("{:02}:{:02}:{:02}", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

MonoTime for_ever() {
    return kForever;
}

ExitCode watch_status(const StatusOptions& options, Client client) {
    const bool screen = !options.json && ::isatty(STDOUT_FILENO) == 1;
    std::optional<ClusterStatus> last;
    MonoTime drawn{};
    const auto draw = [&] {
        if (options.json) return print(status_json(*last, -1) + "\n");
        print(fmt::format("{}{}  {}\n", screen ? "\033[H\033[2J" : "", wall_clock(), show(*last)));
    };
    const auto age = [&](Duration d) {
        for (NodeSummary& node : last->nodes) {
            if (node.heard_ago && node.status == NodeStatus::kDead) *node.heard_ago += d;
            for (LinkStatus& link : node.links)
                if (link.heard_ago && !link.up) *link.heard_ago += d;
        }
        for (GroupSummary& group : last->groups)
            if (group.age) *group.age += d;
    };
    Subscription subscription(options.run_dir, true, false);
    const auto ended = subscription.run(
        std::move(client), [&] { return screen && last ? drawn + kRedraw : kForever; },
        [&](const std::optional<ipc::MembershipToTool>& message) {
            const MonoTime now = runtime::now();
            if (message) {
                const auto* status = std::get_if<ipc::Status>(&*message);
                if (status == nullptr) return true;
                last = status->status;
            } else {
                age(now - drawn);
            }
            drawn = now;
            draw();
            return std::ferror(stdout) == 0;
        });
    return ended ? ExitCode::kDone : fail(ended.error());
}

// Waits until the wish has come true.
ExitCode wait(const RequestOptions& options, const Wish& wish, Client client) {
    const auto missing =
        control::wait_for(options.run_dir, std::move(client), wish, options.timeout);
    if (!missing) return fail(missing.error());
    if (missing->empty()) return ExitCode::kDone;
    fmt::print(stderr, "hactl: accepted, but not done within {}:\n", people_time(options.timeout));
    for (const std::string& line : *missing)
        fmt::print(stderr, "  {}\n", line);
    return ExitCode::kNotYet;
}

}  // namespace

ExitCode run_status(const StatusOptions& options) {
    auto client = Client::connect(options.run_dir);
    if (!client) return fail(client.error());
    if (options.watch) return watch_status(options, std::move(*client));
    const auto status = client->status();
    if (!status) return fail(status.error());
    print(options.json ? status_json(*status, 2) + "\n" : show(*status));
    return ExitCode::kDone;
}

ExitCode run_events(const EventsOptions& options) {
    auto client = Client::connect(options.run_dir);
    if (!client) return fail(client.error());
    const auto say = [&](const Event& event) {
        const runtime::WallTime now = runtime::wall_time();
        print(options.json
                  ? event_json(event, now.seconds * 1000 + now.nanoseconds / 1'000'000) + "\n"
                  : fmt::format("{} {} {}: {}\n", wall_clock(), event.id,
                                log::level_word(event.level), event.text));
    };
    std::optional<ClusterStatus> last;
    Subscription subscription(options.run_dir, true, true);
    const auto ended = subscription.run(
        std::move(*client), &for_ever, [&](const std::optional<ipc::MembershipToTool>& message) {
            if (!message) return true;
            if (const auto* note = std::get_if<ipc::EventNote>(&*message)) say(note->event);
            if (const auto* status = std::get_if<ipc::Status>(&*message)) {
                if (last)
                    for (const Event& event : waiting_groups(*last, status->status))
                        say(event);
                last = status->status;
            }
            return std::ferror(stdout) == 0;
        });
    return ended ? ExitCode::kDone : fail(ended.error());
}

ExitCode run_log_level(const LogLevelOptions& options) {
    auto client = Client::connect(options.run_dir);
    if (!client) return fail(client.error());
    const auto answer = client->log_level(options.level);
    if (!answer) return fail(answer.error());
    if (!answer->ok) return fail({ExitCode::kRefused, "refused: " + answer->text});
    print(answer->text + "\n");
    return ExitCode::kDone;
}

ExitCode run_request(const RequestOptions& options) {
    auto client = Client::connect(options.run_dir);
    if (!client) return fail(client.error());
    const auto before = client->status();
    if (!before) return fail(before.error());
    std::optional<NodeId> target;
    if (!options.target.empty()) {
        const auto found = std::ranges::find(before->nodes, options.target, &NodeSummary::name);
        if (found == before->nodes.end())
            return fail(
                {ExitCode::kRefused, fmt::format("refused: no node is named {}", options.target)});
        target = node_id(static_cast<std::size_t>(found - before->nodes.begin()));
    }
    // A fence device may take its time to say how it is.
    const Duration patience = options.kind == ipc::RequestKind::kFenceTest ? options.timeout : 0s;
    const auto answer = client->request({.id = 0,
                                         .kind = options.kind,
                                         .scope = options.scope,
                                         .group = options.group,
                                         .stay = options.stay,
                                         .target = target,
                                         .force = options.force},
                                        patience);
    if (!answer) return fail(answer.error());
    if (options.kind == ipc::RequestKind::kFenceTest && !answer->ok)
        return fail({ExitCode::kRefused, answer->text});
    if (!answer->ok) return fail({ExitCode::kRefused, "refused: " + answer->text});
    if (options.kind == ipc::RequestKind::kFenceHistory) {
        print(options.json ? fence_history_json(*before, answer->history) + "\n"
                           : show_fence_history(*before, answer->history));
        return ExitCode::kDone;
    }
    print(answer->text + "\n");
    if (!options.wait) return ExitCode::kDone;
    return wait(options, Wish(options.kind, options.scope, options.group, *before, target),
                std::move(*client));
}

}  // namespace hb::hactl
