// Checks that need more than one line of ha.cf. Each text names both places.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/line_budget.hpp"
#include "common/base/ping_times.hpp"
#include "common/config/lexer.hpp"
#include "common/config/parser.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

// L1: the window of the address probe is at least 4 ms, and must fit into deadtime/4 less 1 %.
constexpr Duration kLeastDeadtime = 20ms;
// L1: a lease is 3/4 deadtime from the sending of a frame that was acknowledged. With five
// keepalives in a deadtime one lost frame, or one late answer, does not end it.
constexpr int kLeaseKeepalives = 5;
constexpr std::size_t kQuorumNodes = 3;
constexpr Duration kShortInitdead = 10s;

std::string first_label(std::string_view name) {
    return to_lower(name.substr(0, name.find('.')));
}

class Validator {
  public:
    Validator(const Settings& settings, const Places& places, Diagnostics& diagnostics)
        : settings_(settings), places_(places), diagnostics_(diagnostics) {}

    void check_nodes(std::string_view own_node);
    void check_times();
    void check_media();
    void check_lines();
    void check_pings();
    void check_fencing();
    void check_quorum();
    void check_watchdog();

  private:
    [[nodiscard]] bool is_sound(std::initializer_list<const char*> names) const {
        return std::ranges::none_of(names,
                                    [this](const char* n) { return places_.broken.contains(n); });
    }
    [[nodiscard]] bool is_given(const std::string& name) const {
        return places_.directives.contains(name);
    }
    [[nodiscard]] Position whole_file() const { return {places_.file, 0, 0}; }
    // Where to point: at the first of the two that somebody wrote.
    [[nodiscard]] Position place(const std::string& name, const std::string& other) const {
        if (is_given(name)) return places_.directives.at(name);
        return is_given(other) ? places_.directives.at(other) : whole_file();
    }
    [[nodiscard]] std::string cite(const std::string& name) const {
        return is_given(name) ? to_string(places_.directives.at(name)) : "the default";
    }
    void check_lease();
    void check_ping_pace();

    const Settings& settings_;
    const Places& places_;
    Diagnostics& diagnostics_;
};

void Validator::check_nodes(std::string_view own_node) {
    if (!is_sound({"node"})) return;
    if (settings_.nodes.empty()) {
        diagnostics_.error(whole_file(), "no nodes defined");
        return;
    }
    if (!settings_.find_node(own_node)) {
        const auto alike = std::ranges::find(settings_.nodes, first_label(own_node), first_label);
        diagnostics_.error(
            places_.nodes[0],
            fmt::format(
                "Current node [{}] not in configuration! The names of the node lines are those "
                "that `uname -n` prints on each node{}",
                printable(own_node),
                alike == settings_.nodes.end() ? std::string()
                                               : fmt::format("; '{}' is another name", *alike)));
    }
    if (settings_.nodes.size() == 1)
        diagnostics_.warning(places_.nodes[0], "one node only: nobody can take over");
}

void Validator::check_times() {
    const Settings& s = settings_;
    if (is_sound({"deadtime", "keepalive"}) && s.deadtime <= 2 * s.keepalive)
        diagnostics_.error(
            place("deadtime", "keepalive"),
            fmt::format("Dead time [{}] is too small compared to keepalive [{}] ({}): "
                        "more than twice as long is the least",
                        hb::to_string(s.deadtime), hb::to_string(s.keepalive), cite("keepalive")));
    if (is_sound({"deadtime"}) && s.deadtime < kLeastDeadtime)
        diagnostics_.error(place("deadtime", "deadtime"),
                           fmt::format("Dead time [{}] is too small: {} is the least in which a "
                                       "takeover can make sure that an address is free",
                                       hb::to_string(s.deadtime), hb::to_string(kLeastDeadtime)));
    if (is_sound({"deadtime", "initdead"}) && s.initdead < s.deadtime)
        diagnostics_.error(
            place("initdead", "deadtime"),
            fmt::format("Initial dead time [{}] is smaller than deadtime [{}] ({})",
                        hb::to_string(s.initdead), hb::to_string(s.deadtime), cite("deadtime")));
    else if (is_sound({"initdead"}) && s.initdead < kShortInitdead)
        diagnostics_.warning(
            place("initdead", "deadtime"),
            fmt::format(
                "Initial dead time [{}] may be too small! Switches and peers may need longer "
                "after a power failure; 10s and more is usual",
                hb::to_string(s.initdead)));
    if (is_sound({"deadtime", "warntime"}) && s.warntime > s.deadtime)
        diagnostics_.error(
            place("warntime", "deadtime"),
            fmt::format("Warn time [{}] is greater than deadtime [{}] ({})",
                        hb::to_string(s.warntime), hb::to_string(s.deadtime), cite("deadtime")));
    else if (is_given("warntime") && is_sound({"warntime", "keepalive"}) &&
             s.warntime <= s.keepalive)
        diagnostics_.warning(
            place("warntime", "keepalive"),
            fmt::format("Warn time [{}] is not greater than keepalive [{}] ({}): "
                        "every heartbeat will be late",
                        hb::to_string(s.warntime), hb::to_string(s.keepalive), cite("keepalive")));
    if (is_given("deadping") && is_sound({"deadping", "keepalive"}) &&
        s.deadping <= 2 * s.keepalive)
        diagnostics_.error(
            place("deadping", "keepalive"),
            fmt::format("Ping dead time [{}] is too small compared to keepalive [{}] "
                        "({}): more than twice as long is the least",
                        hb::to_string(s.deadping), hb::to_string(s.keepalive), cite("keepalive")));
    check_lease();
}

