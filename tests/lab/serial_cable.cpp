#include "tests/lab/serial_cable.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace hb::lab {
namespace {

// At once: a few characters, so that what is paced stays smooth.
constexpr std::size_t kPiece = 32;

}  // namespace

SerialCable::SerialCable(Lab& lab, unsigned one, unsigned other, unsigned baud)
    : lab_(lab), baud_(baud), wake_(must(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    ends_[0].node = one;
    ends_[1].node = other;
    plug(one);
    plug(other);
    thread_ = std::thread([this] { loop(); });
}

SerialCable::~SerialCable() {
    stop_ = true;
    wake();
    thread_.join();
}

void SerialCable::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void SerialCable::unplug(unsigned node) {
    {
        const std::lock_guard lock(mutex_);
        End& end = end_of(node);
        end.master.reset();
        end.keeper.reset();
    }
    if (lab_.node(node).is_on()) lab_.node(node).remove_file(kDevice);
    wake();
}

void SerialCable::plug(unsigned node) {
    std::array<char, 64> name{};
    {
        const std::lock_guard lock(mutex_);
        End& end = end_of(node);
        end.master = Fd(must(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), "pty"));
        must(::grantpt(end.master.get()), "grantpt");
        must(::unlockpt(end.master.get()), "unlockpt");
        if (::ptsname_r(end.master.get(), name.data(), name.size()) != 0) throw_errno("ptsname");
        end.keeper = Fd(must(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), name.data()));
    }
    lab_.node(node).make_link(kDevice, name.data());
    wake();
}

void SerialCable::pass_on(std::size_t from) {
    End& end = ends_[from];
    std::array<char, kPiece> piece;
    const ssize_t n = ::read(end.master.get(), piece.data(), piece.size());
    if (n <= 0) return;
    const auto size = static_cast<std::size_t>(n);
    carried_ += size;
    end.free_at = std::max(end.free_at, LabClock::now()) +
                  std::chrono::nanoseconds(10'000'000'000 / baud_) * size;
    if (cut_) return;
    for (std::size_t i = 0; noise_ != 0 && i < size; ++i) {
        random_ = random_ * 6364136223846793005 + 1442695040888963407;
        if ((random_ >> 33U) % noise_ == 0)
            piece[i] = static_cast<char>(piece[i] ^ static_cast<char>(random_ >> 40U | 1U));
    }
    const End& to = ends_[loop_back_ ? from : 1 - from];
    // What a reader leaves in its buffer too long is lost, as it is with a port.
    if (to.master) [[maybe_unused]]
        const ssize_t written = ::write(to.master.get(), piece.data(), size);
}

void SerialCable::loop() {
    while (!stop_) {
        pollfd polls[3] = {{wake_.get(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
        Duration wait = 1s;
        {
            const std::lock_guard lock(mutex_);
            for (std::size_t i = 0; i < 2; ++i) {
                if (!ends_[i].master) continue;
                const Duration busy = ends_[i].free_at - LabClock::now();
                if (busy > Duration::zero())
                    wait = std::min(wait, busy);
                else
                    polls[i + 1].fd = ends_[i].master.get();
            }
        }
        const timespec time{0, std::clamp<long>(wait.count(), 0, 999'999'999)};
        if (::ppoll(polls, 3, &time, nullptr) < 0) continue;
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &ignored, sizeof ignored);
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < 2; ++i)
            if (polls[i + 1].fd >= 0 && polls[i + 1].revents != 0 &&
                ends_[i].master.get() == polls[i + 1].fd)
                pass_on(i);
    }
}

}  // namespace hb::lab
