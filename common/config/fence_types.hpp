// Heartbeat's stonith types, and which fence agent does the work of each (docs/fencing.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hb::config {

enum class FenceWord : std::uint8_t {
    kParameter = 1,  // goes to the agent under `name`
    kNode,           // the node that the device switches off
    kNodes,          // all words from here on: nodes
    kLanPlus,        // "lan" or "lanplus"
    kUnused,         // has no meaning any more
};

struct FenceSlot {
    FenceWord kind = FenceWord::kParameter;
    std::string_view name;  // of the agent's parameter, or for people
    bool optional = false;
};

struct FenceType {
    std::string_view type;   // Heartbeat's
    std::string_view agent;  // empty: a human confirms
    std::span<const FenceSlot> slots;
    bool plug_is_node = false;  // the outlets are called as the nodes are
};

[[nodiscard]] std::span<const FenceType> fence_types();
[[nodiscard]] const FenceType* find_fence_type(std::string_view type);

// Why a type can never be a fence device here; empty: nothing is known against it.
[[nodiscard]] std::string_view why_no_fence_device(std::string_view type);

// Parameters that are passwords or name them: never shown to anybody.
[[nodiscard]] bool is_secret_parameter(std::string_view name);

// The program of an agent: an absolute path as it is, else where Debian's fence-agents are. Empty:
// there is none.
[[nodiscard]] std::string find_fence_agent(const std::string& agent);

}  // namespace hb::config
