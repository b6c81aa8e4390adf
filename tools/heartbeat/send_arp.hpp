// What send_arp is asked for, in each of the ways in which people and agents ask. Pure.
//
//   send_arp [-i MS] [-r COUNT] [-p PIDFILE] DEVICE IP MAC|auto BROADCAST NETMASK   Heartbeat 2, 3
//   send_arp DEVICE IP MAC IP ffffffffffff                                          Heartbeat 0.4
//   send_arp IP MAC IP ffffffffffff                                       the oldest; no device
//   send_arp -U|-A [-q] [-b] [-c COUNT] [-w SECONDS] -I DEVICE [-s SOURCE] IP       as arping(8)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/wire/arp_packet.hpp"

namespace hb::heartbeat {

struct ArpJob {
    std::string device;  // without a label; empty: the interface in whose network the address is
    IpAddress address;   // what is announced
    IpAddress target;    // the same, but with -s
    std::optional<MacAddress> mac;  // none: the device's
    bool requests = true;
    bool replies = true;
    unsigned count = 1;      // of packets, or of pairs when both are sent; 0: until `deadline`
    Duration pause = 500ms;  // after each packet
    std::optional<Duration> deadline;
    std::string pid_file;
    bool operator==(const ArpJob&) const = default;
};

// Without the name of the program. An error says what is wrong.
[[nodiscard]] Result<ArpJob> parse_send_arp(const std::vector<std::string>& words);
[[nodiscard]] const char* send_arp_usage();

// The packets of one round, in order.
[[nodiscard]] std::vector<wire::ArpPacket> packets(const ArpJob& job, const MacAddress& mac);

}  // namespace hb::heartbeat
