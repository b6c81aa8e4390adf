#include "daemons/hb-resource/unit_agent.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/assert.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::resource {

using Outcome = OperationDone::Outcome;

namespace {

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

struct UnrefSlot {
    void operator()(sd_bus_slot* slot) const noexcept { sd_bus_slot_unref(slot); }
};
using Slot = std::unique_ptr<sd_bus_slot, UnrefSlot>;

std::string error_text(sd_bus_message* message) {
    const sd_bus_error* error = sd_bus_message_get_error(message);
    if (error == nullptr) return {};
    return error->message != nullptr ? error->message : error->name;
}

bool runs(const std::string& active_state) {
    return active_state == "active" || active_state == "reloading" ||
           active_state == "activating" || active_state == "deactivating" ||
           active_state == "maintenance" || active_state == "refreshing";
}

}  // namespace

struct UnitAgent::Call {
    UnitAgent* agent = nullptr;
    UnitOperation operation;
    MonoTime deadline{};
    std::string job;  // of systemd, once it has one
    Slot slot;        // of the question that is out
};

UnitAgent::UnitAgent(runtime::EventLoop& loop, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      readable_(loop, [this](runtime::Readiness) noexcept { process(); }),
      bus_timer_(loop, [this]() noexcept { process(); }),
      deadline_(loop, [this]() noexcept { deadlines(); }),
      deliver_(loop, [this]() noexcept { deliver(); }) {}

UnitAgent::~UnitAgent() {
    calls_.clear();
}

void UnitAgent::CloseBus::operator()(sd_bus* bus) const noexcept {
    sd_bus_close(bus);
    sd_bus_unref(bus);
}

void UnitAgent::run(UnitOperation operation) {
    const std::uint64_t id = operation.id;
    auto made = std::make_unique<Call>();
    made->agent = this;
    made->deadline = runtime::now() + operation.timeout;
    made->operation = std::move(operation);
    const auto [at, fresh] = calls_.emplace(id, std::move(made));
    HB_ASSERT(fresh);
    std::string problem;
    if (!bus_ && !connect(problem)) return finish(id, Outcome::kFailed, problem);
    begin(*at->second);
    arm_deadline();
    watch();
}

// ---- the bus

bool UnitAgent::connect(std::string& problem) {
    sd_bus* bus = nullptr;
    int rc = sd_bus_open_system(&bus);
    if (rc >= 0) {
        bus_.reset(bus);
        rc = sd_bus_match_signal_async(
            bus, nullptr, nullptr, kManagerPath, kManager, "JobRemoved",
            [](sd_bus_message* m, void* self, sd_bus_error* e) { return on_signal(m, self, e); },
            nullptr, this);
    }
    // Without it systemd sends no signals to others than its own tools.
    if (rc >= 0)
        rc = sd_bus_call_method_async(bus, nullptr, kSystemd, kManagerPath, kManager, "Subscribe",
                                      nullptr, nullptr, "");
    if (rc >= 0) return true;
    problem = fmt::format("cannot reach systemd over the system bus: {}", std::strerror(-rc));
    bus_.reset();
    return false;
}

void UnitAgent::disconnect(const std::string& problem) {
    readable_.cancel();
    bus_timer_.disarm();
    std::vector<std::uint64_t> ids;
    for (const auto& [id, call] : calls_)
        ids.push_back(id);
    for (const std::uint64_t id : ids)
        finish(id, Outcome::kFailed, problem);
    for (auto& [id, call] : calls_)
        call->slot.reset();
    bus_.reset();
}

void UnitAgent::process() noexcept {
    while (bus_) {
        const int rc = sd_bus_process(bus_.get(), nullptr);
        if (rc < 0) {
            disconnect(fmt::format("the connection to systemd broke: {}", std::strerror(-rc)));
            return;
        }
        if (rc == 0) break;
    }
    watch();
}

void UnitAgent::watch() noexcept {
    if (!bus_) return;
    const int events = sd_bus_get_events(bus_.get());
    const int fd = sd_bus_get_fd(bus_.get());
    std::uint64_t wake = 0;
    if (events < 0 || fd < 0 || sd_bus_get_timeout(bus_.get(), &wake) < 0) {
        disconnect("the connection to systemd is gone");
        return;
    }
    readable_.watch(fd,
                    (events & POLLOUT) != 0 ? runtime::Interest::kBoth : runtime::Interest::kRead);
    // Its clock is not ours: ready now, at some time (look again in a while), or never.
    constexpr Duration kLook = 1s;
    if (wake == 0)
        bus_timer_.arm(runtime::now());
    else if (wake == UINT64_MAX)
        bus_timer_.disarm();
    else
        bus_timer_.arm(runtime::now() + kLook);
}

// ---- one operation

void UnitAgent::begin(Call& call) {
    if (call.operation.operation == Operation::kStatus) return ask_state(call);
    const bool start = call.operation.operation == Operation::kStart;
    say(call, Level::kInfo, "unit-job",
        fmt::format("{} {}", start ? "Starting unit" : "Stopping unit", call.operation.unit));
    if (start)
        sd_bus_call_method_async(bus_.get(), nullptr, kSystemd, kManagerPath, kManager,
                                 "ResetFailedUnit", nullptr, nullptr, "s",
                                 call.operation.unit.c_str());
    sd_bus_slot* slot = nullptr;
    const int rc = sd_bus_call_method_async(
        bus_.get(), &slot, kSystemd, kManagerPath, kManager, start ? "StartUnit" : "StopUnit",
        [](sd_bus_message* m, void* c, sd_bus_error* e) { return on_job(m, c, e); }, &call, "ss",
        call.operation.unit.c_str(), "replace");
    if (rc < 0) return finish(call.operation.id, Outcome::kFailed, std::strerror(-rc));
    call.slot.reset(slot);
}

int UnitAgent::on_job(sd_bus_message* message, void* data, void*) noexcept {
    Call& call = *static_cast<Call*>(data);
    UnitAgent& self = *call.agent;
    const char* job = nullptr;
    if (sd_bus_message_is_method_error(message, nullptr) > 0) {
        // A unit that is not even loaded is stopped.
        const bool is_gone =
            sd_bus_message_is_method_error(message, "org.freedesktop.systemd1.NoSuchUnit") > 0;
        if (is_gone && call.operation.operation == Operation::kStop)
            self.finish(call.operation.id, Outcome::kNotRunning, "");
        else
            self.finish(call.operation.id, Outcome::kFailed, error_text(message));
    } else if (sd_bus_message_read(message, "o", &job) < 0) {
        self.finish(call.operation.id, Outcome::kFailed, "systemd gave an answer without a job");
    } else {
        call.job = job;
    }
    return 1;
}

int UnitAgent::on_signal(sd_bus_message* message, void* data, void*) noexcept {
    std::uint32_t number = 0;
    const char* job = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    if (sd_bus_message_read(message, "uoss", &number, &job, &unit, &result) < 0) return 0;
    static_cast<UnitAgent*>(data)->job_removed(job, result);
    return 0;
}

// Several operations may have been given the same job.
void UnitAgent::job_removed(const std::string& job, const std::string& result) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, call] : calls_)
        if (call->job == job) ids.push_back(id);
    for (const std::uint64_t id : ids) {
        if (result == "done" ||
            (result == "skipped" && calls_.at(id)->operation.operation == Operation::kStop))
            finish(id, Outcome::kOk, "");
        else
            finish(id, Outcome::kFailed, fmt::format("systemd's job ended with '{}'", result));
    }
}

