// Which links work between us and each peer: up, or dead and why.
//
// A link is up while the peer is heard on it and says, within its announced deadtime, that it hears
// us on it too. Loss of carrier makes it dead at once. A link on which we hear a peer that does not
// hear us is a fault of its own and never taken for health. Both nodes number links alike, as the
// media lines of ha.cf. A link that flaps is named, and its ups and downs are no longer logged one
// by one (link_flaps.hpp); the deaths of a peer that stops, restarts or freezes are none of a link.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ids.hpp"
#include "common/base/ipc/comm_membership.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-comm/link_flaps.hpp"

namespace hb::comm {

struct LinkWatchSettings {
    NodeId self{};
    std::vector<std::string> node_names;
    std::vector<std::string> interfaces;  // by LinkId
    std::vector<std::uint16_t> ports;     // by LinkId; shorter: 694
    Duration deadtime{};                  // ours: for peers that announced none yet
};

// A change, and what the log says of it (a link that never was up says nothing).
struct LinkNews {
    ipc::LinkChanged change;
    std::vector<Event> events;
};

class LinkWatch {
  public:
    LinkWatch(LinkWatchSettings settings, MonoTime now);

    // The peer begins a new life: what died since it was heard last did so with the former one.
    void new_life(NodeId peer);
    void announced_deadtime(NodeId peer, Duration deadtime);
    [[nodiscard]] Duration shortest_deadtime() const;  // ours among them
    // The peer is heard on this link. True: for the first time, or after a silence.
    bool heard(NodeId peer, LinkId link, MonoTime now);
    // The peer says (in a fresh frame) that it hears us on these links.
    void hears_us(NodeId peer, std::uint32_t links, MonoTime now);
    void carrier(const std::string& interface, bool carrier);
    // What came meanwhile may be lost: a link that worked has a deadtime to be heard again. Only
    // what is told of it waits; heard_links() stays honest.
    void stood_still(MonoTime now) { listening_since_ = now; }

    // What changed since the last call. Between deadlines only what an input showed (`timed`
    // false): the frame that keeps another link alive may be waiting to be read.
    void settle(MonoTime now, bool timed, std::vector<LinkNews>& out);
    [[nodiscard]] MonoTime next_deadline() const;

    // Links on which the peer was heard within its deadtime: an honest head says no more.
    [[nodiscard]] bool up(NodeId peer, LinkId link) const;
    [[nodiscard]] std::optional<MonoTime> newest(NodeId peer, LinkId link) const;
    [[nodiscard]] std::uint32_t heard_links(NodeId peer, MonoTime now) const;
    // All that settle() ever said and still holds, for a new hb-membership.
    [[nodiscard]] std::vector<ipc::LinkChanged> state() const;

  private:
    struct Pair {
        MonoTime heard = kNever;     // newest
        MonoTime since = kNever;     // heard without a gap
        MonoTime hears_us = kNever;  // newest time that it said so
        bool told = false;           // settle() spoke of it
        ipc::LinkFault fault = ipc::LinkFault::kSilent;
        MonoTime newest = kNever;  // as `heard`, but loss of carrier does not wipe it
        LinkFlaps flaps;
        [[nodiscard]] bool up() const { return told && fault == ipc::LinkFault::kNone; }
    };
    struct Peer {
        Duration deadtime{};
        std::vector<Pair> links;
    };
    [[nodiscard]] ipc::LinkFault fault_of(const Peer& peer, std::size_t link, MonoTime now) const;
    [[nodiscard]] ipc::LinkChanged change(NodeId peer, std::size_t link) const;
    // A link that settle() found changed.
    struct Turn {
        std::size_t link = 0;
        bool was_up = false;
    };
    [[nodiscard]] std::optional<Turn> turn(Peer& peer, std::size_t link, MonoTime now,
                                           bool timed) const;
    [[nodiscard]] static bool works(const Peer& peer, std::size_t link, MonoTime now);
    [[nodiscard]] static bool died_with_the_others(const Peer& peer, std::size_t link,
                                                   MonoTime now);
    [[nodiscard]] LinkNews news(NodeId peer, Turn turn, bool begins_to_flap, MonoTime now) const;
    [[nodiscard]] std::optional<Event> fewer_links(NodeId peer, std::size_t link,
                                                   MonoTime now) const;
    void settle_flaps(NodeId peer, std::size_t link, MonoTime now, std::vector<LinkNews>& out);
    static void say_once(std::vector<LinkNews>& out, std::size_t from);

    LinkWatchSettings settings_;
    MonoTime started_;
    MonoTime listening_since_;  // start, or newest gap of ours
    std::map<NodeId, Peer> peers_;
    std::vector<bool> carrier_;  // by link
};

}  // namespace hb::comm
