// What the exit code of hactl says (docs/man/hactl.8), and why a question to the suite failed.
#pragma once

namespace hb::control {

enum class ExitCode : int {
    kDone = 0,
    kNotRunning = 1,  // the suite does not run here, or may not be asked
    kUsage = 2,
    kRefused = 3,    // the request was refused; the answer says why
    kNotYet = 4,     // accepted, but not true within the time given
    kLost = 5,       // the suite went away in the middle, or does not answer
    kBadConfig = 6,  // as hb-master's own exit code for a wrong configuration
    kTrouble = 7,    // hactl net found what is wrong
};

}  // namespace hb::control
