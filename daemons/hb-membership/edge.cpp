#include "daemons/hb-membership/edge.hpp"

#include <fmt/format.h>

#include "common/base/limits.hpp"
#include "common/base/result.hpp"
#include "proto/codec_node.hpp"

namespace hb::membership {
namespace {

// The same node is complained of once in this time.
constexpr Duration kComplainAgain = 60s;

template <typename T>
Result<TopicValue> wrap(Result<T> decoded) {
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    return TopicValue(std::move(*decoded));
}

Result<TopicValue> decode_topic(const TopicUpdate& update) {
    switch (update.topic) {
        case Topic::kView:
            return wrap(proto::decode_view_topic(update.bytes));
        case Topic::kReport:
            return wrap(proto::decode_report(update.bytes));
        case Topic::kTable:
            return wrap(proto::decode_table(update.bytes));
        case Topic::kIpfail:
            return wrap(proto::decode_ping_report(update.bytes));
    }
    return failure("a topic that nobody knows");
}

}  // namespace

Topic topic_of(const TopicValue& value) {
    if (std::holds_alternative<ViewTopic>(value)) return Topic::kView;
    if (std::holds_alternative<Report>(value)) return Topic::kReport;
    if (std::holds_alternative<Table>(value)) return Topic::kTable;
    return Topic::kIpfail;
}

Edge::Edge(std::vector<std::string> node_names)
    : node_names_(std::move(node_names)), complained_(node_names_.size(), kNever) {}

PeerFrame Edge::decode(ipc::FrameSeen seen, MonoTime now, std::vector<Event>& events) {
    PeerFrame frame;
    for (const TopicUpdate& update : seen.topics) {
        auto value = decode_topic(update);
        if (value)
            frame.topics.emplace_back(update.version, std::move(*value));
        else
            complain(seen, update.topic, value.error().text, now, events);
    }
    seen.topics.clear();
    frame.seen = std::move(seen);
    return frame;
}

void Edge::complain(const ipc::FrameSeen& seen, Topic topic, const std::string& why, MonoTime now,
                    std::vector<Event>& events) {
    ++undecodable_;
    if (rank(seen.peer) >= complained_.size()) return;
    MonoTime& last = complained_[rank(seen.peer)];
    if (last != kNever && now - last < kComplainAgain) return;
    last = now;
    const std::string& node = node_names_[rank(seen.peer)];
    events.push_back({"topic-unreadable",
                      Level::kError,
                      fmt::format("node {} published a {} that does not decode ({}): ignored; are "
                                  "both of one version?",
                                  node, to_string(topic), why),
                      {{"HB_NODE", node}, {"HB_REASON", why}}});
}

ipc::PublishTopics Edge::encode(const PublishValues& values) {
    ipc::PublishTopics message{values.incarnation, {}, values.answers_gap};
    for (const auto& [version, value] : values.topics)
        message.topics.push_back(
            {topic_of(value), version,
             std::visit([](const auto& v) { return proto::encode(v); }, value)});
    return message;
}

}  // namespace hb::membership
