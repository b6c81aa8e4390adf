#include "daemons/hb-resource/agents/source_memory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "daemons/hb-resource/agents/marker.hpp"
#include "daemons/hb-resource/agents/source_routes.hpp"

namespace hb::agent {

namespace {

constexpr std::string_view kType = "IPsrcaddr";
constexpr const char* kNew = ".new";
constexpr std::string_view kLeft = "left ";
constexpr std::size_t kMostRoutes = 4096;

std::optional<unsigned> digit_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

std::string hex_of(std::string_view bytes) {
    std::string text;
    for (const char c : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

std::optional<std::string> bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const auto high = digit_of(hex[i]);
        const auto low = digit_of(hex[i + 1]);
        if (!high || !low) return std::nullopt;
        bytes += static_cast<char>(*high << 4 | *low);
    }
    return bytes;
}

Result<void> failed(const std::string& path) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

SourceMemory::SourceMemory(const Call& call, const resource::KernelTable& kernel)
    : kernel_(kernel), path_(marker_path(kType, call)) {}

SourceMemo SourceMemory::read() const {
    return read_file(path_);
}

SourceRoutes SourceMemory::of_others() const {
    SourceRoutes all;
    const std::filesystem::path own(path_);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(own.parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(std::string(kType) + "-") || name.ends_with(kNew)) continue;
        if (entry.path() == own) continue;
        for (SourceRoute& route : read_file(entry.path()).changed)
            all.push_back(std::move(route));
    }
    return all;
}

SourceMemo SourceMemory::read_file(const std::string& path) const {
    SourceMemo memo;
    std::ifstream file(path);
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line) && lines < kMostRoutes; lines++) {
        const bool left = line.starts_with(kLeft);
        const auto message = bytes_of(std::string_view(line).substr(left ? kLeft.size() : 0));
        if (!message) continue;
        if (auto route = parse_source_route(*message, kernel_))
            (left ? memo.left : memo.changed).push_back(std::move(*route));
    }
    return memo;
}

Result<void> SourceMemory::write(const SourceMemo& memo) const {
    if (memo == SourceMemo{}) {
        if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return {};
        return failed(path_);
    }
    make_marker_directory();
    const std::string fresh = path_ + kNew;
    {
        std::ofstream file(fresh, std::ios::trunc);
        for (const SourceRoute& route : memo.changed)
            file << hex_of(route.message) << '\n';
        for (const SourceRoute& route : memo.left)
            file << kLeft << hex_of(route.message) << '\n';
        file.flush();
        if (!file) return failed(fresh);
    }
    if (::rename(fresh.c_str(), path_.c_str()) != 0) return failed(path_);
    return {};
}

}  // namespace hb::agent
