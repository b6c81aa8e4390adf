// Heartbeat 3.0.6 itself on nodes of a lab: Debian's package, unpacked (tools/fetch-heartbeat) and
// laid over the node's own /usr, /etc and /var; nothing of the machine is changed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class Heartbeat3 {
  public:
    // Why it cannot be had here, for a skipped test; empty: it is there.
    [[nodiscard]] static std::string cannot_run();

    explicit Heartbeat3(Lab& lab) : lab_(lab) {}

    void install(unsigned node);
    // As a package that is removed and not purged: /etc/ha.d stays as it is.
    void remove(unsigned node);

    void start(unsigned node);
    // As its init script: it releases everything first. How long that took, to its end.
    Duration stop(unsigned node);
    // Every process of it at once: what it started is left behind. Then what a package's removal
    // runs where it is not running.
    void kill(unsigned node);
    [[nodiscard]] bool is_running(unsigned node) const;
    // As its cl_status says it: "local", "all", "transition", ...
    [[nodiscard]] std::string resources(unsigned node);

  private:
    [[nodiscard]] static std::string directory();
    void must_run(unsigned node, const Argv& argv);

    Lab& lab_;
    std::map<unsigned, std::shared_ptr<Process>> masters_;
};

}  // namespace hb::lab
