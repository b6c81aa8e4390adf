// SupervisorCore: what hb-master decides. Which process runs when, how soon the dead are replaced,
// in which order all of it starts and ends.
//
// It owns no process and no clock: inputs with the present time in, actions as data out, carried
// out in order.
//
// The suite's daemons are respawned at once, after repeated short lives with a back-off of at most
// deadtime / 8, and never given up. hb-resource is not started before every unfinished agent call
// of its predecessor is gone, nor before hb-membership (docs/protocol.md, section 8).
// Programs of `respawn` lines follow Heartbeat: exit code 100 ends them for good, a life shorter
// than 30 s counts, the next one then starts a second later, after the eleventh none does.
//
// The end: hb-resource leaves the cluster; then the clients end, in reverse order, one at a time;
// then the daemons, in reverse order. Until hb-resource has left, everything is respawned as ever;
// a hb-resource that hangs over it is killed and respawned too, and after a few deaths given up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/program.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-master/topology.hpp"

namespace hb::master {

struct ClientLine {
    std::string user;
    std::string command;
    bool operator==(const ClientLine&) const = default;
};

struct SupervisorSettings {
    bool ipfail = false;              // a respawn line asks for it
    bool fence = false;               // this node has a fence device
    std::vector<ClientLine> clients;  // other respawn lines, in file order
    Duration deadtime{};
};

// ---- inputs

struct Exit {
    bool signalled = false;
    int code = 0;
    std::string text;  // "killed by signal 9 (Killed)"
};
struct ProgramReady {
    Program program{};
};
// Its channel was read to the end before.
struct ProgramExited {
    Program program{};
    Exit exit;
};
struct ClientExited {
    std::size_t client = 0;
    Exit exit;
};
struct CallStarted {  // by hb-resource
    int group = 0;
};
struct CallFinished {
    int group = 0;
};
struct GroupGone {  // the answer to KillGroup
    int group = 0;
};
// `by` found that `program` sent what cannot be, or does not read.
struct FaultFound {
    Program program{};
    Program by{};
    std::string reason;
};
struct Left {  // hb-resource has left the cluster
    bool all_stopped = true;
};
struct StopAsked {};

using SupervisorInput = std::variant<ProgramReady, ProgramExited, ClientExited, CallStarted,
                                     CallFinished, GroupGone, FaultFound, Left, StopAsked>;

// ---- actions

struct StartProgram {
    Program program{};
    std::uint32_t respawn = 1;  // count of its starts
};
struct Connect {  // a fresh channel between two that run
    Program a{};
    Program b{};
};
struct KillProgram {  // SIGKILL
    Program program{};
};
struct TellStop {
    Program program{};
};
struct StartClient {
    std::size_t client = 0;
};
struct EndClient {  // SIGTERM to its group, later SIGKILL
    std::size_t client = 0;
};
struct KillGroup {  // SIGKILL, answered by GroupGone once nothing of it is left
    int group = 0;
};
struct SuiteReady {};  // all daemons are ready, for the first time
// Once, on the way to the end: hb-resource is gone for good and no call of it is left.
struct ResourcesEnded {
    enum class Rest : std::uint8_t {
        kNothing,   // it said that all is stopped
        kNeverRan,  // it was never started by us
        kPerhaps,   // a stop failed, or nobody knows
    } rest{};
};
struct SuiteEnded {
    int exit_code = 0;
};

using SupervisorAction =
    std::variant<StartProgram, Connect, KillProgram, TellStop, StartClient, EndClient, KillGroup,
                 SuiteReady, ResourcesEnded, SuiteEnded, Event>;

class SupervisorCore {
  public:
    explicit SupervisorCore(SupervisorSettings settings);

    void start(MonoTime now, std::vector<SupervisorAction>& out);
    void handle(const SupervisorInput& input, MonoTime now, std::vector<SupervisorAction>& out);
    void on_deadline(MonoTime now, std::vector<SupervisorAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    [[nodiscard]] bool is_stopping() const { return phase_ != Phase::kRunning; }
    [[nodiscard]] bool all_ready() const;
    [[nodiscard]] std::set<Program> ready_programs() const;

    // The configuration was read again.
    void set_deadtime(Duration deadtime) { settings_.deadtime = deadtime; }
    // Programs of lines that are gone are ended, those of new lines are started. Where each line is
    // from now on: a new one behind all that there ever were, in the order given.
    std::vector<std::size_t> set_clients(const std::vector<ClientLine>& lines, MonoTime now,
                                         std::vector<SupervisorAction>& out);
    // It is about to be killed, to be started anew: no failure.
    void expect_replacement(Program program) { replaced_.insert(program); }

  private:
    using Out = std::vector<SupervisorAction>;
    enum class Phase : std::uint8_t { kRunning, kLeaving, kEndingClients, kEndingDaemons, kEnded };

    struct Daemon {
        bool alive = false;
        bool ready = false;
        bool told_to_stop = false;
        std::uint32_t starts = 0;
        unsigned short_lives = 0;  // in a row
        MonoTime started{};
        MonoTime start_at = kForever;    // to be started then
        MonoTime give_up_at = kForever;  // not ready, or not ended, by then: killed
    };
    struct Client {
        bool alive = false;
        bool over = false;  // never again
        bool gone = false;  // its line is
        unsigned short_lives = 0;
        MonoTime started{};
        MonoTime start_at = kForever;
    };

    void on(const ProgramReady& in, MonoTime now, Out& out);
    void on(const ProgramExited& in, MonoTime now, Out& out);
    void on(const ClientExited& in, MonoTime now, Out& out);
    void on(const CallStarted& in, MonoTime now, Out& out);
    void on(const CallFinished& in, MonoTime now, Out& out);
    void on(const GroupGone& in, MonoTime now, Out& out);
    void on(const FaultFound& in, MonoTime now, Out& out);
    void on(const Left& in, MonoTime now, Out& out);
    void on(const StopAsked& in, MonoTime now, Out& out);

    void step(MonoTime now, Out& out);
    void start_due_daemons(MonoTime now, Out& out);
    void start_due_clients(MonoTime now, Out& out);
    void go_on_ending(MonoTime now, Out& out);
    void say_resources_ended(Out& out);
    void end_clients(Out& out);
    void end_daemons(MonoTime now, Out& out);
    [[nodiscard]] bool may_start(Program program) const;
    [[nodiscard]] Duration back_off(unsigned short_lives) const;
    void resource_works(MonoTime now);
    void bury_daemon(Daemon& dead, const ProgramExited& in, MonoTime now, Out& out);

    SupervisorSettings settings_;
    Phase phase_ = Phase::kRunning;
    bool was_ready_ = false;
    bool left_ = false;
    std::optional<bool> all_stopped_;  // hb-resource's last word; none yet
    bool resources_ended_ = false;     // said
    unsigned deaths_while_leaving_ = 0;
    int exit_code_ = 0;
    std::map<Program, Daemon> daemons_;
    std::vector<Client> clients_;
    std::set<Program> replaced_;         // to be killed, and started anew
    std::set<int> calls_;                // of the hb-resource that runs
    std::set<int> dying_calls_;          // of dead ones, killed, not gone yet
    MonoTime calls_warning_ = kForever;  // they take long
};

}  // namespace hb::master
