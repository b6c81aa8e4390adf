#include "tools/ha-lab/narrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "common/config/parser.hpp"

// What is instrumented is slower than what was promised.
#if defined(__SANITIZE_ADDRESS__)
#define HB_LAB_JUDGES_TIMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HB_LAB_JUDGES_TIMES 0
#endif
#endif
#ifndef HB_LAB_JUDGES_TIMES
#define HB_LAB_JUDGES_TIMES 1
#endif

namespace hb::lab {

Narrator::Narrator(Lab& lab, Cluster& cluster)
    : lab_(lab),
      cluster_(cluster),
      settings_(config::parse_ha_cf(cluster.config().ha_cf()).settings),
      vip_(cluster.addresses().at(0)),
      arp_(std::make_unique<ArpWatch>(lab.client(), cluster.addresses())) {}

void Narrator::begin(const std::vector<unsigned>& nodes) {
    step(fmt::format("Two hosts, {} belongs on node1. Starting the suite{}.", vip_,
                     nodes.empty() ? " on both" : fmt::format(" on node{}", nodes.front())));
    if (nodes.empty()) cluster_.start_all();
    for (const unsigned n : nodes)
        cluster_.start(n);
    cluster_.wait_settled();
    tell_log();
    probe_ = std::make_unique<Probe>(lab_.client(), vip_);
    show_status(1);
    step("A client asks the address every millisecond from now on.");
}

void Narrator::give_watchdog(unsigned n) {
    dogs_[n] = std::make_unique<WatchdogStandIn>(lab_, n, 2 * settings_.deadtime);
}

void Narrator::step(const std::string& what) {
    tell_log();
    fmt::print("\n>>> {}\n", what);
    deeds_.push_back({.what = what});
    at_ = LabClock::now();
    told_ = log_mark_ = lab_.log().mark();
    addresses_mark_ = lab_.addresses().mark();
    if (probe_) probe_->restart();
    std::fflush(stdout);
}

void Narrator::wait_owner(unsigned n) {
    cluster_.wait_owner(n, vip_);
    const LabTime moved = LabClock::now();
    cluster_.wait("the client is answered again", [&] { return probe_->answered_since(moved); });
}

void Narrator::says(unsigned n, const std::string& text) {
    cluster_.wait_log(n, text, log_mark_);
    ++deeds_.back().lines;
}

void Narrator::outage_at_most(Duration promised) {
    tell_log();
    const ProbeReport report = probe_->report();
    Deed& deed = deeds_.back();
    deed.outage = report.outage;
    deed.promised = promised;
    // When the client itself was kept from asking, that is not the address's outage.
    deed.late = HB_LAB_JUDGES_TIMES != 0 && report.outage > promised + report.last_pause;
    fmt::print(
        "    the client: {} of {} requests answered, longest outage {:.1f} ms, promised {:.0f}\n",
        report.answered, report.sent, to_ms(report.outage), to_ms(promised));
}

void Narrator::nothing_moved() {
    nothing_moved_since(addresses_mark_);
    const ProbeReport report = probe_->report();
    Deed& deed = deeds_.back();
    deed.outage = report.lost() == 0 ? Duration::zero() : report.outage;
    deed.late = HB_LAB_JUDGES_TIMES != 0 && report.lost() != 0;
    fmt::print("    the client: {} of {} requests answered\n", report.answered, report.sent);
}

void Narrator::nothing_moved_since(std::size_t mark) {
    tell_log();
    Deed& deed = deeds_.back();
    deed.stayed = lab_.addresses().events_of(vip_, mark).empty();
    if (!*deed.stayed) deed.broken.push_back("the address moved:\n" + lab_.addresses().text(vip_));
}

void Narrator::watch(Duration how_long) {
    lab_.wakeup().wait(how_long, [] { return false; });
    tell_log();
}

void Narrator::show_status(unsigned n) {
    tell_log();
    const CommandResult result = cluster_.hactl(n, {"status"});
    fmt::print("\n    node{}# hactl status\n", n);
    std::size_t at = 0;
    while (at < result.out.size()) {
        const std::size_t end = std::min(result.out.find('\n', at), result.out.size());
        fmt::print("    {}\n", result.out.substr(at, end - at));
        at = end + 1;
    }
}

void Narrator::print_deed(const Deed& deed) const {
    fmt::print("    {}\n", deed.what);
    if (deed.outage)
        fmt::print("        outage {:.1f} ms, promised {:.0f}{}\n", to_ms(*deed.outage),
                   to_ms(deed.promised), deed.late ? ": TOO LONG" : "");
    if (deed.lines > 0)
        fmt::print("        the log tells why in {} line{}\n", deed.lines,
                   deed.lines == 1 ? "" : "s");
    if (deed.stayed.value_or(false)) fmt::print("        the address stayed where it was\n");
    for (const std::string& each : deed.broken)
        fmt::print("        BROKEN: {}\n", each);
}

Narrator::Verdict Narrator::end() {
    tell_log();
    fmt::print("\n>>> In short\n");
    Verdict verdict = Verdict::kKept;
    for (const Deed& deed : deeds_) {
        if (deed.outage || deed.stayed || deed.lines > 0) print_deed(deed);
        if (deed.late && verdict == Verdict::kKept) verdict = Verdict::kLate;
        if (!deed.broken.empty()) verdict = Verdict::kBroken;
    }
    const Duration answered = arp_->double_time(vip_);
    Duration had{};
    std::vector<std::string> addresses = more_addresses_;
    addresses.push_back(vip_);
    for (const std::string& address : addresses)
        for (const Overlap& each : lab_.addresses().overlaps(address))
            had += std::min(each.until, LabClock::now()) - each.from;
    fmt::print(
        "    Two hosts had the address for {:.1f} ms and answered for it for {:.1f} ms, "
        "promised 0\n",
        to_ms(had), to_ms(answered));
    if (had > Duration::zero() || answered > Duration::zero()) verdict = Verdict::kBroken;
    return verdict;
}

void Narrator::tell_log() {
    std::vector<LogLine> lines = lab_.log().lines(told_);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
    for (const LogLine& line : lines)
        fmt::print("    {:+9.1f} ms  {}  {}\n", to_ms(line.at - at_),
                   line.source.substr(0, line.source.find(' ')), line.text);
    told_ = lab_.log().mark();
    std::fflush(stdout);
}

}  // namespace hb::lab
