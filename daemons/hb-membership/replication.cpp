#include "daemons/hb-membership/replication.hpp"

namespace hb::membership {

template <typename T>
void Replication::set(std::optional<Own>& slot, T value) {
    if (slot && std::get<T>(slot->value) == value) return;
    slot = Own{{incarnation_, ++counter_}, std::move(value), true};
}

void Replication::publish_view(ViewTopic view) {
    set(own_view_, std::move(view));
}

void Replication::publish_report(Report report) {
    memory_ = report;
    set(own_report_, std::move(report));
}

void Replication::publish_table(Table table) {
    table_ = table;
    set(own_table_, std::move(table));
}

void Replication::publish_ping(PingReport ping) {
    set(own_ping_, std::move(ping));
}

void Replication::publish_unknown_states() {
    if (!memory_) return;
    Report unknown = *memory_;
    for (auto& [name, group] : unknown.groups) {
        group.state = GroupState::kUnknown;
        group.reason = "hb-resource is being restarted";
        group.gate_reason.clear();
    }
    set(own_report_, std::move(unknown));
}

std::optional<PublishValues> Replication::take_changed() {
    PublishValues values{incarnation_, {}, answers_gap_};
    for (auto* slot : {&own_view_, &own_report_, &own_table_, &own_ping_}) {
        if (!*slot || !(*slot)->changed) continue;
        (*slot)->changed = false;
        values.topics.emplace_back((*slot)->version, (*slot)->value);
    }
    if (values.topics.empty()) return std::nullopt;
    return values;
}

void Replication::changed_all() {
    for (auto* slot : {&own_view_, &own_report_, &own_table_, &own_ping_})
        if (*slot) (*slot)->changed = true;
}

// ---- of peers

namespace {

template <typename T>
bool keep(std::optional<Held<T>>& slot, TopicVersion version, const T& value, bool any) {
    if (slot && !any && version <= slot->version) return false;
    slot = Held<T>{version, value};
    return true;
}

template <typename T>
TopicVersion version_of(const std::optional<Held<T>>& slot) {
    return slot ? slot->version : TopicVersion{};
}

}  // namespace

bool keep_topic(Peer& peer, TopicVersion version, const TopicValue& value, bool any) {
    if (version.incarnation > peer.incarnation && !any) return false;
    if (const auto* view = std::get_if<ViewTopic>(&value)) {
        if (version.incarnation != peer.incarnation && !any) return false;
        return keep(peer.view, version, *view, any);
    }
    if (const auto* report = std::get_if<Report>(&value))
        return keep(peer.report, version, *report, any);
    if (const auto* table = std::get_if<Table>(&value))
        return keep(peer.table, version, *table, any);
    return keep(peer.ping, version, std::get<PingReport>(value), any);
}

bool has_all(const Peer& peer, const FrameHead& head) {
    for (const TopicAck& named : head.own) {
        TopicVersion held;
        switch (named.topic) {
            case Topic::kView:
                held = version_of(peer.view);
                break;
            case Topic::kReport:
                held = version_of(peer.report);
                break;
            case Topic::kTable:
                held = version_of(peer.table);
                break;
            case Topic::kIpfail:
                held = version_of(peer.ping);
                break;
        }
        if (held < named.version) return false;
    }
    return true;
}

}  // namespace hb::membership
