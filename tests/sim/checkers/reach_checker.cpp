#include "tests/sim/checkers/reach_checker.hpp"

#include <algorithm>

#include "common/base/ping_times.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

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
    const Since before = way.broken, carrier_before = way.no_carrier;
    way.cut.is(!net.connected(node), now);
    way.no_carrier.is(!cluster_.node(node).carrier(), now);
    const bool lost = cluster_.config().ping_nodes && (way.cut.holds || !net.answered_by_all(node));
    way.broken.is(lost || way.no_carrier.holds, now);
    way.changed = now;
    way.changes++;
    const auto ended = [&](const Since& was, const Since& is, Duration noticed) {
        const WorldTime from = std::max(was.when, way.fresh);
        if (!was.holds || is.holds || now - from <= noticed + word()) return;
        way.worse_from = from;
        way.worse_until = now;
    };
    ended(before, way.broken, at_most(deadping()));
    ended(carrier_before, way.no_carrier, 0s);
}

void ReachChecker::powered(NodeId node, bool) {
    ways_[node].fresh = cluster_.world().now();
    forget(node);
}
void ReachChecker::born(NodeId node, Kind kind) {
    if (kind != Kind::kResource) ways_[node].fresh = cluster_.world().now();
}
// What they know is with one of the two.
void ReachChecker::died(NodeId node, Kind) {
    const Node& n = cluster_.node(node);
    if (!n.alive(Kind::kMembership) && !n.alive(Kind::kResource)) forget(node);
}
void ReachChecker::thawed(NodeId node, Duration, bool) {
    ways_[node].fresh = cluster_.world().now();
}
void ReachChecker::went_on(NodeId node, Kind) {
    ways_[node].fresh = cluster_.world().now();
}
void ReachChecker::ipfail_is(NodeId node, bool there) {
    ways_[node].fresh = cluster_.world().now();
    if (there)
        without_ipfail_.erase(node);
    else
        without_ipfail_.insert(node);
}

void ReachChecker::forget(NodeId author) {
    std::erase_if(moves_, [=](const auto& m) { return m.second.authors.contains(author); });
    std::erase_if(wishes_, [=](const auto& w) { return w.second.author == author; });
    leads_since_[author] = cluster_.world().now();
}

// Whose processes stand still says what it knew before; so does who is without its hb-ipfail.
bool ReachChecker::knows(NodeId node) const {
    const Node& n = cluster_.node(node);
    return n.works(Kind::kComm) && n.works(Kind::kMembership) && n.works(Kind::kResource) &&
           !without_ipfail_.contains(node);
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
    const bool at_once = c.heartbeats_fine && !c.slow_baud;
    return at_once ? travels : travels + at_most(c.deadtime * 5 / 4);
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
    const bool same_view = before != tables_.end() && before->second.view == table.view;
    if (!same_view) leads_since_[node] = cluster_.world().now();
    for (const auto& [group, row] : table.rows) {
        if (const auto wish = wishes_.find(group); wish != wishes_.end())
            if (wish->second.owner != row.owner && wish->second.author != node) wishes_.erase(wish);
        if (!same_view) continue;
        const auto old = before->second.rows.find(group);
        if (old != before->second.rows.end() && old->second.version != row.version &&
            old->second.owner != row.owner)
            changed(node, group, old->second, row, table.view);
    }
    tables_[node] = table;
}

void ReachChecker::changed(NodeId author, const GroupName& group, const Row& from, const Row& to,
                           const ViewId& view) {
    if (for_reach(to)) moved(author, group, from, to, view);
    if (to.reason == "failback to its preferred node") failed_back(author, group, from, to);
    owned_since_[group] = cluster_.world().now();
    wishes_.erase(group);
    if (to.pinned)
        wishes_[group] = {.owner = to.owner, .author = author, .when = cluster_.world().now()};
}

void ReachChecker::moved(NodeId author, const GroupName& group, const Row& from, const Row& to,
                         const ViewId& view) {
    const ClusterConfig& config = cluster_.config();
    const std::string what = fmt::format("{} moves from {} to {}", group,
                                         config.node_name(from.owner), config.node_name(to.owner));
    waited(author, group, view, to.version, what);
    const WorldTime lately = ways_[author].fresh + word();
    if (cluster_.world().now() <= lately) return;
    has_a_reason(author, from.owner, what);
    not_to_the_blind(author, to.owner, for_carrier(to), what);
    not_against_a_wish(author, group, from.owner, what);
}

