#include <fmt/format.h>

#include <cstdio>

#include "tools/control/client.hpp"
#include "tools/hactl/commands.hpp"
#include "tools/hactl/json.hpp"

namespace hb::hactl {

namespace {

bool is_wrong(const ReloadOutcome& outcome) {
    for (const ReloadFinding& f : outcome.findings)
        if (f.severity == ReloadFinding::Severity::kError) return true;
    return false;
}

}  // namespace

// Warnings and notes are hactl check's affair: a reload says what stands in its way.
std::string show_reload(const ReloadOutcome& outcome, bool dry_run) {
    std::string text;
    for (const ReloadFinding& f : outcome.findings)
        if (f.severity == ReloadFinding::Severity::kError)
            text += fmt::format("{}: error: {}\n", f.at, f.text);
    for (const ReloadChange& change : outcome.changes)
        text += in_words(change) + "\n";
    if (outcome.more > 0) text += fmt::format("and {} more; the log has them\n", outcome.more);
    const char* what = !outcome.ok               ? dry_run ? "would be refused: " : "refused: "
                       : outcome.changes.empty() ? ""
                       : dry_run                 ? "would take effect: "
                                                 : "in effect: ";
    return text + what + outcome.text + "\n";
}

ExitCode run_reload(const ReloadOptions& options) {
    auto client = control::Client::connect(options.run_dir);
    if (!client) {
        fmt::print(stderr, "hactl: {}\n", client.error().text);
        return client.error().code;
    }
    const auto outcome = client->reload(options.dry_run);
    if (!outcome) {
        fmt::print(stderr, "hactl: {}\n", outcome.error().text);
        return outcome.error().code;
    }
    const std::string text = options.json ? reload_json(*outcome, options.dry_run) + "\n"
                                          : show_reload(*outcome, options.dry_run);
    std::fputs(text.c_str(), outcome->ok || options.json ? stdout : stderr);
    std::fflush(stdout);
    if (outcome->ok) return ExitCode::kDone;
    return is_wrong(*outcome) ? ExitCode::kBadConfig : ExitCode::kRefused;
}

}  // namespace hb::hactl
