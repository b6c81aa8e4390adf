#include "tests/sim/fence_daemon.hpp"

#include <algorithm>

#include "tests/sim/cluster.hpp"
#include "tests/sim/resource_daemon.hpp"

namespace hb::sim {

namespace {

// Two levels: what the first cannot do, the second tries.
fence::FenceSettings settings(const ClusterConfig& config, NodeId self) {
    fence::FenceSettings s;
    s.self = self;
    for (std::size_t r = 0; r < config.nodes; r++)
        s.node_names.push_back(config.node_name(node_id(r)));
    for (unsigned level = 1; level <= 2; level++)
        for (std::size_t r = 0; r < config.nodes; r++) {
            config::FenceDevice d;
            d.type = d.agent = level == 1 ? "ipmi" : "pdu";
            d.targets = {{node_id(r), {}}};
            d.level = level;
            s.fencing.devices.push_back(d);
        }
    s.fencing.check = {};
    s.first_pause = config.deadtime / 2;
    s.longest_pause = config.deadtime * 4;
    return s;
}

}  // namespace

Node& FenceDaemon::node() {
    return cluster_.node(self_);
}

// A master that went took it along; a new one has another generation.
bool FenceDaemon::alive() {
    if (core_ &&
        (!node().powered() || !node().master_alive() || node().generation() != generation_)) {
        core_.reset();
        life_++;
        for (auto& [id, call] : calls_)
            call->killed = true;
        calls_.clear();
    }
    return core_ != nullptr;
}

void FenceDaemon::make() {
    if (!cluster_.config().fencing || !node().powered() || !node().master_alive()) return;
    life_++;
    generation_ = node().generation();
    armed_ = WorldTime::max();
    core_ =
        std::make_unique<fence::FenceCore>(settings(cluster_.config(), self_), node().local_now());
}

void FenceDaemon::resource_born() {
    if (!cluster_.config().fencing) return;
    if (!alive()) make();
    if (!core_) return;
    tell(resource::FenceHere{});
    std::vector<fence::FenceOutput> actions;
    core_->greet(actions);
    act(std::move(actions));
}

void FenceDaemon::kill() {
    if (!alive()) return;
    cluster_.world().say(node().name() + " fence", "KILLED");
    tell(resource::FenceGone{});
    core_.reset();
    life_++;
    for (auto& [id, call] : calls_)
        call->killed = true;
    calls_.clear();
    cluster_.world().after(cluster_.config().respawn.draw(cluster_.world().prng()), [this] {
        if (!alive()) make();
        if (core_) tell(resource::FenceHere{});
    });
}

void FenceDaemon::later(Duration delay, std::function<void()> work) {
    cluster_.world().after(delay, [this, life = life_, work = std::move(work)] {
        if (!alive() || life_ != life) return;
        if (node().freeze_state() != Freeze::kNone) return later(1ms, work);
        work();
    });
}

void FenceDaemon::from_resource(const ipc::ResourceToFence& message) {
    if (!alive()) return;
    World& world = cluster_.world();
    last_to_us_ = std::max(last_to_us_, world.now() + cluster_.config().channel.draw(world.prng()));
    later(last_to_us_ - world.now(),
          [this, message] { std::visit([this](const auto& m) { input(m); }, message); });
}

void FenceDaemon::input(fence::FenceInput in) {
    std::vector<fence::FenceOutput> actions;
    core_->handle(in, node().local_now(), actions);
    act(std::move(actions));
}

template <typename Message>
void FenceDaemon::tell(const Message& message) {
    World& world = cluster_.world();
    last_to_resource_ =
        std::max(last_to_resource_, world.now() + cluster_.config().channel.draw(world.prng()));
    node().post(Kind::kResource, node().life(Kind::kResource), last_to_resource_ - world.now(),
                [message](Daemon& d, MonoTime now) {
                    static_cast<ResourceDaemon&>(d).input(message, now);
                });
}

void FenceDaemon::act(std::vector<fence::FenceOutput> actions) {
    for (const fence::FenceOutput& action : actions) {
        if (const auto* go = std::get_if<fence::RunAgent>(&action)) {
            run(*go);
        } else if (const auto* kill = std::get_if<fence::KillAgent>(&action)) {
            if (const auto at = calls_.find(kill->call); at != calls_.end())
                at->second->killed = true;
        } else if (const auto* event = std::get_if<Event>(&action)) {
            cluster_.world().say(node().name() + " fence", "[{}] {}", event->id, event->text);
        } else if (const auto* state = std::get_if<ipc::FenceState>(&action)) {
            tell(*state);
        } else if (const auto* answer = std::get_if<ipc::FenceAnswer>(&action)) {
            tell(*answer);
        }
    }
    arm();
}

void FenceDaemon::run(const fence::RunAgent& action) {
    const std::uint64_t call = action.call;
    const std::uint64_t life = life_;
    calls_[call] =
        cluster_.fence().run(self_, *action.target, action.action,
                             [this, call, life](fence::Outcome outcome, const std::string& text) {
                                 if (!alive() || life_ != life) return;
                                 calls_.erase(call);
                                 later(Duration(0), [this, call, outcome, text] {
                                     input(fence::CallDone{call, outcome, text});
                                 });
                             });
}

void FenceDaemon::arm() {
    const MonoTime deadline = core_->next_deadline();
    if (deadline == kForever) return;
    World& world = cluster_.world();
    const WorldTime when = std::max(node().clock().world(deadline), world.now());
    if (when >= armed_) return;
    armed_ = when;
    later(when - world.now(), [this, when] {
        if (armed_ == when) armed_ = WorldTime::max();
        if (core_->next_deadline() <= node().local_now()) {
            std::vector<fence::FenceOutput> actions;
            core_->on_deadline(node().local_now(), actions);
            act(std::move(actions));
        } else {
            arm();  // the clock stood still meanwhile
        }
    });
}

}  // namespace hb::sim
