#include "daemons/hb-membership/facts.hpp"

#include <fmt/format.h>

namespace hb::membership::facts {

Event local_status(NodeStatus status) {
    return {"local-status",
            Level::kInfo,
            fmt::format("Local status now set to: '{}'", to_string(status)),
            {{"HB_STATUS", to_string(status)}}};
}

Event comm_now_up() {
    return {"comm-up", Level::kInfo, "Comm_now_up(): updating status to active", {}};
}

Event node_status(const std::string& node, NodeStatus status) {
    return {"node-status",
            Level::kInfo,
            fmt::format("Status update for node {}: status {}", node, to_string(status)),
            {{"HB_NODE", node}, {"HB_STATUS", to_string(status)}}};
}

Event ping_status(const std::string& node, PingState state) {
    return {"node-status",
            Level::kInfo,
            fmt::format("Status update for node {}: status {}", node, to_string(state)),
            {{"HB_NODE", node}, {"HB_STATUS", to_string(state)}}};
}

Event node_dead(const std::string& node, bool left_in_order) {
    Event e{"node-dead",
            left_in_order ? Level::kInfo : Level::kWarn,
            fmt::format("node {}: is dead", node),
            {{"HB_NODE", node}}};
    if (left_in_order) e.fields.emplace_back("HB_REASON", "it left in order");
    return e;
}

Event late_heartbeat(const std::string& node, Duration interval, bool beyond_deadtime) {
    return {"late-heartbeat",
            beyond_deadtime ? Level::kCrit : Level::kWarn,
            fmt::format("Late heartbeat: Node {}: interval {} ms{}", node, to_ms(interval),
                        beyond_deadtime ? " (> deadtime)" : ""),
            {{"HB_NODE", node}, {"HB_INTERVAL_MS", std::to_string(to_ms(interval))}}};
}

Event node_restart(const std::string& node, std::uint64_t generation) {
    return {"node-restart",
            Level::kInfo,
            fmt::format("Heartbeat restart on node {}", node),
            {{"HB_NODE", node}, {"HB_GENERATION", std::to_string(generation)}}};
}

Event after_partition(const std::string& node, Duration silence) {
    return {"after-partition",
            Level::kCrit,
            fmt::format("Cluster node {} returning after partition.", node),
            {{"HB_NODE", node}, {"HB_INTERVAL_MS", std::to_string(to_ms(silence))}}};
}

Event link_state(const std::string& node, const std::string& link, bool up,
                 const std::string& detail) {
    Event e{up ? "link-up" : "link-dead",
            Level::kInfo,
            fmt::format("Link {}:{} {}.", node, link, up ? "up" : "dead"),
            {{"HB_NODE", node}, {"HB_LINK", link}}};
    if (!detail.empty()) e.fields.emplace_back("HB_REASON", detail);
    return e;
}

Event link_flaps(const std::string& node, const std::string& link, std::uint32_t times) {
    return {"link-flaps",
            Level::kWarn,
            fmt::format("Link {}:{} flaps: dead {} times lately.", node, link, times),
            {{"HB_NODE", node}, {"HB_LINK", link}}};
}

Event link_one_way(const std::string& node, const std::string& link, const std::string& detail) {
    return {"link-one-way",
            Level::kWarn,
            detail.empty() ? fmt::format("{} does not hear us on {}", node, link) : detail,
            {{"HB_NODE", node}, {"HB_LINK", link}}};
}

bool logged_by_hb_comm(const Event& event) {
    return event.id.starts_with("link-");
}

Event view_accepted(const View& view, const std::string& members, const std::string& coordinator) {
    return {"view-accepted",
            Level::kInfo,
            fmt::format("view {}: {} (coordinator {})", view.id.number, members, coordinator),
            {{"HB_VIEW", to_string(view.id)}, {"HB_NODE", coordinator}}};
}

Event view_installed(const View& view) {
    return {"view-installed",
            Level::kInfo,
            fmt::format("view {}: accepted by every member", view.id.number),
            {{"HB_VIEW", to_string(view.id)}}};
}

Event left_out(const std::string& node, const View& view, Duration hold) {
    return {"node-left-out",
            Level::kWarn,
            fmt::format("node {} did not accept view {} within its deadtime: it is left out until "
                        "it was connected for {}",
                        node, view.id.number, to_string(hold)),
            {{"HB_NODE", node}, {"HB_VIEW", to_string(view.id)}}};
}

Event goodbye_unanswered(const View& view) {
    return {"goodbye-unanswered",
            Level::kNotice,
            fmt::format("view {}: a node leaves, and not all that it held has found its new owner "
                        "in time: going on without it",
                        view.id.number),
            {{"HB_VIEW", to_string(view.id)}}};
}

Event stood_still(Duration gap) {
    return {"stood-still",
            Level::kNotice,
            fmt::format("hb-membership stood still for {} ms: nobody is called dead before a whole "
                        "deadtime from now",
                        to_ms(gap)),
            {{"HB_INTERVAL_MS", std::to_string(to_ms(gap))}}};
}

Event config_differs(const std::string& node, const ConfigDifference& what) {
    const std::string files = to_string(what);
    return {"config-differs",
            Level::kWarn,
            fmt::format("not the same as here: {} of {}; with a copy of its files in DIR, 'hactl "
                        "check --peer {}=DIR' says in what",
                        files, node, node),
            {{"HB_NODE", node}, {"HB_FILE", files}}};
}

Event config_agrees(const std::string& node) {
    return {"config-agrees",
            Level::kInfo,
            fmt::format("ha.cf and haresources of {} are the same as here", node),
            {{"HB_NODE", node}}};
}

Event peer_nonsense(const std::string& node, const std::string& what) {
    return {"peer-nonsense",
            Level::kError,
            fmt::format("node {} published what cannot be: {}; ignored", node, what),
            {{"HB_NODE", node}, {"HB_REASON", what}}};
}

}  // namespace hb::membership::facts
