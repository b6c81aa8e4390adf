// One OwnershipCore of node a or b, and everything that its neighbours could tell it, by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "daemons/hb-resource/ownership_core.hpp"

namespace hb::resource::test {

inline constexpr NodeId kA = node_id(0), kB = node_id(1);
inline const PlacedAddress kVip{*IpAddress::parse("10.77.0.100"), "eth0"};

inline OwnershipSettings settings(NodeId self) {
    OwnershipSettings s;
    s.self = self;
    s.node_names = {"a", "b"};
    s.incarnation = {7, 1};
    s.groups = {{.name = "g", .preferred = kA}};
    s.keepalive = 250ms;
    s.warntime = 500ms;
    s.deadtime = 1s;
    s.auto_failback = true;
    return s;
}

// The world around one core: tells it things, remembers what it did.
class Scene {
  public:
    explicit Scene(NodeId self, OwnershipSettings s) : self_(self), core_(std::move(s), now_) {
        core_.on_deadline(now_, out_);
        tell(MembershipHere{});
        tell(ipc::CommReady{});
        tell(GroupPlaces{.group = "g", .places = {kVip}, .problem = {}});
    }
    explicit Scene(NodeId self) : Scene(self, settings(self)) {}

    void tell(const OwnershipInput& in) { core_.handle(in, now_, out_); }
    void run(Duration d) {
        const MonoTime end = now_ + d;
        while (core_.next_deadline() <= end) {
            now_ = std::max(now_, core_.next_deadline());
            core_.on_deadline(now_, out_);
        }
        now_ = end;
    }
    [[nodiscard]] NodeId peer() const { return self_ == kA ? kB : kA; }

    // ---- what the neighbours say
    void kernel_says(GroupAnswer a, bool after_start = false) {
        tell(GroupDone{.group = "g", .answer = a, .after_start = after_start, .detail = "test"});
    }
    void ready(std::optional<Report> own = {}, std::optional<Table> table = {}) {
        tell(ipc::MembershipReady{.incarnation = {7, 1}, .own_report = own, .own_table = table});
    }
    View view_of(std::uint64_t number, NodeId coordinator, std::vector<NodeId> nodes) {
        View v{
            .id = {.number = number, .coordinator = coordinator, .coordinator_incarnation = {7, 1}},
            .members = {}};
        for (NodeId n : nodes)
            v.members.push_back({n, {7, 1}});
        return v;
    }
    void enter(const View& v) {
        view_ = v;
        tell(ipc::ViewChanged{.view = v, .installed = false});
        if (v.id.coordinator == self_) tell(ipc::ViewChanged{.view = v, .installed = true});
    }
    void peer_is(ipc::Hearing h, bool connected = false) {
        status_.peer = peer();
        status_.hearing = h;
        status_.since = now_;
        status_.last_heard = now_;
        status_.judged = h != ipc::Hearing::kNever;
        status_.connected = connected;
        status_.hears_us = connected;
        status_.generation = 7;
        tell(status_);
    }
    void peer_reports(GroupState state, std::uint64_t bar = 0, void (*change)(Report&) = nullptr) {
        Report r;
        r.incarnation = {7, 1};
        r.view = view_.id;
        r.groups["g"].state = state;
        r.groups["g"].bar = bar;
        if (change != nullptr) change(r);
        tell(ipc::PeerReport{.peer = peer(), .report = r});
    }
    void peer_rows(Row row) {
        tell(ipc::PeerTable{.peer = peer(), .table = {.view = view_.id, .rows = {{"g", row}}}});
    }
    void acknowledged() {
        tell(ipc::Acknowledged{.peer = peer(), .sent = now_});
        tell(ipc::Lease{.peer = peer(), .sent = now_});
    }
    void address_quiet(Duration ago = Duration(0)) {
        tell(ipc::ProbeStatuses{{ipc::ProbeStatus{.where = kVip,
                                                  .carrier = true,
                                                  .window_complete = now_ - ago,
                                                  .control_heard = true,
                                                  .answered = {},
                                                  .by = {},
                                                  .crossed = false}}});
    }
    void address_answered() {
        tell(ipc::ProbeStatuses{{ipc::ProbeStatus{.where = kVip,
                                                  .carrier = true,
                                                  .window_complete = {},
                                                  .control_heard = true,
                                                  .answered = now_,
                                                  .by = MacAddress::parse("52:54:00:00:00:02"),
                                                  .crossed = false}}});
    }

    // ---- what the core did since the last question
    template <typename T>
    std::vector<T> took() {
        std::vector<T> found;
        for (const OwnershipAction& a : out_)
            if (const T* t = std::get_if<T>(&a)) found.push_back(*t);
        return found;
    }
    template <typename T>
    std::ptrdiff_t place() const {
        const auto it = std::ranges::find_if(
            out_, [](const OwnershipAction& a) { return std::holds_alternative<T>(a); });
        return it == out_.end() ? -1 : it - out_.begin();
    }
    template <typename T>
    bool did() {
        return place<T>() >= 0;
    }
    template <typename T>
    const T& newest() {
        return std::get<T>(*std::find_if(out_.rbegin(), out_.rend(), [](const OwnershipAction& a) {
            return std::holds_alternative<T>(a);
        }));
    }
    void forget() { out_.clear(); }
    const GroupReport& mine() { return core_.report().groups.at("g"); }
    OwnershipCore& core() { return core_; }
    MonoTime now() const { return now_; }
    const View& view() const { return view_; }

    // Two members, nothing runs, we are asked and know the view.
    void both_up() {
        kernel_says(GroupAnswer::kStopped);
        ready();
        peer_is(ipc::Hearing::kHeard, true);
        enter(view_of(1, kA, {kA, kB}));
    }

  private:
    NodeId self_;
    MonoTime now_ = MonoTime{} + 1000s;
    OwnershipCore core_;
    std::vector<OwnershipAction> out_;
    View view_;
    ipc::PeerStatus status_;
};

}  // namespace hb::resource::test
