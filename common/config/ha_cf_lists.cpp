// The directives of ha.cf that name several things: nodes, media, ping nodes, programs.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/limits.hpp"
#include "common/config/ha_cf_parser.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

// Programs that came with Heartbeat and speak its programming interface.
constexpr std::array kHeartbeatClients = std::to_array<std::string_view>(
    {"ccm", "dopd", "apphbd", "pingd", "mgmtd", "cibmon", "hbagent", "evmsd", "lha-snmpagent"});

constexpr std::size_t kMostClients = 64;  // respawn lines
constexpr std::size_t kMostNotify = 16;   // notify lines

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::string describe(const Medium& m) {
    switch (m.kind) {
        case MediumKind::kBcast:
            return fmt::format("bcast {}", m.interface);
        case MediumKind::kUcast:
            return fmt::format("ucast {} {}", m.interface, m.peer);
        case MediumKind::kUcast6:
            return fmt::format("ucast6 {} {}", m.interface, m.peer);
        case MediumKind::kMcast:
        case MediumKind::kMcast6:
            return fmt::format("{} {} {} {}", m.kind == MediumKind::kMcast ? "mcast" : "mcast6",
                               m.interface, m.group.to_string(), m.port);
        case MediumKind::kSerial:
            return fmt::format("serial {}", m.interface);
    }
    return {};
}

// A group that leaves the host: all of IPv4's, and of IPv6 those of link scope and wider, up to
// global.
bool is_good_group(const std::optional<IpAddress>& group, bool v6) {
    if (!group || group->is_v4() == v6) return false;
    if (!v6) return (group->bytes[0] & 0xf0) == 0xe0;
    const int scope = group->bytes[1] & 0x0f;
    return group->bytes[0] == 0xff && scope >= 2 && scope <= 0xe;
}

}  // namespace

void HaCfParser::take_nodes(const Statement& s) {
    Settings& settings = out_.settings;
    for (const Word& word : s.words) {
        if (const auto bad = bad_node_name(word.text)) {
            bad_value(s, word.at, bad->text);
            continue;
        }
        if (const auto first = settings.find_node(word.text)) {
            diagnostics_.error(word.at, fmt::format("node '{}' is given twice, first at {}",
                                                    settings.node_name(*first),
                                                    to_string(out_.places.nodes[rank(*first)])));
            continue;
        }
        if (settings.nodes.size() == limits::kNodes) {
            bad_value(s, word.at, fmt::format("more than {} nodes", limits::kNodes));
            return;
        }
        settings.nodes.push_back(to_lower(word.text));
        out_.places.nodes.push_back(word.at);
    }
}

// --- media ---

// Heartbeat gives the port to media that stand below it only. Where that makes a difference the
// writer has to say what is meant; where it makes none the file goes through.
void HaCfParser::take_udpport(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const auto port = parse_number(word->text, s.directive->least, s.directive->most);
    if (!port) {
        bad_value(s, word->at, port.error().text);
        return;
    }
    out_.settings.udpport = static_cast<std::uint16_t>(*port);
    const auto early = std::ranges::find_if(out_.settings.media, [](const Medium& m) {
        return m.kind != MediumKind::kMcast && m.kind != MediumKind::kMcast6 &&
               m.kind != MediumKind::kSerial;
    });
    if (early == out_.settings.media.end()) return;
    if (early->port == out_.settings.udpport) {
        diagnostics_.warning(s.name.at,
                             fmt::format("'udpport' holds for media below it only; '{}' at {} has "
                                         "the same port, the default, so it makes no difference",
                                         describe(*early), to_string(early->position)));
        return;
    }
    diagnostics_.error(s.name.at,
                       fmt::format("'udpport {}' holds for media below it only, but '{}' "
                                   "at {} stands above it: put udpport before all media",
                                   *port, describe(*early), to_string(early->position)));
}

void HaCfParser::add_medium(Medium medium) {
    std::vector<Medium>& media = out_.settings.media;
    const auto first = std::ranges::find(media, describe(medium), describe);
    if (first != media.end()) {
        diagnostics_.error(medium.position,
                           fmt::format("'{}' is given twice, first at {}", describe(medium),
                                       to_string(first->position)));
        return;
    }
    if (media.size() == limits::kMedia) {
        diagnostics_.error(medium.position, fmt::format("more than {} media", limits::kMedia));
        return;
    }
    media.push_back(std::move(medium));
}

void HaCfParser::take_bcast(const Statement& s) {
    for (const Word& word : s.words) {
        if (const auto bad = bad_interface(word.text)) {
            bad_value(s, word.at, bad->text);
            continue;
        }
        Medium medium;
        medium.kind = MediumKind::kBcast;
        medium.interface = word.text;
        medium.port = out_.settings.udpport;
        medium.position = word.at;
        add_medium(std::move(medium));
    }
}

