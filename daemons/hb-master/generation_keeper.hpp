// GenerationKeeper: puts what the store holds on disk, beside the loop. A disk may take seconds for
// a sync, or hang; the loop that feeds the watchdog and respawns daemons must not wait for it.
//
// Another hb-master does it ("hb-master --keep-generations"), one at a time, the newest text last.
// It ends with us: what it has not written then is learnt again from the peers.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/events.hpp"

namespace hb::master {

class GenerationKeeper {
  public:
    static constexpr Duration kSlow = 5s;  // longer is worth a warning

    // `program`: hb-master.
    GenerationKeeper(runtime::EventLoop& loop, log::Logger& log, std::string program,
                     std::string state_dir);

    void keep(std::string text);
    // If the process has ended: take note of it now, before somebody else reaps it.
    void check() noexcept;

  private:
    void start() noexcept;
    void ended(const runtime::ExitStatus& status) noexcept;
    void failed(const std::string& why) noexcept;

    runtime::EventLoop& loop_;
    log::Logger& log_;
    const std::string program_;
    const std::string state_dir_;
    std::optional<std::string> waiting_;  // to be written next
    std::string said_;                    // by the process
    std::unique_ptr<runtime::ChildProcess> process_;
    runtime::Timer slow_;
};

}  // namespace hb::master
