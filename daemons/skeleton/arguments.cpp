#include "daemons/skeleton/arguments.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "common/base/version.hpp"

namespace hb::skeleton {

std::vector<std::string> to_argv(const std::string& program, const Arguments& a) {
    std::vector<std::string> argv = {program,
                                     "--log",
                                     a.log == log::Target::kJournal ? "journal" : "stderr",
                                     "--host",
                                     a.host,
                                     "--uid",
                                     std::to_string(a.uid),
                                     "--gid",
                                     std::to_string(a.gid)};
    if (a.debug) argv.emplace_back("--debug");
    if (a.realtime > 0) {
        argv.emplace_back("--realtime");
        argv.push_back(std::to_string(a.realtime));
    }
    return argv;
}

Arguments parse_arguments(int argc, char** argv, const std::string& program) {
    CLI::App app(program +
                 " of ha-suite. Started by hb-master, not by hand: it needs the channel "
                 "to the master on descriptor 3.");
    app.set_version_flag("--version", program + " " + kVersion);
    Arguments a;
    std::string target = "stderr";
    app.add_option("--log", target, "stderr or journal")
        ->check(CLI::IsMember({"stderr", "journal"}));
    app.add_flag("--debug", a.debug, "debug lines; a refused system call is named");
    app.add_option("--realtime", a.realtime,
                   "ask for real-time priority, the least of all daemons' as given, and locked "
                   "memory")
        ->check(CLI::Range(1, 99));
    app.add_option("--host", a.host, "name of this node")->required();
    app.add_option("--uid", a.uid, "user to become")->required();
    app.add_option("--gid", a.gid, "group to become")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        std::exit(app.exit(end) == 0 ? 0 : 2);
    }
    a.log = target == "journal" ? log::Target::kJournal : log::Target::kStderr;
    return a;
}

}  // namespace hb::skeleton
