#include "common/runtime/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {

namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

std::unexpected<Error> failed(const std::string& path) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

Result<std::optional<std::string>> read_state_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return std::optional<std::string>();
    if (!fd) return failed(path);
    std::string text;
    char part[16 * 1024];
    for (;;) {
        const ssize_t n = ::read(fd.get(), part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(path);
        if (n == 0) return text;
        text.append(part, static_cast<std::size_t>(n));
        if (text.size() > kMostBytes) return failure(path + ": too long");
    }
}

Result<void> replace_state_file(const std::string& path, std::string_view text) {
    if (text.empty()) {
        if (::unlink(path.c_str()) < 0 && errno != ENOENT) return failed(path);
        return {};
    }
    const std::string fresh = path + ".new";
    const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
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

}  // namespace hb::runtime
