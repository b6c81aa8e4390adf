#include "daemons/hb-master/generation_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "common/base/limits.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::master {

namespace {

constexpr std::string_view kFirstLine = "ha-suite generations 1";
constexpr std::size_t kMostBytes = 64 * 1024;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
    return value;
}

std::unexpected<Error> failed(const std::string& what) {
    return failure(fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

std::string to_text(const Generations& generations) {
    std::string text = fmt::format("{}\nown {}\n", kFirstLine, generations.own);
    for (const auto& [name, generation] : generations.peers)
        text += fmt::format("peer {} {}\n", name, generation);
    return text;
}

Result<Generations> parse_generations(std::string_view text) {
    Generations to;
    std::size_t number_of_line = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return failure("its last line is cut off");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        ++number_of_line;
        if (number_of_line == 1) {
            if (line != kFirstLine) return failure("it begins with an unknown line");
            continue;
        }
        const std::vector<std::string_view> words = words_of(line);
        const auto value = words.empty() ? std::nullopt : number(words.back());
        if (words.size() == 2 && words[0] == "own" && value && to.own == 0)
            to.own = *value;
        else if (words.size() == 3 && words[0] == "peer" && value && !words[1].empty() &&
                 to.peers.size() < limits::kNodes)
            to.peers[std::string(words[1])] = *value;
        else
            return failure(fmt::format("line {} cannot be understood", number_of_line));
    }
    if (to.own == 0) return failure("it has no own generation");
    return to;
}

std::uint64_t next_generation(std::uint64_t stored, std::int64_t unix_time) {
    const std::uint64_t time = unix_time > 0 ? static_cast<std::uint64_t>(unix_time) : 1;
    return std::max(stored + 1, time);
}

GenerationStore::GenerationStore(std::string directory)
    : directory_(std::move(directory)), path_(directory_ + "/generations") {}

Result<void> GenerationStore::begin(std::int64_t unix_time) {
    const runtime::UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        if (errno != ENOENT) return failed(path_);
        note_ = fmt::format("No Previous generation - starting at {}", unix_time);
    } else {
        std::string text(kMostBytes, '\0');
        const ssize_t n = ::read(fd.get(), text.data(), text.size());
        if (n < 0) return failed(path_);
        text.resize(static_cast<std::size_t>(n));
        if (Result<Generations> found = parse_generations(text))
            generations_ = std::move(*found);
        else
            note_ = fmt::format("{}: {}: starting at {}, knowing no peer", path_,
                                found.error().text, unix_time);
    }
    generations_.own = next_generation(generations_.own, unix_time);
    return write(to_text(generations_));
}

bool GenerationStore::remember(const std::string& peer, std::uint64_t generation) {
    std::uint64_t& known = generations_.peers[peer];
    if (generation <= known) return false;
    known = generation;
    return true;
}

Result<void> GenerationStore::write(std::string_view text) const {
    const std::string fresh = path_ + ".new";
    runtime::UniqueFd fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return failed(fresh);
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return failed(fresh);
    if (::fsync(fd.get()) != 0) return failed(fresh);
    fd.reset();
    if (::rename(fresh.c_str(), path_.c_str()) != 0) return failed(path_);
    // The rename is on disk only when the directory is.
    const runtime::UniqueFd directory(
        ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return failed(directory_);
    return {};
}

}  // namespace hb::master
