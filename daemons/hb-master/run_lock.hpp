// Two locks in the run-time directory.
//
// master.lock is held by the master alone: a second master refuses to start.
// suite.lock is held by the master and, through an inherited descriptor that nobody uses, by every
// daemon of the suite: a master that starts after another one died waits until the last daemon of
// that one has ended, because hb-resource may still be stopping what it ran.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::master {

class RunLock {
  public:
    // Fails when another master runs ("hb-master is already running (pid 4711)").
    [[nodiscard]] static Result<RunLock> take(const std::string& run_dir);

    // Is the last run over? Then suite.lock is ours.
    [[nodiscard]] bool try_suite();
    // Who still holds suite.lock, for people: "hb-resource (pid 4711)".
    [[nodiscard]] std::vector<std::string> holders() const;

    [[nodiscard]] int suite_fd() const { return suite_.get(); }

  private:
    std::string suite_path_;
    runtime::UniqueFd master_;
    runtime::UniqueFd suite_;
};

}  // namespace hb::master
