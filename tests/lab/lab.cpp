#include "tests/lab/lab.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

namespace hb::lab {
namespace {

// Cuts a stream into lines.
class LineReader {
  public:
    LineReader(Fd from, std::string source, LogBook& log)
        : from_(std::move(from)), source_(std::move(source)), log_(log) {}

    bool read() {
        char buffer[16384];
        const ssize_t n = ::read(from_.get(), buffer, sizeof buffer);
        if (n < 0) return true;
        rest_.append(buffer, static_cast<std::size_t>(n));
        for (std::size_t end = 0; (end = rest_.find('\n')) != std::string::npos;
             rest_.erase(0, end + 1))
            log_.write(source_, rest_.substr(0, end));
        if (n == 0 && !rest_.empty()) log_.write(source_, rest_);
        return n > 0;
    }

  private:
    Fd from_;
    std::string source_;
    LogBook& log_;
    std::string rest_;
};

}  // namespace

const char* Lab::bridge(Cable cable) {
    return cable == Cable::kService ? "service" : "heartbeat";
}

std::string Lab::cannot_run() {
    if (::geteuid() != 0) return "the lab needs root";
    try {
        const NetNamespace probe;
    } catch (const LabError& e) {
        return e.what();
    }
    return {};
}

Lab::Lab(LabOptions options) : cgroups_(options.cgroups), vault_(LAB_BUILD_ROOT) {
    ::signal(SIGPIPE, SIG_IGN);
    connect_outside();
    addresses_ = std::make_unique<AddressWatch>(switch_, rtnl_, log_, wakeup_);
    pump_ = std::make_unique<Pump>();
    for (unsigned n = 1; n <= options.nodes; ++n)
        nodes_.push_back(std::make_unique<Node>(*this, n));
}

Lab::~Lab() {
    nodes_.clear();
    disks_.clear();
    pump_.reset();  // nobody reads into the log any more
}

void Lab::connect_outside() {
    for (const char* which : {"all", "default"})
        switch_.sysctl(fmt::format("ipv6/conf/{}/disable_ipv6", which), "1");
    switch_.ip(
        "link add service type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
        "link add heartbeat type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
        "link set service up\n"
        "link set heartbeat up\n");

    // veth ends are made where they stay: no names of ours in the machine's own namespace.
    const std::string switch_path = fmt::format("/proc/{}/fd/{}", ::getpid(), switch_.fd());
    const std::string far_path = fmt::format("/proc/{}/fd/{}", ::getpid(), far_.fd());
    const auto attach = [&](const NetNamespace& where, const char* mac, const char* port) {
        where.ip(fmt::format("link add eth0 address {} type veth peer name {} netns {}\n", mac,
                             port, switch_path));
        switch_.ip(fmt::format("link set {} master service up\n", port));
    };
    attach(client_, "02:00:0a:4d:00:c8", "client");
    client_.ip(
        fmt::format("addr add {}/24 brd + dev eth0\naddr add {}/64 dev eth0 nodad\n"
                    "link set eth0 up\nroute add default via {}\n",
                    kClientAddress, kClientAddressV6, kRouterAddress));
    attach(router_, "02:00:0a:4d:00:fe", "router");
    router_.ip(
        fmt::format("addr add {}/24 brd + dev eth0\nlink set eth0 up\n"
                    "link add eth1 type veth peer name eth0 netns {}\n"
                    "addr add 10.88.0.254/24 brd + dev eth1\nlink set eth1 up\n",
                    kRouterAddress, far_path));
    router_.sysctl("ipv4/ip_forward", "1");
    far_.ip(
        fmt::format("addr add {}/24 brd + dev eth0\nlink set eth0 up\n"
                    "route add default via 10.88.0.254\n",
                    kFarAddress));
}

Node& Lab::node(unsigned number) {
    return *nodes_.at(number - 1);
}

void Lab::boot_all() {
    for (const auto& node : nodes_)
        if (!node->is_on()) node->boot();
}

SharedDisk& Lab::add_shared_disk(const std::string& name, std::uint64_t bytes) {
    disks_.push_back(std::make_unique<SharedDisk>(*this, name, bytes));
    return *disks_.back();
}

void Lab::split(const std::vector<unsigned>& these, const std::vector<unsigned>& those) {
    std::string rules =
        "add table bridge lab\n"
        "add chain bridge lab split { type filter hook forward priority 0; }\n";
    for (const unsigned from : these)
        for (const unsigned to : those)
            for (const char kind : {'s', 'h'})
                rules += fmt::format(
                    "add rule bridge lab split iifname \"{0}{1}.*\" oifname \"{0}{2}.*\" drop\n"
                    "add rule bridge lab split iifname \"{0}{2}.*\" oifname \"{0}{1}.*\" drop\n",
                    kind, from, to);
    switch_.run({"nft", "-f", "-"}, rules);
    log_.write("lab", "networks split");
}

void Lab::heal() {
    switch_.run({"nft", "-f", "-"}, "add table bridge lab\ndelete table bridge lab\n");
    log_.write("lab", "networks healed");
}

void Lab::read_lines(Fd from, const std::string& source) {
    const int fd = from.get();
    auto reader = std::make_shared<LineReader>(std::move(from), source, log_);
    pump_->add(fd, [reader] { return reader->read(); });
}

}  // namespace hb::lab
