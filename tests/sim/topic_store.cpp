#include "tests/sim/topic_store.hpp"

#include <cstring>
#include <utility>

#include "common/base/assert.hpp"
#include "proto/codec_node.hpp"

namespace hb::sim {

namespace {

template <typename T>
std::optional<membership::TopicValue> wrap(Result<T> decoded) {
    std::optional<membership::TopicValue> value;
    if (decoded) value.emplace(std::in_place_type<T>, std::move(*decoded));
    return value;
}

std::optional<membership::TopicValue> decode(Topic topic, const std::string& bytes) {
    switch (topic) {
        case Topic::kView:
            return wrap(proto::decode_view_topic(bytes));
        case Topic::kReport:
            return wrap(proto::decode_report(bytes));
        case Topic::kTable:
            return wrap(proto::decode_table(bytes));
        case Topic::kIpfail:
            return wrap(proto::decode_ping_report(bytes));
    }
    return std::nullopt;
}

}  // namespace

Topic TopicStore::topic_of(const membership::TopicValue& value) {
    static constexpr Topic kByIndex[] = {Topic::kView, Topic::kReport, Topic::kTable,
                                         Topic::kIpfail};
    return kByIndex[value.index()];
}

std::string TopicStore::put(const membership::TopicValue& value) {
    if (codecs_) {
        std::string bytes = std::visit([](const auto& v) { return proto::encode(v); }, value);
        HB_ASSERT(decode(topic_of(value), bytes));  // what the cores make can be sent
        return bytes;
    }
    std::uint64_t ticket = values_.size();
    values_.push_back(value);
    std::string bytes(sizeof ticket, '\0');
    std::memcpy(bytes.data(), &ticket, sizeof ticket);
    return bytes;
}

std::optional<membership::TopicValue> TopicStore::get(Topic topic, const std::string& bytes) {
    if (codecs_) return decode(topic, bytes);
    std::uint64_t ticket = 0;
    if (bytes.size() != sizeof ticket) return std::nullopt;
    std::memcpy(&ticket, bytes.data(), sizeof ticket);
    if (ticket >= values_.size() || topic_of(values_[ticket]) != topic) return std::nullopt;
    return values_[ticket];
}

}  // namespace hb::sim
