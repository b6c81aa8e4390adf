#include "proto/checks.hpp"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstring>

namespace hb::proto {

void Reader::refuse(std::string_view what, std::string_view why) {
    if (good()) error_ = fmt::format("{}: {}", what, why);
}

NodeId Reader::node(std::uint32_t from_one, std::string_view what) {
    if (from_one == 0 || from_one > limits::kNodes) {
        refuse(what, from_one == 0 ? "missing" : "no such node");
        return NodeId{};
    }
    return node_id(from_one - 1);
}

LinkId Reader::link(std::uint32_t from_one, std::string_view what) {
    if (from_one == 0 || from_one > limits::kMedia) {
        refuse(what, from_one == 0 ? "missing" : "no such link");
        return LinkId{};
    }
    return link_id(from_one - 1);
}

Incarnation Reader::incarnation(std::uint64_t generation, std::uint32_t respawn,
                                std::string_view what) {
    if (generation == 0) refuse(what, "missing");
    return {generation, respawn};
}

Duration Reader::age(std::uint64_t ns, std::string_view what) {
    if (ns > to_ns(limits::kAgeMax)) {
        refuse(what, "too long");
        return {};
    }
    return Duration(static_cast<Duration::rep>(ns));
}

Duration Reader::deadtime(std::uint64_t ns, std::string_view what) {
    if (ns == 0 || ns > to_ns(limits::kDeadtimeMax)) {
        refuse(what, ns == 0 ? "missing" : "too long");
        return {};
    }
    return Duration(static_cast<Duration::rep>(ns));
}

MonoTime Reader::time(bool present, std::int64_t ns, std::string_view what) {
    if (!present || ns < 0 || ns > limits::kAgeMax / Duration(1)) {
        refuse(what, present ? "out of range" : "missing");
        return {};
    }
    return MonoTime(Duration(ns));
}

std::string Reader::name(const std::string& text, std::size_t limit, std::string_view what) {
    if (text.empty()) refuse(what, "missing");
    return sentence(text, limit, what);
}

std::string Reader::sentence(const std::string& text, std::size_t limit, std::string_view what) {
    if (text.size() > limit) {
        refuse(what, "too long");
        return {};
    }
    if (!is_plain_text(text)) refuse(what, "holds control characters");
    return text;
}

MacAddress Reader::mac(const std::string& bytes, std::string_view what) {
    MacAddress mac;
    if (bytes.size() == mac.bytes.size())
        std::memcpy(mac.bytes.data(), bytes.data(), bytes.size());
    else
        refuse(what, "not a MAC address");
    return mac;
}

void Reader::count(int n, std::size_t limit, std::string_view what) {
    if (static_cast<std::size_t>(n) > limit) refuse(what, "too many");
}

bool parse(google::protobuf::MessageLite& into, std::string_view bytes, std::size_t limit,
           Reader& in) {
    // The library would write a line to stderr for every text that is not UTF-8: bytes from outside
    // must not be able to fill a log. Whoever called here logs the refusal, at a bounded rate.
    [[maybe_unused]] static const auto before = google::protobuf::SetLogHandler(nullptr);
    if (bytes.size() > limit)
        in.refuse("message", "too long");
    else if (!into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        in.refuse("message", "malformed");
    return in.good();
}

}  // namespace hb::proto
