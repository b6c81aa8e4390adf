// What `hactl net` found, and what it makes of it. Pure: facts in, text out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "common/base/ip_address.hpp"
#include "tools/hactl/net_filter.hpp"

namespace hb::hactl {

// One address of haresources.
struct AddressFacts {
    std::string address;
    GroupName group;
    std::vector<std::string> here;     // "eth0", "eth0:0": labels of this host's kernel
    std::string interface;             // where it was asked for; empty: nowhere
    std::string not_asked;             // why it was not
    std::vector<MacAddress> answered;  // others than this host, each once
};

struct SenderFacts {
    std::string from;                         // IP address, or serial line
    std::string node;                         // empty: no frame of it was genuine
    std::map<unsigned, unsigned> keys;        // key number: frames that it signs genuinely
    std::map<std::string, unsigned> refused;  // why: frames
};

// One medium of ha.cf.
struct MediumFacts {
    std::string name;       // "bcast eth1"
    std::string interface;  // also the name of the link
    std::uint16_t port = 0;
    std::string trouble;  // it cannot be listened on
    std::string note;     // it is not listened on
    unsigned sent = 0;    // frames of this host that left
    std::vector<SenderFacts> senders;
};

struct NetFacts {
    std::string node;
    double seconds = 0;                   // listened for so long
    std::optional<ClusterStatus> status;  // none: the suite does not run here
    std::string no_status;                // why
    std::vector<AddressFacts> addresses;
    std::vector<MediumFacts> media;
    std::map<MacAddress, std::string> nodes_at;  // whose frames come from there
    unsigned missed = 0;                         // packets, because there were too many
    std::vector<FilterLine> filters;
    std::string no_filters;  // why they are not known
};

struct NetReport {
    std::string text;
    unsigned troubles = 0;  // lines that begin with "!"
};

[[nodiscard]] NetReport report(const NetFacts& facts);

}  // namespace hb::hactl
