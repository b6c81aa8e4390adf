#include "proto/convert_settings.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace hb::proto {

namespace {

// Files of this size were read; their parts are not longer.
constexpr std::size_t kTextBytes = 1024 * 1024;
constexpr std::size_t kWordBytes = 64 * 1024;
constexpr std::size_t kLines = 100000;
constexpr std::uint32_t kDayMinutes = 24 * 60;

std::string text(const std::string& from, std::size_t limit, std::string_view what, Reader& in) {
    in.require(from.size() <= limit, what, "too long");
    return from;
}

template <typename Enum>
Enum enumerator(std::uint32_t from, Enum last, std::string_view what, Reader& in) {
    in.require(from >= 1 && from <= static_cast<std::uint32_t>(last), what, "unknown");
    return static_cast<Enum>(from);
}

template <typename Integer>
Integer number(std::uint32_t from, std::string_view what, Reader& in) {
    in.require(from <= std::numeric_limits<Integer>::max(), what, "too large");
    return static_cast<Integer>(from);
}

void put(const config::Position& from, pb::Position& to) {
    const auto& [file, line, column] = from;
    to.set_file(file);
    to.set_line(line);
    to.set_column(column);
}

config::Position read(const pb::Position& from, Reader& in) {
    return {text(from.file(), kWordBytes, "file", in), from.line(), from.column()};
}

void put(const config::Medium& from, pb::Medium& to) {
    const auto& [kind, interface, peer, group, port, ttl, loop, baud, position] = from;
    to.set_kind(static_cast<std::uint32_t>(kind));
    to.set_interface(interface);
    to.set_peer(peer);
    to.mutable_group()->assign(group.bytes.begin(), group.bytes.begin() + (group.is_v4() ? 4 : 16));
    to.set_port(port);
    to.set_ttl(ttl);
    to.set_loop(loop);
    to.set_baud(baud);
    put(position, *to.mutable_position());
}

config::Medium read(const pb::Medium& from, Reader& in) {
    config::Medium to;
    to.kind = enumerator(from.kind(), config::MediumKind::kSerial, "kind of medium", in);
    to.interface = in.name(from.interface(), limits::kLinkNameBytes, "interface");
    to.peer = in.sentence(from.peer(), kWordBytes, "peer");
    const std::string& group = from.group();
    in.require(group.size() == 4 || group.size() == 16, "group", "neither IPv4 nor IPv6");
    to.group.family = group.size() == 4 ? IpAddress::Family::kV4 : IpAddress::Family::kV6;
    std::memcpy(to.group.bytes.data(), group.data(), std::min(group.size(), to.group.bytes.size()));
    to.port = number<std::uint16_t>(from.port(), "port", in);
    to.ttl = number<std::uint8_t>(from.ttl(), "ttl", in);
    to.loop = from.loop();
    to.baud = from.baud();
    in.require(to.baud >= 300 && to.baud <= 4'000'000, "baud", "no rate of a line");
    to.position = read(from.position(), in);
    return to;
}

void put(const config::RespawnLine& from, pb::RespawnLine& to) {
    const auto& [user, command, is_ipfail, is_heartbeat_client, position] = from;
    to.set_user(user);
    to.set_command(command);
    to.set_is_ipfail(is_ipfail);
    to.set_is_heartbeat_client(is_heartbeat_client);
    put(position, *to.mutable_position());
}

config::RespawnLine read(const pb::RespawnLine& from, Reader& in) {
    return {text(from.user(), kWordBytes, "user", in),
            text(from.command(), kWordBytes, "command", in), from.is_ipfail(),
            from.is_heartbeat_client(), read(from.position(), in)};
}

void put(const config::NotifyLine& from, pb::NotifyLine& to) {
    const auto& [user, command, position] = from;
    to.set_user(user);
    to.set_command(command);
    put(position, *to.mutable_position());
}

config::NotifyLine read(const pb::NotifyLine& from, Reader& in) {
    return {text(from.user(), kWordBytes, "user", in),
            text(from.command(), kWordBytes, "command", in), read(from.position(), in)};
}

template <typename Repeated>
void put_words(const std::vector<std::string>& from, Repeated& to) {
    for (const std::string& word : from)
        to.Add()->assign(word);
}

template <typename Repeated>
std::vector<std::string> read_words(const Repeated& from, std::string_view what, Reader& in) {
    in.count(from.size(), kLines, what);
    std::vector<std::string> to;
    for (const std::string& word : from)
        to.push_back(text(word, kWordBytes, what, in));
    return to;
}

void put(const config::PingNode& from, pb::PingNode& to) {
    const auto& [name, members, is_group, v6, position] = from;
    to.set_name(name);
    put_words(members, *to.mutable_members());
    to.set_is_group(is_group);
    to.set_v6(v6);
    put(position, *to.mutable_position());
}

config::PingNode read(const pb::PingNode& from, Reader& in) {
    return {in.name(from.name(), limits::kPingNameBytes, "ping node"),
            read_words(from.members(), "members of a ping node", in), from.is_group(), from.v6(),
            read(from.position(), in)};
}

void put(const config::ApiClient& from, pb::ApiClient& to) {
    const auto& [name, users, groups, position] = from;
    to.set_name(name);
    put_words(users, *to.mutable_users());
    put_words(groups, *to.mutable_groups());
    put(position, *to.mutable_position());
}

config::ApiClient read(const pb::ApiClient& from, Reader& in) {
    return {text(from.name(), kWordBytes, "apiauth client", in),
            read_words(from.users(), "users of apiauth", in),
            read_words(from.groups(), "groups of apiauth", in), read(from.position(), in)};
}

void put(const config::Resource& from, pb::Resource& to) {
    const auto& [type, args, word, position] = from;
    to.set_type(type);
    put_words(args, *to.mutable_args());
    to.set_word(word);
    put(position, *to.mutable_position());
}

config::Resource read(const pb::Resource& from, Reader& in) {
    return {text(from.type(), kWordBytes, "type of a resource", in),
            read_words(from.args(), "arguments of a resource", in),
            text(from.word(), kWordBytes, "resource", in), read(from.position(), in)};
}

void put(const config::Group& from, pb::Group& to);
config::Group read(const pb::Group& from, Reader& in);
void put(const config::FenceDevice& from, pb::FenceDevice& to);
config::FenceDevice read(const pb::FenceDevice& from, Reader& in);

// ---- lists: one way each

template <typename From, typename To>
void put_all(const std::vector<From>& from, google::protobuf::RepeatedPtrField<To>& to) {
    for (const From& item : from)
        put(item, *to.Add());
}

template <typename From>
auto read_all(const google::protobuf::RepeatedPtrField<From>& from, std::size_t limit,
              std::string_view what, Reader& in) {
    std::vector<decltype(read(from.Get(0), in))> to;
    in.count(from.size(), limit, what);
    for (const From& item : from) {
        if (!in.good()) break;
        to.push_back(read(item, in));
    }
    return to;
}

void put(const config::Group& from, pb::Group& to) {
    const auto& [name, preferred, resources, position] = from;
    to.set_name(name);
    to.set_preferred(from_one(preferred));
    put_all(resources, *to.mutable_resources());
    put(position, *to.mutable_position());
}

config::Group read(const pb::Group& from, Reader& in) {
    return {in.name(from.name(), limits::kGroupNameBytes, "group"),
            in.node(from.preferred(), "preferred node"),
            read_all(from.resources(), limits::kResourcesPerGroup, "resources", in),
            read(from.position(), in)};
}

void put(const config::FenceDevice& from, pb::FenceDevice& to) {
    const auto& [type, agent, only_from, targets, level, delay, parameters, position] = from;
    to.set_type(type);
    to.set_agent(agent);
    if (only_from) to.set_from(from_one(*only_from));
    for (const auto& [node, plug] : targets) {
        pb::FenceTarget& target = *to.add_targets();
        target.set_node(from_one(node));
        target.set_plug(plug);
    }
    to.set_level(level);
    to.set_delay_ns(to_ns(delay));
    for (const auto& [name, value] : parameters) {
        pb::Directive& parameter = *to.add_parameters();
        parameter.set_name(name);
        parameter.set_text(value);
    }
    put(position, *to.mutable_position());
}

config::FenceDevice read(const pb::FenceDevice& from, Reader& in) {
    config::FenceDevice to;
    to.type = text(from.type(), kWordBytes, "type of a fence device", in);
    to.agent = text(from.agent(), kWordBytes, "fence agent", in);
    if (from.from() != 0) to.from = in.node(from.from(), "user of a fence device");
    in.count(from.targets_size(), limits::kNodes, "nodes of a fence device");
    for (const pb::FenceTarget& t : from.targets())
        to.targets.push_back(
            {in.node(t.node(), "node of a fence device"), text(t.plug(), kWordBytes, "plug", in)});
    to.level = from.level();
    to.delay = in.age(from.delay_ns(), "delay");
    in.count(from.parameters_size(), kLines, "parameters");
    for (const pb::Directive& p : from.parameters())
        to.parameters.emplace_back(text(p.name(), kWordBytes, "parameter", in),
                                   text(p.text(), kWordBytes, "value of a parameter", in));
    to.position = read(from.position(), in);
    return to;
}

void put(const config::Fencing& from, pb::Fencing& to) {
    const auto& [devices, action, timeout, check, delay] = from;
    put_all(devices, *to.mutable_devices());
    to.set_action(static_cast<std::uint32_t>(action));
    to.set_timeout_ns(to_ns(timeout));
    to.set_check_ns(to_ns(check));
    to.set_delay_ns(to_ns(delay));
}

config::Fencing read(const pb::Fencing& from, Reader& in) {
    return {.devices = read_all(from.devices(), limits::kFenceDevices, "fence devices", in),
            .action = enumerator(from.action(), config::FenceAction::kReboot, "fence_action", in),
            .timeout = in.deadtime(from.timeout_ns(), "fence_timeout"),
            .check = in.age(from.check_ns(), "fence_check"),
            .delay = in.age(from.delay_ns(), "fence_delay")};
}

}  // namespace

