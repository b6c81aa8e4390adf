// Names of things in the cluster, as types that do not mix.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace hb {

// A node is its rank: the place of its name among the `node` words of ha.cf, the first is 0.
// The frame header carries a digest of the ordered node list, so two hosts whose lists differ never
// hear each other, and a rank means the same node everywhere it is read.
enum class NodeId : std::uint8_t {};
[[nodiscard]] constexpr std::size_t rank(NodeId n) {
    return static_cast<std::size_t>(n);
}
[[nodiscard]] constexpr NodeId node_id(std::size_t r) {
    return static_cast<NodeId>(static_cast<std::uint8_t>(r));
}

// A medium line of ha.cf, counted from 0 in file order.
enum class LinkId : std::uint8_t {};
[[nodiscard]] constexpr std::size_t index(LinkId l) {
    return static_cast<std::size_t>(l);
}
[[nodiscard]] constexpr LinkId link_id(std::size_t i) {
    return static_cast<LinkId>(static_cast<std::uint8_t>(i));
}

// One life of one process: never reused, totally ordered. `generation` is max(stored + 1, unix
// time) at the master's start, written to disk before the first frame; `respawn` counts the starts
// of the process under that master.
struct Incarnation {
    std::uint64_t generation = 0;
    std::uint32_t respawn = 0;
    auto operator<=>(const Incarnation&) const = default;
};

// One life of hb-comm's sending side. `start` is the respawn count of hb-comm, so sessions of one
// generation are ordered; `nonce` is random, so an echo of it proves that a frame is not a
// recording.
struct Session {
    std::uint32_t start = 0;
    std::uint32_t nonce = 0;
    auto operator<=>(const Session&) const = default;
};

// The name of a group: the first resource word of its haresources line, as written there.
using GroupName = std::string;

}  // namespace hb
