#include "daemons/hb-resource/ocf_rules.hpp"

#include "common/config/ocf_call.hpp"

namespace hb::resource {

const char* ocf_action(Operation operation) {
    return operation == Operation::kStatus ? "monitor" : to_string(operation);
}

OcfOutcome ocf_outcome(Operation operation, int exit_code) {
    using Outcome = OperationDone::Outcome;
    const auto failed = [&] {
        return OcfOutcome{Outcome::kFailed, config::ocf_code_text(exit_code)};
    };
    switch (operation) {
        case Operation::kStart:
            return exit_code == config::kOcfSuccess ? OcfOutcome{Outcome::kOk, {}} : failed();
        case Operation::kStop:
            // Some say "not running" to a stop of what is stopped; that is what was wanted.
            if (exit_code == config::kOcfNotRunning) return {Outcome::kNotRunning, {}};
            return exit_code == config::kOcfSuccess ? OcfOutcome{Outcome::kOk, {}} : failed();
        case Operation::kStatus:
            if (exit_code == config::kOcfSuccess || exit_code == config::kOcfDegraded)
                return {Outcome::kRunning, {}};
            if (exit_code == config::kOcfNotRunning) return {Outcome::kNotRunning, {}};
            return failed();
    }
    return failed();
}

}  // namespace hb::resource