void put(const config::Settings& from, pb::Settings& to) {
    const auto& [nodes, keepalive, warntime, deadtime, initdead, deadping, udpport, media,
                 auto_failback, respawn, notify, pings, isolation_stop, quorum, handover, watchdog,
                 watchdog_evidence, gate_ignore, logfile, debugfile, logfacility, classic_log_lines,
                 debug, log_badpack, apiauth, realtime, rtprio, env, monitoring, call_times,
                 failback_windows, fencing, groups, raw] = from;
    const auto& [interval, overrides, restarts, restart_window] = monitoring;
    put_words(nodes, *to.mutable_nodes());
    to.set_keepalive_ns(to_ns(keepalive));
    to.set_warntime_ns(to_ns(warntime));
    to.set_deadtime_ns(to_ns(deadtime));
    to.set_initdead_ns(to_ns(initdead));
    to.set_deadping_ns(to_ns(deadping));
    to.set_udpport(udpport);
    put_all(media, *to.mutable_media());
    to.set_auto_failback(static_cast<std::uint32_t>(auto_failback));
    put_all(respawn, *to.mutable_respawn());
    put_all(notify, *to.mutable_notify());
    put_all(pings, *to.mutable_pings());
    to.set_isolation_keep(!isolation_stop);
    if (quorum) to.set_quorum(*quorum ? 1 : 2);
    to.set_handover_ns(to_ns(handover));
    to.set_watchdog(watchdog);
    to.set_watchdog_evidence(watchdog_evidence);
    for (const MacAddress& mac : gate_ignore)
        to.add_gate_ignore(std::string(mac.bytes.begin(), mac.bytes.end()));
    to.set_logfile(logfile);
    to.set_debugfile(debugfile);
    to.set_logfacility(logfacility);
    to.set_classic_log_lines(classic_log_lines);
    to.set_debug(debug);
    to.set_quiet_badpack(!log_badpack);
    put_all(apiauth, *to.mutable_apiauth());
    to.set_no_realtime(!realtime);
    to.set_rtprio(rtprio);
    for (const auto& [name, value] : env) {
        pb::Directive& variable = *to.add_env();
        variable.set_name(name);
        variable.set_text(value);
    }
    to.set_monitor_ns(to_ns(interval));
    for (const auto& [resource, every, position] : overrides) {
        pb::MonitorOverride& entry = *to.add_monitor_overrides();
        entry.set_resource(resource);
        entry.set_interval_ns(to_ns(every));
        put(position, *entry.mutable_position());
    }
    for (const auto& [kind, resource, time, position] : call_times) {
        pb::CallTimeOverride& entry = *to.add_call_times();
        entry.set_kind(static_cast<std::uint32_t>(kind));
        entry.set_resource(resource);
        entry.set_time_ns(to_ns(time));
        put(position, *entry.mutable_position());
    }
    to.set_restarts(restarts);
    to.set_restart_window_ns(to_ns(restart_window));
    for (const auto& [first, last] : failback_windows) {
        pb::FailbackWindow& window = *to.add_failback_windows();
        window.set_from(first);
        window.set_to(last);
    }
    put(fencing, *to.mutable_fencing());
    put_all(groups, *to.mutable_groups());
    for (const auto& [name, value] : raw) {
        pb::Directive& directive = *to.add_raw();
        directive.set_name(name);
        directive.set_text(value);
    }
}

