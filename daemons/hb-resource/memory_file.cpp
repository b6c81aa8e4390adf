#include "daemons/hb-resource/memory_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/base/limits.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::resource {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr int kVersion = 1;

std::string path_in(const std::string& run_dir) {
    return run_dir + "/maintenance";
}

std::optional<NodeId> node_named(const std::string& name, const std::vector<std::string>& nodes) {
    const auto it = std::ranges::find(nodes, name);
    if (it == nodes.end()) return std::nullopt;
    return node_id(static_cast<std::size_t>(it - nodes.begin()));
}

std::unexpected<Error> failed(const std::string& path) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
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
            if (memory.size() >= limits::kGroups) return failure("too many groups");
            memory.emplace(name, parse_group(group, nodes));
        }
        return memory;
    } catch (const Json::exception& e) {
        return failure(e.what());
    }
}

Result<Memory> read_memory(const std::string& run_dir, const std::vector<std::string>& nodes) {
    const std::string path = path_in(run_dir);
    const runtime::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return Memory{};
    if (!fd) return failed(path);
    std::string text;
    char part[16 * 1024];
    for (;;) {
        const ssize_t n = ::read(fd.get(), part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(path);
        if (n == 0) break;
        text.append(part, static_cast<std::size_t>(n));
        if (text.size() > kMostBytes) return failure(path + ": too long");
    }
    Result<Memory> memory = parse_memory(text, nodes);
    if (!memory)
        return failure(
            fmt::format("{} cannot be understood ({}): what was in maintenance is not "
                        "remembered here",
                        path, memory.error().text));
    return memory;
}

Result<void> write_memory(const std::string& run_dir, const Memory& memory,
                          const std::vector<std::string>& nodes) {
    const std::string path = path_in(run_dir);
    if (memory.empty()) {
        if (::unlink(path.c_str()) < 0 && errno != ENOENT) return failed(path);
        return {};
    }
    const std::string text = memory_text(memory, nodes);
    const std::string fresh = path + ".new";
    const runtime::UniqueFd fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return failed(fresh);
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(fresh);
        done += static_cast<std::size_t>(n);
    }
    if (::rename(fresh.c_str(), path.c_str()) < 0) return failed(path);
    return {};
}

}  // namespace hb::resource
