#include "tools/hactl/net.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "common/config/address_spec.hpp"
#include "common/config/load.hpp"
#include "common/runtime/child_process.hpp"
#include "common/runtime/event_loop.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/heartbeat_frame.hpp"
#include "tools/control/client.hpp"
#include "tools/hactl/net_listen.hpp"
#include "tools/hactl/net_packets.hpp"
#include "tools/hactl/net_report.hpp"

namespace hb::hactl {

namespace {

using control::LocalInterface;

constexpr Duration kBetweenQuestions = 300ms;
constexpr unsigned kQuestions = 3;
constexpr std::size_t kMostSenders = 100;  // who floods is not listed for ever
constexpr std::size_t kMostLines = 10000;

// What is asked, and where.
struct Question {
    std::size_t address = 0;  // of NetFacts::addresses
    const LocalInterface* interface = nullptr;
    IpAddress own;
    IpAddress target;
};

class NetLook {
  public:
    NetLook(const NetOptions& options, config::Loaded loaded, std::vector<LocalInterface> here)
        : options_(options), loaded_(std::move(loaded)), here_(std::move(here)) {
        facts_.node = loaded_.own_node;
    }

    [[nodiscard]] NetFacts take() {
        ask_suite();
        find_addresses();
        find_media();
        listen();
        read_filter();
        return std::move(facts_);
    }

  private:
    void ask_suite() {
        auto client = control::Client::connect(options_.run_dir);
        if (!client) {
            facts_.no_status = client.error().text;
            return;
        }
        auto status = client->status();
        if (status)
            facts_.status = std::move(*status);
        else
            facts_.no_status = status.error().text;
    }

    void find_addresses() {
        std::vector<IpAddress> moving;
        for (const config::Group& group : loaded_.settings.groups)
            for (const config::Resource& resource : group.resources)
                if (const auto spec = config::address_of(resource)) moving.push_back(spec->address);
        for (const config::Group& group : loaded_.settings.groups)
            for (const config::Resource& resource : group.resources)
                if (const auto spec = config::address_of(resource))
                    find_address(group, *spec, moving);
    }

    void find_address(const config::Group& group, const config::AddressSpec& spec,
                      const std::vector<IpAddress>& moving) {
        AddressFacts& a = facts_.addresses.emplace_back();
        a.address = spec.address.to_string();
        a.group = group.name;
        for (const LocalInterface& interface : here_)
            for (const control::LocalAddress& local : interface.addresses)
                if (local.address == spec.address) a.here.push_back(local.label);
        const LocalInterface* interface = spec.interface.empty()
                                              ? control::network_of(here_, spec.address)
                                              : control::find_interface(here_, spec.interface);
        if (interface == nullptr) {
            a.not_asked = spec.interface.empty() ? "it is in the network of no interface here"
                                                 : "there is no " + spec.interface + " here";
            return;
        }
        if (!interface->up || !interface->carrier) {
            a.not_asked = interface->name + (interface->up ? " has no carrier" : " is down");
            return;
        }
        // From what stays here: an answer must find its way.
        for (const control::LocalAddress& local : interface->addresses) {
            if (local.address.family != spec.address.family) continue;
            if (std::ranges::find(moving, local.address) != moving.end()) continue;
            questions_.push_back(
                {facts_.addresses.size() - 1, interface, local.address, spec.address});
            return;
        }
        a.not_asked = interface->name + " has no address of its own to ask from";
    }

    void find_media() {
        for (const config::Medium& m : loaded_.settings.media) {
            const auto same = [&](const MediumFacts& f) {
                return f.interface == m.interface && f.port == m.port;
            };
            if (std::ranges::any_of(facts_.media, same)) continue;
            MediumFacts& f = facts_.media.emplace_back();
            f.name = m.interface;
            f.interface = m.interface;
            f.port = m.port;
            const LocalInterface* interface = control::find_interface(here_, m.interface);
            if (m.interface.starts_with('/'))
                f.note = "a serial line: not listened on";
            else if (interface == nullptr)
                f.trouble = "there is no such interface";
            else if (!interface->up)
                f.trouble = "the interface is down";
            else if (!interface->carrier)
                f.trouble = "the interface has no carrier: is the cable in?";
        }
    }

    void listen() {
        auto listener = NetListener::open();
        auto keys = wire::KeyRing::make(loaded_.keys);
        if (!listener || !keys) {
            const std::string why =
                !listener ? "a packet socket: " + listener.error().text : keys.error().text;
            for (AddressFacts& a : facts_.addresses)
                if (a.not_asked.empty()) a.not_asked = why;
            for (MediumFacts& m : facts_.media)
                if (m.trouble.empty() && m.note.empty()) m.trouble = "not listened on: " + why;
            return;
        }
        const auto heard = [&](const HeardPacket& packet) { take_packet(packet, *keys); };
        const MonoTime begin = runtime::now(), end = begin + listening_time();
        for (unsigned n = 0; n < kQuestions; n++) {
            for (const Question& q : questions_) {
                AddressFacts& a = facts_.addresses[q.address];
                const auto asked = listener->ask(*q.interface, q.own, q.target);
                if (asked)
                    a.interface = q.interface->name;
                else
                    a.not_asked = asked.error().text;
            }
            listener->listen(std::min(end, runtime::now() + kBetweenQuestions), heard);
        }
        listener->listen(end, heard);
        facts_.seconds = std::chrono::duration<double>(runtime::now() - begin).count();
        facts_.missed = listener->missed();
        for (const Question& q : questions_)
            for (const MacAddress& mac : listener->answers(q.interface->index, q.target))
                if (mac != q.interface->mac) facts_.addresses[q.address].answered.push_back(mac);
    }