config::Settings read(const pb::Settings& from, Reader& in) {
    config::Settings to;
    in.count(from.nodes_size(), limits::kNodes, "nodes");
    for (const std::string& node : from.nodes())
        to.nodes.push_back(in.name(node, limits::kNodeNameBytes, "node"));
    to.keepalive = in.deadtime(from.keepalive_ns(), "keepalive");
    to.warntime = in.deadtime(from.warntime_ns(), "warntime");
    to.deadtime = in.deadtime(from.deadtime_ns(), "deadtime");
    to.initdead = in.deadtime(from.initdead_ns(), "initdead");
    to.deadping = in.deadtime(from.deadping_ns(), "deadping");
    to.udpport = number<std::uint16_t>(from.udpport(), "udpport", in);
    to.media = read_all(from.media(), limits::kMedia, "media", in);
    to.auto_failback =
        enumerator(from.auto_failback(), config::AutoFailback::kLegacy, "auto_failback", in);
    to.respawn = read_all(from.respawn(), kLines, "respawn lines", in);
    to.notify = read_all(from.notify(), kLines, "notify lines", in);
    to.pings = read_all(from.pings(), limits::kPingNodes, "ping nodes", in);
    to.isolation_stop = !from.isolation_keep();
    in.require(from.quorum() <= 2, "quorum", "unknown");
    if (from.quorum() != 0) to.quorum = from.quorum() == 1;
    to.handover = in.age(from.handover_ns(), "handover");
    to.watchdog = text(from.watchdog(), kWordBytes, "watchdog", in);
    to.watchdog_evidence = from.watchdog_evidence();
    in.count(from.gate_ignore_size(), kLines, "gate_ignore");
    for (const std::string& mac : from.gate_ignore())
        to.gate_ignore.push_back(in.mac(mac, "gate_ignore"));
    to.logfile = text(from.logfile(), kWordBytes, "logfile", in);
    to.debugfile = text(from.debugfile(), kWordBytes, "debugfile", in);
    to.logfacility = text(from.logfacility(), kWordBytes, "logfacility", in);
    to.classic_log_lines = from.classic_log_lines();
    to.debug = from.debug();
    to.log_badpack = !from.quiet_badpack();
    to.apiauth = read_all(from.apiauth(), kLines, "apiauth lines", in);
    to.realtime = !from.no_realtime();
    to.rtprio = from.rtprio();
    in.require(to.rtprio >= 1 && to.rtprio <= config::kMostRtprio, "rtprio", "out of range");
    in.count(from.env_size(), kLines, "env");
    for (const pb::Directive& variable : from.env()) {
        const auto& [at, is_new] = to.env.emplace(text(variable.name(), kWordBytes, "name", in),
                                                  text(variable.text(), kTextBytes, "text", in));
        in.require(is_new && at == std::prev(to.env.end()), "env", "double or not in order");
    }
    to.monitoring.interval = in.age(from.monitor_ns(), "monitor");
    in.count(from.monitor_overrides_size(), kLines, "monitor lines");
    for (const pb::MonitorOverride& o : from.monitor_overrides())
        to.monitoring.overrides.push_back({text(o.resource(), kWordBytes, "resource", in),
                                           in.age(o.interval_ns(), "monitor"),
                                           read(o.position(), in)});
    in.count(from.call_times_size(), kLines, "agent_timeout lines");
    for (const pb::CallTimeOverride& o : from.call_times())
        to.call_times.push_back(
            {enumerator(o.kind(), config::CallKind::kStatus, "kind of a call", in),
             text(o.resource(), kWordBytes, "resource", in),
             in.deadtime(o.time_ns(), "agent_timeout"), read(o.position(), in)});
    to.monitoring.restarts = from.restarts();
    to.monitoring.restart_window = in.deadtime(from.restart_window_ns(), "restarts");
    in.count(from.failback_windows_size(), kLines, "failback windows");
    for (const pb::FailbackWindow& w : from.failback_windows()) {
        in.require(w.from() < kDayMinutes && w.to() < kDayMinutes, "failback window",
                   "no time of day");
        to.failback_windows.push_back({w.from(), w.to()});
    }
    to.fencing = read(from.fencing(), in);
    to.groups = read_all(from.groups(), limits::kGroups, "groups", in);
    in.count(from.raw_size(), kLines, "directives");
    for (const pb::Directive& directive : from.raw()) {
        const auto& [at, is_new] = to.raw.emplace(text(directive.name(), kWordBytes, "name", in),
                                                  text(directive.text(), kTextBytes, "text", in));
        in.require(is_new && at == std::prev(to.raw.end()), "directives", "double or not in order");
    }
    return to;
}

