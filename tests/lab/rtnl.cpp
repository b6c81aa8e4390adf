#include "tests/lab/rtnl.hpp"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace hb::lab {
namespace {

// One request being written: header, fixed part, attributes.
class Request {
  public:
    Request(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        header.nlmsg_seq = sequence;
        put(&header, sizeof header);
    }

    template <typename T>
    Request& fixed(const T& part) {
        put(&part, sizeof part);
        return *this;
    }
    template <typename T>
    Request& attribute(std::uint16_t type, const T& value) {
        const std::size_t at = open(type);
        put(&value, sizeof value);
        close(at);
        return *this;
    }
    std::size_t open(std::uint16_t type) {
        const std::size_t at = bytes_.size();
        const rtattr header{0, type};
        put(&header, sizeof header);
        return at;
    }
    void close(std::size_t at) {
        const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
        std::memcpy(bytes_.data() + at, &length, sizeof length);
        bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    }

    [[nodiscard]] std::vector<char> take() {
        const auto length = static_cast<std::uint32_t>(bytes_.size());
        std::memcpy(bytes_.data(), &length, sizeof length);
        return std::move(bytes_);
    }

  private:
    void put(const void* data, std::size_t size) {
        const char* from = static_cast<const char*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
        bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    }
    std::vector<char> bytes_;
};

ifinfomsg link_message(int interface) {
    ifinfomsg message{};
    message.ifi_index = interface;
    return message;
}

}  // namespace

Rtnl::Rtnl(const NetNamespace& netns)
    : netns_(netns), socket_(netns.open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) {}

int Rtnl::index_of(const std::string& interface) const {
    unsigned index = 0;
    netns_.inside([&] { index = ::if_nametoindex(interface.c_str()); });
    if (index == 0) throw LabError(interface + ": no such interface");
    return static_cast<int>(index);
}

void Rtnl::set_up(int interface, bool up) {
    ifinfomsg message = link_message(interface);
    message.ifi_change = IFF_UP;
    message.ifi_flags = up ? IFF_UP : 0;
    transact(Request(RTM_NEWLINK, 0, ++sequence_).fixed(message).take(), 1);
}

void Rtnl::set_port_states(const std::vector<int>& interfaces, PortState state) {
    std::vector<char> all;
    for (const int interface : interfaces) {
        ifinfomsg message = link_message(interface);
        message.ifi_family = AF_BRIDGE;
        Request request(RTM_SETLINK, 0, ++sequence_);
        request.fixed(message);
        const std::size_t nest = request.open(IFLA_PROTINFO | NLA_F_NESTED);
        request.attribute(IFLA_BRPORT_STATE, static_cast<std::uint8_t>(state));
        request.close(nest);
        const std::vector<char> bytes = request.take();
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    transact(all, interfaces.size());
}

void Rtnl::delete_links(const std::vector<int>& interfaces) {
    for (const int interface : interfaces) {
        try {
            transact(Request(RTM_DELLINK, 0, ++sequence_).fixed(link_message(interface)).take(), 1);
        } catch (const LabError&) {
            if (errno != ENODEV) throw;
        }
    }
}

void Rtnl::name_namespace(const NetNamespace& other, int id) {
    const rtgenmsg general{AF_UNSPEC};
    transact(Request(RTM_NEWNSID, 0, ++sequence_)
                 .fixed(general)
                 .attribute(NETNSA_FD, static_cast<std::uint32_t>(other.fd()))
                 .attribute(NETNSA_NSID, static_cast<std::int32_t>(id))
                 .take(),
             1);
}

void Rtnl::transact(const std::vector<char>& requests, std::size_t count) {
    must(::send(socket_.get(), requests.data(), requests.size(), 0), "rtnetlink");
    for (std::size_t answered = 0; answered < count;) {
        char buffer[8192];
        const ssize_t length = must(::recv(socket_.get(), buffer, sizeof buffer, 0), "rtnetlink");
        // Each acknowledgement is a datagram of its own.
        struct {
            nlmsghdr header;
            int error;
        } ack{};
        if (static_cast<std::size_t>(length) < sizeof ack) continue;
        std::memcpy(&ack, buffer, sizeof ack);
        if (ack.header.nlmsg_type != NLMSG_ERROR) continue;
        ++answered;
        if (ack.error != 0) {
            errno = -ack.error;
            throw_errno("rtnetlink");
        }
    }
}

}  // namespace hb::lab
