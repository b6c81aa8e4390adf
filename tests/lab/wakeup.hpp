// How the waits of the lab wake up: whatever happens anywhere (a log line, an address that moved, a
// process that ended) rings here, and who waits for a state looks again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/lab/os.hpp"

namespace hb::lab {

class Wakeup {
  public:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            ++rings_;
        }
        changed_.notify_all();
    }

    // True as soon as `holds` does. It is asked at every ring, and every `poll_every` for states
    // that nobody announces; false when the time is over. Who asks a node rings by its answer: with
    // a `rest` between two askings that does not become an endless round at full speed.
    bool wait(Duration at_most, const std::function<bool()>& holds, Duration poll_every = 50ms,
              Duration rest = 0ms) {
        const LabTime deadline = LabClock::now() + at_most;
        std::unique_lock lock(mutex_);
        for (;;) {
            const std::uint64_t seen = rings_;
            lock.unlock();
            if (holds()) return true;
            if (LabClock::now() >= deadline) return false;
            if (rest > 0ms) std::this_thread::sleep_for(rest);
            lock.lock();
            changed_.wait_until(lock, std::min(deadline, LabClock::now() + poll_every),
                                [&] { return rings_ != seen; });
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t rings_ = 0;
};

}  // namespace hb::lab
