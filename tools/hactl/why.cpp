#include "tools/hactl/why.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <utility>

#include "common/runtime/system_clock.hpp"
#include "tools/control/client.hpp"
#include "tools/hactl/show.hpp"

namespace hb::hactl {

namespace {

using control::ExitCode;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string clock(std::int64_t ns) {
    const std::time_t seconds = ns / kNsPerSecond;
    std::tm tm{};
    localtime_r(&seconds, &tm);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                       ns % kNsPerSecond / 1'000'000);
}

std::string ago(std::int64_t ns, std::int64_t now_ns) {
    return people_time(Duration(std::max<std::int64_t>(now_ns - ns, 0)));
}

std::string because(const std::string& text, const std::string& reason) {
    return reason.empty() ? text : text + ": " + reason;
}

const std::string& name_of(const ClusterStatus& status, NodeId node) {
    return status.nodes.at(rank(node)).name;
}

// ---- where it is

std::string where(const ClusterStatus& status, const GroupSummary& group) {
    const std::string on = group.owner ? " on " + name_of(status, *group.owner) : std::string();
    switch (group.state) {
        case GroupState::kRunning:
            return group.name + " runs" + on;
        case GroupState::kStarting:
            return group.name + " is being started" + on;
        case GroupState::kStopping:
            return group.name + " is being stopped" + on;
        case GroupState::kFailed:
            return group.name + " has failed" + on;
        case GroupState::kUnknown:
            return fmt::format("Where {} runs cannot be known", group.name);
        case GroupState::kStopped:
            break;
    }
    // A silent one may run it.
    if (!group.owner) return group.name + " runs on no node that is heard";
    return fmt::format("{} runs on no node that is heard, and {} is to start it", group.name,
                       name_of(status, *group.owner));
}

// The newest thing that its new owner waits for.
const GroupMoment* waiting(const GroupSummary& group, const GroupStory& story) {
    if (group.state != GroupState::kStopped || !group.owner) return nullptr;
    const auto word = std::ranges::find(story.words, *group.owner, &GroupWord::node);
    if (word == story.words.end() || word->gate_reason.empty()) return nullptr;
    for (auto m = story.moments.rbegin(); m != story.moments.rend(); ++m)
        if (m->kind == MomentKind::kWaits && m->node == *group.owner) return &*m;
    return nullptr;
}

std::string headline(const ClusterStatus& status, const GroupSummary& group,
                     const GroupStory& story, std::int64_t now_ns) {
    std::string text = where(status, group);
    if (const GroupMoment* m = since(group, story); m == nullptr)
        text += fmt::format(", since before {}", clock(story.began_ns));
    else if (m->kind == MomentKind::kFound)
        text += fmt::format(", since before {}", clock(m->at_ns));
    else
        text += fmt::format(", since {}, for {}", clock(m->at_ns), ago(m->at_ns, now_ns));
    text += ".\n";
    if (!group.reason.empty()) text += fmt::format("Why: {}.\n", group.reason);
    if (const GroupMoment* m = waiting(group, story))
        text += fmt::format("It waits for that since {}, for {}.\n", clock(m->at_ns),
                            ago(m->at_ns, now_ns));
    if (group.transition)
        text +=
            fmt::format("Transition {}, the same on every node.\n", to_string(group.transition));
    return text;
}

// ---- what is said of it

std::string word_text(const GroupWord& word) {
    std::string text = because(to_string(word.state), word.reason);
    if (!word.gate_reason.empty()) text += "; may not start it: " + word.gate_reason;
    if (!word.trouble.empty()) text += "; " + word.trouble;
    if (word.transition) text += fmt::format(" [{}]", to_string(word.transition));
    return text;
}

std::string node_says(const ClusterStatus& status, std::size_t r, const GroupStory& story) {
    const auto word = std::ranges::find(story.words, node_id(r), &GroupWord::node);
    const NodeSummary& node = status.nodes[r];
    if (word == story.words.end())
        return node.status == NodeStatus::kDead || node.status == NodeStatus::kInit
                   ? "nothing, and it is not heard"
                   : "nothing: it does not know this group, or has not spoken yet";
    if (word->heard) return word_text(*word);
    const std::string heard =
        node.heard_ago ? fmt::format("silent for {}", people_time(*node.heard_ago)) : "silent";
    return fmt::format("{}; its last word: {}", heard, word_text(*word));
}

// ---- what happened

std::string state_text(const GroupMoment& m) {
    switch (m.state) {
        case GroupState::kStarting:
            return because("starts it", m.reason);
        case GroupState::kRunning:
            return "runs it";
        case GroupState::kStopping:
            return because("gives it up", m.reason);
        case GroupState::kStopped:
            return because("it is stopped there", m.reason);
        case GroupState::kFailed:
            return because("could not stop it", m.reason);
        case GroupState::kUnknown:
            return because("does not know what runs there", m.reason);
    }
    return "?";
}

std::string moment_text(const GroupMoment& m) {
    switch (m.kind) {
        case MomentKind::kState:
            return state_text(m);
        case MomentKind::kFound:
            return fmt::format("was seen for the first time: {}", to_string(m.state));
        case MomentKind::kWaits:
            return because("may not start it", m.reason);
        case MomentKind::kSilent:
            return fmt::format("fell silent; it was {} there", to_string(m.state));
        case MomentKind::kBack:
            return fmt::format("is heard again; it was {} there", to_string(m.state));
    }
    return "?";
}

}  // namespace

