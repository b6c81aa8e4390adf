// What every decoder checks with. Internal to proto/.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/limits.hpp"
#include "common/base/result.hpp"
#include "common/base/text.hpp"
#include "common/base/time.hpp"

namespace hb::proto {

// Turns fields into values and remembers the first that is out of bounds. What it returns after
// that is harmless and not to be used: finish() refuses the whole.
class Reader {
  public:
    [[nodiscard]] bool good() const { return error_.empty(); }
    void refuse(std::string_view what, std::string_view why);
    void require(bool condition, std::string_view what, std::string_view why) {
        if (!condition) [[unlikely]]
            refuse(what, why);
    }

    [[nodiscard]] NodeId node(std::uint32_t from_one, std::string_view what);
    [[nodiscard]] LinkId link(std::uint32_t from_one, std::string_view what);
    [[nodiscard]] Incarnation incarnation(std::uint64_t generation, std::uint32_t respawn,
                                          std::string_view what);
    // Within [0, limits::kAgeMax].
    [[nodiscard]] Duration age(std::uint64_t ns, std::string_view what);
    // Within (0, limits::kDeadtimeMax].
    [[nodiscard]] Duration deadtime(std::uint64_t ns, std::string_view what);
    [[nodiscard]] MonoTime time(bool present, std::int64_t ns, std::string_view what);
    // A name is never empty, a sentence may be.
    [[nodiscard]] std::string name(const std::string& text, std::size_t limit,
                                   std::string_view what);
    [[nodiscard]] std::string sentence(const std::string& text, std::size_t limit,
                                       std::string_view what);
    [[nodiscard]] MacAddress mac(const std::string& bytes, std::string_view what);
    void count(int n, std::size_t limit, std::string_view what);

    template <typename T>
    [[nodiscard]] Result<T> finish(T&& value) {
        if (!good()) return failure(std::move(error_));
        return std::forward<T>(value);
    }

  private:
    std::string error_;
};

// One message object per type and thread, reused: what it allocated once serves the next message.
// Nothing of it may be referred to after the codec returned. Not for messages with keys: it keeps
// their bytes.
template <typename Message>
[[nodiscard]] Message& scratch() {
    static thread_local Message message;
    message.Clear();
    return message;
}

// Bounded, then parsed.
[[nodiscard]] bool parse(google::protobuf::MessageLite& into, std::string_view bytes,
                         std::size_t limit, Reader& in);

[[nodiscard]] constexpr std::uint32_t from_one(NodeId n) {
    return static_cast<std::uint32_t>(rank(n)) + 1;
}
[[nodiscard]] constexpr std::uint32_t from_one(LinkId l) {
    return static_cast<std::uint32_t>(index(l)) + 1;
}
[[nodiscard]] constexpr std::uint64_t to_ns(Duration d) {
    return static_cast<std::uint64_t>(d.count());
}
[[nodiscard]] constexpr std::int64_t to_ns(MonoTime t) {
    return t.time_since_epoch().count();
}

}  // namespace hb::proto
