// ha-lab: a cluster to break, on this machine. See `ha-lab --help` and tests/lab/lab.hpp.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/ha-lab/bench.hpp"
#include "tools/ha-lab/enter.hpp"
#include "tools/ha-lab/lab_server.hpp"
#include "tools/ha-lab/scenarios.hpp"

namespace hb::lab {
namespace {

struct Arguments {
    std::string name = "lab";
    unsigned nodes = 2;
    std::string config_dir;
    bool no_start = false;
    std::string node;
    std::string word;
    bool keep_carrier = false;
    unsigned percent = 0;
    unsigned lines = 100;
    std::vector<std::string> command;
    BenchOptions bench;
    std::string scenario;
};

ClusterConfig configuration(const Arguments& a) {
    ClusterConfig config;
    config.nodes = a.nodes;
    if (!a.config_dir.empty()) config = ClusterConfig::from_directory(a.config_dir);
    return config;
}

int ask(const Arguments& a, const std::vector<std::string>& words) {
    const Answer answer = ask_server(a.name, words);
    fmt::print(answer.exit_code == 0 ? stdout : stderr, "{}", answer.text);
    return answer.exit_code;
}

int up(const Arguments& a) {
    const ClusterConfig config = configuration(a);
    start_server(a.name, config, !a.no_start);
    fmt::print(
        "{} nodes are up. Try: ha-lab status; ha-lab exec node1; ha-lab power-off node1; "
        "ha-lab log; ha-lab down\n",
        config.nodes);
    return 0;
}

int exec(const Arguments& a) {
    const Answer answer = ask_server(a.name, {"enter", a.node});
    if (answer.exit_code != 0) {
        fmt::print(stderr, "{}", answer.text);
        return answer.exit_code;
    }
    return enter_and_run(answer, a.command);
}

int list_scenarios() {
    for (const Scenario& s : scenarios())
        fmt::print("{:<14} {}\n", s.name, s.what);
    return 0;
}

using Action = std::function<int()>;

constexpr const char* kLabGroup = "The lab";
constexpr const char* kSuiteGroup = "The suite on a node";
constexpr const char* kBreakGroup = "What can go wrong";
constexpr const char* kMeasureGroup = "Figures and stories";

// What a test harness takes for "skipped": this machine, or this user, cannot make a lab.
constexpr int kCannotRun = 77;

constexpr const char* kExamples =
    "Example:\n"
    "  ha-lab up                          two nodes, 10.77.0.100 on node1\n"
    "  ha-lab status\n"
    "  ha-lab exec node1 hactl status     or without a command: a shell on node1\n"
    "  ha-lab exec client ping 10.77.0.100\n"
    "  ha-lab power-off node1             node2 takes the address\n"
    "  ha-lab log                         why, in the nodes' own words\n"
    "  ha-lab boot node1\n"
    "  ha-lab down\n\n"
    "Everything is in namespaces of the lab: the machine's own network is not touched, and nothing "
    "is left\nwhen the lab ends, however it ends.";

CLI::App* command(CLI::App& app, const char* group, const std::string& name,
                  const std::string& what, Action& chosen, Action act) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->group(group);
    sub->callback([&chosen, act = std::move(act)] { chosen = act; });
    return sub;
}

void add_lab_commands(CLI::App& app, Arguments& a, Action& chosen) {
    auto* up_command = command(app, kLabGroup, "up", "make a lab and start the suite on its nodes",
                               chosen, [&a] { return up(a); });
    up_command->add_option("--nodes", a.nodes, "how many")
        ->check(CLI::Range(1, 9))
        ->type_name("1..9")
        ->capture_default_str();
    up_command->add_option("--config-dir", a.config_dir, "take ha.cf, haresources, authkeys there")
        ->type_name("DIR");
    up_command->add_flag("--no-start", a.no_start, "only boot the nodes");

    command(app, kLabGroup, "down", "end the lab and everything in it", chosen,
            [&a] { return ask(a, {"down"}); });
    command(app, kLabGroup, "status", "nodes, addresses, and what the suite says", chosen,
            [&a] { return ask(a, {"status"}); });
    command(app, kLabGroup, "log", "what the nodes said", chosen,
            [&a] {
                return ask(a, {"log", std::to_string(a.lines)});
            })
        ->add_option("-n", a.lines, "the last so many lines")
        ->type_name("LINES")
        ->capture_default_str();
    CLI::App* exec_command =
        command(app, kLabGroup, "exec", "run a command, or a shell, on a node or beside them",
                chosen, [&a] { return exec(a); });
    exec_command
        ->add_option("where", a.node,
                     "node1, node2, ...; client: on the service network; router; far: a client "
                     "behind it; switch: both networks' bridges")
        ->required()
        ->type_name("");
    exec_command->footer(
        "What follows is the command, with its own options:\n"
        "  ha-lab exec node1 ip -br addr");
}

// A command about one node; more arguments are the caller's to add.
CLI::App* node_command(CLI::App& app, Arguments& a, Action& chosen, const char* group,
                       const std::string& name, const std::string& what, Action act) {
    CLI::App* sub = command(app, group, name, what, chosen, std::move(act));
    sub->add_option("node", a.node, "node1, node2, ...")->required()->type_name("");
    return sub;
}

void add_suite_commands(CLI::App& app, Arguments& a, Action& chosen) {
    for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
             {"start", "start the suite"}, {"stop", "stop it in order"}})
        node_command(app, a, chosen, kSuiteGroup, name, what, [&a, name = name] {
            return ask(a, {name, a.node});
        });
    node_command(app, a, chosen, kSuiteGroup, "kill", "SIGKILL to one daemon, or to all processes",
                 [&a] {
                     std::vector<std::string> words = {"kill", a.node};
                     if (!a.word.empty()) words.push_back(a.word);
                     return ask(a, words);
                 })
        ->add_option("process", a.word, "hb-comm, ...; all when left out")
        ->type_name("");
}

