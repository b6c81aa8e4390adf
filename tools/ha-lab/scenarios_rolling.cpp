// Work on both nodes, one after the other, under a client: docs/service.md, "One node after the
// other".
#include <fmt/format.h>

#include <stdexcept>

#include "tools/ha-lab/scenarios.hpp"

namespace hb::lab {
namespace {

constexpr const char* kSecond = "10.77.0.101";
constexpr const char* kThird = "10.77.0.102";

// How a node begins to go by files that were changed. Who owns the address hands it over meanwhile.
using Apply = void (*)(Narrator& n, unsigned node);

void stop_and_start(Narrator& n, unsigned node) {
    n.cluster().stop(node);
    n.cluster().start(node);
}

void wait_holder(Narrator& n, unsigned node, const std::string& address) {
    n.cluster().wait(fmt::format("{} is on node{} only", address, node), [&] {
        return n.node(node).holds(address) && !n.node(3 - node).holds(address);
    });
}

// Everything that was changed, in the files of one node.
struct Files {
    std::string deadtime;
    std::string second;  // the address of the second group; empty: there is none
    void write(Narrator& n, unsigned node) const {
        ClusterConfig config = n.cluster().config();
        config.deadtime = deadtime;
        if (!second.empty()) config.groups.push_back({2, second + "/24/eth0"});
        n.node(node).write_file("/etc/ha.d/ha.cf", config.ha_cf());
        n.node(node).write_file("/etc/ha.d/haresources", config.haresources());
    }
};

void change_on_both(Narrator& n, Apply apply) {
    const std::string before = n.cluster().config().deadtime;
    n.judge_too(kSecond);
    n.judge_too(kThird);

    const Files more{"2s", kSecond};
    n.step(fmt::format("node2: a group more ({}), and deadtime 2 s. Restarted.", kSecond));
    more.write(n, 2);
    apply(n, 2);
    n.cluster().wait_all_active();
    n.says(2, fmt::format("node1 does not know {}/24/eth0: its haresources differs", kSecond));
    n.nothing_moved();
    n.show_status(2);
    n.step("node1, the same: what it ran is handed over. Now both know the new group.");
    more.write(n, 1);
    apply(n, 1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    wait_holder(n, 2, kSecond);
    n.outage_at_most(kPlanned);
    n.show_status(1);

    const Files other{"2s", kThird};
    n.step(fmt::format("node2: another address, {} for {}. Restarted.", kThird, kSecond));
    other.write(n, 2);
    apply(n, 2);
    n.cluster().wait_all_active();
    wait_holder(n, 1, kSecond);  // it knows no other
    n.says(2, fmt::format("node1 does not know {}/24/eth0: its haresources differs", kThird));
    n.nothing_moved();
    n.step(fmt::format("node1, the same: {} is gone, {} there.", kSecond, kThird));
    other.write(n, 1);
    apply(n, 1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    wait_holder(n, 2, kThird);
    n.cluster().wait(std::string(kSecond) + " is nowhere",
                     [&] { return !n.node(1).holds(kSecond) && !n.node(2).holds(kSecond); });
    n.outage_at_most(kPlanned);
    n.show_status(1);

    const Files as_before{before, ""};
    n.step("And back to what it was, on node2.");
    as_before.write(n, 2);
    apply(n, 2);
    n.cluster().wait_all_active();
    n.nothing_moved();
    n.step("And on node1.");
    as_before.write(n, 1);
    apply(n, 1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.outage_at_most(kPlanned);
    n.cluster().wait(std::string(kThird) + " is nowhere",
                     [&] { return !n.node(1).holds(kThird) && !n.node(2).holds(kThird); });
    n.show_status(1);
}

}  // namespace

void rolling_restart(Narrator& n) {
    n.begin();
    n.step("The suite on node2, which has nothing, is stopped and started.");
    stop_and_start(n, 2);
    n.cluster().wait_settled();
    n.says(1, "Heartbeat restart on node node2");
    n.nothing_moved();
    n.step("The suite on node1, which has the address, is stopped: node2 takes over.");
    n.cluster().stop(1);
    n.wait_owner(2);
    n.outage_at_most(kPlanned);
    n.step("And started: auto_failback brings the address home.");
    n.cluster().start(1);
    n.cluster().wait_settled();
    n.wait_owner(1);
    n.says(2, "Heartbeat restart on node node1");
    n.outage_at_most(kPlanned);
    n.show_status(1);

    n.step("node1# hactl maintenance on: now nothing moves at all.");
    n.cluster().hactl(1, {"maintenance", "on"});
    for (const unsigned node : {2U, 1U}) {
        n.step(fmt::format("The suite on node{} is stopped and started.", node));
        stop_and_start(n, node);
        n.cluster().wait_all_active();
        n.nothing_moved();
    }
    n.show_status(1);
    n.step("node1# hactl maintenance off");
    n.cluster().hactl(1, {"maintenance", "off"});
    n.cluster().wait_settled();
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(1);
}

void rolling_change(Narrator& n) {
    n.begin();
    change_on_both(n, stop_and_start);
}

// What a reload can do, nobody notices.
void rolling_reload(Narrator& n) {
    n.begin();
    constexpr const char* kMore = "10.77.0.110";
    const auto reload = [&](unsigned node, const ClusterConfig& config) {
        n.node(node).write_file("/etc/ha.d/ha.cf", config.ha_cf());
        n.node(node).write_file("/etc/ha.d/haresources", config.haresources());
        const CommandResult result = n.cluster().hactl(node, {"reload"});
        if (result.exit_code != 0)
            throw std::runtime_error(
                fmt::format("hactl reload on node{}: {}{}", node, result.out, result.err));
        n.cluster().wait_all_active();
        n.nothing_moved();
    };
    const ClusterConfig before = n.cluster().config();
    ClusterConfig config = before;
    const auto step = [&](const char* what) {
        for (const unsigned node : {2U, 1U}) {
            n.step(fmt::format("node{}: {}, and hactl reload.", node, what));
            reload(node, config);
        }
    };
    config.deadtime = "2s";
    step("deadtime 2 s");
    config.more.emplace_back("ping 10.77.0.254");
    step("a ping node more");
    config.groups.at(0).resources += fmt::format(" {}/24/eth0", kMore);
    step("an address more in the line of the group");
    n.cluster().wait("the new address is there", [&] { return n.node(1).holds(kMore); });
    config = before;
    step("as before");
    n.cluster().wait("the new address is gone", [&] { return !n.node(1).holds(kMore); });
    n.watch(2 * n.settings().deadtime);
    n.nothing_moved();
    n.show_status(1);
}

}  // namespace hb::lab
