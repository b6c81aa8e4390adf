#include "common/config/reload_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/config/canonical_lines.hpp"
#include "common/config/regroup.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

using enum OnReload;

constexpr char kMedia[] = "hb-comm is started anew: no heartbeat is lost, links are measured anew";
constexpr char kPings[] = "hb-comm and hb-ipfail are started anew: no heartbeat is lost";
constexpr char kFences[] =
    "hb-fence is started anew; a fencing that is under way is asked for again";
constexpr char kRespawns[] = "only the program of that line is started or ended";

constexpr auto kRules = std::to_array<ReloadRule>({
    {"node", kRestart,
     "nodes with different lists do not talk to each other: stop the suite on all nodes, change "
     "the files, start it"},
    {"keepalive", kInPlace, ""},
    {"warntime", kInPlace, ""},
    {"deadtime", kInPlace,
     "until the peers must know, promises go by the shorter of both and waits by the longer"},
    {"initdead", kInPlace, "it counts for nodes that were not heard yet"},
    {"deadping", kInPlace, "", Replaces::kIpfail},
    {"auto_failback", kInPlace, ""},
    {"failback_window", kInPlace, ""},
    {"isolation", kInPlace, ""},
    {"gate_ignore", kInPlace, ""},
    {"monitor", kInPlace, ""},
    {"agent_timeout", kInPlace, ""},
    {"restarts", kInPlace, ""},
    {"env", kInPlace,
     "scripts have it at their next call, programs that run when they are started anew"},
    {"logfile", kInPlace, ""},
    {"debugfile", kInPlace, ""},
    {"logfacility", kInPlace, ""},
    {"debug", kInPlace, ""},
    {"syslogmsgfmt", kInPlace, ""},
    {"log_badpack", kInPlace, kMedia, Replaces::kComm},
    {"apiauth", kRestart, "whom it names is looked up when the suite starts"},
    {"udpport", kRestart,
     "nodes with different ports do not hear each other, and would take each other for dead"},
    {"bcast", kInPlace, kMedia, Replaces::kComm},
    {"ucast", kInPlace, kMedia, Replaces::kComm},
    {"mcast", kInPlace, kMedia, Replaces::kComm},
    {"ucast6", kInPlace, kMedia, Replaces::kComm},
    {"mcast6", kInPlace, kMedia, Replaces::kComm},
    {"serial", kInPlace, kMedia, Replaces::kComm},
    {"baud", kInPlace, kMedia, Replaces::kComm},
    {"ping", kInPlace, kPings, Replaces::kCommAndIpfail},
    {"ping_group", kInPlace, kPings, Replaces::kCommAndIpfail},
    {"ping6", kInPlace, kPings, Replaces::kCommAndIpfail},
    {"respawn", kInPlace, kRespawns},
    {"notify", kInPlace, kRespawns},
    {"stonith_host", kInPlace, kFences, Replaces::kFence},
    {"fence_action", kInPlace, kFences, Replaces::kFence},
    {"fence_timeout", kInPlace, kFences, Replaces::kFence},
    {"fence_check", kInPlace, kFences, Replaces::kFence},
    {"fence_delay", kInPlace, kFences, Replaces::kFence},
    {"quorum", kRestart,
     "the nodes of a majority rely on the others to let go, and they on the rule: stop the suite "
     "on all nodes, change the files, start it"},
    {"handover", kRestart,
     "who takes over waits as long as the others may need to let go: all nodes need the same"},
    {"watchdog", kRestart, "the device is armed at the start and until the end"},
    {"watchdog_evidence", kRestart,
     "every node has to have an armed watchdog before any node relies on it"},
    {"rtprio", kRestart, "scheduling is set up at the start"},
    {"realtime", kRestart, "scheduling and locked memory are set up at the start"},
    // Written in other words in the canonical form, which is what is compared.
    {"nice_failback", kInPlace, ""},
    {"failfast", kInPlace, kRespawns},
    {"stonith", kInPlace, kFences, Replaces::kFence},
    {"crm", kInPlace, ""},
    {"pacemaker", kInPlace, ""},
});

const ReloadRule* find_rule(std::string_view directive) {
    const auto rule = std::ranges::find(kRules, directive, &ReloadRule::directive);
    return rule == kRules.end() ? nullptr : &*rule;
}

// Shown to people, and passed through logs: no passwords.
std::string shown(const std::string& directive, const std::string& text) {
    if (directive != "stonith_host") return text;
    return text.substr(0, text.find(' ', text.find(' ') + 1)) + " ...";
}

std::string place_of(const Position& at) {
    return at.line == 0 ? std::string() : to_string(at);
}

class Planner {
  public:
    Planner(const Loaded& running, const Loaded& fresh) : running_(running), fresh_(fresh) {}

