// The canonical form of ha.cf and haresources: every directive that is in effect, with its value
// whether it was given or not, then what is accepted without effect, as it was written.
#include <fmt/format.h>

#include <algorithm>

#include "common/config/parser.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

std::string print_medium(const Medium& m) {
    switch (m.kind) {
        case MediumKind::kBcast:
            return fmt::format("bcast {}\n", m.interface);
        case MediumKind::kUcast:
            return fmt::format("ucast {} {}\n", m.interface, m.peer);
        case MediumKind::kUcast6:
            return fmt::format("ucast6 {} {}\n", m.interface, m.peer);
        case MediumKind::kMcast:
        case MediumKind::kMcast6:
            return fmt::format("{} {} {} {} {} {}\n",
                               m.kind == MediumKind::kMcast ? "mcast" : "mcast6", m.interface,
                               m.group.to_string(), m.port, m.ttl, m.loop ? 1 : 0);
        case MediumKind::kSerial:
            return fmt::format("serial {}\n", m.interface);
    }
    return {};
}

// `baud` stands before the lines, and is the same for all.
std::string print_media(const std::vector<Medium>& media) {
    std::string text;
    const auto line = std::ranges::find(media, MediumKind::kSerial, &Medium::kind);
    if (line != media.end()) text += fmt::format("baud {}\n", line->baud);
    for (const Medium& m : media)
        text += print_medium(m);
    return text;
}

const char* print_failback(AutoFailback a) {
    switch (a) {
        case AutoFailback::kOn:
            return "on";
        case AutoFailback::kOff:
            return "off";
        case AutoFailback::kLegacy:
            return "legacy";
    }
    return "?";
}

bool is_idle(const std::string& name) {
    const Directive* d = find_directive(name);
    return d != nullptr && d->effect == Effect::kAccepted;
}

std::string print_idle(const std::string& name, std::string_view lines) {
    std::string text;
    while (true) {
        const std::size_t end = lines.find('\n');
        text += fmt::format("{} {}\n", name, lines.substr(0, end));
        if (end == std::string_view::npos) return text;
        lines.remove_prefix(end + 1);
    }
}

const char* print_kind(CallKind kind) {
    switch (kind) {
        case CallKind::kStart:
            return "start";
        case CallKind::kStop:
            return "stop";
        case CallKind::kStatus:
            return "status";
    }
    return "?";
}

std::string print_interval(Duration interval) {
    return interval == Duration::zero() ? "off" : hb::to_string(interval);
}

std::string print_monitoring(const Monitoring& m) {
    std::string text = fmt::format("monitor {}\n", print_interval(m.interval));
    for (const MonitorOverride& o : m.overrides)
        text += fmt::format("monitor {} {}\n", print_interval(o.interval), o.resource);
    return text + fmt::format("restarts {} {}\n", m.restarts, hb::to_string(m.restart_window));
}

// As stonith_host lines with the agent's own name, whatever they were written as.
std::string print_fencing(const Settings& s) {
    std::string text;
    const Fencing& f = s.fencing;
    for (const FenceDevice& d : f.devices) {
        text += fmt::format("stonith_host {} {}", d.from ? s.node_name(*d.from) : "*",
                            d.is_human() ? "meatware" : d.agent);
        for (std::size_t i = 0; i < d.targets.size(); i++) {
            const FenceTarget& t = d.targets[i];
            text += d.is_human() ? " " : i == 0 ? " nodes=" : ",";
            text += s.node_name(t.node);
            if (!t.plug.empty()) text += ":" + t.plug;
        }
        text += fmt::format(" level={} delay={}", d.level, hb::to_string(d.delay));
        for (const auto& [name, value] : d.parameters)
            text += fmt::format(" {}={}", name, value);
        text += '\n';
    }
    if (f == Fencing{}) return text;
    return text + fmt::format("fence_action {}\nfence_timeout {}\nfence_check {}\nfence_delay {}\n",
                              f.action == FenceAction::kOff ? "off" : "reboot",
                              hb::to_string(f.timeout), print_interval(f.check),
                              hb::to_string(f.delay));
}

std::string print_api_client(const ApiClient& client) {
    std::string text = "apiauth " + client.name;
    if (!client.users.empty()) text += fmt::format(" uid={}", fmt::join(client.users, ","));
    if (!client.groups.empty()) text += fmt::format(" gid={}", fmt::join(client.groups, ","));
    return text + '\n';
}

