#include "tests/sim/scenario.hpp"

#include <algorithm>

#include "tests/sim/checkers/failure_checker.hpp"
#include "tests/sim/checkers/leave_checker.hpp"
#include "tests/sim/checkers/maintenance_checker.hpp"
#include "tests/sim/checkers/order_checker.hpp"
#include "tests/sim/checkers/owner_checker.hpp"
#include "tests/sim/checkers/reach_checker.hpp"
#include "tests/sim/checkers/rest_checker.hpp"
#include "tests/sim/checkers/start_checker.hpp"
#include "tests/sim/checkers/transition_checker.hpp"
#include "tests/sim/checkers/truth_checker.hpp"
#include "tests/sim/checkers/view_checker.hpp"

namespace hb::sim {

namespace {

bool choose(Prng& prng, const std::optional<bool>& fixed, unsigned per_mille) {
    const bool drawn = prng.chance(per_mille);
    return fixed.value_or(drawn);
}

void choose_times(ClusterConfig& config, Prng& prng, const Profile& profile) {
    static constexpr Duration kDeadtimes[] = {200ms, 1s, 1s, 10s};
    const Duration d = kDeadtimes[prng.index(4)];
    config.deadtime = d;
    config.keepalive = d / (prng.chance(700) ? 4 : 8);
    if (config.quorum || config.ping_nodes) config.keepalive = d / 6;  // L1: at least 5
    config.warntime = d / 2;
    config.initdead = d * 2;
    config.channel = {20us, 200us, d / 400, 20};
    config.respawn = {d / 500, d / 16, 0ns, 0};
    config.fence = {d / 20, d / 2, 0ns, 0};
    const Duration longest = d / 24;
    config.agents.start = {1ms, std::min<Duration>(longest, 20ms), longest, 100};
    config.agents.stop = config.agents.start;
    config.agents.status = {200us, std::min<Duration>(longest, 5ms), 0ns, 0};
    config.agents.timeout = d * 2;
    config.agents.stop_retry = d / 4;
    if (profile.slow_agents && prng.chance(250))
        config.agents.start.high = config.agents.stop.high = config.agents.start.tail =
            config.agents.stop.tail = d;
}

void choose_networks(ClusterConfig& config, Prng& prng, const Profile& profile) {
    config.links = 1 + prng.index(2) + (prng.chance(500) ? 1 : 0);
    config.links = std::min<std::size_t>(config.links, 2);
    config.link_on_service = config.links == 2 && prng.chance(300);
    config.link.delay = {100us, 500us, config.deadtime / 20, static_cast<unsigned>(prng.below(50))};
    config.link.loss_per_mille = profile.loss_per_mille.value_or(
        prng.chance(500) ? static_cast<unsigned>(prng.below(60)) : 0);
    config.link.duplicate_per_mille = static_cast<unsigned>(prng.below(30));
    // Section 7: one-way delays up to D = 3W/8, one probe lost.
    const Duration bound = probe_delay_bound(config.deadtime) * 9 / 10;
    config.service.delay = {50us, std::min<Duration>(bound, 500us), bound,
                            static_cast<unsigned>(prng.below(100))};
    config.service.loss_per_mille = static_cast<unsigned>(prng.below(50));
    config.service.between_losses = config.window() * 3 / 2;
}

}  // namespace

ClusterConfig random_config(Prng& prng, const Profile& profile, std::size_t nodes) {
    ClusterConfig config;
    const std::size_t drawn =
        profile.nodes_low + prng.index(profile.nodes_high - profile.nodes_low + 1);
    config.nodes = nodes > 0 ? nodes : drawn;
    config.auto_failback = choose(prng, profile.failback, 500);
    config.quorum = config.nodes >= 3 && choose(prng, profile.quorum, 500);
    config.ping_nodes = choose(prng, profile.ping_nodes, 300);
    config.fencing = choose(prng, profile.fencing, 150);
    config.ping_hosts = profile.ping_hosts;
    choose_times(config, prng, profile);
    if (config.fencing && prng.chance(400)) config.fence_fails_per_mille = 200;
    if (config.quorum && !config.fencing && prng.chance(150)) config.watchdog = config.deadtime;
    if ((config.quorum || config.ping_nodes) && profile.slow_agents && prng.chance(150)) {
        config.handover = config.deadtime * static_cast<int>(1 + prng.index(4)) / 2;
        config.agents.stop = {1ms, config.handover / 5, 0ns, 0};
    }
    choose_networks(config, prng, profile);
    const std::size_t groups = 1 + prng.index(profile.max_groups);
    for (std::size_t g = 0; g < groups; g++) {
        GroupSpec spec;
        spec.name = fmt::format("g{}", g + 1);
        spec.preferred = node_id(prng.index(config.nodes));
        spec.has_address = !profile.groups_without_address || !prng.chance(150);
        spec.resources = 1 + prng.index(profile.slow_agents && prng.chance(200) ? 4 : 2);
        spec.address = IpAddress::v4(0x0a000064 + static_cast<std::uint32_t>(g));
        config.groups.push_back(spec);
    }
    if (profile.adjust) profile.adjust(config);
    return config;
}

ReachChecker& add_checkers(Cluster& cluster) {
    cluster.add(std::make_unique<OwnerChecker>(cluster));
    cluster.add(std::make_unique<ThawChecker>(cluster));
    cluster.add(std::make_unique<StartChecker>(cluster));
    cluster.add(std::make_unique<TruthChecker>(cluster));
    cluster.add(std::make_unique<LeaveChecker>(cluster));
    cluster.add(std::make_unique<OrderChecker>(cluster));
    cluster.add(std::make_unique<MaintenanceChecker>(cluster));
    cluster.add(std::make_unique<FailureChecker>(cluster));
    cluster.add(std::make_unique<TransitionChecker>(cluster));
    auto reach = std::make_unique<ReachChecker>(cluster);
    ReachChecker& result = *reach;
    cluster.add(std::move(reach));
    return result;
}

namespace {

class Run {
  public:
    explicit Run(const RunOptions& options)
        : options_(options),
          world_(options.seed),
          cluster_(world_, configure(options, world_)),
          faults_(cluster_) {
        if (options.trace) world_.trace_to(options.trace);
        reach_ = &add_checkers(cluster_);
        auto views = std::make_unique<ViewChecker>(cluster_);
        views_ = views.get();
        cluster_.add(std::move(views));
    }

