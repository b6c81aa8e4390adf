// One thread that reads whatever the lab has to read, so that no process inside ever waits for us.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/lab/os.hpp"

namespace hb::lab {

class Pump {
  public:
    // Called on the pump's thread when the descriptor is readable or closed; false: take it out.
    // The callback owns the descriptor (it is destroyed when taken out). It must not throw.
    using Callback = std::function<bool()>;

    Pump();
    ~Pump();
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;

    void add(int fd, Callback on_readable);
    // When this returns the callback does not run and never will. Not for use by callbacks.
    void remove(int fd);

  private:
    void loop();
    void wake() const;

    std::mutex mutex_;  // held while callbacks run, so that remove() can promise
    std::map<int, std::shared_ptr<Callback>> watched_;
    bool stop_ = false;
    Fd wake_;
    std::thread thread_;
};

}  // namespace hb::lab
