// hactl: what the cluster does, why, and what an admin wants of it. docs/man/hactl.8.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/hactl/commands.hpp"
#include "tools/hactl/files.hpp"
#include "tools/hactl/net.hpp"
#include "tools/hactl/why.hpp"

namespace {

using namespace hb;
using namespace hb::hactl;

int code(ExitCode exit_code) {
    return static_cast<int>(exit_code);
}

// all, local, foreign, or --group NAME.
struct ScopeArguments {
    std::string word = "all";
    std::string group;

    void add_to(CLI::App& command) {
        auto* scope =
            command
                .add_option("scope", word,
                            "all; local: groups that prefer this node; foreign: the others")
                ->check(CLI::IsMember({"all", "local", "foreign"}));
        command.add_option("--group", group, "only this group")->excludes(scope);
    }
    void fill(RequestOptions& request) const {
        request.group = group;
        if (!group.empty())
            request.scope = ipc::Scope::kGroup;
        else if (word == "local")
            request.scope = ipc::Scope::kLocal;
        else if (word == "foreign")
            request.scope = ipc::Scope::kForeign;
    }
};

struct Arguments {
    std::string run_dir = HB_RUN_DIR;
    StatusOptions status;
    WhyOptions why;
    EventsOptions events;
    ReloadOptions reload;
    RequestOptions request;
    CheckOptions check{.config_dir = HB_CONF_DIR, .node = {}, .print = {}, .peer = {}};
    std::string explain;
    LogLevelOptions log_level;
    NetOptions net{.run_dir = {}, .config_dir = HB_CONF_DIR};
    KeygenOptions keygen{.method = "hmac-sha256", .output = {}};
    ScopeArguments scope;
    unsigned timeout = 60;
};

void add_wait(CLI::App& command, Arguments& arguments) {
    command.add_flag("--wait,!--no-wait", arguments.request.wait,
                     "wait until it is true (default); --no-wait: only until it is accepted");
    command.add_option("--timeout", arguments.timeout, "seconds to wait at most")
        ->capture_default_str()
        ->check(CLI::Range(1U, 86400U));
}

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{"State of the ha-suite cluster as this node sees it, and requests to it."};
    app.require_subcommand(0, 1);  // what is no command is named, below and by the parser
    app.set_version_flag("--version", HB_VERSION);
    app.add_option("--run-dir", arguments.run_dir, "where the suite keeps its sockets")
        ->capture_default_str();
    app.fallthrough();

    CLI::App* status =
        app.add_subcommand("status", "nodes, links and groups, each with its reason");
    status->add_flag("--json", arguments.status.json, "for scripts (docs/hactl-status-json.md)");
    status->add_flag("--watch", arguments.status.watch,
                     "again after every change, until interrupted");

    CLI::App* why =
        app.add_subcommand("why", "where a group is, since when, and what happened before that");
    why->add_option("group", arguments.why.group, "the group: its first resource")->required();
    why->add_flag("--json", arguments.why.json, "for scripts (docs/hactl-why-json.md)");

    CLI::App* standby =
        app.add_subcommand("standby", "give the groups that run here to the others, once");
    arguments.scope.add_to(*standby);
    standby->add_flag("--stay", arguments.request.stay, "take nothing back until 'hactl active'")
        ->excludes(standby->get_option("scope"))
        ->excludes(standby->get_option("--group"));
    add_wait(*standby, arguments);

    CLI::App* active = app.add_subcommand("active", "end a lasting standby");
    add_wait(*active, arguments);

    CLI::App* takeover = app.add_subcommand("takeover", "take groups of the others over, here");
    arguments.scope.add_to(*takeover);
    add_wait(*takeover, arguments);

    CLI::App* move = app.add_subcommand(
        "move", "move one group to a node and pin it there; --back: to its preferred node");
    move->add_option("group", arguments.scope.group, "the group: its first resource")->required();
    CLI::Option* target = move->add_option("node", arguments.request.target, "where to");
    bool back = false;
    move->add_flag("--back", back, "to its preferred node, and pinned no longer")->excludes(target);
    add_wait(*move, arguments);

