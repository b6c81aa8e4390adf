// A loop device over a file: what a disk is to a host. It is detached when this object goes, and
// also when the process that made it is killed: a child of its own waits for nothing else.
//
// We hold it open at no time. So the kernel drops what it has cached of it at each last close, as
// two hosts with one disk need it.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/lab/os.hpp"

namespace hb::lab {

class LoopDevice {
  public:
    explicit LoopDevice(const Fd& image);
    ~LoopDevice();
    LoopDevice(const LoopDevice&) = delete;
    LoopDevice& operator=(const LoopDevice&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }  // "/dev/loop3"
    [[nodiscard]] dev_t number() const { return number_; }
    // Whether a file system on it is mounted, or on its way to be no more.
    [[nodiscard]] bool is_in_use() const;

  private:
    void attach(const Fd& image);
    void post_guard();

    std::string path_;
    dev_t number_ = 0;
    std::string mark_;  // what the kernel knows it by as ours
    Fd alive_;          // closed when we are gone
    pid_t guard_ = -1;
};

}  // namespace hb::lab
