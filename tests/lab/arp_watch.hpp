// Who answers for an address, as a bystander on the service network sees it.
//
// Every few milliseconds it asks by ARP for each watched address. Each question carries a sender
// MAC of its own (02:aa and a number), and whoever answers copies that into the answer; so an
// answer belongs to its question however late it comes, and two MACs that answer one question both
// owned the address when that question reached them. That is a double owner; a plain hand-over,
// however quick, is none.
//
// IPv6 addresses it asks for by neighbour solicitations, in the same way: the MAC of its own is the
// one that the question says it comes from, and that the answer goes to.
//
// Beside the answers it keeps every gratuitous ARP, and unsolicited advertisement, with its time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/net_namespace.hpp"
#include "tests/lab/os.hpp"

namespace hb::lab {

struct Announcement {
    LabTime at;
    std::string address;
    std::string mac;
    bool is_reply = false;
};

struct DoubleOwner {
    LabTime at;  // of the question
    std::string address;
    std::vector<std::string> macs;
};

class ArpWatch {
  public:
    // Asks from the client's interface eth0. 10.77.0.201 and fd77::c9 are its own addresses, nobody
    // else's.
    ArpWatch(const NetNamespace& client, std::vector<std::string> addresses, Duration period = 3ms);
    ~ArpWatch();
    ArpWatch(const ArpWatch&) = delete;
    ArpWatch& operator=(const ArpWatch&) = delete;

    // Every question that two MACs answered.
    [[nodiscard]] std::vector<DoubleOwner> double_owners() const;
    // How long the address had two owners: the period for each such question.
    [[nodiscard]] Duration double_time(const std::string& address) const;
    [[nodiscard]] std::vector<Announcement> announcements() const;
    // Whose answer came last, and to how many questions an answer came.
    [[nodiscard]] std::optional<std::string> owner(const std::string& address) const;
    [[nodiscard]] std::size_t answered(const std::string& address) const;

    void restart();

  private:
    struct Question {
        LabTime at;
        std::string address;
        std::vector<std::string> macs;
    };
    void loop();
    void ask(const std::string& address);
    void send(const Fd& socket, const void* packet, std::size_t size);
    struct Received {
        std::size_t size = 0;
        LabTime at;
    };
    // The next packet that did not go out from here; none: nothing waits.
    [[nodiscard]] static std::optional<Received> receive(const Fd& socket, void* into,
                                                         std::size_t size);
    std::size_t read_packets();  // how many
    std::size_t read_advertisements();
    void take_answer(const std::uint8_t* asked_by, const std::string& mac);
    [[nodiscard]] bool is_watched(const std::string& address) const;
    void open(const NetNamespace& client, Fd& socket, int protocol);

    const std::vector<std::string> addresses_;
    const Duration period_;
    Fd socket_;
    Fd socket_v6_;
    int interface_ = 0;
    mutable std::mutex mutex_;
    std::map<std::uint32_t, Question> questions_;  // by number; none are forgotten before restart()
    std::vector<Announcement> announcements_;
    std::uint32_t next_ = 1;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace hb::lab
