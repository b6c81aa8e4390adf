// Every bound of the suite that more than one part must know, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/time.hpp"

namespace hb::limits {

inline constexpr std::size_t kNodes = 64;            // link masks and node sets are one 64 bit word
inline constexpr std::size_t kMedia = 32;            // links of one frame head are one 32 bit mask
inline constexpr std::size_t kNodeNameBytes = 63;    // a host name label
inline constexpr std::size_t kGroups = 1000;         // rows and reports of all must fit kBodyBytes
inline constexpr std::size_t kGroupNameBytes = 255;  // one haresources word
inline constexpr std::size_t kReasonBytes = 200;     // a sentence, not an essay
inline constexpr std::size_t kResourcesPerGroup = 2000;
inline constexpr std::size_t kBodyBytes =
    512 * 1024;                                  // plain text of one frame, over all its parts
inline constexpr std::size_t kPartBytes = 1300;  // a datagram that needs no IP fragment
inline constexpr int kReceiveBytes = 4 * 1024 * 1024;      // of a socket that strangers may flood
inline constexpr std::size_t kChannelBytes = 1024 * 1024;  // one message between two daemons
// A Setup, in parts: three files of at most 1 MiB, and what protobuf adds to short words.
inline constexpr std::size_t kSetupBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kSetupPartBytes = 128 * 1024;  // fits every socket's send buffer
inline constexpr std::size_t kFramesPerWakeup = 25;         // then others get a turn
inline constexpr std::size_t kAuthKeys = 16;                // Heartbeat: key ids 0..15

inline constexpr std::size_t kLinkNameBytes = 63;       // an interface, or a serial device's path
inline constexpr std::size_t kInterfaceNameBytes = 15;  // IFNAMSIZ - 1
inline constexpr std::size_t kAddresses = 8192;         // claimed or probed: those of all groups
inline constexpr std::size_t kProbesPerMessage = 1000;  // of hb-comm to hb-resource
inline constexpr std::size_t kPingNodes = 256;
inline constexpr std::size_t kPingHosts = 256;  // of all ping nodes and groups: each gets its ping
inline constexpr std::size_t kPingNameBytes = 255;    // a full host name
inline constexpr std::size_t kParameterBytes = 8192;  // a directive of ha.cf, all its lines
inline constexpr std::size_t kEventTextBytes = 1000;  // one line of a log
inline constexpr std::size_t kEventFields = 16;
inline constexpr unsigned kDebugMax = 255;  // Heartbeat's
inline constexpr std::size_t kMoments = 32;         // of a group's history
inline constexpr std::size_t kLookers = 64;  // users, and groups, of apiauth
inline constexpr std::size_t kControlClients = 32;  // tools at the control socket at once

// Of the answer to a reload: it travels in one message, which every socket's send buffer takes.
inline constexpr std::size_t kReloadBytes = 96 * 1024;
inline constexpr std::size_t kReloadTextBytes = 2000;  // one text of it

inline constexpr std::size_t kFenceDevices = 256;
inline constexpr std::size_t kFenceRecords = 100;  // of fencing that is over, the newest

// Times that another process or node says.
inline constexpr Duration kDeadtimeMax = std::chrono::hours(24);
inline constexpr Duration kAgeMax = std::chrono::hours(24 * 3650);  // also of points of MonoTime

}  // namespace hb::limits
