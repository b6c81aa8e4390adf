#include "tests/sim/topic_store.hpp"

#include <cstring>

namespace hb::sim {

Topic TopicStore::topic_of(const membership::TopicValue& value) {
    static constexpr Topic kByIndex[] = {Topic::kView, Topic::kReport, Topic::kTable,
                                         Topic::kIpfail};
    return kByIndex[value.index()];
}

std::string TopicStore::put(const membership::TopicValue& value) {
    std::uint64_t ticket = values_.size();
    values_.push_back(value);
    std::string bytes(sizeof ticket, '\0');
    std::memcpy(bytes.data(), &ticket, sizeof ticket);
    return bytes;
}

std::optional<membership::TopicValue> TopicStore::get(Topic topic, const std::string& bytes) {
    std::uint64_t ticket = 0;
    if (bytes.size() != sizeof ticket) return std::nullopt;
    std::memcpy(&ticket, bytes.data(), sizeof ticket);
    if (ticket >= values_.size() || topic_of(values_[ticket]) != topic) return std::nullopt;
    return values_[ticket];
}

}  // namespace hb::sim