    CLI::App* failback =
        app.add_subcommand("failback", "send groups back to their preferred nodes, now");
    failback->add_option("group", arguments.scope.group, "only this group (default: all)");
    add_wait(*failback, arguments);

    CLI::App* cleanup =
        app.add_subcommand("cleanup", "the cause of a failed start or stop is gone: look again");
    cleanup->add_option("group", arguments.scope.group, "only this group (default: all)");
    add_wait(*cleanup, arguments);

    CLI::App* maintenance = app.add_subcommand(
        "maintenance",
        "leave groups alone on all nodes, while the suite or a service is worked on");
    maintenance->require_subcommand(1);
    CLI::App* maintenance_on = maintenance->add_subcommand(
        "on",
        "nothing starts, stops, moves or restarts them; stopping the suite leaves them running");
    CLI::App* maintenance_off = maintenance->add_subcommand("off", "they are looked after again");
    for (CLI::App* command : {maintenance_on, maintenance_off}) {
        command->add_option("group", arguments.scope.group, "only this group (default: all)");
        add_wait(*command, arguments);
    }

    CLI::App* quorum = app.add_subcommand("quorum", "the majority rule of three nodes and more");
    quorum->require_subcommand(1);
    CLI::App* ignore = quorum->add_subcommand(
        "ignore",
        "run groups without a majority until the next view: only when the missing nodes "
        "are known to be off");

    CLI::App* fence = app.add_subcommand("fence", "switch a node off, and what goes with it");
    fence->require_subcommand(0, 1);
    fence->add_option("node", arguments.request.target, "which node");
    fence->add_flag("--force", arguments.request.force, "although it is heard");
    add_wait(*fence, arguments);
    CLI::App* confirm = fence->add_subcommand(
        "confirm", "you have switched the node off yourself: only when you are sure");
    confirm->add_option("node", arguments.request.target, "which node")->required();
    CLI::App* test =
        fence->add_subcommand("test", "ask the fence devices of a node how it is; changes nothing");
    test->add_option("node", arguments.request.target, "which node")->required();
    CLI::App* history = fence->add_subcommand("history", "what was switched off from this node");
    history->add_flag("--json", arguments.request.json, "for scripts");

    CLI::App* check = app.add_subcommand("check", "read the configuration as the suite would");
    check->add_option("--config-dir", arguments.check.config_dir, "ha.cf, haresources, authkeys")
        ->capture_default_str();
    check->add_option("--node", arguments.check.node, "as this node (default: this host's name)");
    check->add_flag("--agents", arguments.check.agents,
                    "ask the OCF agents what they say of their parameters (validate-all)");
    check
        ->add_option("--print", arguments.check.print,
                     "this file in canonical form, with every value that is in effect")
        ->check(CLI::IsMember({"ha.cf", "haresources", "authkeys"}));
    check->add_option("--peer", arguments.check.peer,
                      "NODE=DIRECTORY: in what the files of that node differ");

    CLI::App* explain = app.add_subcommand("explain", "what a directive of ha.cf means");
    explain->add_option("directive", arguments.explain, "which (default: a list of all)");

    CLI::App* keygen = app.add_subcommand("keygen", "a new random key, as authkeys has it");
    keygen->add_option("--method", arguments.keygen.method, "xchacha20-poly1305 encrypts as well")
        ->capture_default_str()
        ->check(CLI::IsMember({"hmac-sha256", "blake2b", "xchacha20-poly1305"}));
    keygen->add_option("--id", arguments.keygen.id, "number of the key")
        ->capture_default_str()
        ->check(CLI::Range(0U, 15U));
    keygen->add_option("--output", arguments.keygen.output, "a new file, of mode 600");

    CLI::App* net = app.add_subcommand(
        "net", "who answers for the addresses, what comes on the links, what stands in the way");
    net->add_option("--config-dir", arguments.net.config_dir, "ha.cf, haresources, authkeys")
        ->capture_default_str();
    net->add_option("--seconds", arguments.net.seconds,
                    "listen for so long (default: four heartbeats, at least two seconds)")
        ->check(CLI::Range(1U, 3600U));