// Where a lease that runs out stops resources (L2 with three nodes, L3 with ping nodes), one lost
// frame must not end it. Only service is at stake, never two owners.
void Validator::check_lease() {
    const Settings& s = settings_;
    const bool is_short =
        s.deadtime < kLeaseKeepalives * s.keepalive && s.deadtime > 2 * s.keepalive;
    if (!is_sound({"deadtime", "keepalive"}) || !is_short) return;
    const std::string text = fmt::format("Dead time [{}] is less than {} times keepalive [{}] ({})",
                                         hb::to_string(s.deadtime), kLeaseKeepalives,
                                         hb::to_string(s.keepalive), cite("keepalive"));
    if (s.nodes.size() >= kQuorumNodes && s.has_quorum())
        diagnostics_.error(place("deadtime", "keepalive"),
                           text + ": with three or more nodes (" + to_string(places_.nodes[2]) +
                               ") a single lost heartbeat would stop resources");
    else if (!s.pings.empty() && s.isolation_stop)
        diagnostics_.error(place("deadtime", "keepalive"),
                           text + ": with ping nodes (" + to_string(s.pings[0].position) +
                               ") a single lost heartbeat and a late answer would stop resources; "
                               "with 'isolation keep' nothing is stopped");
}

void Validator::check_media() {
    if (!settings_.media.empty() || !is_sound({"medium"})) return;
    if (places_.idle_media.empty())
        diagnostics_.error(whole_file(),
                           "no medium: 'bcast', 'ucast', 'mcast' or 'serial' is wanted");
    else
        diagnostics_.error(
            places_.idle_media[0],
            "this medium has no effect and there is no other: 'bcast', 'ucast', "
            "'mcast' or 'serial' is wanted");
}

// A line has to carry a heartbeat of every keepalive, and an answer within a lease.
void Validator::check_lines() {
    const Settings& s = settings_;
    if (!is_sound({"deadtime", "keepalive", "node", "baud"})) return;
    const auto too_slow = [&](unsigned baud) {
        return 2 * line_frame_time(s.nodes.size(), s.media.size(), baud) >= s.deadtime;
    };
    const auto late = [&](unsigned baud) {
        const Duration frame = line_frame_time(s.nodes.size(), s.media.size(), baud);
        return line_answer_time(s.keepalive, frame) > s.deadtime * 3 / 4;
    };
    const auto least = [](const auto& bad) -> std::string {
        for (const unsigned baud : {9600U, 19200U, 38400U, 57600U, 115200U, 230400U, 460800U})
            if (!bad(baud)) return fmt::format("baud {}, or a longer deadtime", baud);
        return "a longer deadtime";
    };
    for (const Medium& m : s.media) {
        if (m.kind != MediumKind::kSerial) continue;
        const Duration frame = line_frame_time(s.nodes.size(), s.media.size(), m.baud);
        const std::string costs =
            fmt::format("{} takes {} for a heartbeat of {} bytes at {} baud", m.interface,
                        hb::to_string(std::chrono::ceil<std::chrono::milliseconds>(frame)),
                        line_heartbeat_bytes(s.nodes.size(), s.media.size()) + kLineRoom, m.baud);
        const std::string dead =
            fmt::format("deadtime [{}] ({})", hb::to_string(s.deadtime), cite("deadtime"));
        if (too_slow(m.baud))
            diagnostics_.error(
                m.position, fmt::format("{}: too slow for {}: {}", costs, dead, least(too_slow)));
        else if (late(m.baud))
            diagnostics_.warning(
                m.position,
                fmt::format("{}, and an answer over it alone up to {}: longer than a lease, 3/4 "
                            "of {}. While it is the only link nothing can be started: {}",
                            costs,
                            hb::to_string(std::chrono::ceil<std::chrono::milliseconds>(
                                line_answer_time(s.keepalive, frame))),
                            dead, least(late)));
    }
}

