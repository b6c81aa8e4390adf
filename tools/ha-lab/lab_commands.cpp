#include "tools/ha-lab/lab_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace hb::lab {
namespace {

Cable cable_named(const std::string& name) {
    if (name == "eth0") return Cable::kService;
    if (name == "eth1") return Cable::kHeartbeat;
    throw LabError(name + ": a node has eth0 (service) and eth1 (heartbeat)");
}

Answer said(std::string text) {
    return {0, std::move(text), 0, {}};
}

}  // namespace

Answer LabCommands::run(const std::vector<std::string>& words) {
    try {
        return dispatch(words);
    } catch (const std::out_of_range&) {
        return {2, "a word is missing (try --help)\n", 0, {}};
    } catch (const std::exception& e) {
        return {1, fmt::format("{}\n", e.what()), 0, {}};
    }
}

Node& LabCommands::node_named(const std::string& name) {
    unsigned number = 0;
    if (std::sscanf(name.c_str(), "node%u", &number) != 1 || number < 1 || number > lab_.size())
        throw LabError(fmt::format("{}: the nodes are node1 to node{}", name, lab_.size()));
    return lab_.node(number);
}

Answer LabCommands::dispatch(const std::vector<std::string>& words) {
    const std::string& verb = words.at(0);
    if (verb == "down") {
        over_ = true;
        return said("the lab is gone\n");
    }
    if (verb == "status") return status();
    if (verb == "log") return log(std::stoul(words.at(1)));
    if (verb == "enter") return enter(words.at(1));
    if (verb == "heal") {
        lab_.heal();
        return said("the networks are whole\n");
    }
    if (verb == "split") {
        std::vector<unsigned> rest;
        Node& alone = node_named(words.at(1));
        for (unsigned n = 1; n <= lab_.size(); ++n)
            if (n != alone.number()) rest.push_back(n);
        lab_.split({alone.number()}, rest);
        return said(alone.name() + " and the others do not hear each other\n");
    }

    Node& node = node_named(words.at(1));
    const std::string& name = node.name();
    if (verb == "pull") {
        const bool keep = words.size() > 3 && words[3] == "--keep-carrier";
        node.pull(cable_named(words.at(2)), keep ? Carrier::kKept : Carrier::kLost);
    } else if (verb == "plug") {
        node.plug(cable_named(words.at(2)));
    } else if (verb == "firewall") {
        firewall(node, words.at(2));
    } else if (verb == "loss") {
        node.lose_packets(cable_named(words.at(2)), static_cast<unsigned>(std::stoul(words.at(3))));
    } else if (verb == "power-off") {
        node.power_off();
    } else if (verb == "boot") {
        node.boot();
        cluster_.start(node.number());
    } else if (verb == "start") {
        if (cluster_.is_running(node.number())) throw LabError("the suite runs on " + name);
        cluster_.start(node.number());
    } else if (verb == "stop") {
        cluster_.stop(node.number());
    } else if (verb == "freeze") {
        node.freeze();
    } else if (verb == "thaw") {
        node.thaw();
    } else if (verb == "kill") {
        const bool all = words.size() < 3;
        if (all)
            node.kill_all();
        else if (node.kill(words[2]) == 0)
            throw LabError(fmt::format("no {} runs on {}", words[2], name));
    } else {
        throw LabError(verb + ": unknown command");
    }
    return said(fmt::format("{}: {} done\n", name, verb));
}

void LabCommands::firewall(Node& node, const std::string& what) {
    if (what == "in")
        node.block_heartbeats(Direction::kIn);
    else if (what == "out")
        node.block_heartbeats(Direction::kOut);
    else if (what == "both")
        node.block_heartbeats(Direction::kBoth);
    else if (what == "open")
        node.open_firewall();
    else
        throw LabError(what + ": in, out, both or open");
}

Answer LabCommands::status() {
    std::string text;
    for (unsigned n = 1; n <= lab_.size(); ++n) {
        const Node& node = lab_.node(n);
        const char* suite = !node.is_on()            ? "off"
                            : cluster_.is_running(n) ? "on, suite running"
                                                     : "on, suite stopped";
        text += fmt::format("{}  {:<18}", node.name(), suite);
        for (const Cable cable : {Cable::kService, Cable::kHeartbeat})
            text += fmt::format("  {} {}{}", interface_name(cable), node.address(cable),
                                node.is_pulled(cable) ? " (pulled)" : "");
        text += '\n';
    }
    for (const std::string& address : cluster_.addresses()) {
        std::string holders;
        for (const unsigned n : lab_.addresses().holders(address))
            holders += fmt::format(" node{}", n);
        text += fmt::format("{} is on:{}\n", address, holders.empty() ? " no node" : holders);
    }
    for (unsigned n = 1; n <= lab_.size(); ++n) {
        if (!cluster_.is_running(n)) continue;
        const CommandResult result = cluster_.hactl(n, {"status"});
        text += fmt::format("--- hactl status on node{}\n{}{}", n, result.out, result.err);
        break;
    }
    return said(std::move(text));
}

Answer LabCommands::log(std::size_t at_most) {
    return said(lab_.log().text(0, at_most));
}

Answer LabCommands::enter(const std::string& where) {
    Answer answer;
    const auto by_fd = [&](const NetNamespace& network) {
        answer.enter_fd = fmt::format("/proc/{}/fd/{}", ::getpid(), network.fd());
    };
    if (where == "client")
        by_fd(lab_.client());
    else if (where == "router")
        by_fd(lab_.router());
    else if (where == "far")
        by_fd(lab_.far());
    else if (where == "switch")
        by_fd(lab_.switch_network());
    else
        answer.enter_pid = node_named(where).init_pid();
    return answer;
}

}  // namespace hb::lab
