#include "tests/lab/disk_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "tests/lab/node.hpp"

namespace hb::lab {
namespace {

std::string read_from_start(const Fd& file) {
    std::string text;
    char buffer[16384];
    for (;;) {
        const ssize_t n =
            ::pread(file.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()));
        if (n <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(n));
    }
}

}  // namespace

DiskWatch::DiskWatch(std::string disk, std::set<dev_t> devices, LogBook& log, Wakeup& wakeup)
    : disk_(std::move(disk)),
      devices_(std::move(devices)),
      log_(log),
      wakeup_(wakeup),
      stop_(must(::eventfd(0, EFD_CLOEXEC), "eventfd")),
      epoll_(must(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
    epoll_event event{.events = EPOLLIN, .data = {}};
    must(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &event), "epoll");
    thread_ = std::thread([this] { loop(); });
}

DiskWatch::~DiskWatch() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
}

void DiskWatch::node_boots(const Node& node) {
    {
        const std::lock_guard lock(mutex_);
        const std::string path = fmt::format("/proc/{}/mountinfo", node.init_pid());
        Fd table(must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
        epoll_event event{.events = EPOLLPRI | EPOLLERR, .data = {}};
        must(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, table.get(), &event), path);
        tables_[node.number()] = std::move(table);
    }
    look();
}

void DiskWatch::node_dies(unsigned node) {
    look();
    const std::lock_guard lock(mutex_);
    const auto table = tables_.find(node);
    if (table == tables_.end()) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, table->second.get(), nullptr);
    tables_.erase(table);
    dying_.insert(node);
}

void DiskWatch::node_is_gone(unsigned node) {
    {
        const std::lock_guard lock(mutex_);
        dying_.erase(node);
    }
    look();
}

void DiskWatch::loop() {
    prefer_this_thread();
    for (;;) {
        epoll_event events[8];
        const int n = ::epoll_wait(epoll_.get(), events, 8, -1);
        for (int i = 0; i < n; ++i)
            if ((events[i].events & EPOLLIN) != 0) return;  // stop_; tables never are readable
        look();
    }
}

// "36 35 7:3 / /srv rw,relatime shared:1 - ext4 /dev/loop3 rw"
DiskWatch::Mounts DiskWatch::read(const Fd& table) const {
    Mounts found;
    std::istringstream lines(read_from_start(table));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        Mount mount;
        std::string parent;
        std::string device;
        std::string root;
        unsigned major = 0;
        unsigned minor = 0;
        if (!(words >> mount.id >> parent >> device >> root >> mount.target)) continue;
        if (std::sscanf(device.c_str(), "%u:%u", &major, &minor) != 2) continue;
        if (devices_.contains(makedev(major, minor))) found.insert(std::move(mount));
    }
    return found;
}

void DiskWatch::look() {
    {
        const std::lock_guard lock(mutex_);
        std::map<unsigned, Mounts> now;
        for (const unsigned node : dying_)
            now[node] = held_[node];
        for (const auto& [node, table] : tables_)
            now[node] = read(table);
        judge(now);
        held_ = std::move(now);
    }
    wakeup_.ring();
}

// Called with the mutex held.
void DiskWatch::judge(const std::map<unsigned, Mounts>& now) {
    for (const auto& [node, mounts] : now) {
        const Mounts& before = held_[node];
        const bool keeps_one =
            std::ranges::any_of(mounts, [&](const Mount& mount) { return before.contains(mount); });
        if (!before.empty() && !keeps_one)
            log_.write("lab", fmt::format("{} is not mounted on node{} any more", disk_, node));
        if (mounts.empty() || keeps_one) continue;
        ++mounts_;
        log_.write("lab", fmt::format("{} is mounted on node{} at {}", disk_, node,
                                      mounts.begin()->target));
    }
    for (const auto& [node, mounts] : held_)
        if (!mounts.empty() && !now.contains(node))
            log_.write("lab", fmt::format("{} was let go by node{}", disk_, node));

    std::set<std::pair<unsigned, unsigned>> both;
    for (const auto& [first, its] : now)
        for (const auto& [second, others] : now) {
            if (first >= second || its.empty() || others.empty()) continue;
            // Read before the second's table, and again after it.
            const auto table = tables_.find(first);
            const Mounts again = table == tables_.end() ? its : read(table->second);
            const bool stayed =
                std::ranges::any_of(its, [&](const Mount& mount) { return again.contains(mount); });
            if (!stayed) continue;
            both.emplace(first, second);
            if (both_.contains({first, second})) continue;
            doubles_.push_back({first, second, LabClock::now()});
            log_.write("lab", fmt::format("{} IS MOUNTED TWICE: on node{} and node{}", disk_, first,
                                          second));
        }
    both_ = std::move(both);
}

std::set<unsigned> DiskWatch::holders() const {
    const std::lock_guard lock(mutex_);
    std::set<unsigned> found;
    for (const auto& [node, mounts] : held_)
        if (!mounts.empty()) found.insert(node);
    return found;
}

std::vector<DoubleMount> DiskWatch::double_mounts() const {
    const std::lock_guard lock(mutex_);
    return doubles_;
}

std::vector<std::string> DiskWatch::targets(unsigned node) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    if (const auto held = held_.find(node); held != held_.end())
        for (const Mount& mount : held->second)
            found.push_back(mount.target);
    return found;
}

std::size_t DiskWatch::mounts() const {
    const std::lock_guard lock(mutex_);
    return mounts_;
}

}  // namespace hb::lab
