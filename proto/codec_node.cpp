#include "proto/codec_node.hpp"

#include <algorithm>

#include "common/base/assert.hpp"
#include "common/base/node_set.hpp"
#include "proto/convert_node.hpp"

// Encoders take values apart with structured bindings: a new field does not compile until it is
// carried.

namespace hb::proto {

namespace {

using proto::put;
using proto::read;
using proto::to_pb;

// ---- enumerations

pb::Topic to_pb(Topic topic) {
    switch (topic) {
        case Topic::kView:
            return pb::TOPIC_VIEW;
        case Topic::kReport:
            return pb::TOPIC_REPORT;
        case Topic::kTable:
            return pb::TOPIC_TABLE;
        case Topic::kIpfail:
            return pb::TOPIC_IPFAIL;
    }
    HB_UNREACHABLE();
}

Topic read(pb::Topic from, Reader& in) {
    switch (static_cast<int>(from)) {
        case pb::TOPIC_VIEW:
            return Topic::kView;
        case pb::TOPIC_REPORT:
            return Topic::kReport;
        case pb::TOPIC_TABLE:
            return Topic::kTable;
        case pb::TOPIC_IPFAIL:
            return Topic::kIpfail;
        default:
            in.refuse("topic", "unknown");
            return {};
    }
}

// ---- versions: TopicAck and TopicUpdate have the same first fields

template <typename Message>
void put_version(Topic topic, const TopicVersion& version, Incarnation around, Message& to) {
    to.set_topic(to_pb(topic));
    if (version == TopicVersion{}) return;
    to.set_counter(version.counter);
    if (version.incarnation == around) return;
    to.set_generation(version.incarnation.generation);
    to.set_respawn(version.incarnation.respawn);
}

template <typename Message>
TopicVersion read_version(const Message& from, Incarnation around, Reader& in) {
    if (from.counter() == 0) {
        in.require(!from.has_generation() && from.respawn() == 0, "topic version", "half of one");
        return {};
    }
    if (!from.has_generation()) {
        in.require(around.generation != 0 && from.respawn() == 0, "topic version", "half of one");
        return {around, from.counter()};
    }
    return {in.incarnation(from.generation(), from.respawn(), "topic version"), from.counter()};
}

using TopicAcks = google::protobuf::RepeatedPtrField<pb::TopicAck>;

void put(const std::vector<TopicAck>& from, Incarnation around, TopicAcks& to) {
    for (const auto& [topic, version] : from)
        put_version(topic, version, around, *to.Add());
}

// Each topic at most once.
class TopicsSeen {
  public:
    void add(Topic topic, Reader& in) {
        const unsigned bit = 1U << static_cast<unsigned>(topic);
        in.require((seen_ & bit) == 0, "topic", "twice");
        seen_ |= bit;
    }

