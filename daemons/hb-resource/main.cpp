// hb-resource: starts and stops the groups that this node owns, and says what runs here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "daemons/hb-resource/release_all.hpp"
#include "daemons/hb-resource/resource_daemon.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace {

// Without a master: by systemd's ExecStopPost=, or by hand.
int release_main(int argc, char** argv) {
    hb::resource::ReleaseOptions options;
    std::string target = "journal";
    bool release = false;
    CLI::App app("Releases what a dead suite left behind on this host.", "hb-resource");
    app.add_flag("--release-all", release, "stop every group of haresources, right to left")
        ->required();
    app.add_option("--config-dir", options.config_dir, "where ha.cf, haresources, authkeys are")
        ->capture_default_str();
    app.add_option("--node", options.own_node, "this node's name (default: as the suite finds it)");
    app.add_option("--run-dir", options.run_dir,
                   "of the suite that died: what is in maintenance, its control groups")
        ->capture_default_str();
    app.add_option("--log", target, "journal or stderr")
        ->check(CLI::IsMember({"journal", "stderr"}))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    hb::log::Logger log(
        {.daemon = "hb-resource",
         .host = options.own_node,
         .target = target == "stderr" ? hb::log::Target::kStderr : hb::log::Target::kJournal});
    return hb::resource::release_all(options, log);
}

}  // namespace

int main(int argc, char** argv) {
    const auto is_release = [](std::string_view argument) { return argument == "--release-all"; };
    if (std::any_of(argv + 1, argv + argc, is_release)) return release_main(argc, argv);

    hb::skeleton::DaemonSpec spec;
    spec.program = hb::ipc::Program::kResource;
    spec.make = [](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
        return std::make_unique<hb::resource::ResourceDaemon>(host, setup);
    };
    return hb::skeleton::daemon_main(argc, argv, spec);
}
