// send_arp: Heartbeat's program, for agents and hands that call it. docs/man/send_arp.8.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>

#include "common/runtime/system_clock.hpp"
#include "common/runtime/unique_fd.hpp"
#include "tools/control/local_interfaces.hpp"
#include "tools/heartbeat/send_arp.hpp"

namespace {

using namespace hb;
using namespace hb::heartbeat;

volatile std::sig_atomic_t ended = 0;

void on_signal(int) {
    ended = 1;
}

Result<control::LocalInterface> look_up(const ArpJob& job) {
    const auto all = control::read_local_interfaces();
    if (!all) return std::unexpected(all.error());
    const control::LocalInterface* found = job.device.empty()
                                               ? control::network_of(*all, job.address)
                                               : control::find_interface(*all, job.device);
    if (found == nullptr && job.device.empty())
        return failure(fmt::format("{} is in the network of no interface: name the device",
                                   job.address.to_string()));
    if (found == nullptr) return failure(fmt::format("{}: no such device", job.device));
    if (!found->up) return failure(fmt::format("{} is down", found->name));
    if (!found->can_arp) return failure(fmt::format("{} knows no ARP", found->name));
    return *found;
}

// With an Ethernet header of our own: the MAC that is announced is the one that sends, so that
// switches learn where it is.
Result<void> send(int socket, const control::LocalInterface& device, const MacAddress& mac,
                  const wire::ArpPacket& packet) {
    std::array<std::uint8_t, ETH_HLEN + wire::kArpBytes> frame{};
    std::fill_n(frame.begin(), ETH_ALEN, std::uint8_t{0xff});
    std::ranges::copy(mac.bytes, frame.begin() + ETH_ALEN);
    frame[12] = ETH_P_ARP >> 8;
    frame[13] = ETH_P_ARP & 0xff;
    std::ranges::copy(wire::encode_arp(packet), frame.begin() + ETH_HLEN);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = device.index;
    to.sll_halen = ETH_ALEN;
    std::memset(to.sll_addr, 0xff, ETH_ALEN);
    if (::sendto(socket, frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to) < 0)
        return failure(std::strerror(errno));
    return {};
}

// The pid file of -p. One that announces the same already is ended: this one starts anew.
class PidFile {
  public:
    explicit PidFile(std::string path) : path_(std::move(path)) {
        if (path_.empty()) return;
        long old = 0;
        std::string name;
        if (std::ifstream(path_) >> old && old > 1 &&
            std::ifstream(fmt::format("/proc/{}/comm", old)) >> name && name == "send_arp")
            ::kill(static_cast<pid_t>(old), SIGTERM);
        (void)::unlink(path_.c_str());
        const runtime::UniqueFd file(
            ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
        const std::string text = fmt::format("{}\n", ::getpid());
        if (!file || ::write(file.get(), text.data(), text.size()) < 0)
            fmt::print(stderr, "send_arp: {}: {}\n", path_, std::strerror(errno));
    }
    ~PidFile() {
        long now = 0;
        if (!path_.empty() && std::ifstream(path_) >> now && now == ::getpid())
            (void)::unlink(path_.c_str());
    }
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;

  private:
    std::string path_;
};

void pause(Duration d) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    if (ended == 0) (void)::nanosleep(&time, nullptr);
}

int fail(const std::string& what) {
    fmt::print(stderr, "send_arp: {}\n", what);
    return 1;
}

int announce(const ArpJob& job) {
    const auto device = look_up(job);
    if (!device) return fail(device.error().text);
    const runtime::UniqueFd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!socket) return fail(fmt::format("a packet socket: {}", std::strerror(errno)));
    const MacAddress mac = job.mac.value_or(device->mac);
    const PidFile pid_file(job.pid_file);
    const auto round = packets(job, mac);
    const MonoTime end = job.deadline ? runtime::now() + *job.deadline : kForever;
    const auto over = [&] { return ended != 0 || runtime::now() >= end; };
    for (unsigned n = 0; (job.count == 0 || n < job.count) && !over(); n++)
        for (std::size_t i = 0; i < round.size() && !over(); i++) {
            if (const auto sent = send(socket.get(), *device, mac, round[i]); !sent)
                return fail(fmt::format("{}: {}", device->name, sent.error().text));
            const bool last = n + 1 == job.count && i + 1 == round.size();
            if (!last) pause(job.pause);
        }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        struct sigaction action {};
        action.sa_handler = on_signal;
        for (const int signal : {SIGTERM, SIGINT, SIGHUP})
            ::sigaction(signal, &action, nullptr);
        const auto job = parse_send_arp({argv + 1, argv + argc});
        if (job) return announce(*job);
        fmt::print(stderr, "send_arp: {}\n{}", job.error().text, send_arp_usage());
        return 1;
    } catch (const std::exception& e) {
        return fail(e.what());
    }
}
