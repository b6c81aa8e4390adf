// hb_standby, hb_takeover: Heartbeat's commands; they wait, and say the truth.
// docs/man/hb_standby.1 Which of the two it is, the build says (HB_MOVER, HB_NAME).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/base/version.hpp"
#include "tools/control/subscription.hpp"
#include "tools/heartbeat/standby_words.hpp"

namespace {

using namespace hb;
using namespace hb::heartbeat;
using control::ExitCode;

constexpr Mover kMover = Mover::HB_MOVER;
constexpr int kWrongUse = 1;  // as Heartbeat

int code(ExitCode exit_code) {
    return static_cast<int>(exit_code);
}

int fail(const control::Trouble& trouble) {
    std::fflush(stdout);
    fmt::print(stderr, HB_NAME ": {}\n", trouble.text);
    return code(trouble.code);
}

int usage(const std::string& wrong) {
    fmt::print(stderr, HB_NAME ": {}\nusage:\n" HB_NAME " [all|foreign|local|failback]\n", wrong);
    return kWrongUse;
}

int carry_out(const Move& move, Duration timeout) {
    auto client = control::Client::connect(kRunDir);
    if (!client) return fail(client.error());
    const auto before = client->status();
    if (!before) return fail(before.error());
    if (kMover == Mover::kStandby) fmt::print("Going standby [{}].\n", move.word);
    const auto answer = client->request(
        {.id = 0, .kind = move.kind, .scope = move.scope, .group = {}, .target = {}});
    if (!answer) return fail(answer.error());
    if (!answer->ok) return fail({ExitCode::kRefused, "refused: " + answer->text});
    fmt::print("{}\n", answer->text);
    std::fflush(stdout);
    const auto missing = control::wait_for(
        kRunDir, std::move(*client), control::Wish(move.kind, move.scope, {}, *before), timeout);
    if (!missing) return fail(missing.error());
    if (missing->empty()) return code(ExitCode::kDone);
    fmt::print(stderr, HB_NAME ": accepted, but not done yet:\n");
    for (const std::string& line : *missing)
        fmt::print(stderr, "  {}\n", line);
    return code(ExitCode::kNotYet);
}

int run(int argc, char** argv) {
    CLI::App app{kMover == Mover::kStandby
                     ? "Gives resources of this node to the other nodes, and waits for it."
                     : "Takes resources of the other nodes over, and waits for it."};
    std::string word = "all";
    unsigned timeout = 300;
    app.add_option("resources", word, "all, local, foreign or failback")->capture_default_str();
    app.add_option("--timeout", timeout, "seconds to wait at most")
        ->capture_default_str()
        ->check(CLI::Range(1U, 86400U));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ExtrasError&) {
        return usage("too many arguments");
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : kWrongUse;
    }
    const auto move = parse_move(kMover, word);
    if (!move) return usage(fmt::format("wrong resources({}).", word));
    return carry_out(*move, std::chrono::seconds(timeout));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, HB_NAME ": %s\n", e.what());
        return code(ExitCode::kLost);
    }
}
