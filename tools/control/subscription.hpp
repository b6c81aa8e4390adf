// Subscription: what the suite tells for as long as somebody listens; and a wait for what was asked
// to come true. Both outlive a respawn of hb-membership.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/control/client.hpp"
#include "tools/control/wish.hpp"

namespace hb::control {

class Subscription {
  public:
    // What it was given: a message, or nothing because `until` passed. False: stop.
    using Handle = std::function<bool(const std::optional<ipc::MembershipToTool>&)>;

    Subscription(std::string run_dir, bool status, bool events)
        : run_dir_(std::move(run_dir)), status_(status), events_(events) {}

    // `until`: asked before each wait.
    [[nodiscard]] Outcome<void> run(Client client, const std::function<MonoTime()>& until,
                                    const Handle& handle);

  private:
    [[nodiscard]] Outcome<Client> reconnect(Trouble trouble) const;

    std::string run_dir_;
    bool status_;
    bool events_;
};

// Returns what is still missing after `timeout`; empty: it has come true.
[[nodiscard]] Outcome<std::vector<std::string>> wait_for(const std::string& run_dir, Client client,
                                                         const Wish& wish, Duration timeout);

}  // namespace hb::control
