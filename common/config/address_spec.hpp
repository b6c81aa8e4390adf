// The address words of haresources: ip[/mask[/interface[/broadcast]]] or ip/mask/broadcast; of
// IPv6: ip[/bits[/interface]].
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/config/settings.hpp"

namespace hb::config {

// What is absent is chosen from the routing table by whoever places the address.
struct AddressSpec {
    IpAddress address;
    std::optional<unsigned> prefix;  // 24; a dotted quad is turned into it
    std::string interface;           // device name, without the label
    std::string label;               // the part after ':' in eth0:web, empty: none given
    std::optional<IpAddress> broadcast;
    bool operator==(const AddressSpec&) const = default;
};

[[nodiscard]] Result<AddressSpec> parse_address_spec(std::string_view text);

// The same in pieces, as parameters have them.
struct AddressFields {
    std::string_view address;
    std::optional<std::string_view> mask;
    std::optional<std::string_view> interface;  // may have a label behind a colon
    std::optional<std::string_view> label;
    std::optional<std::string_view> broadcast;
};
[[nodiscard]] Result<AddressSpec> address_of_fields(const AddressFields& fields);

// "10.0.0.5/24/eth0": the shortest text that parses to the same.
[[nodiscard]] std::string to_string(const AddressSpec& spec);

// Of fe80::/10, which every interface has.
[[nodiscard]] bool is_link_local(const IpAddress& address);

// Is this the type of a resource that is an address (IPaddr, IPaddr2, IPv6addr)?
[[nodiscard]] bool is_address_type(std::string_view type);

// The address that a resource of such a type stands for; none for other types. Resources that came
// through the parser without an error always have a good one.
[[nodiscard]] std::optional<AddressSpec> address_of(const Resource& resource);

}  // namespace hb::config