// Where the ways of its owner are what they were when it was wanted there, and the owner knew them:
// late, and lost, are ping nodes after deadping at most.
void ReachChecker::not_against_a_wish(NodeId author, const GroupName& group, NodeId from,
                                      const std::string& what) {
    const auto wish = wishes_.find(group);
    if (wish == wishes_.end() || wish->second.owner != from || wish->second.author != author)
        return;
    const Way& way = ways_[from];
    const Duration known = at_most(deadping()) * 2 + seen_again() + word();
    if (knows(from) && wish->second.when - std::max(way.changed, way.fresh) > known)
        cluster_.violated("T4 an explicit move stands", what);
}

bool ReachChecker::surely_whole(const Way& way) const {
    return !way.broken.holds &&
           cluster_.world().now() - std::max(way.broken.when, way.fresh) > seen_again() + word();
}

// Not to a node that is worse off than the owner, nor to one that was so, for the same owner and as
// the same coordinator knew, less than the hold time ago.
void ReachChecker::failed_back(NodeId author, const GroupName& group, const Row& from,
                               const Row& to) {
    const WorldTime now = cluster_.world().now();
    const ClusterConfig& config = cluster_.config();
    const Way& there = ways_[to.owner];
    const Way& here = ways_[from.owner];
    if (now <= ways_[author].fresh + word() || !surely_whole(here)) return;
    if (!knows(to.owner) || !knows(from.owner)) return;
    const std::string what = fmt::format("{} fails back from {} to {}", group,
                                         config.node_name(from.owner), config.node_name(to.owner));
    const auto for_longer = [&](const Since& since, Duration than) {
        return since.holds && now - std::max(since.when, there.fresh) > than + word();
    };
    // A group without an address lives on no interface.
    const bool has_address = config.groups.at(config.group_index(group)).has_address;
    if ((has_address && for_longer(there.no_carrier, 0s)) ||
        for_longer(there.broken, at_most(deadping())))
        cluster_.violated("T4 failback only to a node no worse off", what);
    const WorldTime all_known =
        std::max({ways_[author].fresh, there.fresh, here.fresh, here.broken.when + seen_again(),
                  owned_since_[group], leads_since_[author]});
    if (there.worse_until > WorldTime{} && there.worse_from > all_known + word() &&
        now - there.worse_until < at_least(hold(1)))
        cluster_.violated("T4 failback waits for the hold time", what);
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

// 2 d after the first move, twice as long after each further one; 5 min at most, unless 2 d are
// longer.
Duration ReachChecker::hold(unsigned moves_in_a_row) const {
    const Duration first = 2 * cluster_.config().least_deadtime();
    return std::min<Duration>(first * (std::int64_t{1} << std::min(moves_in_a_row - 1, 20U)),
                              std::max<Duration>(5min, first));
}

Duration ReachChecker::longest_wait() const {
    unsigned moves = 1, losses = 0;
    for (const auto& [group, count] : moves_ever_)
        moves = std::max(moves, count);
    for (const auto& [node, way] : ways_)
        losses = std::max(losses, way.changes);
    const Duration unsure =
        std::min<Duration>(deadping() * (std::int64_t{1} << std::min(losses, 20U)),
                           std::max<Duration>(5min, deadping()));
    return at_most(hold(moves) + unsure);
}

// Who wrote the row, and who was told of it or of a later one of that author.
bool ReachChecker::remembers(NodeId author, const GroupName& group, const Moves& moves) const {
    if (moves.authors.contains(author)) return true;
    const ResourceDaemon* resource = cluster_.node(author).resource();
    return resource != nullptr && std::ranges::any_of(moves.authors, [&](NodeId other) {
               const auto told = resource->seen().tables.find(other);
               if (told == resource->seen().tables.end()) return false;
               const Table& table = told->second;
               const auto row = table.rows.find(group);
               return table.view > moves.view ||
                      (table.view == moves.view && row != table.rows.end() &&
                       row->second.version >= moves.version);
           });
}

// The hold grows until ten minutes and it have passed without a move.
void ReachChecker::waited(NodeId author, const GroupName& group, const ViewId& view,
                          std::uint64_t version, const std::string& what) {
    const WorldTime now = cluster_.world().now();
    Moves& moves = moves_[group];
    if (moves.in_a_row > 0 && !remembers(author, group, moves)) moves = {};
    if (moves.in_a_row > 0) {
        const Duration passed = now - moves.newest;
        if (passed < at_least(hold(moves.in_a_row)))
            cluster_.violated("T4 a second move for connectivity waits", what);
        if (passed >= at_least(hold(moves.in_a_row) + 10min)) moves.in_a_row = 0;
    }
    ++moves.in_a_row;
    ++moves_ever_[group];
    moves.newest = now;
    moves.view = view;
    moves.version = version;
    moves.authors = {author};
}

}  // namespace hb::sim
