// The control group that a node of the lab lives in, as a container would: process 1 is born in it,
// and the node sees it as the root of its own hierarchy.
//
// The one thing of the lab that the kernel does not take away when the lab is killed: what is left
// of labs that are gone is removed when the next one is made.
#pragma once

#include <memory>
#include <string>

#include "tests/lab/os.hpp"

namespace hb::lab {

class NodeCgroup {
  public:
    // None where the machine has no cgroup2 hierarchy that we may write.
    [[nodiscard]] static std::unique_ptr<NodeCgroup> make(const std::string& node);
    ~NodeCgroup();  // with all that is in it
    NodeCgroup(const NodeCgroup&) = delete;
    NodeCgroup& operator=(const NodeCgroup&) = delete;

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    NodeCgroup(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_;
    Fd fd_;
};

}  // namespace hb::lab
