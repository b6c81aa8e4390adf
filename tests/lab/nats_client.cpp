#include "tests/lab/nats_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace hb::lab {
namespace {

constexpr std::uint16_t kPort = 4222;
constexpr Duration kPatience = 1s;
constexpr Duration kBetweenMessages = 10ms;
constexpr Duration kBeforeReconnect = 20ms;
constexpr std::size_t kLongestText = 64 * 1024;

bool wait_for(const Fd& socket, short events, Duration at_most) {
    pollfd polls{socket.get(), events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_most);
    return ::poll(&polls, 1, static_cast<int>(left.count())) == 1;
}

// Nothing: not within the time, or refused. In the client's network.
Fd connect_to(const std::string& address) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 &&
        errno != EINPROGRESS)
        return Fd();
    int error = 0;
    socklen_t size = sizeof error;
    if (!wait_for(socket, POLLOUT, kPatience) ||
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return Fd();
    return socket;
}

// What we say is short: a connection that does not take it at once is broken.
bool say(const Fd& socket, const std::string& text) {
    return ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
}

}  // namespace

NatsClient::NatsClient(Lab& lab, std::string address)
    : lab_(lab),
      address_(std::move(address)),
      thread_([this] { lab_.client().inside([this] { loop(); }); }) {}

NatsClient::~NatsClient() {
    stop_ = true;
    thread_.join();
}

void NatsClient::loop() {
    while (!stop_) {
        if (const Fd socket = connect_to(address_)) talk(socket);
        std::this_thread::sleep_for(kBeforeReconnect);
    }
}

// Until the connection breaks, or is as good as broken.
void NatsClient::talk(const Fd& socket) {
    if (!say(socket,
             "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"lab\"}\r\nSUB lab 1\r\n"))
        return;
    {
        const std::lock_guard lock(mutex_);
        ++connections_;
        published_.clear();
    }
    std::string rest;
    LabTime heard_something = LabClock::now();
    LabTime next_publish = heard_something;
    while (!stop_ && LabClock::now() - heard_something < kPatience) {
        if (LabClock::now() >= next_publish) {
            std::string number;
            {
                const std::lock_guard lock(mutex_);
                number = fmt::format("{}", next_);
                published_[next_++] = LabClock::now();
            }
            if (!say(socket, fmt::format("PUB lab {}\r\n{}\r\n", number.size(), number))) return;
            next_publish = LabClock::now() + kBetweenMessages;
        }
        if (!wait_for(socket, POLLIN, kBetweenMessages)) continue;
        char buffer[4096];
        const ssize_t n = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (n <= 0) return;
        heard_something = LabClock::now();
        rest.append(buffer, static_cast<std::size_t>(n));
        while (rest.find("\r\n") != std::string::npos)
            if (!take_line(socket, rest)) break;
        if (rest.size() > kLongestText) return;
    }
}

// One message of the server's, taken off `rest`. False: it is not all there yet.
bool NatsClient::take_line(const Fd& socket, std::string& rest) {
    const std::size_t end = rest.find("\r\n");
    const std::string line = rest.substr(0, end);
    std::size_t length = end + 2;
    if (line.starts_with("MSG ")) {  // MSG subject sid size
        const std::size_t size = std::strtoul(line.c_str() + line.rfind(' '), nullptr, 10);
        if (rest.size() < length + size + 2) return false;
        hear(std::strtoul(rest.substr(length, size).c_str(), nullptr, 10));
        length += size + 2;
    } else if (line == "PING") {
        say(socket, "PONG\r\n");
    }
    rest.erase(0, length);
    return true;
}

void NatsClient::hear(unsigned long number) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = published_.find(number);
        if (found == published_.end()) return;
        last_heard_ = found->second;
        published_.erase(found);
        ++heard_;
    }
    lab_.wakeup().ring();
}

bool NatsClient::heard_since(LabTime t) const {
    const std::lock_guard lock(mutex_);
    return last_heard_ > t;
}

std::size_t NatsClient::heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
}

std::size_t NatsClient::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
}

}  // namespace hb::lab
