// FenceCore: switches off the nodes that have to be off, and says when a device confirmed it.
//
// hb-resource says which nodes (FenceWishes, always all of them); whoever is not among them any
// more is left alone, also in the middle of a try: a node that returns must not be shot for being
// late. For each node: wait its delay; then level by level, the lowest first: every device of the
// level is told `off` and then asked for its `status`. Only "off" as the answer to status is a
// confirmation, whatever `off` itself said (rule G5). One device that does not confirm ends its
// level; when the last level is through, a pause, and all again, without end: a pause of 5 s first,
// doubled up to a minute. A level with a human in it waits for `hactl fence confirm` meanwhile.
//
// It owns no process and no clock. A device is used by one call at a time. What it believes of a
// node is forgotten with the wish: a new wish asks the device again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ipc/fence_resource.hpp"
#include "common/config/settings.hpp"

namespace hb::fence {

struct FenceSettings {
    NodeId self{};
    std::vector<std::string> node_names;  // by rank
    config::Fencing fencing;
    Duration first_pause = 5s;  // between two tries; doubles
    Duration longest_pause = 60s;
    Duration first_check = 2s;  // of devices, after our birth
};

// ---- inputs

enum class Outcome : std::uint8_t {
    kDone = 1,  // exit code 0. Of a status: it is on
    kOff,       // exit code 2 of a status, and of nothing else
    kFailed,
};
struct CallDone {  // the answer to every RunAgent, also to one that was killed
    std::uint64_t call = 0;
    Outcome outcome{};
    std::string text;  // what it said last
};

using FenceInput = std::variant<ipc::FenceWishes, ipc::FenceRequest, CallDone>;

// ---- actions

enum class AgentAction : std::uint8_t { kOff = 1, kStatus, kOn, kMonitor };
[[nodiscard]] const char* to_string(AgentAction action);  // as agents know it

struct RunAgent {
    std::uint64_t call = 0;
    std::size_t device = 0;  // index into fencing.devices
    AgentAction action{};
    std::optional<NodeId> target;  // none: kMonitor
};
struct KillAgent {  // CallDone follows all the same
    std::uint64_t call = 0;
};

using FenceOutput = std::variant<RunAgent, KillAgent, ipc::FenceState, ipc::FenceDeviceTrouble,
                                 ipc::FenceAnswer, Event>;

class FenceCore {
  public:
    FenceCore(FenceSettings settings, MonoTime now);

    void handle(const FenceInput& input, MonoTime now, std::vector<FenceOutput>& out);
    void on_deadline(MonoTime now, std::vector<FenceOutput>& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none
    // A new hb-resource: is told everything that is known.
    void greet(std::vector<FenceOutput>& out) const;

  private:
    using Out = std::vector<FenceOutput>;
    enum class Stage : std::uint8_t { kPause, kOff, kStatus, kConfirmed };

    struct Job {  // one node that has to be off
        ipc::FenceWish wish;
        Stage stage = Stage::kPause;
        MonoTime until{};  // end of the pause
        std::uint32_t failed = 0;
        unsigned level = 0;
        std::vector<std::size_t> devices;  // of this level, not confirmed yet, in order
        std::optional<std::uint64_t> call;
        std::string problem;   // newest, of this try or the one before
        std::string off_said;  // when `off` failed: why
        bool human_asked = false;
        std::string confirmed_by;
    };
    struct Device {
        std::optional<std::uint64_t> call;  // it is busy with
        MonoTime check_at = kForever;
        std::string trouble;  // it did not answer its newest check
        bool checked = false;
    };
    struct Call {
        std::size_t device = 0;
        AgentAction action{};
        std::optional<NodeId> target;
        std::optional<std::uint64_t> test;  // request that asked
        bool abandoned = false;             // nobody waits for its answer
    };
    struct Test {
        std::uint64_t id = 0;
        NodeId target{};
        std::vector<std::size_t> devices;  // not asked yet
        bool under_way = false;
        bool ok = true;
        std::string text;
    };
    struct PowerOn {
        std::size_t device = 0;
        NodeId target{};
    };
    struct Past {
        MonoTime when{};
        FenceRecord record;
    };

    void on(const ipc::FenceWishes& in, MonoTime now, Out& out);
    void on(const ipc::FenceRequest& in, MonoTime now, Out& out);
    void on(const CallDone& in, MonoTime now, Out& out);
    void confirm_by_human(const ipc::FenceRequest& in, MonoTime now, Out& out);
    void step(MonoTime now, Out& out);
    void begin_try(Job& job, MonoTime now, Out& out);
    void next_level(Job& job, MonoTime now, Out& out);
    void ask_human(Job& job, Out& out);
    void try_failed(Job& job, MonoTime now, Out& out);
    void call_of_job(Job& job, const Call& call, const CallDone& done, MonoTime now, Out& out);
    void device_failed(Job& job, std::size_t device, std::string why, MonoTime now, Out& out);
    void confirmed(Job& job, std::string by, MonoTime now, Out& out);
    void call_of_test(const Call& call, const CallDone& done, Out& out);
    void call_of_check(const Call& call, const CallDone& done, MonoTime now, Out& out);
    void tell_trouble(Out& out);
    void abandon(Job& job, Out& out);
    void run(std::size_t device, AgentAction action, std::optional<NodeId> target,
             std::optional<std::uint64_t> test, std::optional<std::uint64_t>& slot, Out& out);
    [[nodiscard]] bool is_free(std::size_t device, Out& out);
    [[nodiscard]] ipc::FenceState state_of(const Job& job) const;
    void remember(NodeId target, bool ok, std::string by, std::string text, MonoTime now);
    [[nodiscard]] const std::string& name_of(NodeId n) const {
        return settings_.node_names.at(rank(n));
    }
    [[nodiscard]] const config::FenceDevice& device(std::size_t d) const {
        return settings_.fencing.devices.at(d);
    }

    FenceSettings settings_;
    std::map<NodeId, Job> jobs_;
    std::vector<Device> devices_;
    std::map<std::uint64_t, Call> calls_;
    std::deque<Test> tests_;
    std::deque<PowerOn> power_on_;
    std::deque<Past> past_;  // newest first
    std::string trouble_;
    std::uint64_t next_call_ = 1;
};

}  // namespace hb::fence
