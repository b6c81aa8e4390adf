#include "common/runtime/privileges.hpp"

#include <cap-ng.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/runtime/unique_fd.hpp"

namespace hb::runtime {

namespace {

[[nodiscard]] std::unexpected<Error> failed(std::string_view what) {
    return failure(fmt::format("{}: {}", what, std::strerror(errno)));
}

[[nodiscard]] std::uint64_t mask_of(const std::vector<int>& capabilities) {
    std::uint64_t mask = 0;
    for (const int c : capabilities)
        mask |= std::uint64_t{1} << c;
    return mask;
}

Result<std::string> read_status() {
    const UniqueFd fd(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    if (!fd) return failed("/proc/self/status");
    std::string text(16384, '\0');
    const ssize_t n = ::read(fd.get(), text.data(), text.size());
    if (n <= 0) return failed("/proc/self/status");
    text.resize(static_cast<std::size_t>(n));
    return text;
}

// The values of one line, "Uid:\t0\t0\t0\t0".
std::optional<std::vector<std::string_view>> values_of(std::string_view status,
                                                       std::string_view key) {
    while (!status.empty()) {
        const std::string_view line = status.substr(0, status.find('\n'));
        status.remove_prefix(std::min(line.size() + 1, status.size()));
        if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
        std::vector<std::string_view> values;
        std::string_view rest = line.substr(key.size() + 1);
        while (true) {
            const std::size_t begin = rest.find_first_not_of(" \t");
            if (begin == std::string_view::npos) return values;
            const std::size_t end = std::min(rest.find_first_of(" \t", begin), rest.size());
            values.push_back(rest.substr(begin, end - begin));
            rest.remove_prefix(end);
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Result<void> expect_capabilities(std::string_view status, std::string_view key,
                                 std::uint64_t wanted) {
    const auto values = values_of(status, key);
    const auto got = values && values->size() == 1 ? number(values->front(), 16) : std::nullopt;
    if (!got) return failure(fmt::format("{} cannot be read", key));
    if (*got != wanted) return failure(fmt::format("{} is {:x}, not {:x}", key, *got, wanted));
    return {};
}

Result<void> expect_ids(std::string_view status, std::string_view key, std::uint64_t wanted) {
    const auto values = values_of(status, key);
    if (!values || values->size() != 4) return failure(fmt::format("{} cannot be read", key));
    for (const std::string_view v : *values)
        if (number(v, 10) != wanted)
            return failure(fmt::format("{} is {}, not {}", key, v, wanted));
    return {};
}

Result<void> drop_ids(const Identity& who) {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("PR_SET_KEEPCAPS");
    if (::setgroups(who.groups.size(), who.groups.data()) != 0) return failed("setgroups");
    if (::setresgid(who.gid, who.gid, who.gid) != 0) return failed("setresgid");
    if (::setresuid(who.uid, who.uid, who.uid) != 0) return failed("setresuid");
    return {};
}

Result<void> drop_capabilities(const PrivilegePlan& plan) {
    capng_clear(CAPNG_SELECT_CAPS);
    for (const int c : plan.capabilities)
        if (capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                         static_cast<unsigned>(c)) != 0)
            return failure(fmt::format("capability {} is unknown here", c));
    if (capng_apply(CAPNG_SELECT_CAPS) != 0) return failed("capset");
    if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return failed("PR_SET_KEEPCAPS");
    return {};
}

}  // namespace

Result<void> drop_privileges(const PrivilegePlan& plan) {
    if (capng_get_caps_process() != 0) return failure("own capabilities cannot be read");
    for (const int c : plan.capabilities)
        if (!capng_have_capability(CAPNG_PERMITTED, static_cast<unsigned>(c)))
            return failure(fmt::format(
                "{} is not there to be kept (does the container or the unit take it away?)",
                capng_capability_to_name(static_cast<unsigned>(c))));

    // The bounding set goes first: to shrink it takes a capability that goes next.
    if (!plan.keep_bounding_set) {
        capng_clear(CAPNG_SELECT_BOUNDS);
        if (const int rc = capng_apply(CAPNG_SELECT_BOUNDS); rc != 0)
            return failure(fmt::format("the capability bounding set cannot be dropped ({})", rc));
    }
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return failed("PR_CAP_AMBIENT_CLEAR_ALL");
    if (plan.identity.uid != 0)
        if (Result<void> done = drop_ids(plan.identity); !done) return done;
    if (Result<void> done = drop_capabilities(plan); !done) return done;
    if (plan.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed("PR_SET_NO_NEW_PRIVS");

    if (Result<void> done = verify_privileges(plan); !done) return done;
    if (plan.profile == SyscallProfile::kNone) return {};
    return load_syscall_filter(plan.profile, plan.explain_denied);
}

Result<void> verify_privileges(const PrivilegePlan& plan) {
    const Result<std::string> status = read_status();
    if (!status) return std::unexpected(status.error());
    if (Result<void> good = check_status_text(*status, plan); !good) return good;
    if (plan.identity.uid == 0) return {};
    // Every way back to root has to be shut, not only written down as shut.
    if (::setuid(0) == 0 || ::setresuid(0, 0, 0) == 0 || ::seteuid(0) == 0)
        return failure("could become root again");
    if (::setgid(0) == 0 || ::setresgid(0, 0, 0) == 0)
        return failure("could become group root again");
    return {};
}

Result<void> check_status_text(std::string_view status, const PrivilegePlan& plan) {
    const std::uint64_t kept = mask_of(plan.capabilities);
    for (const auto& [key, wanted] : {std::pair{"CapInh", std::uint64_t{0}},
                                      {"CapPrm", kept},
                                      {"CapEff", kept},
                                      {"CapAmb", std::uint64_t{0}}})
        if (Result<void> good = expect_capabilities(status, key, wanted); !good) return good;
    if (!plan.keep_bounding_set)
        if (Result<void> good = expect_capabilities(status, "CapBnd", 0); !good) return good;
    if (Result<void> good = expect_ids(status, "Uid", plan.identity.uid); !good) return good;
    if (plan.identity.uid != 0) {
        if (Result<void> good = expect_ids(status, "Gid", plan.identity.gid); !good) return good;
        const auto groups = values_of(status, "Groups");
        if (!groups) return failure("Groups cannot be read");
        for (const std::string_view g : *groups) {
            const auto gid = number(g, 10);
            if (!gid || std::ranges::find(plan.identity.groups, static_cast<gid_t>(*gid)) ==
                            plan.identity.groups.end())
                return failure(fmt::format("still in group {}", g));
        }
    }
    if (plan.no_new_privileges) {
        const auto flag = values_of(status, "NoNewPrivs");
        if (!flag || flag->size() != 1 || flag->front() != "1")
            return failure("NoNewPrivs is not set");
    }
    return {};
}

}  // namespace hb::runtime