void put(const config::AuthKeys& from, pb::AuthKeys& to) {
    const auto& [sign_with, keys] = from;
    to.set_sign_with(sign_with);
    for (const auto& [index, key] : keys) {
        const auto& [method, secret] = key;
        pb::AuthKey& entry = *to.add_keys();
        entry.set_index(index);
        entry.set_method(static_cast<std::uint32_t>(method));
        entry.set_key(secret);
    }
}

config::AuthKeys read(const pb::AuthKeys& from, Reader& in) {
    config::AuthKeys to;
    in.count(from.keys_size(), limits::kAuthKeys, "keys");
    for (const pb::AuthKey& entry : from.keys()) {
        const auto index = number<std::uint8_t>(entry.index(), "index of a key", in);
        const auto method =
            enumerator(entry.method(), config::AuthMethod::kXchacha20Poly1305, "method", in);
        const auto& [at, is_new] = to.keys.emplace(
            index, config::AuthKey{method, text(entry.key(), kWordBytes, "key", in)});
        in.require(is_new && at == std::prev(to.keys.end()), "keys", "double or not in order");
    }
    to.sign_with = number<std::uint8_t>(from.sign_with(), "index that signs", in);
    in.require(to.keys.contains(to.sign_with), "index that signs", "has no key");
    return to;
}

}  // namespace hb::proto