    RunResult go() {
        describe();
        begin();
        trouble();
        come_to_rest();
        stay_at_rest();
        return {.violation = cluster_.violation(), .steps = world_.steps(), .length = world_.now()};
    }

  private:
    static ClusterConfig configure(const RunOptions& options, World& world) {
        ClusterConfig config = random_config(world.prng(), options.profile, options.nodes);
        config.codecs = options.seed % 16 == 0;  // not drawn: the run is the same either way
        // (A watchdog's timeout and a line's rate are chosen for one deadtime.)
        if (options.seed % 2 == 0 && !config.watchdog && !config.slow_baud)
            config.shortest_deadtime = config.deadtime / 2;
        if (options.drop) options.drop(config);
        return config;
    }

    void describe() {
        const ClusterConfig& c = cluster_.config();
        std::string groups;
        for (const GroupSpec& g : c.groups)
            groups += fmt::format(" {}@{}{}", g.name, c.node_name(g.preferred),
                                  g.has_address ? "" : " (no address)");
        world_.say("world",
                   "seed {}: {} nodes, {} links, deadtime {} ms, keepalive {} ms{}{}{}{}{};{}",
                   options_.seed, c.nodes, c.links, to_ms(c.deadtime), to_ms(c.keepalive),
                   c.auto_failback ? ", failback" : "", c.quorum ? ", quorum" : "",
                   c.ping_nodes ? ", ping nodes" : "",
                   c.fencing    ? ", fencing"
                   : c.watchdog ? ", watchdogs"
                                : "",
                   c.handover > Duration::zero()
                       ? fmt::format(", handover {} ms", to_ms(c.handover))
                       : std::string(),
                   groups);
    }

