// hactl check.
#include <fmt/format.h>

#include <cstdio>

#include "common/config/check_system.hpp"
#include "common/config/compare.hpp"
#include "common/config/load.hpp"
#include "tools/hactl/check_agents.hpp"
#include "tools/hactl/files.hpp"

namespace hb::hactl {

namespace {

// Counts what it says.
class Report {
  public:
    explicit Report(std::FILE* to) : to_(to) {}

    void say(const config::Diagnostic& diagnostic, const std::string& prefix = {}) {
        fmt::print(to_, "{}{}\n", prefix, config::to_string(diagnostic));
        if (diagnostic.severity == config::Severity::kError) errors_++;
        if (diagnostic.severity == config::Severity::kWarning) warnings_++;
    }
    void conclude(const std::string& of, const std::string& good, const std::string& bad) {
        const auto count = [](std::size_t n, const char* what) {
            return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
        };
        fmt::print(to_, "{}: {}, {}: {}\n", of, count(errors_, "error"),
                   count(warnings_, "warning"), errors_ == 0 ? good : bad);
        std::fflush(to_);
    }
    [[nodiscard]] bool good() const { return errors_ == 0; }

  private:
    std::FILE* to_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
};

// `with`: "NODE=DIRECTORY".
ExitCode compare_with(const std::string& with, const config::Loaded& here, std::FILE* to) {
    const std::size_t equals = with.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == with.size()) {
        fmt::print(stderr, "hactl check: --peer takes NODE=DIRECTORY\n");
        return ExitCode::kUsage;
    }
    const std::string node = with.substr(0, equals);
    const std::string directory = with.substr(equals + 1);
    const config::Loaded there = config::load_directory(directory, node);
    Report own(to);
    for (const config::Diagnostic& diagnostic : there.diagnostics)
        own.say(diagnostic, directory + "/");
    own.conclude(directory, "the suite would start as " + there.own_node,
                 "the suite would not start, there is nothing to compare");
    if (!own.good()) return ExitCode::kBadConfig;
    Report report(to);
    for (const config::Diagnostic& diagnostic :
         config::compare({here.own_node, here.settings, here.keys},
                         {there.own_node, there.settings, there.keys}))
        report.say(diagnostic);
    report.conclude(fmt::format("{} and {}", here.own_node, there.own_node),
                    "they can work together", "they cannot work together");
    return report.good() ? ExitCode::kDone : ExitCode::kBadConfig;
}

}  // namespace

ExitCode run_check(const CheckOptions& options) {
    const config::Loaded loaded = config::load_directory(options.config_dir, options.node);
    config::Diagnostics system;  // as the start: also when the files have errors, all in one run
    const config::AgentDirectories directories = config::agent_directories(options.config_dir);
    config::check_system(loaded.settings, directories, system);
    if (options.agents && loaded.ok())
        check_agents(loaded.settings, *loaded.self, options.config_dir, directories, system);
    std::FILE* to = options.print.empty() ? stdout : stderr;
    Report report(to);
    for (const config::Diagnostic& diagnostic : loaded.diagnostics)
        report.say(diagnostic);
    for (const config::Diagnostic& diagnostic : system.sorted())
        report.say(diagnostic);
    report.conclude(options.config_dir, "the suite would start as " + loaded.own_node,
                    "the suite would not start");
    if (!options.print.empty() && loaded.ok())
        fmt::print("{}", options.print == "ha.cf" ? config::print_ha_cf(loaded.settings)
                         : options.print == "haresources"
                             ? config::print_haresources(loaded.settings)
                             : config::print_authkeys(loaded.keys));
    if (!options.peer.empty() && loaded.ok()) {
        const ExitCode compared = compare_with(options.peer, loaded, to);
        if (compared != ExitCode::kDone) return compared;
    }
    return report.good() ? ExitCode::kDone : ExitCode::kBadConfig;
}

}  // namespace hb::hactl
