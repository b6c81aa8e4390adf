// What operations, their outcomes and answers of a group are called in log lines.
#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource {

const char* to_string(Operation operation) {
    switch (operation) {
        case Operation::kStart:
            return "start";
        case Operation::kStop:
            return "stop";
        case Operation::kStatus:
            return "status";
    }
    return "?";
}

const char* to_string(OperationDone::Outcome outcome) {
    switch (outcome) {
        case OperationDone::Outcome::kOk:
            return "ok";
        case OperationDone::Outcome::kRunning:
            return "running";
        case OperationDone::Outcome::kNotRunning:
            return "not running";
        case OperationDone::Outcome::kFailed:
            return "failed";
        case OperationDone::Outcome::kTimeout:
            return "timed out";
    }
    return "?";
}

const char* to_string(RunnerDone::Answer answer) {
    switch (answer) {
        case RunnerDone::Answer::kRunning:
            return "running";
        case RunnerDone::Answer::kStopped:
            return "stopped";
        case RunnerDone::Answer::kPartial:
            return "partly running";
        case RunnerDone::Answer::kFailed:
            return "failed";
    }
    return "?";
}

}  // namespace hb::resource
