#include "daemons/hb-comm/link_plan.hpp"

#include <algorithm>

namespace hb::comm {

using config::MediumKind;

bool is_ucast(MediumKind kind) {
    return kind == MediumKind::kUcast || kind == MediumKind::kUcast6;
}

bool is_mcast(MediumKind kind) {
    return kind == MediumKind::kMcast || kind == MediumKind::kMcast6;
}

bool is_v6(MediumKind kind) {
    return kind == MediumKind::kUcast6 || kind == MediumKind::kMcast6;
}

std::vector<LinkPlan> plan_links(const std::vector<config::Medium>& media) {
    std::vector<LinkPlan> links;
    for (const config::Medium& m : media) {
        if (is_ucast(m.kind)) {
            const auto same = std::find_if(links.begin(), links.end(), [&](const LinkPlan& l) {
                return l.kind == m.kind && l.interface == m.interface && l.port == m.port;
            });
            if (same != links.end()) {
                same->peers.push_back(m.peer);
                continue;
            }
        }
        LinkPlan link{.kind = m.kind, .interface = m.interface, .port = m.port};
        if (is_ucast(m.kind)) link.peers = {m.peer};
        if (is_mcast(m.kind)) {
            link.group = m.group;
            link.ttl = m.ttl;
            link.loop = m.loop;
        }
        if (m.kind == MediumKind::kSerial) link.baud = m.baud;
        links.push_back(std::move(link));
    }
    return links;
}

bool is_others_copy(const std::vector<LinkPlan>& links, SentTo to, LinkId& link) {
    const LinkPlan& by = links[index(link)];
    const auto of_kind = [&](MediumKind kind) {
        const auto it = std::find_if(links.begin(), links.end(), [&](const LinkPlan& l) {
            return l.kind == kind && l.interface == by.interface && l.port == by.port;
        });
        return it == links.end() ? nullptr : &*it;
    };
    // A datagram never reaches a socket of the other family.
    const MediumKind ucast = is_v6(by.kind) ? MediumKind::kUcast6 : MediumKind::kUcast;
    const MediumKind mcast = is_v6(by.kind) ? MediumKind::kMcast6 : MediumKind::kMcast;
    switch (to) {
        case SentTo::kMulticast:  // only to sockets that joined its group
            return by.kind != mcast && of_kind(mcast) != nullptr;
        case SentTo::kBroadcast:
            return by.kind != MediumKind::kBcast && of_kind(MediumKind::kBcast) != nullptr;
        case SentTo::kUnicast:
            if (by.kind != ucast)
                if (const LinkPlan* unicast = of_kind(ucast))
                    link = link_id(static_cast<std::size_t>(unicast - links.data()));
            return false;
    }
    return false;
}

}  // namespace hb::comm
