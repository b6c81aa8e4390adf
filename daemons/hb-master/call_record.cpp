#include "daemons/hb-master/call_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/runtime/cgroup.hpp"
#include "common/runtime/child_process.hpp"

namespace hb::master {

namespace {

constexpr std::size_t kMostBytes = 256 * 1024;

std::string read_some(int fd, std::size_t most) {
    std::string text(most, '\0');
    const ssize_t n = fd >= 0 ? ::pread(fd, text.data(), text.size(), 0) : 0;
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

std::uint64_t start_time(int pid) {
    const runtime::UniqueFd fd(
        ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    return start_time_of(read_some(fd.get(), 4096));
}

}  // namespace

std::string to_text(const std::map<int, RecordedCall>& calls) {
    std::string text;
    for (const auto& [group, call] : calls)
        text += fmt::format("{} {}{}{}\n", group, call.started, call.cgroup.empty() ? "" : " ",
                            call.cgroup);
    return text;
}

std::vector<RecordedCall> parse_calls(std::string_view text) {
    std::vector<RecordedCall> calls;
    while (true) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return calls;
        const char* const last = text.data() + end;
        RecordedCall call;
        const auto group = std::from_chars(text.data(), last, call.group);
        if (group.ec == std::errc{} && group.ptr != last && *group.ptr == ' ') {
            const auto started = std::from_chars(group.ptr + 1, last, call.started);
            const std::string_view rest(started.ptr, static_cast<std::size_t>(last - started.ptr));
            if (rest.starts_with(" /")) call.cgroup = rest.substr(1);
            if (started.ec == std::errc{} && call.group > 1 &&
                (rest.empty() || !call.cgroup.empty()))
                calls.push_back(std::move(call));
        }
        text.remove_prefix(end + 1);
    }
}

std::uint64_t start_time_of(std::string_view stat) {
    // The second field is a name in parentheses that may hold anything: count from its end.
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return 0;
    std::string_view rest = stat.substr(name_end + 1);
    for (int field = 2; field < 22; ++field) {
        const std::size_t blank = rest.find(' ');
        if (blank == std::string_view::npos) return 0;
        rest.remove_prefix(blank + 1);
    }
    std::uint64_t ticks = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
    return ticks;
}

CallRecord::CallRecord(const std::string& run_dir)
    : file_(::open((run_dir + "/calls").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
}

std::vector<RecordedCall> CallRecord::left_over() const {
    std::vector<RecordedCall> left;
    for (RecordedCall& call : parse_calls(read_some(file_.get(), kMostBytes))) {
        const std::uint64_t leader = start_time(call.group);
        // A leader that is gone may have left others of its group.
        const bool is_same = leader == call.started || leader == 0;
        if (!is_same || !runtime::group_exists(call.group)) call.group = 0;
        const auto cgroup = runtime::Cgroup::open(call.cgroup);
        if (!cgroup || (*cgroup)->is_empty()) call.cgroup.clear();
        if (call.group != 0 || !call.cgroup.empty()) left.push_back(std::move(call));
    }
    return left;
}

void CallRecord::clear() {
    calls_.clear();
    write();
}

void CallRecord::add(int group, std::string cgroup) {
    calls_[group] = {.group = group, .started = start_time(group), .cgroup = std::move(cgroup)};
    write();
}

std::string CallRecord::cgroup_of(int group) const {
    const auto at = calls_.find(group);
    return at == calls_.end() ? std::string() : at->second.cgroup;
}

void CallRecord::remove(int group) {
    if (calls_.erase(group) > 0) write();
}

void CallRecord::write() {
    const std::string text = to_text(calls_);
    // Nobody reads while we live; what a failure leaves unwritten is of no use to anybody else.
    if (::pwrite(file_.get(), text.data(), text.size(), 0) < 0) return;
    if (::ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0) return;
}

}  // namespace hb::master
