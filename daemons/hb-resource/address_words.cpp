#include "daemons/hb-resource/address_words.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>

#include <cerrno>
#include <cstring>

namespace hb::resource {

namespace {

// strerror() may not be called from a library; its text for what rtnetlink answers is all we need.
std::string error_text(int error) {
    char buffer[128];
    return strerror_r(error, buffer, sizeof buffer);
}

}  // namespace

Event address_event(std::string id, Level level, std::string text, const IpAddress& address) {
    return {std::move(id), level, std::move(text), {{"HB_ADDRESS", address.to_string()}}};
}

// What the kernel answers when IPv6 is off there.
std::string refusal_text(const KernelAddress& address, const std::string& interface, int error) {
    if (address.address.is_v4() || error != EACCES) return error_text(error);
    return fmt::format("IPv6 is off there (net.ipv6.conf.{}.disable_ipv6)", interface);
}

bool is_duplicate(const KernelAddress& address) {
    return !address.address.is_v4() && (address.flags & IFA_F_DADFAILED) != 0;
}

bool is_undecided(const KernelAddress& address) {
    return is_duplicate(address) ||
           (!address.address.is_v4() && (address.flags & IFA_F_TENTATIVE) != 0 &&
            (address.flags & IFA_F_NODAD) == 0);
}

}  // namespace hb::resource
