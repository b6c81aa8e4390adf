#include "daemons/hb-resource/agents/marker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hb::agent {

namespace {

constexpr const char* kDirectory = "/run/resource-agents";

}  // namespace

std::string marker_path(std::string_view type, const Call& call) {
    return fmt::format("{}/{}-{}", kDirectory, type, call.instance);
}

void make_marker_directory() {
    ::mkdir(kDirectory, 0755);
}

Marker::Marker(std::string_view type, const Call& call) : path_(marker_path(type, call)) {}

bool Marker::is_set() const {
    return ::access(path_.c_str(), F_OK) == 0;
}

Answer Marker::set() const {
    make_marker_directory();
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return {Code::kGenericError, fmt::format("{}: {}", path_, std::strerror(errno))};
    ::close(fd);
    return {};
}

Answer Marker::clear() const {
    if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return {};
    return {Code::kGenericError, fmt::format("{}: {}", path_, std::strerror(errno))};
}

}  // namespace hb::agent