    CLI::App* log_level = app.add_subcommand(
        "loglevel", "how much there is for debugging, on this node, until the suite is restarted");
    log_level
        ->add_option("level", arguments.log_level.level,
                     "0: nothing; 1 and more: something (default: say what it is)")
        ->check(CLI::Range(0U, 255U));
    CLI::App* reload = app.add_subcommand(
        "reload", "read ha.cf, haresources and authkeys again, and run with what they say now");
    reload->add_flag("--dry-run", arguments.reload.dry_run,
                     "say what would change, and what needs a restart; change nothing");
    reload->add_flag("--json", arguments.reload.json, "for scripts (docs/hactl-status-json.md)");

    CLI::App* events = app.add_subcommand("events", "what happens, as it happens");
    events->add_flag("--json", arguments.events.json, "one JSON object a line");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? code(ExitCode::kDone) : code(ExitCode::kUsage);
    }

    if (app.get_subcommands().empty()) {
        std::fprintf(stderr, "hactl: which command? Run with --help for a list of them.\n");
        return code(ExitCode::kUsage);
    }
    arguments.status.run_dir = arguments.why.run_dir = arguments.events.run_dir =
        arguments.request.run_dir = arguments.net.run_dir = arguments.log_level.run_dir =
            arguments.reload.run_dir = arguments.run_dir;
    arguments.request.timeout = std::chrono::seconds(arguments.timeout);
    if (status->parsed()) return code(run_status(arguments.status));
    if (why->parsed()) return code(run_why(arguments.why));
    if (check->parsed()) return code(run_check(arguments.check));
    if (explain->parsed()) return code(run_explain(arguments.explain));
    if (keygen->parsed()) return code(run_keygen(arguments.keygen));
    if (net->parsed()) return code(run_net(arguments.net));
    if (log_level->parsed()) return code(run_log_level(arguments.log_level));
    if (reload->parsed()) return code(run_reload(arguments.reload));
    if (events->parsed()) return code(run_events(arguments.events));

    if (move->parsed() && arguments.request.target.empty() && !back) {
        std::fprintf(stderr, "hactl move: name a NODE, or --back\n");
        return code(ExitCode::kUsage);
    }
    if (fence->parsed()) {
        arguments.request.kind = confirm->parsed()   ? ipc::RequestKind::kFenceConfirm
                                 : test->parsed()    ? ipc::RequestKind::kFenceTest
                                 : history->parsed() ? ipc::RequestKind::kFenceHistory
                                                     : ipc::RequestKind::kFence;
        if (arguments.request.target.empty() && !history->parsed()) {
            std::fprintf(stderr, "hactl fence: name a NODE\n");
            return code(ExitCode::kUsage);
        }
        return code(run_request(arguments.request));
    }
    arguments.scope.fill(arguments.request);
    if (move->parsed())
        arguments.request.kind = back ? ipc::RequestKind::kMoveBack : ipc::RequestKind::kMove;
    if (failback->parsed()) arguments.request.kind = ipc::RequestKind::kMoveBack;
    if (standby->parsed()) arguments.request.kind = ipc::RequestKind::kStandby;
    if (active->parsed()) arguments.request.kind = ipc::RequestKind::kActive;
    if (takeover->parsed()) arguments.request.kind = ipc::RequestKind::kTakeover;
    if (cleanup->parsed()) arguments.request.kind = ipc::RequestKind::kCleanup;
    if (ignore->parsed()) arguments.request.kind = ipc::RequestKind::kQuorumIgnore;
    if (maintenance_on->parsed()) arguments.request.kind = ipc::RequestKind::kMaintenanceOn;
    if (maintenance_off->parsed()) arguments.request.kind = ipc::RequestKind::kMaintenanceOff;
    return code(run_request(arguments.request));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "hactl: %s\n", e.what());
        return code(ExitCode::kLost);
    }
}
