#include "tools/heartbeat/cl_status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/config/values.hpp"

namespace hb::heartbeat {

namespace {

struct Link {
    std::string name;
    std::string status;
};
// A node or a ping node, as Heartbeat had both in one list.
struct Entry {
    std::string name;
    std::string status;
    bool ping = false;
    std::vector<Link> links;
    [[nodiscard]] const char* type() const { return ping ? "ping" : "normal"; }
};

// Our own links: a link is dead here when it has no carrier, not when a peer is silent on it.
std::vector<Link> own_links(const ClusterStatus& status) {
    std::vector<Link> links;
    for (const NodeSummary& node : status.nodes)
        for (const LinkStatus& link : node.links) {
            const bool dead = link.fault == ipc::LinkFault::kNoCarrier;
            const auto known = std::ranges::find(links, link.name, &Link::name);
            if (known == links.end())
                links.push_back({link.name, dead ? "dead" : "up"});
            else if (dead)
                known->status = "dead";
        }
    return links;
}

// In Heartbeat's order: the last one of ha.cf first, and ping nodes stand behind the others there.
std::vector<Entry> entries(const ClusterStatus& status) {
    std::vector<Entry> list;
    for (std::size_t r = 0; r < status.nodes.size(); r++) {
        const NodeSummary& node = status.nodes[r];
        Entry& entry = list.emplace_back(Entry{node.name, to_string(node.status), false, {}});
        if (r == rank(status.self)) {
            entry.links = own_links(status);
            continue;
        }
        for (const LinkStatus& link : node.links)
            entry.links.push_back({link.name, link.up ? "up" : "dead"});
    }
    for (const PingSummary& ping : status.pings)
        list.push_back({ping.name,
                        to_string(ping.status),
                        true,
                        {{ping.name, ping.status == PingState::kPing ? "up" : "dead"}}});
    std::ranges::reverse(list);
    return list;
}

std::optional<Entry> find(const ClusterStatus& status, const std::string& name) {
    const std::string low = config::to_lower(name);  // as the names of ha.cf are kept
    for (Entry& entry : entries(status))
        if (config::to_lower(entry.name) == low) return std::move(entry);
    return std::nullopt;
}

std::string list_links(const Entry& entry, bool human, bool verbose) {
    std::string text = human ? "\tthis node has the following heartbeat links:\n" : "";
    for (const Link& link : entry.links)
        text += verbose ? fmt::format("\t{}\t{}\n", link.name, link.status)
                        : fmt::format("\t{}\n", link.name);
    return text;
}

std::string list_nodes(const ClusterStatus& status, const Question& q) {
    // Both is as good as none, for Heartbeat.
    const bool all = q.only_nodes == q.only_pings;
    std::string text = q.human ? "The nodes are as follow:\n" : "";
    for (const Entry& entry : entries(status)) {
        if (!all && entry.ping != q.only_pings) continue;
        if (q.verbose)
            text +=
                fmt::format("\n{}\t{}\t(nodetype: {})\n", entry.name, entry.status, entry.type()) +
                list_links(entry, q.human, true);
        else
            text += entry.name + "\n";
    }
    return text;
}

Reply error(ClCode code, const std::string& what, const std::string& reason = {}) {
    std::string text = fmt::format("cl_status: ERROR: {}\n", what);
    if (!reason.empty()) text += fmt::format("cl_status: ERROR: REASON: {}\n", reason);
    return {code, {}, text};
}

Reply no_node() {
    return {ClCode::kParameter, {}, "Error. May be due to incorrect node name\n"};
}

Reply node_status(const Entry& entry, const Question& q) {
    const bool good = entry.status == "active" || entry.status == "up" || entry.status == "ping";
    return {good ? ClCode::kOk : ClCode::kFail,
            q.human ? fmt::format("The cluster node {} is {}\n", q.words[0], entry.status)
                    : entry.status + "\n",
            {}};
}

Reply link_status(const std::optional<Entry>& entry, const Question& q) {
    const std::string what = "Cannot get heartbeat link status";
    if (!entry) return error(ClCode::kUnknown, what, "no node is named " + q.words[0]);
    const auto link = std::ranges::find(entry->links, q.words[1], &Link::name);
    if (link == entry->links.end())
        return error(ClCode::kUnknown, what,
                     fmt::format("{} has no link {}", q.words[0], q.words[1]));
    return {link->status == "up" ? ClCode::kOk : ClCode::kFail,
            q.human ? fmt::format("The node {}'s heartbeat link {} is {}\n", q.words[0], q.words[1],
                                  link->status)
                    : link->status + "\n",
            {}};
}

bool starts_ipfail(const std::string& respawn) {
    std::size_t at = 0;
    while (at < respawn.size()) {
        const std::size_t end = std::min(respawn.find_first_of(" \t,", at), respawn.size());
        const std::string word = respawn.substr(at, end - at);
        if (word == "ipfail" || word.ends_with("/ipfail")) return true;
        at = end + 1;
    }
    return false;
}

// Of Heartbeat's clients only ipfail is here, wherever the suite runs and has its line. The others
// used an interface that is not offered: offline, as they truly are.
Reply client_status(const std::optional<Entry>& entry, const Question& q,
                    const std::optional<std::string>& respawn) {
    if (!entry)
        return error(ClCode::kUnknown,
                     fmt::format("Cannot get heartbeat client {}'s status", q.words[1]),
                     "no node is named " + q.words[0]);
    const bool online = q.words[1] == "ipfail" && !entry->ping && entry->status == "active" &&
                        respawn && starts_ipfail(*respawn);
    return {online ? ClCode::kOk : ClCode::kFail, online ? "online\n" : "offline\n", {}};
}

Reply parameter_value(const Question& q, const std::optional<std::string>& value) {
    if (!value)
        return error(ClCode::kFail, fmt::format("Cannot get parameter {}'s value", q.parameter),
                     "it is not given, and has no default");
    return {ClCode::kOk,
            q.human ? fmt::format("Heartbeat parameter {}'s value: {}\n", q.parameter, *value)
                    : *value + "\n",
            {}};
}

std::string running(const Question& q, const ClusterStatus& status, const std::string& version) {
    if (!q.verbose) return "Heartbeat is running on this machine.\n";
    std::string text = q.human
                           ? fmt::format(
                                 "Heartbeat version {}\n"
                                 "Resources controlled by \"haresources\"\n",
                                 version)
                           : fmt::format("version:\t{}\nmanaged by:\t\"haresources\"\n", version);
    return text + list_nodes(status, q);
}

}  // namespace

std::string needed_parameter(const Question& q) {
    if (q.command == "hbstatus" && q.verbose) return "hbversion";
    if (q.command == "clientstatus") return "respawn";
    if (q.command == "hbparameter") return q.parameter;
    return {};
}

Reply answer(const Question& q, const ClusterStatus& status,
             const std::optional<std::string>& parameter) {
    if (!q.wrong.empty()) return {ClCode::kParameter, {}, q.wrong + "\n"};
    if (q.command == "hbstatus")
        return {ClCode::kOk, running(q, status, parameter.value_or("unknown")), {}};
    if (q.command == "listnodes") return {ClCode::kOk, list_nodes(status, q), {}};
    if (q.command == "rscstatus") {
        const std::string word = holdings(status);
        return {ClCode::kOk,
                q.human ? fmt::format("This node is holding {} resources.\n", word) : word + "\n",
                {}};
    }
    if (q.command == "hbparameter") return parameter_value(q, parameter);

    const std::optional<Entry> entry = find(status, q.words[0]);
    if (q.command == "hblinkstatus") return link_status(entry, q);
    if (q.command == "clientstatus") return client_status(entry, q, parameter);
    if (q.command == "listhblinks") {
        if (!entry)
            return error(ClCode::kUnknown, "Cannot start heartbeat link interface walk.",
                         "no node is named " + q.words[0]);
        return {ClCode::kOk, list_links(*entry, q.human, q.verbose), {}};
    }
    if (!entry) return no_node();
    if (q.command == "nodestatus") return node_status(*entry, q);
    if (q.command == "nodetype")
        return {ClCode::kOk,
                q.human ? fmt::format("The node {}'s type: {}\n", q.words[0], entry->type())
                        : fmt::format("{}\n", entry->type()),
                {}};
    // Weight and site counted for a quorum server only: everybody has what Heartbeat gave
    // everybody.
    if (q.command == "nodeweight")
        return {ClCode::kOk,
                q.human ? fmt::format("The weight of the cluster node {} is 100\n", q.words[0])
                        : "100\n",
                {}};
    return {ClCode::kOk,
            q.human ? fmt::format("The site of the cluster node {} is \n", q.words[0]) : "\n",
            {}};
}

Reply answer(const Question& q, const control::Trouble& trouble) {
    const bool stopped = trouble.code == control::ExitCode::kNotRunning && !trouble.denied;
    if (q.command == "hbstatus" && (stopped || trouble.denied)) {
        std::string text = stopped
                               ? "Heartbeat is stopped on this machine.\n"
                               : "Heartbeat is apparently running on this machine, but refuses my "
                                 "connection\n";
        if (q.verbose) text += fmt::format("({})\n", trouble.text);
        return {stopped ? ClCode::kFail : ClCode::kOk, text, {}};
    }
    if (stopped || trouble.denied)
        return error(ClCode::kFail, "Cannot signon with heartbeat", trouble.text);
    return error(ClCode::kTimeout, "No answer in time", trouble.text);
}

std::string holdings(const ClusterStatus& status) {
    if (!status.view) return "transition";
    std::size_t here = 0, local = 0, local_here = 0;
    for (const GroupSummary& group : status.groups) {
        switch (group.state) {
            case GroupState::kUnknown:
            case GroupState::kStarting:
            case GroupState::kStopping:
                return "transition";
            case GroupState::kStopped:
                if (group.owner) return "transition";  // it is about to run there
                break;
            case GroupState::kRunning:
            case GroupState::kFailed:
                break;
        }
        const auto mine = group.by_node.find(status.self);
        // What could not be stopped is still held.
        const bool held = mine != group.by_node.end() && (mine->second == GroupState::kRunning ||
                                                          mine->second == GroupState::kFailed);
        const bool is_local = group.preferred == status.self;
        here += held;
        local += is_local;
        local_here += is_local && held;
    }
    if (here == 0) return "none";
    if (here == status.groups.size()) return "all";
    const std::size_t foreign = status.groups.size() - local;
    const std::size_t foreign_here = here - local_here;
    // One group can move alone, for which Heartbeat had no word: what is held entirely counts.
    if (local > 0 && local_here == local) return "local";
    if (foreign > 0 && foreign_here == foreign) return "foreign";
    return local_here > 0 ? "local" : "foreign";
}

}  // namespace hb::heartbeat