void add_breaking_commands(CLI::App& app, Arguments& a, Action& chosen) {
    const auto with_node = [&](const std::string& name, const std::string& what, Action act) {
        return node_command(app, a, chosen, kBreakGroup, name, what, std::move(act));
    };
    const auto with_cable = [&](CLI::App* sub) {
        sub->add_option("cable", a.word, "eth0 (service) or eth1 (heartbeat)")
            ->required()
            ->type_name("");
        return sub;
    };
    for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
             {"power-off", "both cables dead, everything killed"},
             {"boot", "switch it on again and start the suite"},
             {"freeze", "stop every process; the kernel goes on"},
             {"thaw", "let them go on"},
             {"split", "this node and the others do not hear each other"}})
        with_node(name, what, [&a, name = name] { return ask(a, {name, a.node}); });
    command(app, kBreakGroup, "heal", "undo split", chosen, [&a] { return ask(a, {"heal"}); });

    with_cable(with_node("pull", "pull a cable", [&a] {
        return ask(a, {"pull", a.node, a.word, a.keep_carrier ? "--keep-carrier" : ""});
    }))->add_flag("--keep-carrier", a.keep_carrier, "the interface does not notice");
    with_cable(with_node("plug", "plug it in again", [&a] {
        return ask(a, {"plug", a.node, a.word});
    }));
    with_node("firewall", "drop heartbeats, udp/694; or let everything through again",
              [&a] {
                  return ask(a, {"firewall", a.node, a.word});
              })
        ->add_option("what", a.word, "in, out, both: drop these; open: drop none, lose none")
        ->required()
        ->type_name("");
    with_cable(with_node("loss", "lose a share of what comes in on a cable",
                         [&a] {
                             return ask(a, {"loss", a.node, a.word, std::to_string(a.percent)});
                         }))
        ->add_option("percent", a.percent, "0 to 100; firewall open ends it")
        ->required()
        ->check(CLI::Range(0, 100))
        ->type_name("");
}

void add_measuring_commands(CLI::App& app, Arguments& a, Action& chosen) {
    auto* bench =
        command(app, kMeasureGroup, "bench", "measure what a client misses; a table of medians",
                chosen, [&a] { return run_bench(a.bench); });
    bench->add_option("--runs", a.bench.runs, "of each measurement")
        ->check(CLI::Range(1, 10000))
        ->type_name("N")
        ->capture_default_str();
    bench->add_option("--json", a.bench.json_file, "write all values there")->type_name("FILE");
    bench->add_option("--only", a.bench.only, "those whose name contains one of these")
        ->type_name("TEXT");
    bench->add_option("--without", a.bench.without, "but none whose name contains one of these")
        ->type_name("TEXT");
    auto* scenario = command(app, kMeasureGroup, "scenario",
                             "tell a story, and judge it (no name: list them)", chosen, [&a] {
                                 return a.scenario.empty()
                                            ? list_scenarios()
                                            : tell_scenario(a.scenario, configuration(a));
                             });
    scenario->add_option("name", a.scenario, "none: list them")->type_name("");
    scenario->footer(
        "Exit code 1: two hosts had the address, an outage was longer than promised, or a line of "
        "the log\nthat tells why did not come.");
    scenario->add_option("--config-dir", a.config_dir, "take ha.cf, haresources, authkeys there")
        ->type_name("DIR");
}

// What follows `exec WHERE` is somebody else's command line: it is kept from our parser.
std::vector<std::string> split_command(std::vector<std::string>& words) {
    const auto exec = std::find(words.begin(), words.end(), "exec");
    if (words.end() - exec < 3 || exec[1].starts_with("-")) return {};
    auto from = exec + 2;
    if (*from == "--") from = words.erase(from);
    std::vector<std::string> command(from, words.end());
    words.erase(from, words.end());
    return command;
}

int run(int argc, char** argv) {
    Arguments a;
    std::vector<std::string> words(argv + 1, argv + argc);
    a.command = split_command(words);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    Action chosen;
    CLI::App app{"A cluster to break: nodes, networks and cables on this machine. Needs root.",
                 "ha-lab"};
    app.require_subcommand(1);
    app.add_option("--name", a.name, "which lab, when there are several")
        ->type_name("LAB")
        ->capture_default_str();
    add_lab_commands(app, a, chosen);
    add_suite_commands(app, a, chosen);
    add_breaking_commands(app, a, chosen);
    add_measuring_commands(app, a, chosen);
    app.footer(kExamples);  // last: a subcommand is made with the footer of that moment
    try {
        app.parse(words);
    } catch (const CLI::ParseError& e) {
        return app.exit(e);
    }
    try {
        if (const std::string why = Lab::cannot_run(); !why.empty()) {
            fmt::print(stderr, "ha-lab: {}\n", why);
            return kCannotRun;
        }
        return chosen();
    } catch (const std::exception& e) {
        fmt::print(stderr, "ha-lab: {}\n", e.what());
        return 1;
    }
}

}  // namespace
}  // namespace hb::lab

int main(int argc, char** argv) {
    return hb::lab::run(argc, argv);
}