// `ucast` and `ucast6`. The interface is the scope of a link-local IPv6 address, and Heartbeat
// wanted it written twice.
void HaCfParser::take_ucast(const Statement& s) {
    const std::string_view kind = s.directive->name;
    const bool v6 = kind == "ucast6";
    const Word& device = s.words[0];
    if (const auto bad = bad_interface(device.text)) {
        bad_value(s, device.at, bad->text);
        return;
    }
    if (s.words.size() < 2) {
        broken(s, device.at,
               fmt::format("{}: [{}] missing target IP address/hostname", kind, device.text));
        return;
    }
    if (s.words.size() > 2) {
        broken(
            s, s.words[2].at,
            fmt::format("unexpected '{}': one host per {} line", printable(s.words[2].text), kind));
        return;
    }
    const Word& word = s.words[1];
    const std::string_view text = word.text;
    const std::size_t percent = v6 ? text.find('%') : std::string_view::npos;
    const std::string_view host = text.substr(0, percent);
    if (const auto bad = v6 ? bad_host_v6(host) : bad_host(host)) {
        bad_value(s, word.at, bad->text);
        return;
    }
    const auto address = IpAddress::parse(host);
    if (percent != std::string_view::npos && (!address || text.substr(percent + 1) != device.text))
        return bad_value(s, word.at,
                         fmt::format("'{}' names another scope than the interface: {} {} {}",
                                     printable(text), kind, device.text, printable(host)));
    Medium medium;
    medium.kind = v6 ? MediumKind::kUcast6 : MediumKind::kUcast;
    medium.interface = device.text;
    // As it is printed: one IPv6 address is written in many ways.
    medium.peer = v6 && address ? address->to_string() : to_lower(host);
    medium.port = out_.settings.udpport;
    medium.position = device.at;
    add_medium(std::move(medium));
}

void HaCfParser::take_mcast(const Statement& s) {
    const bool v6 = s.directive->name == "mcast6";
    const std::string_view kind = s.directive->name;
    const std::string_view limit = v6 ? "hops" : "ttl";
    const std::array<std::string_view, 5> fields = {"interface", "multicast address", "port", limit,
                                                    "loop"};
    if (s.words.size() < fields.size()) {
        broken(s, s.words.back().at,
               fmt::format("{} [{}] missing {}: {} {}", kind, printable(s.words[0].text),
                           fields[s.words.size()], kind, s.directive->syntax));
        return;
    }
    if (s.words.size() > fields.size()) {
        broken(s, s.words[5].at,
               fmt::format("unexpected '{}': {} {}", printable(s.words[5].text), kind,
                           s.directive->syntax));
        return;
    }
    const auto interface_error = bad_interface(s.words[0].text);
    if (interface_error) bad_value(s, s.words[0].at, interface_error->text);
    const auto group = IpAddress::parse(s.words[1].text);
    const bool group_ok = is_good_group(group, v6);
    if (!group_ok)
        broken(s, s.words[1].at,
               fmt::format(
                   "{} [{}] bad addr [{}]: {}", kind, printable(s.words[0].text),
                   printable(s.words[1].text),
                   v6 ? "ff02:: to ff0e:: and ff12:: to ff1e:: are multicast that leaves the host"
                      : "224.0.0.0 to 239.255.255.255 are multicast"));
    const auto port = parse_number(s.words[2].text, 1, 65535);
    if (!port) broken(s, s.words[2].at, "bad port: " + port.error().text);
    const auto ttl = parse_number(s.words[3].text, 0, 255);
    if (!ttl)
        broken(s, s.words[3].at,
               fmt::format("bad {} [{}]: {}", limit, printable(s.words[3].text), ttl.error().text));
    const auto loop = parse_number(s.words[4].text, 0, 1);
    if (!loop) broken(s, s.words[4].at, "bad loop: " + loop.error().text);
    if (interface_error || !group_ok || !port || !ttl || !loop) return;
    if (*ttl == 0)
        diagnostics_.warning(s.words[3].at, fmt::format("with {} 0 no heartbeat leaves this host",
                                                        v6 ? "hops" : "ttl"));

    Medium medium;
    medium.kind = v6 ? MediumKind::kMcast6 : MediumKind::kMcast;
    medium.interface = s.words[0].text;
    medium.group = *group;
    medium.port = static_cast<std::uint16_t>(*port);
    medium.ttl = static_cast<std::uint8_t>(*ttl);
    medium.loop = *loop == 1;
    medium.position = s.words[0].at;
    add_medium(std::move(medium));
}

// --- ping nodes ---

void HaCfParser::add_ping(PingNode node) {
    std::vector<PingNode>& pings = out_.settings.pings;
    const auto first = std::ranges::find(pings, node.name, &PingNode::name);
    if (first != pings.end()) {
        diagnostics_.error(node.position, fmt::format("ping node '{}' is given twice, first at {}",
                                                      node.name, to_string(first->position)));
        return;
    }
    if (pings.size() == limits::kPingNodes) {
        diagnostics_.error(node.position,
                           fmt::format("more than {} ping nodes", limits::kPingNodes));
        return;
    }
    std::size_t hosts = node.members.size();
    for (const PingNode& other : pings)
        hosts += other.members.size();
    if (hosts > limits::kPingHosts) {
        diagnostics_.error(node.position,
                           fmt::format("more than {} hosts to ping", limits::kPingHosts));
        return;
    }
    pings.push_back(std::move(node));
}