  private:
    unsigned seen_ = 0;
};

std::vector<TopicAck> read(const TopicAcks& from, Incarnation around, Reader& in) {
    in.count(from.size(), std::size(kAllTopics), "topic versions");
    std::vector<TopicAck> to;
    to.reserve(std::min<std::size_t>(static_cast<std::size_t>(from.size()), std::size(kAllTopics)));
    TopicsSeen seen;
    for (const pb::TopicAck& ack : from) {
        if (!in.good()) break;
        to.push_back({read(ack.topic(), in), read_version(ack, around, in)});
        seen.add(to.back().topic, in);
    }
    return to;
}

void put(const Heard& from, pb::Heard& to) {
    const auto& [peer, links, session, sequence, age, has, by_link] = from;
    to.set_peer(from_one(peer));
    to.set_links(links);
    to.set_session_start(session.start);
    to.set_session_nonce(session.nonce);
    to.set_sequence(sequence);
    to.set_age_ns(to_ns(age));
    Incarnation newest;
    for (const TopicAck& ack : has)
        newest = std::max(newest, ack.version.incarnation);
    to.set_generation(newest.generation);
    to.set_respawn(newest.respawn);
    put(has, newest, *to.mutable_has());
    for (const auto& [lost_percent, lag] : by_link) {
        to.add_lost_percent(lost_percent ? *lost_percent + 1 : 0);
        to.add_lag_us(static_cast<std::uint32_t>(lag / 1us));
    }
}

Heard read(const pb::Heard& from, Reader& in) {
    Heard to;
    to.peer = in.node(from.peer(), "heard peer");
    to.links = from.links();
    to.session = {from.session_start(), from.session_nonce()};
    to.sequence = from.sequence();
    to.age = in.age(from.age_ns(), "age of a frame");
    to.has = read(from.has(), {from.generation(), from.respawn()}, in);
    in.count(from.lost_percent_size(), limits::kMedia, "losses");
    in.require(from.lost_percent_size() == from.lag_us_size(), "lags", "not one for each loss");
    for (int i = 0; in.good() && i < from.lost_percent_size(); ++i) {
        const std::uint32_t lost = from.lost_percent(i);
        in.require(lost <= 101, "loss", "more than all");
        to.by_link.push_back({lost > 0 ? std::optional(lost - 1) : std::nullopt,
                              std::chrono::microseconds(from.lag_us(i))});
    }
    return to;
}

void put(const ViewTopic& from, pb::ViewTopic& to) {
    const auto& [incarnation, follows, accepted, installed, deadtime, status, config] = from;
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    to.set_follows(from_one(follows));
    if (accepted) put(*accepted, *to.mutable_accepted());
    to.set_installed(installed);
    to.set_deadtime_ns(to_ns(deadtime));
    to.set_status(to_pb(status));
    to.set_ha_cf_digest(config.ha_cf);
    to.set_haresources_digest(config.haresources);
}

ViewTopic read(const pb::ViewTopic& from, Reader& in) {
    ViewTopic to;
    to.incarnation = in.incarnation(from.generation(), from.respawn(), "incarnation");
    to.follows = in.node(from.follows(), "follows");
    if (from.has_accepted()) to.accepted = read(from.accepted(), in);
    to.installed = from.installed();
    in.require(!to.installed || to.accepted.has_value(), "installed", "without a view");
    to.deadtime = in.deadtime(from.deadtime_ns(), "deadtime");
    to.status = read(from.status(), in);
    to.config = {from.ha_cf_digest(), from.haresources_digest()};
    return to;
}

void put(const TopicSlice& from, Incarnation around, pb::TopicSlice& to) {
    const auto& [topic, version, whole, offset, bytes] = from;
    put_version(topic, version, around, to);
    to.set_whole(whole);
    to.set_offset(offset);
    to.set_value(bytes);
}

TopicSlice read(pb::TopicSlice& from, Incarnation around, Reader& in) {
    TopicSlice to{read(from.topic(), in), read_version(from, around, in), from.whole(),
                  from.offset(), std::move(*from.mutable_value())};
    in.require(to.version != TopicVersion{}, "piece of a topic", "without a version");
    in.require(to.whole <= limits::kBodyBytes, "topic", "too long");
    in.require(
        !to.bytes.empty() && to.offset <= to.whole && to.bytes.size() <= to.whole - to.offset,
        "piece of a topic", "not within it");
    return to;
}

template <typename Message, typename Value>
std::string encode_one(const Value& value) {
    auto& m = scratch<Message>();
    put(value, m);
    return m.SerializeAsString();
}

template <typename Message, typename Value>
Result<Value> decode_one(std::string_view bytes) {
    Reader in;
    auto& m = scratch<Message>();
    Value value;
    if (parse(m, bytes, limits::kBodyBytes, in)) value = read(m, in);
    return in.finish(std::move(value));
}

}  // namespace

void put(const FrameHead& from, pb::FrameHead& to) {
    const auto& [incarnation, deadtime, own, heard] = from;
    to.set_generation(incarnation.generation);
    to.set_respawn(incarnation.respawn);
    to.set_deadtime_ns(to_ns(deadtime));
    put(own, incarnation, *to.mutable_own());
    for (const Heard& h : heard)
        put(h, *to.add_heard());
}

FrameHead read(const pb::FrameHead& from, Reader& in) {
    FrameHead to;
    to.incarnation = {from.generation(), from.respawn()};
    in.require(from.generation() != 0 || from.respawn() == 0, "incarnation", "half of one");
    to.deadtime = in.deadtime(from.deadtime_ns(), "deadtime");
    to.own = read(from.own(), to.incarnation, in);
    in.count(from.heard_size(), limits::kNodes, "heard peers");
    NodeSet seen;
    for (const pb::Heard& h : from.heard()) {
        if (!in.good()) break;
        to.heard.push_back(read(h, in));
        in.require(!seen.contains(to.heard.back().peer), "heard peer", "twice");
        seen.insert(to.heard.back().peer);
    }
    return to;
}

void put(const std::vector<TopicUpdate>& from, Incarnation around, TopicUpdates& to) {
    for (const auto& [topic, version, bytes] : from) {
        pb::TopicUpdate& m = *to.Add();
        put_version(topic, version, around, m);
        m.set_value(bytes);
    }
}

std::vector<TopicUpdate> read(TopicUpdates& from, Incarnation around, Reader& in) {
    in.count(from.size(), std::size(kAllTopics), "topics");
    std::vector<TopicUpdate> to;
    TopicsSeen seen;
    for (pb::TopicUpdate& m : from) {
        if (!in.good()) break;
        in.require(m.value().size() <= limits::kBodyBytes, "topic", "too long");
        to.push_back(
            {read(m.topic(), in), read_version(m, around, in), std::move(*m.mutable_value())});
        in.require(to.back().version != TopicVersion{}, "topic", "without a version");
        seen.add(to.back().topic, in);
    }
    return to;
}

// ---- bytes

std::string encode(const FrameBody& body) {
    const auto& [head, topics, slice] = body;
    auto& m = scratch<pb::FrameBody>();
    put(head, *m.mutable_head());
    put(topics, head.incarnation, *m.mutable_topics());
    if (slice) put(*slice, head.incarnation, *m.mutable_slice());
    return m.SerializeAsString();
}

Result<FrameBody> decode_frame_body(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::FrameBody>();
    FrameBody body;
    if (parse(m, bytes, limits::kBodyBytes, in)) {
        body.head = read(m.head(), in);
        body.topics = read(*m.mutable_topics(), body.head.incarnation, in);
        if (m.has_slice()) body.slice = read(*m.mutable_slice(), body.head.incarnation, in);
    }
    return in.finish(std::move(body));
}

std::string encode(const ViewTopic& topic) {
    return encode_one<pb::ViewTopic>(topic);
}
Result<ViewTopic> decode_view_topic(std::string_view bytes) {
    return decode_one<pb::ViewTopic, ViewTopic>(bytes);
}

std::string encode(const Report& report) {
    return encode_one<pb::Report>(report);
}
Result<Report> decode_report(std::string_view bytes) {
    return decode_one<pb::Report, Report>(bytes);
}

std::string encode(const Table& table) {
    return encode_one<pb::Table>(table);
}
Result<Table> decode_table(std::string_view bytes) {
    return decode_one<pb::Table, Table>(bytes);
}

std::string encode(const PingReport& ping) {
    return encode_one<pb::PingReport>(ping);
}
Result<PingReport> decode_ping_report(std::string_view bytes) {
    return decode_one<pb::PingReport, PingReport>(bytes);
}

}  // namespace hb::proto
