#include "tests/lab/pump.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace hb::lab {

Pump::Pump()
    : wake_(must(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      thread_([this] { loop(); }) {}

Pump::~Pump() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    thread_.join();
}

void Pump::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void Pump::add(int fd, Callback on_readable) {
    {
        const std::lock_guard lock(mutex_);
        watched_[fd] = std::make_shared<Callback>(std::move(on_readable));
    }
    wake();
}

void Pump::remove(int fd) {
    const std::lock_guard lock(mutex_);
    watched_.erase(fd);
}

void Pump::loop() {
    std::vector<pollfd> polls;
    std::vector<std::shared_ptr<Callback>> callbacks;
    for (;;) {
        polls.assign(1, {wake_.get(), POLLIN, 0});
        callbacks.assign(1, nullptr);
        {
            const std::lock_guard lock(mutex_);
            if (stop_) return;
            for (const auto& [fd, callback] : watched_) {
                polls.push_back({fd, POLLIN, 0});
                callbacks.push_back(callback);
            }
        }
        if (::poll(polls.data(), polls.size(), -1) < 0) continue;
        std::uint64_t rung = 0;
        [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &rung, sizeof rung);
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 1; i < polls.size(); ++i) {
            if (polls[i].revents == 0) continue;
            const auto found = watched_.find(polls[i].fd);
            // Taken out, or taken out and replaced by another with the same number, meanwhile.
            if (found == watched_.end() || found->second != callbacks[i]) continue;
            if (!(*callbacks[i])()) watched_.erase(found);
        }
    }
}

}  // namespace hb::lab