void Validator::check_pings() {
    for (const PingNode& ping : settings_.pings)
        if (const auto node = settings_.find_node(ping.name))
            diagnostics_.error(ping.position,
                               fmt::format("ping node '{}' is a node of the cluster ({})",
                                           ping.name, to_string(places_.nodes[rank(*node)])));
    const bool have_pings = !settings_.pings.empty() || !is_sound({"ping", "ping6", "ping_group"});
    const auto ipfail = std::ranges::find(settings_.respawn, true, &RespawnLine::is_ipfail);
    if (ipfail != settings_.respawn.end() && !have_pings)
        diagnostics_.warning(ipfail->position,
                             "ipfail without ping nodes compares carrier only: a switch that is "
                             "cut off behind its ports is not noticed");
    if (is_given("isolation") && is_sound({"isolation"}) && !have_pings)
        diagnostics_.warning(places_.directives.at("isolation"),
                             "'isolation' without ping nodes says nothing: there is nobody to ask");
    check_ping_pace();
}

void Validator::check_ping_pace() {
    const Settings& s = settings_;
    if (s.pings.empty() || !is_sound({"deadtime", "keepalive", "deadping"})) return;
    std::size_t hosts = 0;
    for (const PingNode& ping : s.pings)
        hosts += ping.members.size();
    const Duration least = kPingsInDeadping * ping_interval(s.keepalive, s.deadtime, hosts);
    if (s.deadping < least && s.deadping > 2 * s.keepalive)
        diagnostics_.error(place("deadping", "deadtime"),
                           fmt::format("Ping dead time [{}] is too small for {} hosts to ping, one "
                                       "request in {}: {} is the least",
                                       hb::to_string(s.deadping), hosts, hb::to_string(kPingPace),
                                       hb::to_string(least)));
}

void Validator::check_quorum() {
    const Settings& s = settings_;
    if (!is_sound({"node", "quorum"}) || s.nodes.empty()) return;
    if (s.quorum == true && s.nodes.size() < kQuorumNodes)
        diagnostics_.error(
            places_.directives.at("quorum"),
            fmt::format("'quorum majority' with {} node{} ({}): a node that loses the only other "
                        "one never has a majority, and nothing would be taken over; with two "
                        "nodes rest on ping nodes or fencing",
                        s.nodes.size(), s.nodes.size() == 1 ? "" : "s",
                        to_string(places_.nodes[0])));
    if (s.quorum == false && s.nodes.size() >= kQuorumNodes)
        diagnostics_.warning(places_.directives.at("quorum"),
                             "'quorum off': every part of a cluster that is cut up may run all "
                             "groups, unless other evidence keeps it from that");
    const bool some_let_go = s.has_quorum() || (!s.pings.empty() && s.isolation_stop);
    if (is_given("handover") && is_sound({"handover"}) && !some_let_go &&
        s.handover > Duration::zero())
        diagnostics_.warning(places_.directives.at("handover"),
                             "'handover' without quorum and without ping nodes says nothing: "
                             "nobody lets go of anything");
}

// G5: a watchdog proves something of a node that is bound to let go only.
void Validator::check_watchdog() {
    const Settings& s = settings_;
    if (!s.watchdog_evidence || !is_sound({"watchdog_evidence"})) return;
    const Position& at = places_.directives.at("watchdog_evidence");
    if (!is_given("watchdog"))
        diagnostics_.error(at,
                           "'watchdog_evidence on' without 'watchdog': this node has none, and "
                           "others would wait for it and then take what it still runs");
    if (is_sound({"node", "quorum"}) && !s.nodes.empty() && !s.has_quorum())
        diagnostics_.error(at,
                           "'watchdog_evidence on' without quorum: a healthy node behind a cut "
                           "feeds its watchdog for ever, so its silence would never prove "
                           "anything, and nothing would be taken over");
}

// A node that no device covers is taken over as if there were no fencing.
void Validator::check_fencing() {
    const Fencing& fencing = settings_.fencing;
    if (fencing.devices.empty() || !is_sound({"node", "stonith_host", "stonith"})) return;
    for (std::size_t x = 0; x < settings_.nodes.size(); x++) {
        std::vector<std::string> without;
        for (std::size_t y = 0; y < settings_.nodes.size(); y++)
            if (x != y && !fencing.covers(node_id(y), node_id(x)))
                without.push_back(settings_.nodes[y]);
        if (without.empty()) continue;
        diagnostics_.warning(
            fencing.devices[0].position,
            fmt::format("no fence device lets {} switch {} off: a takeover from it rests on "
                        "its silence",
                        fmt::join(without, ", "), settings_.nodes[x]));
    }
}

}  // namespace

void validate(const Settings& settings, const Places& places, std::string_view own_node,
              Diagnostics& diagnostics) {
    Validator validator(settings, places, diagnostics);
    validator.check_nodes(own_node);
    validator.check_times();
    validator.check_media();
    validator.check_lines();
    validator.check_pings();
    validator.check_fencing();
    validator.check_quorum();
    validator.check_watchdog();
}

}  // namespace hb::config
