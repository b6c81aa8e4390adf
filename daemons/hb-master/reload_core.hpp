// ReloadCore: how new settings come into effect in all daemons, or in none.
//
// First every daemon is asked whether it could have them, and changes nothing. When all can,
// hb-resource has them before anybody else: what it promises by a shorter deadtime holds before
// hb-comm announces that (docs/protocol.md, L8). Then all others at once. Who dies before that is
// reached ends the attempt: nothing has changed. Who dies later is respawned with the new settings.
// Nobody is waited for without bound: before, that ends the attempt; later, the daemon is killed,
// and its successor has the new settings.
//
// It owns no process and no clock: inputs with the present time in, actions as data out, carried
// out in order.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ipc/program.hpp"
#include "common/base/time.hpp"

namespace hb::master {

using ipc::Program;

// ---- actions

struct SendSettings {  // answered by prepared()
    Program program{};
};
struct SendCommit {  // answered by adopted(); a successor of it is started with the new settings
    Program program{};
};
struct SendAbandon {
    Program program{};
};
// From now on the new settings are those of the suite.
struct SettingsInForce {};
struct KillSlow {
    Program program{};
};
// The last step: it is started anew, and has the new settings then.
struct Replace {
    Program program{};
};
struct ReloadEnded {
    bool ok = false;
    std::string why;  // not ok: nothing has changed
};

using ReloadAction = std::variant<SendSettings, SendCommit, SendAbandon, SettingsInForce, KillSlow,
                                  Replace, ReloadEnded>;

class ReloadCore {
  public:
    using Out = std::vector<ReloadAction>;
    static constexpr Duration kPrepareWithin = 5s;
    static constexpr Duration kAdoptWithin = 5s;

    // `programs`: those that run and are ready, hb-resource among them. `replaced`: those that are
    // not told, but started anew, when all others have it: hb-comm hears no more than they know.
    void begin(const std::set<Program>& programs, std::set<Program> replaced, MonoTime now,
               Out& out);
    // Whether all could have them: ends before anything is committed.
    void ask_only(const std::set<Program>& programs, MonoTime now, Out& out);
    void prepared(Program program, const std::string& problem, MonoTime now, Out& out);
    void adopted(Program program, MonoTime now, Out& out);
    void died(Program program, MonoTime now, Out& out);
    void ready(Program program, Out& out);
    // The suite stops: what is only prepared is given up.
    void stop(Out& out);
    void on_deadline(MonoTime now, Out& out);
    [[nodiscard]] MonoTime next_deadline() const { return deadline_; }  // kForever: none

    [[nodiscard]] bool busy() const { return phase_ != Phase::kIdle; }
    // Is it to be started with the new settings already, though they are not in force?
    [[nodiscard]] bool has_new_settings(Program program) const {
        return phase_ == Phase::kFirst && program == Program::kResource;
    }

  private:
    enum class Phase : std::uint8_t { kIdle, kPreparing, kFirst, kRest, kReplacing };
    void abandon(bool ok, std::string why, Out& out);
    void one_less(Program program, MonoTime now, Out& out);
    void replace(MonoTime now, Out& out);
    void end(Out& out);

    Phase phase_ = Phase::kIdle;
    bool only_asked_ = false;
    std::set<Program> programs_;  // that were asked
    std::set<Program> waiting_;   // that have not answered yet
    std::set<Program> replaced_;  // of programs_
    std::set<Program> outdated_;  // whose successor was started with the settings before
    std::map<Program, unsigned> unanswered_;  // attempts that were given up: their answers come yet
    MonoTime deadline_ = kForever;
};

}  // namespace hb::master
