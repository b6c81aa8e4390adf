#include "tests/sim/cluster.hpp"

#include "tests/sim/comm_daemon.hpp"
#include "tests/sim/membership_daemon.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

Cluster::Cluster(World& world, ClusterConfig config)
    : world_(world),
      config_(std::move(config)),
      topics_(config_.codecs),
      network_(world, config_.nodes, config_.links,
               [this](NodeId to, LinkId link, const FramePtr& frame) {
                   const bool shared = config_.link_on_service && index(link) + 1 == config_.links;
                   if (shared && !service_.receives(to)) return;
                   if (node(to).powered()) node(to).frame_arrived(link, frame);
               }),
      service_(
          world, config_.nodes,
          [this](NodeId to, const ArpPacket& packet) { node(to).arp_arrived(packet); },
          [this](NodeId to, const Pong& pong) { node(to).pong_arrived(pong); }),
      fence_(*this) {
    for (std::size_t l = 0; l < config_.links; l++)
        network_.set_quality(link_id(l), config_.link);
    service_.set_quality(config_.service);
    Prng& prng = world_.prng();
    fence_daemons_.reserve(config_.nodes);
    for (std::size_t r = 0; r < config_.nodes; r++) {
        NodeClock clock(std::chrono::hours(1), 0);
        if (config_.clocks_differ)
            clock = NodeClock(prng.between(1h, 100h),
                              prng.between(std::int64_t{-4900}, std::int64_t{4900}));
        nodes_.push_back(std::make_unique<Node>(*this, node_id(r), clock));
        fence_daemons_.emplace_back(*this, node_id(r));
    }
    service_.set_far_from(static_cast<std::uint32_t>(config_.near_hosts()));
}

Cluster::~Cluster() = default;

void Cluster::boot_all() {
    for (const auto& n : nodes_)
        n->boot();
}

void Cluster::send_frame(NodeId from, LinkId link, const FramePtr& frame, Duration takes) {
    const bool shared = config_.link_on_service && index(link) + 1 == config_.links;
    if (shared && !service_.sends(from)) return;
    network_.send(from, link, frame, takes);
}

void Cluster::repair(bool keep_start_failures) {
    world_.say("world", "everything is repaired");
    network_.heal_all();
    for (const auto& n : nodes_) {
        set_service_cable(n->id(), true, true);
        for (std::uint32_t h = 0; h < config_.ping_hosts; h++)
            service_.set_ping_host(n->id(), h, true);
        n->set_carrier(true);
        tell([&](Checker& c) { c.impaired(n->id()); });
        n->kernel().clear_faults(keep_start_failures);
        n->thaw();
        for (Kind k : kKinds)
            n->thaw_one(k);
    }
    disturbed();
}

void Cluster::set_service_cable(NodeId n, bool sends, bool receives, bool carrier_follows) {
    if (sends != service_.sends(n) || receives != service_.receives(n)) {
        world_.say(config_.node_name(n), "service cable: sends {}, receives {}", sends, receives);
        disturbed();
    }
    service_.set_cable(n, sends, receives);
    tell([&](Checker& c) { c.impaired(n); });
    if (carrier_follows) node(n).set_carrier(sends || receives);
}

void Cluster::set_ping_host(NodeId n, std::uint32_t host, bool answers) {
    world_.say(config_.node_name(n), "ping host {} {}", host, answers ? "answers" : "is MUTE");
    disturbed();
    service_.set_ping_host(n, host, answers);
    tell([&](Checker& c) { c.impaired(n); });
}

void Cluster::set_all_cables(NodeId n, bool connected) {
    world_.say(config_.node_name(n), "all cables {}", connected ? "in" : "OUT");
    disturbed();
    for (std::size_t l = 0; l < config_.links; l++)
        network_.set_cable(n, link_id(l), connected);
    set_service_cable(n, connected, connected, true);
}

void Cluster::wish(NodeId n, ipc::RequestKind kind, ipc::Scope scope, const GroupName& group,
                   bool stay, std::optional<NodeId> target) {
    ipc::Request request{.id = next_request_++,
                         .kind = kind,
                         .scope = scope,
                         .group = group,
                         .stay = stay,
                         .target = target,
                         .force = false,
                         .who = "root"};
    static constexpr const char* kNames[] = {"?",
                                             "standby",
                                             "active",
                                             "takeover",
                                             "cleanup",
                                             "quorum ignore",
                                             "move",
                                             "move back",
                                             "fence",
                                             "fence confirm",
                                             "fence test",
                                             "fence history",
                                             "maintenance on",
                                             "maintenance off"};
    world_.say(config_.node_name(n), "WISH {}{} {}{}", kNames[static_cast<std::size_t>(kind)],
               stay ? " --stay" : "", group, target ? " to " + config_.node_name(*target) : "");
    disturbed();
    Node& who = node(n);
    who.post(Kind::kMembership, who.life(Kind::kMembership), 100us, [request](Daemon& d, MonoTime) {
        static_cast<MembershipDaemon&>(d).request(request);
    });
}

void Cluster::violated(std::string property, std::string detail) {
    if (violation_) return;
    world_.say("CHECKER", "{}: {}", property, detail);
    violation_ = Violation{std::move(property), std::move(detail), world_.now()};
    world_.stop();
}

std::string Cluster::holders(std::size_t group) const {
    std::string text;
    for (const auto& n : nodes_)
        if (n->powered() && n->kernel().holds(group)) text += n->name();
    return text;
}

}  // namespace hb::sim
