#include "daemons/hb-master/reread.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/config/check_system.hpp"
#include "common/config/reload_plan.hpp"

namespace hb::master {

namespace {

ReloadFinding finding(const config::Diagnostic& d) {
    using Severity = ReloadFinding::Severity;
    return {.severity = d.severity == config::Severity::kError     ? Severity::kError
                        : d.severity == config::Severity::kWarning ? Severity::kWarning
                                                                   : Severity::kNote,
            .at = to_string(d.at),
            .text = d.text};
}

std::string counted(std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

Reread reread(const Options& options, const config::Loaded& running,
              const runtime::Identity& hacluster, log::Logger& log, bool say) {
    Reread result;
    result.loaded = config::load_directory(options.config_dir, options.node);
    config::Diagnostics system;
    check_here(options, result.loaded, system);
    std::vector<config::Diagnostic> all = result.loaded.diagnostics;
    const std::vector<config::Diagnostic> more = system.sorted();
    all.insert(all.end(), more.begin(), more.end());
    if (say) log_diagnostics(all, log);
    ReloadOutcome& outcome = result.outcome;
    for (const config::Diagnostic& d : all)
        outcome.findings.push_back(finding(d));
    const auto errors =
        std::ranges::count(all, config::Severity::kError, &config::Diagnostic::severity);
    if (errors > 0 || !result.loaded.self) {
        outcome.text = fmt::format("{} in the configuration: what runs stays as it is",
                                   counted(static_cast<std::size_t>(errors), "error"));
        return result;
    }
    outcome.changes = config::plan_reload(running, result.loaded);
    const auto refused = static_cast<std::size_t>(std::ranges::count_if(
        outcome.changes, [](const ReloadChange& c) { return !c.refused.empty(); }));
    if (refused > 0) {
        outcome.text = fmt::format("{} of {} needs a restart: what runs stays as it is", refused,
                                   counted(outcome.changes.size(), "change"));
        return result;
    }
    result.clients = clients_of(options, result.loaded, hacluster, log);
    outcome.ok = true;
    outcome.text =
        outcome.changes.empty() ? "nothing has changed" : counted(outcome.changes.size(), "change");
    return result;
}

}  // namespace hb::master
