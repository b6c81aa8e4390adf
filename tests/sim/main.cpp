// ha-sim: whole clusters in one process, by seed.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <vector>

#include "tests/sim/matrix.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/rules.hpp"
#include "tests/sim/scenario.hpp"

namespace {

using namespace hb::sim;

struct Arguments {
    std::uint64_t seed = 0;
    std::string seeds;
    std::size_t nodes = 0;
    unsigned jobs = 1;
    bool quiet = false;
    bool matrix = false;
    std::string drop;
    std::string profile;
    std::size_t links = 0;
    unsigned baud = 0;
    std::size_t stop_after = 10;
};

constexpr char kReloads[] = "reloads";  // a profile that is no rule's

RunOptions options_for(const Arguments& args, std::uint64_t seed) {
    RunOptions options;
    options.seed = seed;
    options.nodes = args.nodes;
    if (!args.drop.empty()) {
        const Rule* rule = find_rule(args.drop);
        options.profile = rule->profile();
        options.drop = rule->drop;
    }
    if (args.profile == kReloads)
        options.profile = profiles::reloads();
    else if (!args.profile.empty())
        options.profile = find_rule(args.profile)->profile();
    if (args.matrix) {
        options.profile = matrix_profile(seed);
        options.nodes = matrix_cell(seed).nodes;
    }
    if (args.links > 0) {
        // Beside the service network, and what travels are bytes: a slow line has to carry them.
        options.profile.adjust = [before = options.profile.adjust, links = args.links,
                                  baud = args.baud](ClusterConfig& c) {
            if (before) before(c);
            c.links = links;
            c.link_on_service = false;
            c.codecs = true;
            if (baud > 0) c.slow_baud = baud;
        };
    }
    return options;
}

std::string replay_command(const Arguments& args, std::uint64_t seed) {
    std::string command = fmt::format("ha-sim --seed {}", seed);
    if (args.matrix) {
        const Cell& cell = matrix_cell(seed);
        return command +
               fmt::format(" --matrix   ({}, {} nodes, {}, mended after {} % of deadtime)",
                           cell.fault, cell.nodes, to_string(cell.evidence), cell.healed_percent);
    }
    if (args.nodes > 0) command += fmt::format(" --nodes {}", args.nodes);
    if (!args.drop.empty()) command += " --drop " + args.drop;
    if (!args.profile.empty()) command += " --profile " + args.profile;
    if (args.links > 0) command += fmt::format(" --links {}", args.links);
    if (args.baud > 0) command += fmt::format(" --baud {}", args.baud);
    return command;
}

// An assertion of a core names no seed: this does.
std::uint64_t current_seed = 0;
void on_abort(int) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, "in seed %llu\n",
                                     static_cast<unsigned long long>(current_seed));
    (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(length));
}

int run_one(const Arguments& args, std::uint64_t seed) {
    RunOptions options = options_for(args, seed);
    current_seed = seed;
    if (!args.quiet)
        options.trace = [](std::string_view line) {
            std::fwrite(line.data(), 1, line.size(), stdout);
            std::fputc('\n', stdout);
        };
    const RunResult result = run_seed(options);
    if (!result.violation) {
        fmt::print("seed {}: no violation in {} steps, {:.1f} s of virtual time\n", seed,
                   result.steps, std::chrono::duration<double>(result.length).count());
        return 0;
    }
    fmt::print("seed {}: VIOLATED {}: {} (at {:.6f} s)\n", seed, result.violation->property,
               result.violation->detail,
               std::chrono::duration<double>(result.violation->when).count());
    if (args.quiet) fmt::print("  replay: {}\n", replay_command(args, seed));
    return 1;
}

int run_range(const Arguments& args, std::uint64_t first, std::uint64_t last, unsigned job) {
    std::size_t failures = 0;
    std::uint64_t runs = 0;
    double virtual_seconds = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = first + job; seed <= last; seed += args.jobs) {
        current_seed = seed;
        const RunResult result = run_seed(options_for(args, seed));
        runs++;
        virtual_seconds += std::chrono::duration<double>(result.length).count();
        if (!result.violation) continue;
        failures++;
        fmt::print("seed {}: VIOLATED {}: {}\n  replay: {}\n", seed, result.violation->property,
                   result.violation->detail, replay_command(args, seed));
        std::fflush(stdout);
        if (failures >= args.stop_after) break;
    }
    const std::chrono::duration<double> real = std::chrono::steady_clock::now() - begin;
    fmt::print("{} seeds, {} failed, {:.0f} s of virtual time in {:.1f} s ({:.0f} seeds/s)\n", runs,
               failures, virtual_seconds, real.count(), static_cast<double>(runs) / real.count());
    return failures > 0 ? 1 : 0;
}

int run_many(const Arguments& args) {
    const auto dots = args.seeds.find("..");
    const std::uint64_t first = std::stoull(args.seeds.substr(0, dots));
    const std::uint64_t last =
        dots == std::string::npos ? first : std::stoull(args.seeds.substr(dots + 2));
    if (args.jobs <= 1) return run_range(args, first, last, 0);
    std::vector<pid_t> children;
    std::fflush(stdout);
    for (unsigned job = 0; job < args.jobs; job++) {
        const pid_t child = fork();
        if (child == 0) {
            const int code = run_range(args, first, last, job);
            std::fflush(stdout);
            _exit(code);
        }
        children.push_back(child);
    }
    int worst = 0;
    for (pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 2);
    }
    return worst;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Whole clusters under a simulated clock, network and kernel. The same seed replays "
        "exactly."};
    Arguments args;
    app.add_option("--seed", args.seed, "run one seed, one line per event");
    app.add_option("--seeds", args.seeds, "run many: A..B; prints those that fail");
    app.add_option("--nodes", args.nodes, "number of nodes (the seed chooses otherwise)")
        ->check(CLI::Range(2, 8));
    app.add_option("--jobs", args.jobs, "processes for --seeds")->check(CLI::Range(1, 64));
    app.add_flag(
        "--matrix", args.matrix,
        fmt::format("the seed chooses one of the {} cells of the matrix of faults",
                    matrix_cells(2).size() + matrix_cells(3).size() + matrix_cells(5).size()));
    app.add_flag("--quiet", args.quiet, "with --seed: only how it ended");
    app.add_option("--stop-after", args.stop_after, "give up after this many failing seeds");
    std::vector<std::string> names;
    for (const Rule& rule : rules())
        names.push_back(rule.name);
    app.add_option("--drop", args.drop, "drop a rule of docs/protocol.md, under its own faults")
        ->check(CLI::IsMember(names));
    names.push_back(kReloads);
    app.add_option("--profile", args.profile,
                   "the faults of a rule, without dropping it; or reloads of the configuration")
        ->check(CLI::IsMember(names));
    CLI::Option* links =
        app.add_option("--links", args.links, "links of their own, with the bytes of the codecs")
            ->check(CLI::Range(1, 2));
    app.add_option("--baud", args.baud, "the last of --links is a serial line of this speed")
        ->needs(links);
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGABRT, on_abort);
    if (!args.seeds.empty()) return run_many(args);
    return run_one(args, args.seed);
}