    [[nodiscard]] Duration listening_time() const {
        if (options_.seconds > 0) return std::chrono::seconds(options_.seconds);
        return std::clamp<Duration>(4 * loaded_.settings.keepalive, 2s, 10s);
    }

    void take_packet(const HeardPacket& packet, const wire::KeyRing& keys) {
        for (MediumFacts& m : facts_.media) {
            const LocalInterface* interface = control::find_interface(here_, m.interface);
            if (interface == nullptr || interface->index != packet.interface) continue;
            const auto datagram = udp_to(m.port, packet.bytes);
            if (!datagram) continue;
            if (packet.sent_here)
                m.sent++;
            else
                take_frame(*datagram, packet.from, keys, m);
        }
    }

    void take_frame(const SeenDatagram& datagram, const MacAddress& mac, const wire::KeyRing& keys,
                    MediumFacts& m) {
        // Heartbeat itself is still there: named as what it is.
        const std::string_view bytes(reinterpret_cast<const char*>(datagram.payload.data()),
                                     datagram.payload.size());
        if (wire::is_heartbeat_frame(bytes)) return take_old_frame(datagram, bytes, keys, m);
        const auto frame = wire::open(datagram.payload, keys);
        std::string node;
        if (frame) {
            const std::size_t r = rank(frame->header.sender);
            if (r >= loaded_.settings.nodes.size() || frame->header.sender == loaded_.self) return;
            node = loaded_.settings.nodes[r];
            facts_.nodes_at[mac] = node;
        }
        SenderFacts* sender = sender_of(datagram.from.to_string(), node, m);
        if (sender == nullptr) return;
        if (!frame) {
            sender->refused[wire::to_string(frame.error())]++;
            return;
        }
        sender->node = node;
        sender->keys[datagram.payload[5]]++;  // genuine: the key's place in the header
    }

    static void take_old_frame(const SeenDatagram& datagram, std::string_view bytes,
                               const wire::KeyRing& keys, MediumFacts& m) {
        SenderFacts* sender = sender_of(datagram.from.to_string(), "", m);
        if (sender == nullptr) return;
        const auto frame = wire::open_heartbeat_frame(bytes, keys);
        sender->refused[frame ? fmt::format("{} still runs Heartbeat", frame->node)
                              : frame.error()]++;
    }

    // None: too many.
    static SenderFacts* sender_of(const std::string& from, const std::string& node,
                                  MediumFacts& m) {
        const auto it = std::ranges::find_if(m.senders, [&](const SenderFacts& s) {
            return s.from == from && (s.node.empty() || node.empty() || s.node == node);
        });
        if (it != m.senders.end()) return &*it;
        if (m.senders.size() >= kMostSenders) return nullptr;
        m.senders.push_back({from, node, {}, {}});
        return &m.senders.back();
    }

    void read_filter() {
        std::string text;
        std::size_t lines = 0;
        runtime::EventLoop loop;
        std::optional<runtime::ExitStatus> end;
        auto child = runtime::ChildProcess::start(
            loop,
            {.argv = {"/usr/sbin/nft", "list", "ruleset"},
             .environment = {"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
             .timeout = 10s,
             .grace = 1s,
             .is_ordinary = true},
            {.on_line =
                 [&](std::string_view line) noexcept {
                     if (lines++ < kMostLines) text.append(line).append("\n");
                 },
             .on_exit = [&](const runtime::ExitStatus& status) noexcept { end = status; }});
        if (!child) {
            facts_.no_filters = child.error().text;
            return;
        }
        while (!end)
            loop.wait();
        if (!end->ok()) {
            facts_.no_filters = "nft list ruleset: " + text.substr(0, text.find('\n'));
            return;
        }
        std::vector<std::uint16_t> ports;
        for (const MediumFacts& m : facts_.media) {
            if (!m.note.empty() || std::ranges::find(ports, m.port) != ports.end()) continue;
            ports.push_back(m.port);
            for (FilterLine& line : filter_lines(text, m.port))
                if (std::ranges::find(facts_.filters, line) == facts_.filters.end())
                    facts_.filters.push_back(std::move(line));
        }
    }

    const NetOptions& options_;
    config::Loaded loaded_;
    const std::vector<LocalInterface> here_;
    std::vector<Question> questions_;
    NetFacts facts_;
};

}  // namespace

control::ExitCode run_net(const NetOptions& options) {
    config::Loaded loaded = config::load_directory(options.config_dir);
    if (!loaded.ok()) {
        fmt::print(stderr,
                   "hactl net: the configuration has errors, or may not be read: see "
                   "'hactl check'\n");
        return control::ExitCode::kBadConfig;
    }
    auto here = control::read_local_interfaces();
    if (!here) {
        fmt::print(stderr, "hactl net: {}\n", here.error().text);
        return control::ExitCode::kLost;
    }
    const NetReport found = report(NetLook(options, std::move(loaded), std::move(*here)).take());
    fmt::print("{}", found.text);
    return found.troubles == 0 ? control::ExitCode::kDone : control::ExitCode::kTrouble;
}

}  // namespace hb::hactl
