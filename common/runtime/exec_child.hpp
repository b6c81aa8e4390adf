// What happens in a child between fork and exec. Everything is prepared before the fork: after it
// only async-signal-safe calls are made. For child_process.cpp only.
#pragma once

#include <string>
#include <vector>

#include "common/runtime/child_process.hpp"

namespace hb::runtime {

class PreparedExec {
  public:
    // The child reads one byte from `hold` before it executes, written by us to `release`; the end
    // of that pipe ends the child. `input` negative: /dev/null; `output` negative: no pipe.
    PreparedExec(const ChildSpec& spec, int hold, int release, int input, int output);
    [[noreturn]] void run() const noexcept;

  private:
    [[noreturn]] static void give_up(int code) noexcept;
    [[noreturn]] void cannot(const char* what, int code) const noexcept;
    void wait_until_released() const noexcept;
    void arrange_descriptors() const noexcept;
    void reset_process() const noexcept;
    void become_ordinary() const noexcept;
    void become_user() const noexcept;

    const ChildSpec& spec_;
    int hold_;
    int release_;
    int input_;
    int output_;
    std::vector<char*> argv_;
    std::vector<char*> environment_;
};

}  // namespace hb::runtime
