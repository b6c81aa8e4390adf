#include "common/config/rc_scripts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hb::config {

namespace {

constexpr std::size_t kLookedAt = 64 * 1024;

std::string read_beginning(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text(kLookedAt, '\0');
    const ssize_t n = ::read(fd, text.data(), text.size());
    ::close(fd);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

}  // namespace

const std::vector<std::string>& rc_types() {
    static const std::vector<std::string> kTypes = {"status", "ifstat", "ip-request-resp"};
    return kTypes;
}

std::optional<RcScript> find_rc_script(const std::string& directory, const std::string& type) {
    const std::string path = directory + "/" + type;
    struct stat there {};
    if (::stat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode) || (there.st_mode & 0111) == 0)
        return std::nullopt;
    return RcScript{type, path, word_that_moves_resources(read_beginning(path))};
}

std::vector<RcScript> find_rc_scripts(const std::string& directory) {
    std::vector<RcScript> found;
    for (const std::string& type : rc_types())
        if (auto script = find_rc_script(directory, type)) found.push_back(std::move(*script));
    return found;
}

std::string refusal_of(const RcScript& script) {
    return script.path + " is not run: it calls '" + script.moves_resources +
           "', which would take or give up resources behind the cluster's back. Heartbeat needed "
           "that, this suite does it itself: remove the file, or the call";
}

std::string word_that_moves_resources(std::string_view script) {
    for (const char* word : {"mach_down", "ResourceManager", "req_resource", "takegroup",
                             "givegroup", "hb_standby", "hb_takeover"})
        if (script.find(word) != std::string_view::npos) return word;
    return {};
}

}  // namespace hb::config
