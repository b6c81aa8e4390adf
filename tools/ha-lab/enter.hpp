// Running a command of a person's terminal inside a node.
#pragma once

#include "tests/lab/os.hpp"
#include "tools/ha-lab/lab_server.hpp"

namespace hb::lab {

// Enters what the answer names, runs the command there (a shell when there is none) and returns its
// exit code.
int enter_and_run(const Answer& where, Argv command);

}  // namespace hb::lab
