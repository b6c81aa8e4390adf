#include "tools/heartbeat/send_arp.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace hb::heartbeat {

namespace {

struct Words {
    bool unsolicited = false, answer = false, quiet = false, broadcast = false;
    unsigned interval_ms = 1000;
    unsigned repeat = 1;
    unsigned count = 0;
    unsigned seconds = 0;
    std::string pid_file, device, source;
    std::vector<std::string> rest;
};

Result<IpAddress> parse_address(const std::string& text) {
    const auto address = IpAddress::parse(text);
    if (!address) return failure(fmt::format("{}: not an IP address", text));
    if (!address->is_v4()) return failure(fmt::format("{}: ARP knows IPv4 only", text));
    return *address;
}

// "00:11:22:aa:bb:cc" or "001122aabbcc".
std::optional<MacAddress> parse_mac(std::string text) {
    if (text.size() == 12 && text.find(':') == std::string::npos)
        for (std::size_t at = 10; at > 0; at -= 2)
            text.insert(at, ":");
    return MacAddress::parse(text);
}

// As arping has it: one kind of packet a second, from the device's own MAC.
Result<ArpJob> like_arping(const Words& w) {
    if (w.rest.size() != 1) return failure("one address, please");
    if (w.device.empty()) return failure("-I DEVICE is missing");
    const auto address = parse_address(w.rest[0]);
    if (!address) return std::unexpected(address.error());
    ArpJob job{.device = w.device.substr(0, w.device.find(':')),
               .address = *address,
               .target = *address,
               .mac = {},
               .requests = !w.answer,
               .replies = w.answer,
               .count = w.count,
               .pause = 1s,
               .deadline = {},
               .pid_file = {}};
    if (!w.source.empty()) {
        const auto source = parse_address(w.source);
        if (!source) return std::unexpected(source.error());
        job.address = *source;
    }
    if (w.seconds > 0) job.deadline = std::chrono::seconds(w.seconds);
    return job;
}

// Heartbeat's: pairs, since some hosts believe only requests and some only replies. What follows
// the MAC was never used.
Result<ArpJob> like_heartbeat(const Words& w) {
    if (w.rest.size() != 5 && w.rest.size() != 4)
        return failure(
            fmt::format("{} words, where there are five: DEVICE IP MAC BROADCAST "
                        "NETMASK",
                        w.rest.size()));
    const bool has_device = w.rest.size() == 5;
    const std::string& ip = w.rest[has_device ? 1 : 0];
    const std::string& mac = w.rest[has_device ? 2 : 1];
    const auto address = parse_address(ip);
    if (!address) return std::unexpected(address.error());
    ArpJob job{.device = has_device ? w.rest[0].substr(0, w.rest[0].find(':')) : std::string(),
               .address = *address,
               .target = *address,
               .mac = {},
               .count = w.repeat,
               .pause = std::chrono::milliseconds(w.interval_ms) / 2,
               .deadline = {},
               .pid_file = w.pid_file};
    if (mac == "auto") return job;
    job.mac = parse_mac(mac);
    if (!job.mac) return failure(fmt::format("{}: neither a MAC address nor \"auto\"", mac));
    return job;
}

}  // namespace

const char* send_arp_usage() {
    return R"(send_arp: tells the network at which MAC address an IP address is now.
  send_arp [-i MILLISECONDS] [-r COUNT] [-p PIDFILE] DEVICE IP MAC|auto BROADCAST NETMASK
  send_arp -U|-A [-c COUNT] [-w SECONDS] -I DEVICE [-s SOURCE] IP
)";
}

Result<ArpJob> parse_send_arp(const std::vector<std::string>& words) {
    Words w;
    CLI::App app;
    app.set_help_flag();
    app.add_option("-i", w.interval_ms)->check(CLI::Range(1U, 3'600'000U));
    app.add_option("-r", w.repeat)->check(CLI::Range(1U, 100'000U));
    app.add_option("-p", w.pid_file);
    app.add_flag("-U", w.unsolicited);
    app.add_flag("-A", w.answer);
    app.add_flag("-q", w.quiet);
    app.add_flag("-b", w.broadcast);
    app.add_option("-c", w.count)->check(CLI::Range(1U, 100'000U));
    app.add_option("-w", w.seconds)->check(CLI::Range(1U, 86'400U));
    app.add_option("-I", w.device);
    app.add_option("-s", w.source);
    app.add_option("words", w.rest);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // the last one first
    } catch (const CLI::ParseError& e) {
        return failure(e.what());
    }
    if (w.unsolicited || w.answer) return like_arping(w);
    if (!w.device.empty() || !w.source.empty() || w.count > 0 || w.seconds > 0)
        return failure(
            "only -U and -A are here, announcements; to ask who has an address: arping, "
            "or 'hactl net'");
    return like_heartbeat(w);
}

std::vector<wire::ArpPacket> packets(const ArpJob& job, const MacAddress& mac) {
    std::vector<wire::ArpPacket> round;
    if (job.requests) round.push_back(wire::arp_question(mac, job.address, job.target));
    if (job.replies) round.push_back(wire::arp_answer(mac, job.address, mac, job.target));
    return round;
}

}  // namespace hb::heartbeat
