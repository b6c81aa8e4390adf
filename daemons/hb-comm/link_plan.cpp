#include "daemons/hb-comm/link_plan.hpp"

#include <algorithm>

namespace hb::comm {

using config::MediumKind;

std::vector<LinkPlan> plan_links(const std::vector<config::Medium>& media) {
    std::vector<LinkPlan> links;
    for (const config::Medium& m : media) {
        if (m.kind == MediumKind::kUcast) {
            const auto same = std::find_if(links.begin(), links.end(), [&](const LinkPlan& l) {
                return l.kind == MediumKind::kUcast && l.interface == m.interface &&
                       l.port == m.port;
            });
            if (same != links.end()) {
                same->peers.push_back(m.peer);
                continue;
            }
        }
        LinkPlan link{.kind = m.kind, .interface = m.interface, .port = m.port};
        if (m.kind == MediumKind::kUcast) link.peers = {m.peer};
        if (m.kind == MediumKind::kMcast) {
            link.group = m.group;
            link.ttl = m.ttl;
            link.loop = m.loop;
        }
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
    switch (to) {
        case SentTo::kMulticast:  // only to sockets that joined its group
            return by.kind != MediumKind::kMcast && of_kind(MediumKind::kMcast) != nullptr;
        case SentTo::kBroadcast:
            return by.kind != MediumKind::kBcast && of_kind(MediumKind::kBcast) != nullptr;
        case SentTo::kUnicast:
            if (by.kind != MediumKind::kUcast)
                if (const LinkPlan* ucast = of_kind(MediumKind::kUcast))
                    link = link_id(static_cast<std::size_t>(ucast - links.data()));
            return false;
    }
    return false;
}

}  // namespace hb::comm
