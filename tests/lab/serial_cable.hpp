// A null-modem cable between two nodes: two pseudo terminals, and between them what a cable and its
// two serial ports do. Bytes take as long as at the given rate; the cable can be cut, make noise,
// bring back what was sent; each adapter can be unplugged and plugged in again.
//
// A node finds its end at kDevice. Not imitated: modem lines, framing errors of another rate (noise
// stands in for them), the kernel's small buffers.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class SerialCable {
  public:
    static constexpr const char* kDevice = "/run/ttyS0";

    // The adapters are plugged in: the nodes are on.
    SerialCable(Lab& lab, unsigned one, unsigned other, unsigned baud);
    ~SerialCable();
    SerialCable(const SerialCable&) = delete;
    SerialCable& operator=(const SerialCable&) = delete;

    // The node's device vanishes, and is back as another one. (After a boot: plug.)
    void unplug(unsigned node);
    void plug(unsigned node);

    void cut(bool is_cut) { cut_ = is_cut; }
    // Of so many bytes one is changed, on an average; 0: none.
    void noise(unsigned one_of) { noise_ = one_of; }
    // What an end sends comes back to it, and does not get to the other.
    void loop_back(bool on) { loop_back_ = on; }

    // Bytes that were sent into it.
    [[nodiscard]] std::uint64_t carried() const { return carried_; }

  private:
    struct End {
        unsigned node = 0;
        Fd master;
        Fd keeper;  // of the terminal's other side: else each close would be a hangup
        LabTime free_at{};
    };
    void loop();
    void pass_on(std::size_t from);
    void wake() const;
    [[nodiscard]] End& end_of(unsigned node) { return ends_[ends_[0].node == node ? 0 : 1]; }

    Lab& lab_;
    const unsigned baud_;
    std::mutex mutex_;  // of ends_
    std::array<End, 2> ends_;
    std::atomic<bool> cut_ = false;
    std::atomic<bool> loop_back_ = false;
    std::atomic<unsigned> noise_ = 0;
    std::atomic<std::uint64_t> carried_ = 0;
    std::uint64_t random_ = 1;
    Fd wake_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace hb::lab
