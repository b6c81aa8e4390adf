// A client of nats-server that is kept as NATS clients are: one connection, on which it subscribes
// to a subject and publishes numbers to it, each of which it should hear itself. When the
// connection breaks, or nothing is heard for too long, it connects anew, subscribes again and goes
// on. (NATS without JetStream promises no delivery: a message that was on its way is lost.)
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class NatsClient {
  public:
    NatsClient(Lab& lab, std::string address);
    ~NatsClient();
    NatsClient(const NatsClient&) = delete;
    NatsClient& operator=(const NatsClient&) = delete;

    // Whether a message was heard that was published after `t`.
    [[nodiscard]] bool heard_since(LabTime t) const;
    [[nodiscard]] std::size_t heard() const;
    [[nodiscard]] std::size_t connections() const;

  private:
    void loop();
    void talk(const Fd& socket);
    bool take_line(const Fd& socket, std::string& rest);
    void hear(unsigned long number);

    Lab& lab_;
    const std::string address_;
    std::atomic<bool> stop_ = false;
    mutable std::mutex mutex_;
    std::map<unsigned long, LabTime> published_;  // and not heard
    unsigned long next_ = 1;
    LabTime last_heard_{};  // when it was published
    std::size_t heard_ = 0;
    std::size_t connections_ = 0;
    std::thread thread_;
};

}  // namespace hb::lab
