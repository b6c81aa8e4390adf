#include "common/config/load.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/result.hpp"
#include "common/config/fence_types.hpp"
#include "common/config/lexer.hpp"
#include "common/config/secrets.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;  // of one file

class File {
  public:
    // O_NONBLOCK: a FIFO in place of a file must not hold up the start.
    explicit File(const std::string& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

Result<struct stat> stat_of(const File& file, const std::string& path) {
    struct stat status {};
    if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0)
        return failure(fmt::format("Cannot open [{}]: {}", path, strerror(errno)));
    if (!S_ISREG(status.st_mode)) return failure(fmt::format("[{}] is not a file", path));
    if (static_cast<std::size_t>(status.st_size) > kMostBytes)
        return failure(fmt::format("[{}] is larger than {} KiB", path, kMostBytes / 1024));
    return status;
}

// Into a buffer that never moves, so that it can be wiped completely.
Result<std::string> read_all(const File& file, const std::string& path) {
    std::string text(kMostBytes, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t count = ::read(file.fd(), text.data() + length, text.size() - length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure(fmt::format("Cannot read [{}]: {}", path, strerror(errno)));
        if (count == 0) break;
        length += static_cast<std::size_t>(count);
    }
    text.resize(length);
    return text;
}

Result<std::string> read_file(const std::string& path) {
    const File file(path);
    if (const auto status = stat_of(file, path); !status) return std::unexpected(status.error());
    return read_all(file, path);
}

std::string find_own_node(const std::string& dir) {
    if (const Result<std::string> nodeinfo = read_file(dir + "/nodeinfo")) {
        Line line{std::string_view(*nodeinfo).substr(0, nodeinfo->find_first_of("\r\n")), {}};
        const Word word = take_word(line, kBlanks);
        if (!word.text.empty()) return to_lower(word.text);
    }
    struct utsname names {};
    return ::uname(&names) == 0 ? to_lower(names.nodename) : std::string();
}

ParsedKeys read_keys(const std::string& dir) {
    const std::string path = dir + "/authkeys";
    const Position whole{"authkeys", 0, 0};
    ParsedKeys result;
    const File file(path);
    const Result<struct stat> status = stat_of(file, path);
    if (!status) {
        result.diagnostics.error(whole, status.error().text);
        return result;
    }
    if (status->st_uid != 0)
        result.diagnostics.error(whole,
                                 fmt::format("Bad permissions on keyfile [{}]: it belongs to "
                                             "user {}, not to root",
                                             path, status->st_uid));
    if ((status->st_mode & 077) != 0)
        result.diagnostics.error(
            whole, fmt::format("Bad permissions on keyfile [{}], 600 recommended.", path));
    Result<std::string> text = read_all(file, path);
    if (!text) {
        result.diagnostics.error(whole, text.error().text);
        return result;
    }
    ParsedKeys parsed = parse_authkeys(*text);
    wipe(*text);
    result.keys = std::move(parsed.keys);
    result.diagnostics.append(parsed.diagnostics);
    return result;
}

// The file of a `stonith` line.
void read_fence_file(const Places::FenceFile& line, Settings& settings, Diagnostics& diagnostics) {
    const File file(line.path);
    const Result<struct stat> status = stat_of(file, line.path);
    if (!status) return diagnostics.error(line.path_at, status.error().text);
    if ((status->st_mode & 0007) != 0)
        diagnostics.warning(line.path_at,
                            fmt::format("everybody may read the passwords in [{}]; 600 "
                                        "recommended.",
                                        line.path));
    Result<std::string> text = read_all(file, line.path);
    if (!text) return diagnostics.error(line.path_at, text.error().text);
    parse_fence_file(*text, line.path, line, settings, diagnostics);
    wipe(*text);
}

// Passwords of stonith_host lines, in a file that everybody may read.
void warn_of_passwords(const Settings& settings, const std::string& path,
                       Diagnostics& diagnostics) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 0007) == 0) return;
    for (const FenceDevice& device : settings.fencing.devices) {
        const bool has_secret = std::ranges::any_of(device.parameters, [](const auto& p) {
            return is_secret_parameter(p.first) && !p.first.ends_with("_script");
        });
        if (!has_secret) continue;
        return diagnostics.warning(
            device.position,
            fmt::format("everybody may read this line's password: chmod 600 {}, or name a script "
                        "that says it (password_script=)",
                        path));
    }
}

bool no_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::find(diagnostics, Severity::kError, &Diagnostic::severity) ==
           diagnostics.end();
}

}  // namespace

bool Loaded::ok() const {
    return no_errors(diagnostics);
}

bool LoadedKeys::ok() const {
    return no_errors(diagnostics);
}

Loaded load_directory(const std::string& dir, std::string_view own_node) {
    Loaded result;
    result.own_node = own_node.empty() ? find_own_node(dir) : to_lower(own_node);
    Diagnostics diagnostics;
    if (const Result<std::string> text = read_file(dir + "/ha.cf")) {
        Parsed parsed = parse_ha_cf(*text);
        warn_of_passwords(parsed.settings, dir + "/ha.cf", parsed.diagnostics);
        if (parsed.places.fence_file)
            read_fence_file(*parsed.places.fence_file, parsed.settings, parsed.diagnostics);
        validate(parsed.settings, parsed.places, result.own_node, parsed.diagnostics);
        diagnostics.append(parsed.diagnostics);
        result.settings = std::move(parsed.settings);
        result.places = std::move(parsed.places);
        result.self = result.settings.find_node(result.own_node);
    } else {
        diagnostics.error({"ha.cf", 0, 0}, text.error().text +
                                               "; a commented sample comes with the "
                                               "suite, in config/");
    }
    if (const Result<std::string> text = read_file(dir + "/haresources"))
        parse_haresources(*text, result.settings, diagnostics);
    else
        diagnostics.error({"haresources", 0, 0}, text.error().text);
    ParsedKeys keys = read_keys(dir);
    diagnostics.append(keys.diagnostics);
    result.keys = std::move(keys.keys);
    result.diagnostics = diagnostics.sorted();
    return result;
}

LoadedKeys load_authkeys(const std::string& dir) {
    ParsedKeys keys = read_keys(dir);
    return {std::move(keys.keys), keys.diagnostics.sorted()};
}

}  // namespace hb::config
