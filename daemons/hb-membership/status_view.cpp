#include "daemons/hb-membership/status_view.hpp"

namespace hb::membership {
namespace {

NodeView of_self(const MembershipSettings& settings, const Judging& judging,
                 const Replication& own) {
    NodeView view;
    view.node = settings.self;
    view.status = judging.local_status();
    view.incarnation = settings.incarnation;
    view.config = settings.config;
    view.report = own.report();
    view.table = own.table();
    view.leaving = view.report && view.report->leaving;
    return view;
}

NodeView of_peer(const Peer& p, const std::vector<std::string>& link_names) {
    NodeView view;
    view.node = p.node;
    view.status = p.status;
    view.leaving = p.leaving();
    if (p.incarnation != Incarnation{}) view.incarnation = p.incarnation;
    if (p.last_heard != kNever) view.last_heard = p.last_heard;
    for (std::size_t i = 0; i < p.links.size(); ++i) {
        const PeerLink& l = p.links[i];
        view.links.push_back({link_id(i), i < link_names.size() ? link_names[i] : std::string(),
                              l.up, l.fault, l.detail, l.last_heard, l.flaps, l.measured});
    }
    if (p.view) view.config = p.view->value.config;
    if (p.report) view.report = p.report->value;
    if (p.table) view.table = p.table->value;
    return view;
}

}  // namespace

StatusView make_status(const MembershipSettings& settings, const Peers& peers,
                       const Judging& judging, const Views& views, const Replication& own) {
    StatusView status;
    status.self = settings.self;
    for (const Peer& p : peers) {
        status.nodes.push_back(p.node == settings.self ? of_self(settings, judging, own)
                                                       : of_peer(p, judging.links()));
        status.nodes.back().name = settings.node_names[rank(p.node)];
    }
    status.accepted = views.accepted();
    status.follows = views.follows();
    if (!status.accepted) return status;
    const NodeId coordinator = status.accepted->id.coordinator;
    if (coordinator == settings.self) {
        status.installed = views.installed();
    } else {
        const Peer& c = peers[rank(coordinator)];
        status.installed = c.view && c.view->value.installed && c.accepted() != nullptr &&
                           *c.accepted() == *status.accepted;
    }
    return status;
}

}  // namespace hb::membership