void UnitAgent::ask_state(Call& call) {
    sd_bus_slot* slot = nullptr;
    const int rc = sd_bus_call_method_async(
        bus_.get(), &slot, kSystemd, kManagerPath, kManager, "LoadUnit",
        [](sd_bus_message* m, void* c, sd_bus_error* e) { return on_unit(m, c, e); }, &call, "s",
        call.operation.unit.c_str());
    if (rc < 0) return finish(call.operation.id, Outcome::kFailed, std::strerror(-rc));
    call.slot.reset(slot);
}

int UnitAgent::on_unit(sd_bus_message* message, void* data, void*) noexcept {
    Call& call = *static_cast<Call*>(data);
    UnitAgent& self = *call.agent;
    const char* path = nullptr;
    if (sd_bus_message_is_method_error(message, nullptr) > 0 ||
        sd_bus_message_read(message, "o", &path) < 0) {
        self.finish(call.operation.id, Outcome::kFailed, error_text(message));
        return 1;
    }
    sd_bus_slot* slot = nullptr;
    const int rc = sd_bus_call_method_async(
        self.bus_.get(), &slot, kSystemd, path, kProperties, "Get",
        [](sd_bus_message* m, void* c, sd_bus_error* e) { return on_state(m, c, e); }, &call, "ss",
        kUnit, "ActiveState");
    if (rc < 0)
        self.finish(call.operation.id, Outcome::kFailed, std::strerror(-rc));
    else
        call.slot.reset(slot);
    return 1;
}

int UnitAgent::on_state(sd_bus_message* message, void* data, void*) noexcept {
    Call& call = *static_cast<Call*>(data);
    UnitAgent& self = *call.agent;
    const char* state = nullptr;
    if (sd_bus_message_is_method_error(message, nullptr) > 0 ||
        sd_bus_message_read(message, "v", "s", &state) < 0)
        self.finish(call.operation.id, Outcome::kFailed, error_text(message));
    else if (runs(state))
        self.finish(call.operation.id, Outcome::kRunning, "");
    else
        self.finish(call.operation.id, Outcome::kNotRunning,
                    fmt::format("unit {} is {}", call.operation.unit, state));
    return 1;
}

// ---- ends

void UnitAgent::finish(std::uint64_t id, Outcome outcome, std::string detail) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    const bool asked = found->second->operation.operation == Operation::kStatus;
    if (!asked && (outcome == Outcome::kFailed || outcome == Outcome::kTimeout))
        say(*found->second, Level::kError, "unit-failed",
            fmt::format("{} {}: {}", to_string(found->second->operation.operation),
                        found->second->operation.unit, detail));
    finished_.push_back({id, outcome, std::move(detail)});
    found->second->deadline = kForever;
    deliver_.schedule();
}

void UnitAgent::deadlines() noexcept {
    const MonoTime now = runtime::now();
    std::vector<std::uint64_t> late;
    for (const auto& [id, call] : calls_)
        if (call->deadline <= now) late.push_back(id);
    for (const std::uint64_t id : late)
        finish(id, Outcome::kTimeout, "systemd did not get it done in time");
    arm_deadline();
}

void UnitAgent::arm_deadline() {
    MonoTime next = kForever;
    for (const auto& [id, call] : calls_)
        next = std::min(next, call->deadline);
    deadline_.arm(next);
}

// Not inside a callback of the bus: whoever is told may call run(), and the call's slot goes.
void UnitAgent::deliver() noexcept {
    for (const OperationDone& done : std::exchange(finished_, {})) {
        if (calls_.erase(done.id) == 0) continue;  // answered twice: its deadline, and systemd
        callbacks_.on_done(done);
    }
    arm_deadline();
    watch();
}

void UnitAgent::say(const Call& call, Level level, std::string id, std::string text) {
    callbacks_.on_event(
        {std::move(id),
         level,
         std::move(text),
         {{"HB_GROUP", call.operation.group}, {"HB_RESOURCE", call.operation.word}}});
}

}  // namespace hb::resource