// `ping` and `ping6`.
void HaCfParser::take_ping(const Statement& s) {
    const bool v6 = s.directive->name == "ping6";
    for (const Word& word : s.words) {
        if (const auto bad = bad_ping_host(word.text, v6 ? PingFamily::kV6 : PingFamily::kV4)) {
            bad_value(s, word.at, bad->text);
            continue;
        }
        const std::string host = to_lower(word.text);
        add_ping({host, {host}, false, v6, word.at});
    }
}

void HaCfParser::take_isolation(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    const std::string value = to_lower(word->text);
    if (value != "stop" && value != "keep")
        return bad_value(s, word->at,
                         fmt::format("'{}' is none of stop, keep", printable(word->text)));
    out_.settings.isolation_stop = value == "stop";
}

void HaCfParser::take_ping_group(const Statement& s) {
    PingNode group{to_lower(s.words[0].text), {}, true, false, s.words[0].at};
    if (const auto bad = bad_node_name(s.words[0].text)) {
        bad_value(s, s.words[0].at, bad->text);
        return;
    }
    if (s.words.size() < 2) {
        broken(s, s.words[0].at,
               fmt::format("ping_group '{}' has no hosts: ping_group {}", group.name,
                           s.directive->syntax));
        return;
    }
    for (std::size_t i = 1; i < s.words.size(); i++) {
        const Word& word = s.words[i];
        const std::string host = to_lower(word.text);
        if (const auto bad = bad_ping_host(word.text, PingFamily::kAny))
            bad_value(s, word.at, bad->text);
        else if (std::ranges::find(group.members, host) != group.members.end())
            diagnostics_.error(word.at, fmt::format("'{}' is twice in this group", host));
        else if (group.members.size() == limits::kNodes)
            return bad_value(s, word.at, fmt::format("more than {} hosts", limits::kNodes));
        else
            group.members.push_back(host);
    }
    add_ping(std::move(group));
}

// --- programs ---

// `USER PROGRAM [ARGUMENT...]`; commas belong to the program's words.
bool HaCfParser::check_command(const Statement& s) {
    Line rest = s.rest;
    const Word user = take_word(rest, kBlanks);
    if (rest.text.empty()) {
        broken(s, user.at,
               fmt::format("'{}' names a user but no program: {} {}", s.directive->name,
                           s.directive->name, s.directive->syntax));
        return false;
    }
    const Word program = take_word(rest, kBlanks);
    if (program.text.starts_with('/') && !program.text.ends_with('/')) return true;
    broken(s, program.at,
           fmt::format("Client child command [{}] is not full pathname", printable(program.text)));
    return false;
}

void HaCfParser::take_respawn(const Statement& s) {
    if (!check_command(s)) return;
    Line rest = s.rest;
    RespawnLine line;
    line.user = take_word(rest, kBlanks).text;
    line.command = rest.text;
    line.position = rest.at;
    const std::string_view program = base_name(take_word(rest, kBlanks).text);
    line.is_ipfail = program == "ipfail";
    line.is_heartbeat_client =
        std::ranges::find(kHeartbeatClients, program) != kHeartbeatClients.end();

    const auto first = std::ranges::find(out_.settings.respawn, true, &RespawnLine::is_ipfail);
    if (line.is_ipfail && first != out_.settings.respawn.end()) {
        diagnostics_.error(line.position, fmt::format("ipfail is given twice, first at {}",
                                                      to_string(first->position)));
        return;
    }
    if (line.is_heartbeat_client)
        diagnostics_.note(line.position,
                          fmt::format("'{}' speaks Heartbeat's own programming interface, which is "
                                      "not offered: accepted, not started",
                                      program));
    if (s.directive->name == "failfast")
        diagnostics_.warning(line.position,
                             fmt::format("failfast: when '{}' dies it is started again, the host "
                                         "is not reset",
                                         program));
    if (out_.settings.respawn.size() == kMostClients)
        return broken(s, line.position, fmt::format("more than {} respawn lines", kMostClients));
    out_.settings.respawn.push_back(std::move(line));
}

// A first word that is no path is the user.
void HaCfParser::take_notify(const Statement& s) {
    Line rest = s.rest;
    NotifyLine line;
    if (!rest.text.starts_with('/')) {
        if (!check_command(s)) return;
        line.user = take_word(rest, kBlanks).text;
    }
    line.command = rest.text;
    line.position = rest.at;
    if (std::string_view(take_word(rest, kBlanks).text).ends_with('/'))
        return broken(s, line.position,
                      fmt::format("notify: [{}] is not a program", printable(line.command)));
    if (out_.settings.notify.size() == kMostNotify)
        return broken(s, line.position, fmt::format("more than {} notify lines", kMostNotify));
    out_.settings.notify.push_back(std::move(line));
}

}  // namespace hb::config