    [[nodiscard]] std::vector<ReloadChange> run() {
        if (running_.own_node != fresh_.own_node)
            found_.push_back({.what = "own name",
                              .before = running_.own_node,
                              .after = fresh_.own_node,
                              .refused = "a node has one name while it runs"});
        directives();
        groups();
        keys();
        return std::move(found_);
    }

  private:
    void directives() {
        const CanonicalLines before = canonical_lines(running_.settings, running_.places);
        const CanonicalLines after = canonical_lines(fresh_.settings, fresh_.places);
        std::set<std::string> names;
        for (const CanonicalLines* lines : {&before, &after})
            for (const auto& [name, values] : *lines)
                names.insert(name);
        std::vector<std::pair<Position, ReloadChange>> changes;
        static const std::vector<CanonicalLine> kNone;
        for (const std::string& name : names) {
            const auto old = before.find(name);
            const auto fresh = after.find(name);
            differences(name, old == before.end() ? kNone : old->second,
                        fresh == after.end() ? kNone : fresh->second, changes);
        }
        std::ranges::stable_sort(changes, {}, [](const auto& c) {
            return std::pair(c.first.line == 0 ? ~0U : c.first.line, c.first.column);
        });
        for (auto& [at, change] : changes)
            found_.push_back(std::move(change));
        order(running_.settings.media, fresh_.settings.media, ipc::Program::kComm, "bcast");
        order(running_.settings.pings, fresh_.settings.pings, ipc::Program::kIpfail, "ping");
    }

    // Media and ping nodes are numbered as they come, over lines of different directives.
    // `as`: a directive with the same consequences.
    template <typename One>
    void order(const std::vector<One>& before, const std::vector<One>& after, ipc::Program replaced,
               const char* as) {
        const auto same = [](One a, One b) {
            a.position = b.position = {};
            return a == b;
        };
        if (std::ranges::equal(before, after, same) || replaced_by(found_).contains(replaced))
            return;
        const Position at = after.empty() ? Position{} : after.front().position;
        Changes changes;
        add(as, at, "", "in another order", changes);
        found_.push_back(std::move(changes.front().second));
    }

    using Changes = std::vector<std::pair<Position, ReloadChange>>;
    void add(const std::string& name, const Position& at, std::string before, std::string after,
             Changes& to) const {
        ReloadChange change{.at = place_of(at),
                            .what = name,
                            .before = std::move(before),
                            .after = std::move(after)};
        classify(name, change);
        to.emplace_back(at, std::move(change));
    }

    // A line that has hb-ipfail started, which is a daemon of the suite.
    [[nodiscard]] bool is_ipfail(const std::string& line) const {
        for (const Settings* s : {&running_.settings, &fresh_.settings})
            for (const RespawnLine& r : s->respawn)
                if (r.is_ipfail && line == fmt::format("{} {}", r.user, r.command)) return true;
        return false;
    }

    void differences(const std::string& name, const std::vector<CanonicalLine>& before,
                     const std::vector<CanonicalLine>& after, Changes& to) const {
        std::vector<CanonicalLine> gone = before, come = after;
        const auto text = &CanonicalLine::text;
        if (std::ranges::equal(gone, come, {}, text, text)) return;
        if (gone.size() == 1 && come.size() == 1)
            return add(name, come[0].at, shown(name, gone[0].text), shown(name, come[0].text), to);
        for (const CanonicalLine& l : after)
            if (const auto same = std::ranges::find(gone, l.text, text); same != gone.end()) {
                gone.erase(same);
                come.erase(std::ranges::find(come, l.text, text));
            }
        if (gone.empty() && come.empty())
            return add(name, after.front().at, in_order(name, before), in_order(name, after), to);
        for (const CanonicalLine& l : gone)
            add(name, {}, shown(name, l.text), "", to);
        for (const CanonicalLine& l : come)
            add(name, l.at, "", shown(name, l.text), to);
    }

    static std::string in_order(const std::string& name, const std::vector<CanonicalLine>& lines) {
        std::string text;
        for (const CanonicalLine& l : lines)
            text += (text.empty() ? "" : ", ") + shown(name, l.text);
        return text;
    }

    void classify(const std::string& name, ReloadChange& change) const {
        const ReloadRule* rule = find_rule(name);
        if (rule == nullptr) {
            change.note = "it has no effect";
            return;
        }
        if (rule->effect == kRestart)
            change.refused = rule->text;
        else
            change.note = rule->text;
        const Settings& s = running_.settings;
        if (name == "respawn" && (is_ipfail(change.before) || is_ipfail(change.after)))
            change.refused = "hb-ipfail is a daemon of the suite, which runs or does not";
        if (rule->replaces == Replaces::kFence && running_.self && fresh_.self &&
            s.fencing.is_used_by(*running_.self) !=
                fresh_.settings.fencing.is_used_by(*fresh_.self))
            change.refused = "hb-fence runs when this node has a fence device at the start";
        if (name == "deadtime" && (!s.watchdog.empty() || s.watchdog_evidence))
            change.refused =
                "the timeout of the watchdog is that of deadtime, and is set when it is armed";
    }

