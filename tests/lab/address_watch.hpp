// Who has which address, and whose cable has a carrier, as the kernels of the nodes say it: every
// change with its time, in the order in which it happened.
//
// One netlink socket in the switch hears the events of all nodes (NETLINK_LISTEN_ALL_NSID), so they
// come through one queue: if an address is taken there before it was given up here, that is what
// happened, not an accident of reading.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/log_book.hpp"
#include "tests/lab/net_namespace.hpp"
#include "tests/lab/os.hpp"
#include "tests/lab/rtnl.hpp"
#include "tests/lab/wakeup.hpp"

namespace hb::lab {

class Node;

struct AddressEvent {
    enum class What { kAdded, kRemoved, kCarrierUp, kCarrierLost, kPowerOff };
    LabTime at;
    unsigned node = 0;
    What what = What::kAdded;
    std::string interface;  // label for addresses: "eth0:0"
    std::string address;    // "10.77.0.100"; empty for carrier and power
};

// From when until when a node had an address.
struct Holding {
    unsigned node = 0;
    LabTime from;
    LabTime until;  // LabTime::max(): it still has it
};

struct Overlap {
    unsigned first = 0;
    unsigned second = 0;
    LabTime from;
    LabTime until;
};

class AddressWatch {
  public:
    AddressWatch(const NetNamespace& switch_network, Rtnl& rtnl, LogBook& log, Wakeup& wakeup);
    ~AddressWatch();
    AddressWatch(const AddressWatch&) = delete;
    AddressWatch& operator=(const AddressWatch&) = delete;

    // A place in the record: "from here on".
    [[nodiscard]] std::size_t mark() const;
    [[nodiscard]] std::vector<AddressEvent> events(std::size_t from = 0) const;
    // Adding and removing of one address only.
    [[nodiscard]] std::vector<AddressEvent> events_of(const std::string& address,
                                                      std::size_t from = 0) const;

    // Nodes whose kernel has the address now. A node without power has nothing.
    [[nodiscard]] std::set<unsigned> holders(const std::string& address) const;
    [[nodiscard]] std::vector<Holding> holdings(const std::string& address) const;
    // Every time in which two kernels had the address at once.
    [[nodiscard]] std::vector<Overlap> overlaps(const std::string& address) const;

    // The record of one address for people, a line per event.
    [[nodiscard]] std::string text(const std::string& address) const;

    // Called by Node.
    void node_boots(const Node& node);
    void node_is_off(const Node& node);

  private:
    struct Life {  // one boot of one node
        unsigned node = 0;
        std::map<int, bool> carrier;
    };
    void loop();
    void read_events();
    void take_link(const void* message, Life& life);
    void take_address(const void* message, bool added, const Life& life);
    void record(AddressEvent event);

    Rtnl& rtnl_;
    LogBook& log_;
    Wakeup& wakeup_;
    Fd socket_;
    Fd stop_;
    mutable std::mutex mutex_;
    int next_id_ = 1000;         // the kernel gives out small numbers by itself
    std::map<int, Life> lives_;  // by namespace number
    std::vector<AddressEvent> events_;
    std::map<std::string, std::vector<Holding>> holdings_;  // by address, what the events say
    std::thread thread_;
};

}  // namespace hb::lab
