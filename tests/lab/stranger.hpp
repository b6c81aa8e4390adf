// A host that is none of the cluster's, on the heartbeat network: it has the cable, and no key.
//
// It hears what everybody there hears and keeps every heartbeat from its first moment on; it sends
// what it is given, from an address of its own.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/lab.hpp"

namespace hb::lab {

struct Heartbeat {  // one datagram to udp/694
    LabTime at;
    std::string from;  // "10.77.1.2"
    std::string bytes;
};

class Stranger {
  public:
    static constexpr const char* kAddress = "10.77.1.66";

    explicit Stranger(Lab& lab);
    ~Stranger();
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

    // What the others sent, oldest first; only from that address when it is given.
    [[nodiscard]] std::vector<Heartbeat> recorded(const std::string& from = {}) const;

    // From here on it only sends: what follows is too much to keep.
    void stop_recording();

    // To the broadcast address of the heartbeat network, udp/694.
    void send(const std::string& bytes);
    // The same with few system calls: `count` of them from the first one on, and round again.
    void flood(const std::vector<std::string>& datagrams, std::size_t first, std::size_t count);

  private:
    void loop();
    void read_packets();

    NetNamespace network_;
    Fd tap_;     // AF_PACKET
    Fd socket_;  // udp
    mutable std::mutex mutex_;
    std::vector<Heartbeat> recorded_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace hb::lab
