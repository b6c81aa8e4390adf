// hb-master: starts the suite's daemons, gives them their channels, respawns what dies, ends it all
// in order. Root; reads the configuration, never a byte from a network.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "common/base/version.hpp"
#include "common/runtime/privileges.hpp"
#include "daemons/hb-master/generation_store.hpp"
#include "daemons/hb-master/shell.hpp"
#include "daemons/hb-master/start.hpp"

namespace {

using namespace hb;

std::string absolute_directory(const std::string& given) {
    const std::string path = std::filesystem::absolute(given).lexically_normal();
    return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

master::Options parse(int argc, char** argv, bool& keep_generations) {
    CLI::App app("hb-master of ha-suite: runs in the foreground, for systemd or by hand.");
    app.set_version_flag("--version", fmt::format("hb-master {}", kVersion));
    master::Options options{.config_dir = kConfigDir,
                            .state_dir = kStateDir,
                            .run_dir = kRunDir,
                            .libexec_dir = kLibexecDir,
                            .node = {}};
    std::string target = "stderr";
    bool no_realtime = false;
    app.add_option("--config-dir", options.config_dir, "ha.cf, haresources, authkeys")
        ->capture_default_str();
    app.add_option("--state-dir", options.state_dir, "what is kept across restarts")
        ->capture_default_str();
    app.add_option("--run-dir", options.run_dir, "locks and the control socket")
        ->capture_default_str();
    app.add_option("--libexec-dir", options.libexec_dir, "where the daemons' programs are")
        ->capture_default_str();
    app.add_option("--log", target, "stderr or journal")
        ->check(CLI::IsMember({"stderr", "journal"}))
        ->capture_default_str();
    app.add_option("--node", options.node, "name of this node (else nodeinfo, or uname -n)");
    app.add_flag("--no-realtime", no_realtime, "no real-time priority, no locked memory");
    // Only for hb-master itself.
    app.add_flag("--keep-generations", keep_generations)->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        std::exit(app.exit(end) == 0 ? 0 : master::kExitUsage);
    }
    options.log = target == "journal" ? log::Target::kJournal : log::Target::kStderr;
    options.realtime = !no_realtime;
    // Daemons and agents run elsewhere ("/"): for them a relative path would be another one.
    for (std::string* dir :
         {&options.config_dir, &options.state_dir, &options.run_dir, &options.libexec_dir})
        *dir = absolute_directory(*dir);
    return options;
}

int run(const master::Options& options) {
    log::Logger log({.daemon = "hb-master", .host = options.node, .target = options.log});
    // It holds the keys: no core of it, and no page of it on a disk.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (options.realtime)
        if (const std::string refused = runtime::lock_memory(); !refused.empty())
            log.log(Level::kWarn, "realtime-refused", fmt::format("{}, ignoring", refused));
    int exit_code = 0;
    std::optional<master::Prepared> prepared = master::prepare(options, log, exit_code);
    if (!prepared) return exit_code;
    master::Shell shell(std::move(*prepared), log);
    return shell.run();
}

// See generation_keeper.hpp. The text comes on standard input; an error goes to its reader.
int keep(const master::Options& options) {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    if (const auto understood = master::parse_generations(text); !understood) {
        fmt::print("{}\n", understood.error().text);
        return master::kExitUsage;
    }
    const auto written = master::GenerationStore(options.state_dir).write(text);
    if (written) return 0;
    fmt::print("{}\n", written.error().text);
    return master::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    try {
        bool keep_generations = false;
        const hb::master::Options options = parse(argc, argv, keep_generations);
        return keep_generations ? keep(options) : run(options);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "hb-master: {}\n", problem.what());
        return hb::master::kExitFailed;
    }
}
