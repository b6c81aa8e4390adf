// A laboratory: nodes, two networks, a client, a router, and everything that can go wrong between
// them.
//
//   service    10.77.0.0/24: eth0 of node N is .N, the client .200, the router .254
//   heartbeat  10.77.1.0/24: eth1 of node N is .N
//   far        10.88.0.0/24: a client behind the router is .200
//
// Needs root. All of it lives in namespaces that this process made: when the process ends, however
// it ends, the kernel takes everything away. Labs in several processes do not see each other.
//
// One thread (that of the constructor) builds, boots and breaks; reading and measuring is done by
// threads of the lab's own.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/lab/address_watch.hpp"
#include "tests/lab/log_book.hpp"
#include "tests/lab/net_namespace.hpp"
#include "tests/lab/node.hpp"
#include "tests/lab/pump.hpp"
#include "tests/lab/rtnl.hpp"
#include "tests/lab/shared_disk.hpp"
#include "tests/lab/vault.hpp"
#include "tests/lab/wakeup.hpp"

namespace hb::lab {

struct LabOptions {
    unsigned nodes = 2;
    bool cgroups = true;  // where the machine lets us: each node has a hierarchy of its own
};

class Lab {
  public:
    static constexpr const char* kClientAddress = "10.77.0.200";
    static constexpr const char* kClientAddressV6 = "fd77::c8";
    static constexpr const char* kRouterAddress = "10.77.0.254";
    static constexpr const char* kFarAddress = "10.88.0.200";

    // The networks and the nodes, which are off.
    explicit Lab(LabOptions options = {});
    ~Lab();
    Lab(const Lab&) = delete;
    Lab& operator=(const Lab&) = delete;

    // Whether this process may make one; else why not, for a skipped test.
    [[nodiscard]] static std::string cannot_run();

    [[nodiscard]] bool has_cgroups() const { return cgroups_; }
    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(nodes_.size()); }
    [[nodiscard]] Node& node(unsigned number);
    void boot_all();

    // Made and formatted; nobody has it mounted. It lives as long as the lab.
    SharedDisk& add_shared_disk(const std::string& name, std::uint64_t bytes);

    [[nodiscard]] const NetNamespace& client() const { return client_; }
    [[nodiscard]] const NetNamespace& router() const { return router_; }
    [[nodiscard]] const NetNamespace& far() const { return far_; }

    // Frames between the two groups of nodes are dropped in both networks; the client reaches all.
    void split(const std::vector<unsigned>& these, const std::vector<unsigned>& those);
    void heal();

    [[nodiscard]] LogBook& log() { return log_; }
    [[nodiscard]] AddressWatch& addresses() { return *addresses_; }
    [[nodiscard]] Wakeup& wakeup() { return wakeup_; }

    // For the parts of the lab.
    [[nodiscard]] static const char* bridge(Cable cable);
    [[nodiscard]] const NetNamespace& switch_network() const { return switch_; }
    [[nodiscard]] Rtnl& rtnl() { return rtnl_; }
    [[nodiscard]] Pump& pump() { return *pump_; }
    [[nodiscard]] const Vault& vault() const { return vault_; }
    [[nodiscard]] const std::vector<std::unique_ptr<SharedDisk>>& shared_disks() const {
        return disks_;
    }
    // Reads lines from a pipe into the log book until it is closed.
    void read_lines(Fd from, const std::string& source);

  private:
    void connect_outside();

    const bool cgroups_;
    Wakeup wakeup_;
    LogBook log_{wakeup_};
    Vault vault_;
    NetNamespace switch_;
    NetNamespace client_;
    NetNamespace router_;
    NetNamespace far_;
    Rtnl rtnl_{switch_};
    std::unique_ptr<AddressWatch> addresses_;
    std::unique_ptr<Pump> pump_;  // its callbacks use what is above
    std::vector<std::unique_ptr<SharedDisk>> disks_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace hb::lab
