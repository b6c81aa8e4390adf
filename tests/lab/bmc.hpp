// A baseboard management controller for a node of the lab: openipmi's ipmi_sim in the client's
// namespace, at 10.77.0.200, one port per node. Its chassis power is the node's power: what it is
// told to do is done by serve(), in the lab's own thread, so a test decides when.
#pragma once

#include <string>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class Bmc {
  public:
    static constexpr const char* kUser = "fence";
    static constexpr const char* kPassword = "s3cret-of-the-bmc";

    Bmc(Lab& lab, unsigned node);
    ~Bmc();
    Bmc(const Bmc&) = delete;
    Bmc& operator=(const Bmc&) = delete;

    // Whether ipmi_sim and the fence agents are here; else why not, for a skipped test.
    [[nodiscard]] static std::string cannot_run();

    // The parameters of fence_ipmilan that reach it.
    [[nodiscard]] std::string parameters(const std::string& password = kPassword) const;
    [[nodiscard]] bool was_told_off() const;
    // Does what it was told since; true when it switched the node off just now.
    bool serve();

  private:
    [[nodiscard]] int port() const { return 6230 + static_cast<int>(node_); }
    void write_files();
    void start();

    Lab& lab_;
    unsigned node_;
    std::string directory_;
    pid_t pid_ = -1;
};

}  // namespace hb::lab
