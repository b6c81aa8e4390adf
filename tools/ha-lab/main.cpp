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
    if (answer.exit_code != 0) throw LabError(answer.text);
    return enter_and_run(answer, a.command);
}

int list_scenarios() {
    for (const Scenario& s : scenarios())
        fmt::print("{:<14} {}\n", s.name, s.what);
    return 0;
}

using Action = std::function<int()>;

CLI::App* command(CLI::App& app, const std::string& name, const std::string& what, Action& chosen,
                  Action act) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->callback([&chosen, act = std::move(act)] { chosen = act; });
    return sub;
}

void add_lab_commands(CLI::App& app, Arguments& a, Action& chosen) {
    auto* up_command = command(app, "up", "make a lab and start the suite on its nodes", chosen,
                               [&a] { return up(a); });
    up_command->add_option("--nodes", a.nodes, "how many nodes")->check(CLI::Range(1, 9));
    up_command->add_option("--config-dir", a.config_dir, "take ha.cf, haresources, authkeys there");
    up_command->add_flag("--no-start", a.no_start, "only boot the nodes");

    command(app, "down", "end the lab and everything in it", chosen,
            [&a] { return ask(a, {"down"}); });
    command(app, "status", "nodes, addresses, and what the suite says", chosen,
            [&a] { return ask(a, {"status"}); });
    command(app, "log", "what the nodes said", chosen, [&a] {
        return ask(a, {"log", std::to_string(a.lines)});
    })->add_option("-n", a.lines, "the last so many lines");
    CLI::App* exec_command =
        command(app, "exec", "run a command (a shell) in node1 ..., client, router, far, switch",
                chosen, [&a] { return exec(a); });
    exec_command->add_option("where", a.node)->required();
    exec_command->footer(
        "What follows is the command with its own options: exec node1 ip -br addr");
    command(app, "heal", "undo split", chosen, [&a] { return ask(a, {"heal"}); });
}

void add_node_commands(CLI::App& app, Arguments& a, Action& chosen) {
    const auto with_node = [&](const std::string& name, const std::string& what, Action act) {
        CLI::App* sub = command(app, name, what, chosen, std::move(act));
        sub->add_option("node", a.node)->required();
        return sub;
    };
    for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
             {"power-off", "both cables dead, everything killed"},
             {"boot", "switch it on and start the suite"},
             {"start", "start the suite"},
             {"stop", "stop the suite in order"},
             {"freeze", "stop every process; the kernel goes on"},
             {"thaw", "let them go on"},
             {"split", "this node and the others do not hear each other"}})
        with_node(name, what, [&a, name = name] { return ask(a, {name, a.node}); });

    auto* pull = with_node("pull", "pull a cable: eth0 (service) or eth1 (heartbeat)", [&a] {
        return ask(a, {"pull", a.node, a.word, a.keep_carrier ? "--keep-carrier" : ""});
    });
    pull->add_option("cable", a.word)->required();
    pull->add_flag("--keep-carrier", a.keep_carrier, "the interface does not notice");
    with_node("plug", "plug it in again", [&a] { return ask(a, {"plug", a.node, a.word}); })
        ->add_option("cable", a.word)
        ->required();
    with_node("firewall", "drop udp/694: in, out, both, open",
              [&a] { return ask(a, {"firewall", a.node, a.word}); })
        ->add_option("direction", a.word)
        ->required();
    auto* loss = with_node("loss", "lose a share of what comes in on a cable", [&a] {
        return ask(a, {"loss", a.node, a.word, std::to_string(a.percent)});
    });
    loss->add_option("cable", a.word)->required();
    loss->add_option("percent", a.percent)->required()->check(CLI::Range(0, 100));
    with_node("kill", "SIGKILL to a daemon by name, or to all processes", [&a] {
        std::vector<std::string> words = {"kill", a.node};
        if (!a.word.empty()) words.push_back(a.word);
        return ask(a, words);
    })->add_option("process", a.word);
}

void add_measuring_commands(CLI::App& app, Arguments& a, Action& chosen) {
    auto* bench = command(app, "bench", "measure what a client misses; a table of medians", chosen,
                          [&a] { return run_bench(a.bench); });
    bench->add_option("--runs", a.bench.runs, "of each measurement")->check(CLI::Range(1, 10000));
    bench->add_option("--json", a.bench.json_file, "write all values there");
    bench->add_option("--only", a.bench.only, "those whose name contains this");
    auto* scenario = command(app, "scenario", "tell a story (no name: list them)", chosen, [&a] {
        return a.scenario.empty() ? list_scenarios() : tell_scenario(a.scenario, configuration(a));
    });
    scenario->add_option("name", a.scenario);
    scenario->add_option("--config-dir", a.config_dir, "take ha.cf, haresources, authkeys there");
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
    app.add_option("--name", a.name, "which lab, when there are several");
    add_lab_commands(app, a, chosen);
    add_node_commands(app, a, chosen);
    add_measuring_commands(app, a, chosen);
    try {
        app.parse(words);
    } catch (const CLI::ParseError& e) {
        return app.exit(e);
    }
    try {
        if (const std::string why = Lab::cannot_run(); !why.empty()) throw LabError(why);
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
