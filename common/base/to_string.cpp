#include <fmt/format.h>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "common/base/ipc/program.hpp"
#include "common/base/time.hpp"

namespace hb {

std::string to_string(Duration d) {
    const auto ns = d.count();
    if (ns % 1'000'000'000 == 0) return fmt::format("{}s", ns / 1'000'000'000);
    if (ns % 1'000'000 == 0) return fmt::format("{}ms", ns / 1'000'000);
    return fmt::format("{}us", ns / 1'000);
}

const char* to_string(GroupState s) {
    switch (s) {
        case GroupState::kUnknown:
            return "unknown";
        case GroupState::kStopped:
            return "stopped";
        case GroupState::kStarting:
            return "starting";
        case GroupState::kRunning:
            return "running";
        case GroupState::kStopping:
            return "stopping";
        case GroupState::kFailed:
            return "failed";
    }
    return "?";
}

std::string to_string(const ConfigDifference& d) {
    if (!d.any()) return {};
    return !d.haresources ? "ha.cf" : d.ha_cf ? "ha.cf and haresources" : "haresources";
}

const char* to_string(NodeStatus s) {
    switch (s) {
        case NodeStatus::kInit:
            return "init";
        case NodeStatus::kUp:
            return "up";
        case NodeStatus::kActive:
            return "active";
        case NodeStatus::kDead:
            return "dead";
    }
    return "?";
}

const char* to_string(PingState s) {
    switch (s) {
        case PingState::kInit:
            return "init";
        case PingState::kPing:
            return "ping";
        case PingState::kDead:
            return "dead";
    }
    return "?";
}

const char* to_string(Topic t) {
    switch (t) {
        case Topic::kView:
            return "view";
        case Topic::kReport:
            return "report";
        case Topic::kTable:
            return "table";
        case Topic::kIpfail:
            return "ipfail";
    }
    return "?";
}

std::string to_string(const ViewId& id) {
    return fmt::format("{}/{}/{}.{}", id.number, rank(id.coordinator),
                       id.coordinator_incarnation.generation, id.coordinator_incarnation.respawn);
}

namespace ipc {

const char* to_string(Program p) {
    switch (p) {
        case Program::kMaster:
            return "hb-master";
        case Program::kComm:
            return "hb-comm";
        case Program::kMembership:
            return "hb-membership";
        case Program::kResource:
            return "hb-resource";
        case Program::kIpfail:
            return "hb-ipfail";
        case Program::kFence:
            return "hb-fence";
    }
    return "?";
}

std::optional<Program> program_of(std::string_view name) {
    for (const Program p : {Program::kMaster, Program::kComm, Program::kMembership,
                            Program::kResource, Program::kIpfail, Program::kFence})
        if (name == to_string(p)) return p;
    return std::nullopt;
}

}  // namespace ipc

}  // namespace hb
