// ucast: to one or more peers by address or name. Names are resolved without blocking; until one is
// known nothing is sent to it, and what it was known as stays until a newer answer comes.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/runtime/resolver.hpp"
#include "common/runtime/system_clock.hpp"
#include "daemons/hb-comm/medium.hpp"

namespace hb::comm {
namespace {

constexpr Duration kAskAgain = 5s;
constexpr Duration kAskAgainKnown = 600s;

class Ucast final : public Medium {
  public:
    Ucast(MediumContext context, LinkId id, LinkPlan plan)
        : Medium(std::move(context), id, std::move(plan), "ucast"),
          resolver_(loop()),
          again_(loop(), [this]() noexcept { resolve(); }) {
        for (const std::string& peer : this->plan().peers)
            peers_.push_back({peer, IpAddress::parse(peer), false});
        resolve();
    }

  private:
    struct Peer {
        std::string name;
        std::optional<IpAddress> address;
        bool complained = false;  // that it was never known
    };

    Result<void> prepare(int) override {
        for (const Peer& peer : peers_)
            started(fmt::format("ucast: started on port {} interface {} to {}", plan().port,
                                plan().interface,
                                peer.address && !IpAddress::parse(peer.name)
                                    ? fmt::format("{} ({})", peer.name, peer.address->to_string())
                                    : peer.name));
        return {};
    }
    std::vector<sockaddr_in> destinations() const override {
        std::vector<sockaddr_in> to_all;
        for (const Peer& peer : peers_)
            if (peer.address) to_all.push_back(to(*peer.address));
        return to_all;
    }

    void resolve() {
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            if (IpAddress::parse(peers_[i].name)) continue;
            ++asked_;
            resolver_.resolve(peers_[i].name, [this, i](Result<IpAddress> answer) noexcept {
                resolved(i, std::move(answer));
            });
        }
    }

    void resolved(std::size_t i, Result<IpAddress> answer) {
        --asked_;
        Peer& peer = peers_[i];
        if (!answer) {
            if (peer.address || !peer.complained) {
                peer.complained = true;
                log().log(Level::kWarn, "ucast-unresolved",
                          fmt::format("ucast {}: {} is not resolved: {}", plan().interface,
                                      peer.name, answer.error().text),
                          {{"HB_LINK", plan().interface}});
            }
        } else if (peer.address != *answer) {
            peer.address = *answer;
            log().log(
                Level::kInfo, "ucast-resolved",
                fmt::format("ucast {}: {} is {}", plan().interface, peer.name, answer->to_string()),
                {{"HB_LINK", plan().interface}});
        }
        const bool all_known = std::all_of(peers_.begin(), peers_.end(),
                                           [](const Peer& p) { return p.address.has_value(); });
        if (asked_ == 0) again_.arm(runtime::now() + (all_known ? kAskAgainKnown : kAskAgain));
    }

    std::vector<Peer> peers_;
    std::size_t asked_ = 0;  // questions without an answer
    runtime::Resolver resolver_;
    runtime::Timer again_;
};

}  // namespace

std::unique_ptr<Medium> make_ucast(MediumContext context, LinkId id, LinkPlan plan) {
    return std::make_unique<Ucast>(std::move(context), id, std::move(plan));
}

}  // namespace hb::comm
