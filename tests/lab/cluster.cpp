#include "tests/lab/cluster.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace hb::lab {
namespace {

// Between two looks at what is waited for.
constexpr Duration kRest = 3ms;

// The address words of a haresources line.
std::vector<std::string> addresses_of(const std::string& resources) {
    std::vector<std::string> found;
    std::size_t at = 0;
    while (at < resources.size()) {
        const std::size_t end = std::min(resources.find(' ', at), resources.size());
        std::string word = resources.substr(at, end - at);
        at = end + 1;
        for (const char* prefix : {"IPaddr::", "IPaddr2::"})
            if (word.starts_with(prefix)) word.erase(0, std::string(prefix).size());
        const bool v6 = word.starts_with("IPv6addr::");
        if (v6) word.erase(0, std::string("IPv6addr::").size());
        if (v6 || (!word.empty() && word.front() >= '0' && word.front() <= '9'))
            found.push_back(word.substr(0, word.find('/')));
    }
    return found;
}

std::string read_whole(const std::string& path) {
    std::ifstream in(path);
    if (!in) throw LabError(path + ": cannot read");
    std::ostringstream all;
    all << in.rdbuf();
    return std::move(all).str();
}

// The words of each line that has some. What they mean is for the suite's own parser to say.
std::vector<std::vector<std::string>> lines_of_words(std::string text) {
    for (std::size_t at = 0; (at = text.find("\\\n", at)) != std::string::npos;)
        text.replace(at, 2, "  ");
    std::vector<std::vector<std::string>> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream in(line.substr(0, line.find('#')));
        std::vector<std::string> words;
        for (std::string word; in >> word;)
            words.push_back(std::move(word));
        if (!words.empty()) all.push_back(std::move(words));
    }
    return all;
}

}  // namespace

ClusterConfig ClusterConfig::from_directory(const std::string& directory) {
    ClusterConfig config;
    config.ha_cf_text = read_whole(directory + "/ha.cf");
    config.haresources_text = read_whole(directory + "/haresources");
    if (std::ifstream(directory + "/authkeys"))
        config.authkeys = read_whole(directory + "/authkeys");
    else
        config.authkeys = "auth 1\n1 hmac-sha256 a-key-of-the-lab\n";
    config.nodes = 0;
    for (const auto& words : lines_of_words(*config.ha_cf_text))
        if (words[0] == "node") config.nodes += static_cast<unsigned>(words.size() - 1);
    config.groups.clear();
    for (const auto& words : lines_of_words(*config.haresources_text)) {
        Group group;
        if (std::sscanf(words[0].c_str(), "node%u", &group.preferred) != 1)
            throw LabError(words[0] + " in haresources: the lab's nodes are node1, node2, ...");
        group.resources = fmt::format("{}", fmt::join(words.begin() + 1, words.end(), " "));
        config.groups.push_back(std::move(group));
    }
    return config;
}

std::string ClusterConfig::ha_cf() const {
    if (ha_cf_text) return *ha_cf_text;
    std::string text = "node";
    for (unsigned n = 1; n <= nodes; ++n)
        text += fmt::format(" node{}", n);
    text += fmt::format("\nkeepalive {}\ndeadtime {}\ninitdead {}\nauto_failback {}\n", keepalive,
                        deadtime, initdead, auto_failback);
    for (const std::string& line : media)
        text += line + "\n";
    for (const std::string& line : more)
        text += line + "\n";
    return text;
}

std::string ClusterConfig::haresources() const {
    if (haresources_text) return *haresources_text;
    std::string text;
    for (const Group& group : groups)
        text += fmt::format("node{} {}\n", group.preferred, group.resources);
    return text;
}

Cluster::Cluster(Lab& lab, ClusterConfig config) : lab_(lab), config_(std::move(config)) {
    for (unsigned n = 1; n <= config_.nodes; ++n)
        write_config(n);
    lab_.boot_all();
}

void Cluster::write_config(unsigned n) {
    node(n).write_file("/etc/ha.d/ha.cf", config_.ha_cf());
    node(n).write_file("/etc/ha.d/haresources", config_.haresources());
    node(n).write_file("/etc/ha.d/authkeys", config_.authkeys, 0600);
}

void Cluster::start(unsigned n) {
    masters_[n] = node(n).spawn({"/media/libexec/hb-master", "--config-dir", "/etc/ha.d",
                                 "--state-dir", "/var/lib/ha-suite", "--run-dir", "/run/ha-suite",
                                 "--libexec-dir", "/media/libexec", "--log", "stderr"},
                                "hb-master", config_.master_environment);
}

void Cluster::start_all() {
    for (unsigned n = 1; n <= config_.nodes; ++n)
        if (!is_running(n)) start(n);
}

