#include "tests/sim/checkers/reach_checker.hpp"

#include <algorithm>

#include "common/base/ping_times.hpp"
#include "tests/sim/cluster.hpp"

namespace hb::sim {

namespace {

// Clocks run up to 1 % fast or slow: a time of a node is at most so much of the world's, ...
Duration at_most(Duration d) {
    return d * 102 / 100;
}
// ... and at least so much.
Duration at_least(Duration d) {
    return d * 98 / 100;
}

bool for_carrier(const Row& row) {
    return row.reason.ends_with("has no carrier for it");
}
bool for_reach(const Row& row) {
    return for_carrier(row) || row.reason == "it reaches more ping nodes";
}

}  // namespace

void ReachChecker::impaired(NodeId node) {
    const ServiceNet& net = cluster_.service();
    const WorldTime now = cluster_.world().now();
    Way& way = ways_[node];
    way.cut.is(!net.connected(node), now);
    way.no_carrier.is(!cluster_.node(node).carrier(), now);
    way.broken.is(way.cut.holds || way.no_carrier.holds || !net.answered_by_all(node), now);
}

void ReachChecker::powered(NodeId node, bool) {
    ways_[node].fresh = cluster_.world().now();
}
void ReachChecker::born(NodeId node, Kind kind) {
    ways_[node].fresh = cluster_.world().now();
    if (kind == Kind::kResource)
        std::erase_if(moves_, [=](const auto& m) { return m.first.first == node; });
}
void ReachChecker::thawed(NodeId node, Duration, bool) {
    ways_[node].fresh = cluster_.world().now();
}
void ReachChecker::went_on(NodeId node, Kind) {
    ways_[node].fresh = cluster_.world().now();
}

// Whose processes stand still says what it knew before.
bool ReachChecker::knows(NodeId node) const {
    const Node& n = cluster_.node(node);
    return n.works(Kind::kComm) && n.works(Kind::kMembership) && n.works(Kind::kResource);
}

Duration ReachChecker::deadping() const {
    const ClusterConfig& c = cluster_.config();
    return c.deadping.value_or(c.deadtime);
}

// Until a node's news is with the coordinator's hb-resource: out through two processes, over a
// link, in through three. Where frames get lost it takes longer: whatever frame of the node is
// heard after the news carries it, and who is not heard for d is judged silent, d/4 later at most
// (V1: hb-comm has to have said that it listens), and is in no view any more.
Duration ReachChecker::word() const {
    const ClusterConfig& c = cluster_.config();
    const Duration travels = 5 * c.channel.longest() + c.link.delay.longest();
    return c.heartbeats_fine ? travels : travels + at_most(c.deadtime * 5 / 4);
}

// From when the way is whole until an answer of each ping node is here: the next request, or, as
// the service network loses no two packets in a row, the one after it; there and back.
Duration ReachChecker::seen_again() const {
    const ClusterConfig& c = cluster_.config();
    const Duration interval = ping_interval(c.keepalive, c.deadtime, c.ping_hosts);
    return at_most(2 * interval) + 2 * c.service.delay.longest();
}

void ReachChecker::tabled(NodeId node, const Table& table) {
    const auto before = tables_.find(node);
    for (const auto& [group, row] : table.rows) {
        if (!for_reach(row) || before == tables_.end() || before->second.view != table.view)
            continue;
        const auto old = before->second.rows.find(group);
        if (old != before->second.rows.end() && old->second.version != row.version &&
            old->second.owner != row.owner)
            moved(node, group, old->second, row);
    }
    tables_[node] = table;
}

void ReachChecker::moved(NodeId author, const GroupName& group, const Row& from, const Row& to) {
    const ClusterConfig& config = cluster_.config();
    const std::string what = fmt::format("{} moves from {} to {}", group,
                                         config.node_name(from.owner), config.node_name(to.owner));
    waited(author, group, what);
    const WorldTime lately = ways_[author].fresh + word();
    if (cluster_.world().now() <= lately) return;
    has_a_reason(author, from.owner, what);
    not_to_the_blind(author, to.owner, for_carrier(to), what);
}

void ReachChecker::has_a_reason(NodeId, NodeId from, const std::string& what) {
    const Way& way = ways_[from];
    if (way.broken.holds || !knows(from)) return;
    const Duration ago = cluster_.world().now() - std::max(way.broken.when, way.fresh);
    if (ago > seen_again() + word())
        cluster_.violated("T4 a move for connectivity has a reason", what);
}

// A node that is cut off knows it as soon as the carrier is lost; is unsure of every ping node
// when that is late (ping_late, from the last request that was answered, which left before); and
// after deadping reaches none. The last alone forbids a move from a node without carrier.
void ReachChecker::not_to_the_blind(NodeId, NodeId to, bool for_carrier, const std::string& what) {
    const ClusterConfig& c = cluster_.config();
    const Way& way = ways_[to];
    if (!knows(to)) return;
    const auto for_longer = [&](const Since& since, Duration than) {
        return since.holds &&
               cluster_.world().now() - std::max(since.when, way.fresh) > than + word();
    };
    const Duration interval = ping_interval(c.keepalive, c.deadtime, c.ping_hosts);
    const Duration noticed = at_most(for_carrier ? deadping() : ping_late(deadping(), interval));
    if (for_longer(way.no_carrier, 0s) || for_longer(way.cut, noticed))
        cluster_.violated("T4 both blind: nothing moves", what);
}

// 2 d after the first move, twice as long after each further one until ten minutes and the hold
// have passed; 5 min at most, unless 2 d are longer.
void ReachChecker::waited(NodeId author, const GroupName& group, const std::string& what) {
    const WorldTime now = cluster_.world().now();
    Moves& moves = moves_[{author, group}];
    if (moves.in_a_row > 0) {
        const Duration first = 2 * cluster_.config().deadtime;
        const Duration hold =
            std::min<Duration>(first * (std::int64_t{1} << std::min(moves.in_a_row - 1, 20U)),
                               std::max<Duration>(5min, first));
        const Duration passed = now - moves.newest;
        if (passed < at_least(hold))
            cluster_.violated("T4 a second move for connectivity waits", what);
        if (passed >= at_least(hold + 10min)) moves.in_a_row = 0;
    }
    ++moves.in_a_row;
    moves.newest = now;
}

}  // namespace hb::sim