const GroupMoment* since(const GroupSummary& group, const GroupStory& story) {
    for (auto m = story.moments.rbegin(); m != story.moments.rend(); ++m) {
        if (m->kind == MomentKind::kWaits) continue;
        if (group.state == GroupState::kUnknown) {
            if (m->kind == MomentKind::kSilent || m->state == GroupState::kUnknown) return &*m;
            continue;
        }
        // That nobody has it is so since the last one let go, whoever that was, or fell silent.
        if (m->kind == MomentKind::kSilent && group.state == GroupState::kStopped) return &*m;
        if (m->kind == MomentKind::kSilent || m->kind == MomentKind::kBack) continue;
        const bool there = group.state == GroupState::kStopped || m->node == group.owner;
        if (there && m->state == group.state) return &*m;
    }
    return nullptr;
}

std::string show_why(const ClusterStatus& status, const GroupSummary& group,
                     const GroupStory& story, std::int64_t now_ns) {
    std::size_t width = 0;
    for (const NodeSummary& node : status.nodes)
        width = std::max(width, node.name.size());
    std::string text = headline(status, group, story, now_ns) + "\nWhat the nodes say of it\n";
    for (std::size_t r = 0; r < status.nodes.size(); r++)
        text +=
            fmt::format("  {:<{}}  {}\n", status.nodes[r].name, width, node_says(status, r, story));
    const std::string& self = name_of(status, status.self);
    text += fmt::format("\nWhat happened, as {} saw it\n", self);
    std::map<NodeId, std::string> said;
    for (GroupMoment m : story.moments) {
        // What a node goes through for one reason has it once.
        if (m.kind == MomentKind::kState && std::exchange(said[m.node], m.reason) == m.reason)
            m.reason.clear();
        text += fmt::format("  {}  {:<{}}  {}", clock(m.at_ns), name_of(status, m.node), width,
                            moment_text(m));
        text += m.transition ? fmt::format(" [{}]\n", to_string(m.transition)) : "\n";
    }
    if (story.moments.empty()) text += "  nothing\n";
    text += fmt::format("\n{} has been looking since {}. Everything: journalctl HB_GROUP={}\n",
                        self, clock(story.began_ns), group.name);
    if (group.transition)
        text += fmt::format("This transition, on every node: journalctl HB_TRANSITION={}\n",
                            to_string(group.transition));
    return text;
}

ExitCode run_why(const WhyOptions& options) {
    const auto fail = [](const control::Trouble& trouble) {
        fmt::print(stderr, "hactl: {}\n", trouble.text);
        return trouble.code;
    };
    auto client = control::Client::connect(options.run_dir);
    if (!client) return fail(client.error());
    const auto story = client->why(options.group);
    if (!story) return fail(story.error());
    const auto status = client->status();
    if (!status) return fail(status.error());
    const auto group = std::ranges::find(status->groups, options.group, &GroupSummary::name);
    if (!*story || group == status->groups.end()) {
        std::string known;
        for (const GroupSummary& g : status->groups)
            known += (known.empty() ? "" : ", ") + g.name;
        return fail({ExitCode::kRefused,
                     fmt::format("refused: no group is named {}; there {}", options.group,
                                 known.empty() ? "is none" : "are: " + known)});
    }
    const runtime::WallTime now = runtime::wall_time();
    const std::int64_t now_ns = now.seconds * kNsPerSecond + now.nanoseconds;
    const std::string text = options.json ? why_json(*status, *group, **story, now_ns) + "\n"
                                          : show_why(*status, *group, **story, now_ns);
    std::fputs(text.c_str(), stdout);
    return ExitCode::kDone;
}

}  // namespace hb::hactl