// Without what does not change the meaning: positions, spelling.
Settings essence(Settings s) {
    for (Medium& m : s.media)
        m.position = {};
    for (RespawnLine& r : s.respawn)
        r.position = {};
    for (NotifyLine& n : s.notify)
        n.position = {};
    for (PingNode& p : s.pings)
        p.position = {};
    for (ApiClient& c : s.apiauth)
        c.position = {};
    for (MonitorOverride& o : s.monitoring.overrides)
        o.position = {};
    for (CallTimeOverride& o : s.call_times)
        o.position = {};
    for (FenceDevice& d : s.fencing.devices) {
        d.position = {};
        d.type = d.agent;
    }
    for (Group& g : s.groups) {
        g.position = {};
        for (Resource& r : g.resources)
            r.position = {};
    }
    std::erase_if(s.raw, [](const auto& entry) { return !is_idle(entry.first); });
    return s;
}

}  // namespace

std::string print_ha_cf(const Settings& s) {
    std::string text;
    for (const std::string& node : s.nodes)
        text += fmt::format("node {}\n", node);
    text += fmt::format("keepalive {}\n", hb::to_string(s.keepalive));
    text += fmt::format("warntime {}\n", hb::to_string(s.warntime));
    text += fmt::format("deadtime {}\n", hb::to_string(s.deadtime));
    text += fmt::format("initdead {}\n", hb::to_string(s.initdead));
    text += fmt::format("deadping {}\n", hb::to_string(s.deadping));
    text += fmt::format("udpport {}\n", s.udpport);
    text += print_media(s.media);
    text += fmt::format("auto_failback {}\n", print_failback(s.auto_failback));
    for (const RespawnLine& r : s.respawn)
        text += fmt::format("respawn {} {}\n", r.user, r.command);
    for (const NotifyLine& n : s.notify)
        text += fmt::format("notify {}{}{}\n", n.user, n.user.empty() ? "" : " ", n.command);
    for (const PingNode& p : s.pings) {
        text += p.is_group ? fmt::format("ping_group {}", p.name) : p.v6 ? "ping6" : "ping";
        for (const std::string& member : p.members)
            text += " " + member;
        text += '\n';
    }
    if (!s.pings.empty() || !s.isolation_stop)
        text += fmt::format("isolation {}\n", s.isolation_stop ? "stop" : "keep");
    if (s.quorum) text += fmt::format("quorum {}\n", *s.quorum ? "majority" : "off");
    if (s.handover > Duration::zero())
        text += fmt::format("handover {}\n", hb::to_string(s.handover));
    if (!s.watchdog.empty()) text += fmt::format("watchdog {}\n", s.watchdog);
    if (s.watchdog_evidence) text += "watchdog_evidence on\n";
    for (const MacAddress& mac : s.gate_ignore)
        text += fmt::format("gate_ignore {}\n", mac.to_string());
    if (!s.logfile.empty()) text += fmt::format("logfile {}\n", s.logfile);
    if (!s.debugfile.empty()) text += fmt::format("debugfile {}\n", s.debugfile);
    if (!s.logfacility.empty()) text += fmt::format("logfacility {}\n", s.logfacility);
    if (s.classic_log_lines) text += "syslogmsgfmt off\n";
    text += fmt::format("debug {}\n", s.debug);
    if (!s.log_badpack) text += "log_badpack off\n";
    for (const ApiClient& client : s.apiauth)
        text += print_api_client(client);
    if (!s.realtime) text += "realtime off\n";
    if (s.rtprio != 1) text += fmt::format("rtprio {}\n", s.rtprio);
    for (const auto& [name, value] : s.env)
        text += fmt::format("env {}={}\n", name, value);
    text += print_monitoring(s.monitoring);
    for (const CallTimeOverride& o : s.call_times)
        text += fmt::format("agent_timeout {} {}{}{}\n", print_kind(o.kind), hb::to_string(o.time),
                            o.resource.empty() ? "" : " ", o.resource);
    if (!s.failback_windows.empty()) {
        text += "failback_window";
        for (const FailbackWindow& w : s.failback_windows)
            text += fmt::format(" {:02}:{:02}-{:02}:{:02}", w.from / 60, w.from % 60, w.to / 60,
                                w.to % 60);
        text += '\n';
    }
    text += print_fencing(s);
    for (const auto& [name, lines] : s.raw)
        if (is_idle(name)) text += print_idle(name, lines);
    return text;
}

std::string print_haresources(const Settings& s) {
    std::string text;
    for (const Group& group : s.groups) {
        text += s.node_name(group.preferred);
        for (const Resource& resource : group.resources)
            text += " " + resource.word;
        text += '\n';
    }
    return text;
}

bool same_meaning(const Settings& a, const Settings& b) {
    return essence(a) == essence(b);
}

}  // namespace hb::config
