#include "tools/control/subscription.hpp"

#include <thread>

#include "common/runtime/system_clock.hpp"

namespace hb::control {

namespace {

constexpr Duration kReconnectTime = 10s;  // hb-membership is respawned at once

}  // namespace

Outcome<void> Subscription::run(Client client, const std::function<MonoTime()>& until,
                                const Handle& handle) {
    if (auto asked = client.subscribe(status_, events_); !asked) return asked;
    while (true) {
        const auto message = client.receive(until());
        if (message) {
            if (!handle(*message)) return {};
            continue;
        }
        auto again = reconnect(message.error());
        if (!again) return std::unexpected(again.error());
        client = std::move(*again);
    }
}

Outcome<Client> Subscription::reconnect(Trouble trouble) const {
    const MonoTime deadline = runtime::now() + kReconnectTime;
    while (trouble.passing && runtime::now() < deadline) {
        std::this_thread::sleep_for(100ms);
        auto client = Client::connect(run_dir_);
        if (!client)
            trouble = client.error();
        else if (auto asked = client->subscribe(status_, events_); !asked)
            trouble = asked.error();
        else
            return client;
    }
    return std::unexpected(trouble);
}

Outcome<std::vector<std::string>> wait_for(const std::string& run_dir, Client client,
                                           const Wish& wish, Duration timeout) {
    const MonoTime deadline = runtime::now() + timeout;
    std::vector<std::string> missing;
    bool done = false;
    Subscription subscription(run_dir, true, false);
    const auto ended = subscription.run(
        std::move(client), [&] { return deadline; },
        [&](const std::optional<ipc::MembershipToTool>& message) {
            if (message) {
                if (const auto* status = std::get_if<ipc::Status>(&*message)) {
                    missing = wish.missing(status->status);
                    done = missing.empty();
                }
            }
            return !done && runtime::now() < deadline;
        });
    if (!ended) return std::unexpected(ended.error());
    if (!done && missing.empty()) missing.emplace_back("hb-membership has not said how it is");
    return missing;
}

}  // namespace hb::control
