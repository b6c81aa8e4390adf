// Very many addresses at once: a group of a thousand, and two hundred groups of five. What counts
// is when the *last* of them is announced by its new owner; the client of one address is in
// bench.cpp.
//
// Nobody in the lab speaks to these addresses, so no neighbour table fills: it is the machine's
// own, whatever the namespace, and docs/resources.md says how to size it. Nothing is promised of
// IPv6: to add an address costs the kernel as much as the interface has multicast groups, to remove
// one as much as there are routes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "tests/lab/arp_watch.hpp"
#include "tools/ha-lab/bench_table.hpp"

namespace hb::lab {
namespace {

using Addresses = std::vector<std::string>;

// A network of their own on the service cable: 10.78.0.0/16.
Addresses make_addresses(unsigned count) {
    Addresses all;
    for (unsigned n = 0; n < count; ++n)
        all.push_back(fmt::format("10.78.{}.{}", 1 + n / 250, 1 + n % 250));
    return all;
}

// The same of IPv6: fd78::/64.
Addresses make_addresses_v6(unsigned count) {
    Addresses all;
    for (unsigned n = 0; n < count; ++n)
        all.push_back(fmt::format("fd78::a:{:x}", 1 + n));
    return all;
}

// The word of haresources.
std::string word_of(const std::string& address) {
    return address.contains(':') ? fmt::format("IPv6addr::{}/64/eth0", address)
                                 : fmt::format("{}/16/eth0", address);
}

ClusterConfig configuration(const Addresses& all, unsigned per_group) {
    ClusterConfig config;
    config.groups.clear();
    for (unsigned n = 0; n < all.size(); ++n) {
        if (n % per_group == 0) config.groups.push_back({.preferred = 1, .resources = ""});
        std::string& words = config.groups.back().resources;
        words += (words.empty() ? "" : " ") + word_of(all[n]);
    }
    return config;
}

// When the last of the addresses was first announced by that MAC since then; waits for it. Looks
// now and then only: the machine is busy with what is measured.
LabTime last_announced(const ArpWatch& arp, const Addresses& all, const std::string& mac,
                       LabTime since) {
    const LabTime give_up = LabClock::now() + Cluster::kGenerous;
    std::set<std::string> missing;
    while (LabClock::now() < give_up) {
        std::this_thread::sleep_for(50ms);
        missing = {all.begin(), all.end()};
        LabTime last = since;
        for (const Announcement& each : arp.announcements())
            if (each.at >= since && each.mac == mac && missing.erase(each.address) > 0)
                last = std::max(last, each.at);
        if (missing.empty()) return last;
    }
    throw WaitError(fmt::format("{} of {} addresses were never announced, {} for one",
                                missing.size(), all.size(), *missing.begin()));
}

// When the first of the addresses left that node.
LabTime first_removed(Lab& lab, unsigned node, std::size_t mark) {
    for (const AddressEvent& each : lab.addresses().events(mark))
        if (each.node == node && each.what == AddressEvent::What::kRemoved) return each.at;
    throw WaitError(fmt::format("node{} released nothing", node));
}

void wait_all_at(Cluster& cluster, unsigned node, const Addresses& all) {
    cluster.wait(fmt::format("node{} alone has all of them", node), [&] {
        return std::all_of(all.begin(), all.end(), [&](const std::string& address) {
            return cluster.lab().addresses().holders(address) == std::set<unsigned>{node};
        });
    });
}

struct Promise {
    double power_off_ms = 0;
    double move_ms = 0;
};

void power_off_and_move(BenchTable& table, const std::string& what, const Addresses& all,
                        unsigned per_group, Promise promise) {
    Measurement lost{what + ", power-off, deadtime 1 s", promise.power_off_ms, {}, 0, {}};
    Measurement moved{what + ", orderly move", promise.move_ms, {}, 0, {}};
    if (!table.wanted(lost.name) && !table.wanted(moved.name)) return;
    Lab lab;
    Cluster cluster(lab, configuration(all, per_group));
    cluster.start_all();
    cluster.wait_all_active();
    wait_all_at(cluster, 1, all);
    ArpWatch arp(lab.client(), {});
    const std::string taker = cluster.node(2).mac(Cable::kService);
    table.repeat({&moved, &lost}, [&] {
        const std::size_t mark = lab.addresses().mark();
        LabTime begin = LabClock::now();
        const CommandResult asked = cluster.hactl(1, {"standby"});
        if (asked.exit_code != 0) throw LabError("standby: " + asked.err + asked.out);
        LabTime last = last_announced(arp, all, taker, begin);
        moved.values.push_back(to_ms(last - first_removed(lab, 1, mark)));
        if (cluster.hactl(1, {"takeover"}).exit_code != 0) throw LabError("takeover");
        wait_all_at(cluster, 1, all);
        arp.restart();

        begin = cluster.node(1).power_off();
        last = last_announced(arp, all, taker, begin);
        lost.values.push_back(to_ms(last - begin));
        cluster.node(1).boot();
        cluster.start(1);
        cluster.wait_all_active();
        wait_all_at(cluster, 1, all);
        arp.restart();
    });
    table.keep(std::move(lost));
    table.keep(std::move(moved));
}

// The same by keepalived, when this machine has it: advertisements every 0.28 s, so that the backup
// takes over after about one second, too.
void keepalived(BenchTable& table) {
    Measurement row{"keepalived, 1,000 addresses, power-off", 0, {}, 0, {}};
    const char* const program = "/usr/sbin/keepalived";
    if (!table.wanted(row.name) || !std::filesystem::exists(program)) return;
    const Addresses all = make_addresses(1000);
    Lab lab;
    lab.boot_all();
    const auto start = [&](unsigned node) {
        std::string text = fmt::format(
            "global_defs {{\n vrrp_version 3\n}}\nvrrp_instance V {{\n state BACKUP\n interface "
            "eth0\n virtual_router_id 51\n priority {}\n advert_int 0.28\n virtual_ipaddress {{\n",
            node == 1 ? 150 : 100);
        for (std::size_t n = 0; n < all.size(); ++n) {
            if (n == 20) text += " }\n virtual_ipaddress_excluded {\n";
            text += fmt::format("  {}/16 dev eth0\n", all[n]);
        }
        lab.node(node).write_file("/etc/keepalived.conf", text + " }\n}\n");
        lab.node(node).spawn(
            {program, "--dont-fork", "--log-console", "--vrrp", "-f", "/etc/keepalived.conf"},
            "keepalived");
    };
    const auto holder = [&](unsigned node) {
        const bool came = lab.wakeup().wait(Cluster::kGenerous, [&] {
            return lab.addresses().holders(all.back()) == std::set<unsigned>{node} &&
                   lab.addresses().holders(all.front()) == std::set<unsigned>{node};
        });
        if (!came) throw WaitError(fmt::format("keepalived on node{} has no addresses", node));
    };
    start(1);
    holder(1);
    start(2);
    ArpWatch arp(lab.client(), {});
    table.repeat({&row}, [&] {
        // The backup has heard the master before it can miss it.
        std::this_thread::sleep_for(2s);
        const LabTime begin = lab.node(1).power_off();
        const LabTime last = last_announced(arp, all, lab.node(2).mac(Cable::kService), begin);
        row.values.push_back(to_ms(last - begin));
        lab.node(1).boot();
        start(1);
        holder(1);
        arp.restart();
    });
    table.keep(std::move(row));
}

}  // namespace

void measure_many_addresses(BenchTable& table) {
    power_off_and_move(table, "1,000 addresses", make_addresses(1000), 1000, {1060, 60});
    power_off_and_move(table, "200 groups of 5 addresses", make_addresses(1000), 5, {1060, 60});
    power_off_and_move(table, "1,000 IPv6 addresses", make_addresses_v6(1000), 1000, {});
    keepalived(table);
}

}  // namespace hb::lab
