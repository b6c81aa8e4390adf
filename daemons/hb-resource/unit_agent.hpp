// UnitAgent: starts, stops and asks systemd units over the system bus. Never waits for an answer.
//
// A start is a job of systemd ("replace") and has succeeded when systemd says that the job is done;
// a unit that had failed before is forgiven first, so that a start limit does not stand in the way.
// A stop likewise. Status is the unit's ActiveState: active, reloading and activating run.
//
// Every operation is answered once, at its deadline at the latest, never inside run(). Without a
// bus, or when it goes away, operations fail and say so; the next one connects again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/time.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"
#include "daemons/hb-resource/group_runner.hpp"

struct sd_bus;
struct sd_bus_message;

namespace hb::resource {

struct UnitOperation {
    std::uint64_t id = 0;  // the caller's; unique among those not answered yet
    Operation operation{};
    std::string unit;  // "nats-server.service"
    std::string word;  // of haresources, for the log
    std::string group;
    Duration timeout{};
};

class UnitAgent {
  public:
    struct Callbacks {
        std::move_only_function<void(const OperationDone&) noexcept> on_done;
        std::move_only_function<void(const Event&) noexcept> on_event;
    };
    UnitAgent(runtime::EventLoop& loop, Callbacks callbacks);
    ~UnitAgent();
    UnitAgent(const UnitAgent&) = delete;
    UnitAgent& operator=(const UnitAgent&) = delete;

    void run(UnitOperation operation);

  private:
    struct Call;
    struct CloseBus {
        void operator()(sd_bus* bus) const noexcept;
    };

    [[nodiscard]] bool connect(std::string& problem);
    void disconnect(const std::string& problem);
    void begin(Call& call);
    void ask_state(Call& call);
    void job_removed(const std::string& job, const std::string& result);
    void finish(std::uint64_t id, OperationDone::Outcome outcome, std::string detail);
    void process() noexcept;
    void watch() noexcept;
    void deadlines() noexcept;
    void arm_deadline();
    void deliver() noexcept;
    void say(const Call& call, Level level, std::string id, std::string text);

    static int on_signal(sd_bus_message* message, void* self, void* error) noexcept;
    static int on_job(sd_bus_message* message, void* call, void* error) noexcept;
    static int on_unit(sd_bus_message* message, void* call, void* error) noexcept;
    static int on_state(sd_bus_message* message, void* call, void* error) noexcept;

    runtime::EventLoop& loop_;
    Callbacks callbacks_;
    std::unique_ptr<sd_bus, CloseBus> bus_;
    std::map<std::uint64_t, std::unique_ptr<Call>> calls_;
    std::vector<OperationDone> finished_;
    runtime::FdEvent readable_;
    runtime::Timer bus_timer_;
    runtime::Timer deadline_;
    runtime::Defer deliver_;
};

}  // namespace hb::resource
