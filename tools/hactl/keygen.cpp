// hactl keygen.
#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/runtime/unique_fd.hpp"
#include "tools/hactl/files.hpp"

namespace hb::hactl {

namespace {

constexpr std::size_t kKeyBytes = 32;

ExitCode cannot(const std::string& what) {
    fmt::print(stderr, "hactl keygen: {}: {}\n", what, std::strerror(errno));
    return ExitCode::kRefused;
}

}  // namespace

// A file that is there is never touched: the other nodes may have its key.
ExitCode run_keygen(const KeygenOptions& options) {
    if (::sodium_init() < 0) return cannot("libsodium");
    std::array<unsigned char, kKeyBytes> key{};
    std::array<char, 2 * kKeyBytes + 1> hex{};
    ::randombytes_buf(key.data(), key.size());
    ::sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
    const std::string text =
        fmt::format("auth {0}\n{0} {1} {2}\n", options.id, options.method, hex.data());
    if (options.output.empty()) {
        fmt::print("{}", text);
        return ExitCode::kDone;
    }
    const runtime::UniqueFd file(
        ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return cannot(options.output);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0)
        return cannot(options.output);
    fmt::print("{}: a new key; copy the file to every node, as root with mode 600\n",
               options.output);
    return ExitCode::kDone;
}

}  // namespace hb::hactl
