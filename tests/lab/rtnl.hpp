// rtnetlink, for what must be quick and in one stroke: pulling cables.
//
// Starting `ip` takes milliseconds; a node whose two cables go dead must lose both at one instant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/lab/net_namespace.hpp"

namespace hb::lab {

// States of a bridge port, as the kernel numbers them.
enum class PortState : std::uint8_t { kDisabled = 0, kForwarding = 3 };

class Rtnl {
  public:
    explicit Rtnl(const NetNamespace& netns);

    [[nodiscard]] int index_of(const std::string& interface) const;

    // Up or down. The peer of a veth that goes down loses its carrier.
    void set_up(int interface, bool up);

    // All ports at once, without a word to the devices behind them: they keep their carrier.
    void set_port_states(const std::vector<int>& interfaces, PortState state);

    // Takes interfaces away, and their peers with them; those that are gone already are no error.
    void delete_links(const std::vector<int>& interfaces);

    // Gives the namespace `other` the number `id` here; events of it carry that number.
    void name_namespace(const NetNamespace& other, int id);

  private:
    void transact(const std::vector<char>& requests, std::size_t count);

    const NetNamespace& netns_;
    Fd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace hb::lab