    // ---- haresources

    [[nodiscard]] static std::string words(const Settings& settings, const Group& group) {
        std::string text = settings.node_name(group.preferred);
        for (const Resource& resource : group.resources)
            text += " " + resource.word;
        return text;
    }

    void groups() {
        const Settings& before = running_.settings;
        const Settings& after = fresh_.settings;
        const auto add_group = [&](const GroupName& name, const Position& at, std::string was,
                                   std::string is, const char* note) {
            found_.push_back({.at = place_of(at),
                              .what = fmt::format("group {}", name),
                              .before = std::move(was),
                              .after = std::move(is),
                              .note = note});
        };
        const auto same_resources = [](const Group& a, const Group& b) {
            return std::ranges::equal(a.resources, b.resources, {}, &Resource::word,
                                      &Resource::word);
        };
        for (const Group& group : before.groups)
            if (std::ranges::find(after.groups, group.name, &Group::name) == after.groups.end())
                add_group(group.name, {}, words(before, group), "",
                          "it is stopped where it runs; no other node starts it");
        for (const Group& group : after.groups) {
            const auto old = std::ranges::find(before.groups, group.name, &Group::name);
            const std::string is = words(after, group);
            const std::string was =
                old == before.groups.end() ? std::string() : words(before, *old);
            if (was == is) continue;
            if (old == before.groups.end())
                add_group(group.name, group.position, was, is,
                          "it is started when all nodes have it");
            else if (same_resources(*old, group))
                add_group(group.name, group.position, was, is,
                          "another preferred node: with auto_failback the group goes there");
            else
                add_group(group.name, group.position, was, is,
                          "where it runs what is gone is stopped, then what is new is started; the "
                          "rest is not touched");
            if (const auto moved = moved_into(group, before, after))
                found_.back().refused = fmt::format(
                    "{} was in group {}, and may run there on another node: take it out, reload on "
                    "all nodes, put it in here, and reload on all nodes again",
                    moved->word, moved->from);
        }
    }

    // ---- authkeys

    void keys() {
        const AuthKeys& before = running_.keys;
        const AuthKeys& after = fresh_.keys;
        const auto add_key = [&](std::string what, std::string was, std::string is) {
            found_.push_back({.at = "authkeys",
                              .what = std::move(what),
                              .before = std::move(was),
                              .after = std::move(is)});
        };
        for (const auto& [index, key] : before.keys)
            if (!after.keys.contains(index)) add_key(fmt::format("key {}", index), "there", "");
        for (const auto& [index, key] : after.keys) {
            const auto old = before.keys.find(index);
            if (old == before.keys.end())
                add_key(fmt::format("key {}", index), "", "there");
            else if (old->second != key)
                add_key(fmt::format("key {}", index), "there", "another one");
        }
        if (before.sign_with != after.sign_with)
            add_key("auth", fmt::format("{}", before.sign_with),
                    fmt::format("{}", after.sign_with));
    }

    const Loaded& running_;
    const Loaded& fresh_;
    std::vector<ReloadChange> found_;
};

}  // namespace

std::span<const ReloadRule> reload_rules() {
    return kRules;
}

std::string on_reload(std::string_view directive) {
    const ReloadRule* rule = find_rule(directive);
    if (rule == nullptr) return {};
    if (rule->effect == kInPlace) return "takes effect";
    return fmt::format("needs a restart: {}", rule->text);
}

std::set<ipc::Program> replaced_by(const std::vector<ReloadChange>& changes) {
    using ipc::Program;
    std::set<Program> result;
    for (const ReloadChange& change : changes) {
        const ReloadRule* rule = find_rule(change.what);
        if (rule == nullptr) continue;
        switch (rule->replaces) {
            case Replaces::kNone:
                break;
            case Replaces::kComm:
                result.insert(Program::kComm);
                break;
            case Replaces::kCommAndIpfail:
                result.insert({Program::kComm, Program::kIpfail});
                break;
            case Replaces::kIpfail:
                result.insert(Program::kIpfail);
                break;
            case Replaces::kFence:
                result.insert(Program::kFence);
                break;
        }
    }
    return result;
}

std::vector<ReloadChange> plan_reload(const Loaded& running, const Loaded& fresh) {
    return Planner(running, fresh).run();
}

}  // namespace hb::config
