// What a client of the virtual address goes through.
//
// Every millisecond an ICMP (IPv6: ICMPv6) echo request with a number and its send time leaves for
// the address; the kernel of whoever owns it answers. Nothing helps the client: it finds the new
// owner by what everybody finds it by, the gratuitous ARP that renews its neighbour table.
//
// The outage is the longest time between the sending of one answered request and the sending of the
// next answered one; without any loss that is the period, so it never shows less than what the
// client missed, and at most one period more. When the machine kept the probe itself from sending,
// longest_pause tells.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/net_namespace.hpp"
#include "tests/lab/os.hpp"

namespace hb::lab {

struct ProbeReport {
    std::size_t sent = 0;
    std::size_t answered = 0;
    Duration outage{};         // see above
    LabTime outage_from;       // the last answered request before it
    LabTime outage_until;      // the first answered one after it
    Duration longest_pause{};  // between two sends: how late this measurement itself was
    Duration last_pause{};     // the one before outage_until: that much of it may be the probe's
    Duration slowest_answer{};

    [[nodiscard]] std::size_t lost() const { return sent - answered; }
};

class Probe {
  public:
    // Starts at once and returns when the address answered (or throws after `warm_up`), so that the
    // client's neighbour table knows an owner, as that of a client in the middle of its work does.
    Probe(const NetNamespace& from, const std::string& address, Duration period = 1ms,
          Duration warm_up = 10s);
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    // Forgets what was: the next report begins here.
    void restart();

    // The record from the last restart to now. Requests that left a moment ago may still be on
    // their way; they count neither as lost nor as sent.
    [[nodiscard]] ProbeReport report() const;

    // Whether an answer came to a request sent after `t`.
    [[nodiscard]] bool answered_since(LabTime t) const;

  private:
    struct Request {
        LabTime sent;
        Duration answered_after{-1};  // negative: not yet
    };
    void open_v4(const NetNamespace& from, const std::string& address);
    void open_v6(const NetNamespace& from, const std::string& address);
    void loop();
    void send_one();
    void read_answers();

    Fd socket_;
    bool v6_ = false;
    std::vector<char> target_;
    Duration period_;
    std::uint16_t id_;
    mutable std::mutex mutex_;
    std::vector<Request> requests_;
    std::uint64_t first_ = 0;  // number of requests_[0]
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace hb::lab
