#include "tools/hactl/net_report.hpp"

#include <fmt/format.h>

#include <algorithm>
namespace hb::hactl {

namespace {

class Writer {
  public:
    void head(const std::string& line) { report_.text += line + "\n"; }
    void say(const std::string& line) { report_.text += "    " + line + "\n"; }
    void trouble(const std::string& line) {
        report_.text += "  ! " + line + "\n";
        report_.troubles++;
    }
    [[nodiscard]] NetReport take() { return std::move(report_); }

  private:
    NetReport report_;
};

std::string join(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string macs(const NetFacts& facts, const std::vector<MacAddress>& list) {
    std::vector<std::string> words;
    for (const MacAddress& mac : list) {
        const auto node = facts.nodes_at.find(mac);
        words.push_back(node == facts.nodes_at.end()
                            ? mac.to_string()
                            : fmt::format("{} ({})", mac.to_string(), node->second));
    }
    return join(words);
}

const GroupSummary* group_of(const NetFacts& facts, const GroupName& name) {
    if (!facts.status) return nullptr;
    const auto it = std::ranges::find(facts.status->groups, name, &GroupSummary::name);
    return it == facts.status->groups.end() ? nullptr : &*it;
}

void address(const NetFacts& facts, const AddressFacts& a, Writer& out) {
    const GroupSummary* group = group_of(facts, a.group);
    std::string where;
    bool mine = false, elsewhere = false;
    if (group != nullptr) {
        where = fmt::format(", {}", to_string(group->state));
        if (group->owner)
            where += fmt::format(" on {}", facts.status->nodes.at(rank(*group->owner)).name);
        mine = group->owner == facts.status->self && group->state == GroupState::kRunning;
        elsewhere = group->owner && *group->owner != facts.status->self &&
                    group->state == GroupState::kRunning;
    }
    out.head(fmt::format("  {}: group {}{}", a.address, a.group, where));
    if (!a.here.empty()) {
        const std::string here = "here, on " + join(a.here);
        if (elsewhere)
            out.trouble(here + ", though the group runs elsewhere");
        else
            out.say(here);
    } else if (mine) {
        out.trouble("not here, though the group runs here");
    } else {
        out.say("not here");
    }
    if (a.interface.empty()) return out.say("not asked for: " + a.not_asked);
    if (!a.here.empty() && !a.answered.empty())
        return out.trouble(fmt::format("on {} somebody else answers for it: {}", a.interface,
                                       macs(facts, a.answered)));
    if (a.answered.size() > 1)
        return out.trouble(fmt::format("on {} more than one answers for it: {}", a.interface,
                                       macs(facts, a.answered)));
    if (!a.answered.empty())
        return out.say(
            fmt::format("on {} {} answers for it", a.interface, macs(facts, a.answered)));
    if (elsewhere && a.here.empty())
        return out.trouble(
            fmt::format("on {} nobody answers for it, though the group runs", a.interface));
    out.say(
        fmt::format("on {} nobody {}answers for it", a.interface, a.here.empty() ? "" : "else "));
}

// What hb-comm says of a peer on that link; null: nothing.
const LinkStatus* link_of(const NetFacts& facts, const std::string& peer, const std::string& link) {
    if (!facts.status) return nullptr;
    const auto node = std::ranges::find(facts.status->nodes, peer, &NodeSummary::name);
    if (node == facts.status->nodes.end()) return nullptr;
    const auto it = std::ranges::find(node->links, link, &LinkStatus::name);
    return it == node->links.end() ? nullptr : &*it;
}

void sender(const NetFacts& facts, const MediumFacts& m, const SenderFacts& s, Writer& out) {
    for (const auto& [key, count] : s.keys)
        out.say(fmt::format("{} from {} ({}), key {}", count, s.from, s.node, key));
    for (const auto& [why, count] : s.refused)
        out.trouble(fmt::format("{} from {}: {}", count, s.from, why));
    if (s.keys.empty()) return;
    const LinkStatus* link = link_of(facts, s.node, m.interface);
    if (link != nullptr && !link->up && link->fault != ipc::LinkFault::kOneWayOut)
        out.trouble(
            fmt::format("they reach {}, but hb-comm hears nothing of {} on it: something "
                        "on this host drops udp/{} that comes in",
                        m.interface, s.node, m.port));
}

// Peers of which nothing came on this medium.
void silent_peers(const NetFacts& facts, const MediumFacts& m, Writer& out) {
    if (!facts.status) return;
    const bool refused =
        std::ranges::any_of(m.senders, [](const SenderFacts& s) { return !s.refused.empty(); });
    for (std::size_t r = 0; r < facts.status->nodes.size(); r++) {
        const NodeSummary& node = facts.status->nodes[r];
        if (r == rank(facts.status->self)) continue;
        const LinkStatus* link = link_of(facts, node.name, m.interface);
        if (link == nullptr) continue;
        const bool seen = std::ranges::any_of(m.senders, [&](const SenderFacts& s) {
            return s.node == node.name && !s.keys.empty();
        });
        if (link->fault == ipc::LinkFault::kOneWayOut)
            out.trouble(
                fmt::format("{} does not hear us on {}: {}", node.name, m.interface, link->detail));
        if (seen) continue;
        if (link->up)
            out.say(
                fmt::format("nothing genuine from {} while listening, though the link is up: "
                            "listen for longer (--seconds)",
                            node.name));
        else
            out.trouble(fmt::format("nothing genuine from {}: {}", node.name,
                                    refused ? "frames that are refused may be its"
                                            : "it does not send, or something before this host "
                                              "drops it"));
    }
}

void medium(const NetFacts& facts, const MediumFacts& m, Writer& out) {
    out.head(fmt::format("  {}, udp/{}", m.name, m.port));
    if (!m.note.empty()) return out.say(m.note);
    if (!m.trouble.empty()) return out.trouble(m.trouble);
    if (m.sent > 0)
        out.say(fmt::format("{} sent from here", m.sent));
    else if (facts.status)
        out.trouble("nothing leaves here");
    for (const SenderFacts& s : m.senders)
        sender(facts, m, s, out);
    silent_peers(facts, m, out);
}

}  // namespace

NetReport report(const NetFacts& facts) {
    Writer out;
    out.head(fmt::format("This is {}.", facts.node));
    if (!facts.status) out.trouble(facts.no_status);
    out.head("\nAddresses");
    for (const AddressFacts& a : facts.addresses)
        address(facts, a, out);
    if (facts.addresses.empty()) out.say("none in haresources");
    out.head(fmt::format("\nFrames, as they come from the wire in {:.1f} s", facts.seconds));
    for (const MediumFacts& m : facts.media)
        medium(facts, m, out);
    if (facts.missed > 0)
        out.say(fmt::format("{} packets were missed, there were too many", facts.missed));
    out.head("\nPacket filter of this host");
    for (const FilterLine& line : facts.filters)
        out.say(fmt::format("{}: {}", line.chain, line.text));
    if (!facts.no_filters.empty())
        out.say("not known: " + facts.no_filters);
    else if (facts.filters.empty())
        out.say("no rule of nftables names the port, or drops everything");
    out.say("chains that are jumped to, sets and maps are not followed");
    return out.take();
}

}  // namespace hb::hactl