    void begin() {
        Prng& prng = world_.prng();
        const Duration d = cluster_.config().deadtime;
        if (options_.profile.replay_per_mille > 0)
            cluster_.network().replay_old_frames(options_.profile.replay_per_mille);
        const bool at_once = prng.chance(700);
        for (std::size_t r = 0; r < cluster_.size(); r++) {
            Node& n = cluster_.node(r);
            const Duration when = at_once ? prng.between(0ms, d / 20) : prng.between(0ms, d * 6);
            world_.at(when, [&n] { n.boot(); });
        }
        // Most troubles begin in a settled cluster, some while it forms.
        const Duration settled = cluster_.config().initdead + d * 2;
        world_.run_until(prng.chance(750) ? settled : prng.between(0ms, settled));
    }

    void trouble() {
        Prng& prng = world_.prng();
        const Duration d = cluster_.config().deadtime;
        if (options_.profile.script) options_.profile.script(cluster_, faults_);
        const Profile& p = options_.profile;
        const auto count =
            static_cast<unsigned>(p.faults_low + prng.below(p.faults_high - p.faults_low + 1));
        for (unsigned n = 0; n < count && !world_.stopped(); n++) {
            faults_.inject_any(p.faults);
            // Often one upon the other, within one round of messages; sometimes a long peace.
            const std::uint64_t how = p.peaceful ? 9 : prng.below(10);
            const Duration gap = how < 4   ? prng.between(0ms, d / 20)
                                 : how < 8 ? prng.between(0ms, d * 2)
                                           : prng.between(d, d * 6);
            world_.run_until(world_.now() + gap);
        }
        world_.run_until(world_.now() + prng.between(0ms, d * 4));
    }

    // Bounded: initdead and the rest of what waits by itself, the longest back-off of flapping
    // nodes and of failed starts (60 s each), with room.
    void come_to_rest() {
        if (world_.stopped()) return;
        faults_.end(options_.profile.keep_start_failures);
        const ClusterConfig& c = cluster_.config();
        // With ping nodes also for a hold that has grown: a ping node that came and went, a group
        // that moved for it.
        const auto longest = [&] {
            return c.initdead + c.deadtime * 20 + 150s +
                   (c.ping_nodes ? reach_->longest_wait() : Duration());
        };
        const WorldTime begin = world_.now();
        std::optional<std::string> problem;
        while (!world_.stopped()) {
            problem = not_at_rest(cluster_);
            if (!problem || world_.now() - std::max(begin, cluster_.last_disturbance()) > longest())
                break;
            world_.run_until(world_.now() + c.deadtime / 4);
        }
        if (!world_.stopped() && problem) cluster_.violated("rest", *problem);
    }

    void stay_at_rest() {
        if (world_.stopped()) return;
        const Duration d = cluster_.config().deadtime;
        world_.run_until(world_.now() + d);
        const std::uint64_t views = views_->views_accepted();
        const std::uint64_t rows = views_->rows_given();
        const WorldTime since = world_.now();
        world_.run_until(world_.now() + d * 3);
        if (world_.stopped()) return;
        // What was planned before (a systemd that had waited) may still happen, also at the very
        // instant at which the peace began: no peace, no claim.
        if (cluster_.last_disturbance() >= since - d) return;
        if (auto problem = not_at_rest(cluster_)) cluster_.violated("rest does not last", *problem);
        // A lossy network may cost a view now and then; never many.
        if (views_->views_accepted() - views > 4 * cluster_.size())
            cluster_.violated("W1 views come to rest", "views go on at rest");
        if (rows_since(rows) > 4 * cluster_.config().groups.size())
            cluster_.violated("W1 rows come to rest", "rows go on at rest");
    }
    [[nodiscard]] std::uint64_t rows_since(std::uint64_t before) const {
        return views_->rows_given() - before;
    }

    const RunOptions& options_;
    World world_;
    Cluster cluster_;
    Faults faults_;
    ViewChecker* views_ = nullptr;
    ReachChecker* reach_ = nullptr;
};

}  // namespace

RunResult run_seed(const RunOptions& options) {
    return Run(options).go();
}

}  // namespace hb::sim
