#include "daemons/hb-resource/memory_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/limits.hpp"
#include "common/runtime/state_file.hpp"

namespace hb::resource {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

std::string path_in(const std::string& run_dir) {
    return run_dir + "/maintenance";
}

std::optional<NodeId> node_named(const std::string& name, const std::vector<std::string>& nodes) {
    const auto it = std::ranges::find(nodes, name);
    if (it == nodes.end()) return std::nullopt;
    return node_id(static_cast<std::size_t>(it - nodes.begin()));
}

Remembered parse_group(const Json& from, const std::vector<std::string>& nodes) {
    Remembered to;
    to.maintenance.counter = from.at("counter").get<std::uint64_t>();
    to.maintenance.on = from.at("on").get<bool>();
    if (const auto by = node_named(from.at("by").get<std::string>(), nodes))
        to.maintenance.by = *by;
    to.pinned = from.at("pinned").get<bool>();
    to.pinned_generation = from.at("pinned_generation").get<std::uint64_t>();
    for (const auto& [name, keeper] : from.at("keepers").items())
        if (const auto node = node_named(name, nodes))
            to.keepers[*node] = {.generation = keeper.at("generation").get<std::uint64_t>(),
                                 .step = keeper.at("step").get<std::uint64_t>(),
                                 .released = keeper.at("released").get<bool>()};
    return to;
}

}  // namespace

std::string memory_text(const Memory& memory, const std::vector<std::string>& nodes) {
    Json groups = Json::object();
    for (const auto& [name, m] : memory) {
        Json keepers = Json::object();
        for (const auto& [node, k] : m.keepers)
            keepers[nodes.at(rank(node))] = {
                {"generation", k.generation}, {"step", k.step}, {"released", k.released}};
        groups[name] = {{"counter", m.maintenance.counter},
                        {"by", nodes.at(rank(m.maintenance.by))},
                        {"on", m.maintenance.on},
                        {"keepers", std::move(keepers)},
                        {"pinned", m.pinned},
                        {"pinned_generation", m.pinned_generation}};
    }
    return Json({{"version", kVersion}, {"groups", std::move(groups)}}).dump(1) + "\n";
}

Result<Memory> parse_memory(std::string_view text, const std::vector<std::string>& nodes) {
    try {
        const Json all = Json::parse(text);
        if (all.at("version").get<int>() != kVersion) return failure("of an unknown version");
        Memory memory;
        for (const auto& [name, group] : all.at("groups").items()) {
            if (memory.size() >= 2 * limits::kGroups) return failure("too many groups");
            memory.emplace(name, parse_group(group, nodes));
        }
        return memory;
    } catch (const Json::exception& e) {
        return failure(e.what());
    }
}

Result<Memory> read_memory(const std::string& run_dir, const std::vector<std::string>& nodes) {
    const std::string path = path_in(run_dir);
    const auto text = runtime::read_state_file(path);
    if (!text) return std::unexpected(text.error());
    if (!*text) return Memory{};
    Result<Memory> memory = parse_memory(**text, nodes);
    if (!memory)
        return failure(
            fmt::format("{} cannot be understood ({}): what was in maintenance is not "
                        "remembered here",
                        path, memory.error().text));
    return memory;
}

Result<void> write_memory(const std::string& run_dir, const Memory& memory,
                          const std::vector<std::string>& nodes) {
    return runtime::replace_state_file(path_in(run_dir),
                                       memory.empty() ? "" : memory_text(memory, nodes));
}

}  // namespace hb::resource