int Cluster::stop(unsigned n) {
    const Process& process = master(n);
    node(n).signal(process, SIGTERM);
    wait(fmt::format("the suite on node{} has ended", n), [&] { return process.has_ended(); });
    return process.exit_code().value_or(-1);
}

bool Cluster::is_running(unsigned n) const {
    const auto found = masters_.find(n);
    return found != masters_.end() && !found->second->has_ended();
}

const Process& Cluster::master(unsigned n) const {
    const auto found = masters_.find(n);
    if (found == masters_.end()) throw LabError(fmt::format("node{} was never started", n));
    return *found->second;
}

CommandResult Cluster::hactl(unsigned n, Argv arguments) {
    arguments.insert(arguments.begin(), "/media/bin/hactl");
    return node(n).run(arguments);
}

std::optional<nlohmann::json> Cluster::status(unsigned n) {
    if (!node(n).is_on()) return std::nullopt;
    const CommandResult result = hactl(n, {"status", "--json"});
    if (result.exit_code != 0) return std::nullopt;
    nlohmann::json parsed = nlohmann::json::parse(result.out, nullptr, false);
    if (parsed.is_discarded()) return std::nullopt;
    return parsed;
}

std::string Cluster::node_status(unsigned asked, unsigned about) {
    const std::optional<nlohmann::json> all = status(asked);
    if (!all) return {};
    for (const auto& entry : all->at("nodes"))
        if (entry.at("name") == fmt::format("node{}", about)) return entry.at("status");
    return {};
}

nlohmann::json Cluster::group(unsigned asked, const std::string& name) {
    const std::optional<nlohmann::json> all = status(asked);
    if (!all) return nullptr;
    for (const auto& entry : all->at("groups"))
        if (entry.at("name") == name) return entry;
    return nullptr;
}

void Cluster::wait(const std::string& what, const std::function<bool()>& holds, Duration at_most) {
    if (lab_.wakeup().wait(at_most, holds, 50ms, kRest)) return;
    throw WaitError(fmt::format("not within {:.0f} s: {}", to_ms(at_most) / 1000, what));
}

void Cluster::wait_owner(unsigned n, const std::string& address) {
    wait(fmt::format("node{} alone has {}", n, address),
         [&] { return lab_.addresses().holders(address) == std::set<unsigned>{n}; });
}

void Cluster::wait_all_active() {
    wait("all nodes that run are active, for each other", [&] {
        for (unsigned asked = 1; asked <= config_.nodes; ++asked) {
            if (!is_running(asked)) continue;
            for (unsigned about = 1; about <= config_.nodes; ++about)
                if (is_running(about) && node_status(asked, about) != "active") return false;
        }
        return true;
    });
}

void Cluster::wait_settled() {
    for (const auto& [n, process] : masters_)
        if (const std::optional<int> code = process->exit_code(); code && node(n).is_on())
            throw WaitError(fmt::format("the suite on node{} ended with exit code {}", n, *code));
    wait_all_active();
    for (const ClusterConfig::Group& group : config_.groups)
        for (const std::string& address : addresses_of(group.resources))
            wait_owner(group.preferred, address);
}

LogLine Cluster::wait_log(unsigned n, const std::string& text, std::size_t mark) {
    std::optional<LogLine> line;
    wait(fmt::format("node{} logs \"{}\"", n, text), [&] {
        line = lab_.log().find(node(n).name(), text, mark);
        return line.has_value();
    });
    return *line;
}

std::vector<std::string> Cluster::addresses() const {
    std::vector<std::string> all;
    for (const ClusterConfig::Group& group : config_.groups)
        for (std::string& address : addresses_of(group.resources))
            all.push_back(std::move(address));
    return all;
}

std::string Cluster::story() {
    std::string told =
        "--- ha.cf\n" + config_.ha_cf() + "--- haresources\n" + config_.haresources();
    told += "--- log\n" + lab_.log().text();
    for (const std::string& address : addresses())
        told += fmt::format("--- {}\n{}", address, lab_.addresses().text(address));
    for (unsigned n = 1; n <= config_.nodes; ++n) {
        told += fmt::format("--- node{}\n", n);
        if (!node(n).is_on()) {
            told += "off\n";
            continue;
        }
        try {
            for (const RunningProcess& p : node(n).processes())
                told += fmt::format("{:5} {:5} {} {}\n", p.pid, p.parent, p.state, p.name);
            const CommandResult result = node(n).run({"/media/bin/hactl", "status"}, 5s);
            told += result.out + result.err;
        } catch (const LabError& e) {
            told += fmt::format("{}\n", e.what());
        }
    }
    return told;
}

}  // namespace hb::lab
