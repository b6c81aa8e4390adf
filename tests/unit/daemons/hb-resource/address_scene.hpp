// A fake kernel with one interface, and the address agent that works on it.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemons/hb-resource/address_agent.hpp"

namespace hb::resource {

using Outcome = OperationDone::Outcome;
using What = AddressRequest::What;

inline IpAddress ip(const std::string& text) {
    return *IpAddress::parse(text);
}
inline config::AddressSpec spec(const std::string& address, unsigned prefix = 24,
                                const std::string& interface = "") {
    config::AddressSpec result;
    result.address = ip(address);
    result.prefix = prefix;
    result.interface = interface;
    return result;
}

// A kernel with one interface, eth0 (link 2), of 10.0.0.0/24. Addresses of one subnet are one
// primary and its secondaries, as in Linux.
class FakeKernel {
  public:
    bool promote = true;
    std::vector<KernelAddress> addresses;
    std::vector<KernelUpdate> reports;
    std::vector<KernelUpdate> late_reports;  // of IPv6: after the answer

    int carry_out(const AddressRequest& request) {
        const auto same = [&](const KernelAddress& a) { return a.key() == request.address.key(); };
        const auto found = std::ranges::find_if(addresses, same);
        if (request.what == What::kAdd) {
            if (found != addresses.end()) return EEXIST;
            KernelAddress added = request.address;
            added.secondary = added.address.is_v4() &&
                              std::ranges::any_of(addresses, [&](const KernelAddress& a) {
                                  return !a.secondary && a.prefix == added.prefix &&
                                         same_subnet(a.address, added.address, a.prefix);
                              });
            addresses.push_back(added);
            // Without duplicate address detection the kernel says so from a work queue.
            (added.address.is_v4() ? reports : late_reports).emplace_back(AddressSeen{added});
            return 0;
        }
        if (found == addresses.end()) return EADDRNOTAVAIL;
        remove(*found);
        return 0;
    }

    void remove(const KernelAddress gone) {
        std::erase(addresses, gone);
        reports.emplace_back(AddressGone{gone});
        if (gone.secondary) return;
        const auto hangs_on = [&](const KernelAddress& a) {
            return a.secondary && a.prefix == gone.prefix &&
                   same_subnet(a.address, gone.address, gone.prefix);
        };
        if (promote) {
            const auto next = std::ranges::find_if(addresses, hangs_on);
            if (next == addresses.end()) return;
            next->secondary = false;
            reports.emplace_back(AddressSeen{*next});
            return;
        }
        for (auto at = addresses.begin(); at != addresses.end();) {
            if (!hangs_on(*at)) {
                ++at;
                continue;
            }
            reports.emplace_back(AddressGone{*at});
            at = addresses.erase(at);
        }
    }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const KernelAddress& a : addresses)
            all.push_back(a.address.to_string());
        std::ranges::sort(all);
        return all;
    }
};

class AddressAgentTest : public testing::Test {
  protected:
    AddressAgentTest() { dump(); }

    // Everything that the kernel has, as after a start or an overrun.
    void dump() {
        agent_.handle(DumpBegan{KernelKind::kLinks}, now_, out_);
        agent_.handle(LinkSeen{eth0_}, now_, out_);
        agent_.handle(DumpEnded{KernelKind::kLinks}, now_, out_);
        agent_.handle(DumpBegan{KernelKind::kAddresses}, now_, out_);
        for (const KernelAddress& a : kernel_.addresses)
            agent_.handle(AddressSeen{a}, now_, out_);
        agent_.handle(DumpEnded{KernelKind::kAddresses}, now_, out_);
        agent_.handle(DumpBegan{KernelKind::kRoutes}, now_, out_);
        agent_.handle(RouteSeen{{.destination = ip("10.0.0.0"), .prefix = 24, .link = 2}}, now_,
                      out_);
        agent_.handle(RouteSeen{{.destination = ip("2001:db8::"), .prefix = 64, .link = 2}}, now_,
                      out_);
        agent_.handle(DumpEnded{KernelKind::kRoutes}, now_, out_);
        settle();
    }

    std::uint64_t run(Operation operation, const config::AddressSpec& what) {
        const std::uint64_t id = next_id_++;
        agent_.run({id, operation, what, now_ + 10s}, now_, out_);
        collect();
        return id;
    }

    // The kernel carries out all that was asked, in batches, until nothing more comes of it.
    void settle() {
        collect();
        while (!requests_.empty()) {
            batches_.push_back(requests_.size());
            std::vector<std::pair<std::uint32_t, int>> answers;
            for (const AddressRequest& request : std::exchange(requests_, {}))
                answers.emplace_back(request.request, kernel_.carry_out(request));
            report();
            for (const auto& [number, error] : answers)
                agent_.answered(number, error, now_, out_);
            collect();
            kernel_.reports = std::exchange(kernel_.late_reports, {});
            report();
            collect();
        }
    }

    void report() {
        for (const KernelUpdate& update : std::exchange(kernel_.reports, {}))
            agent_.handle(update, now_, out_);
    }

    // Time goes on to the agent's next deadline, and what it does is carried out.
    Duration wait() {
        const MonoTime next = agent_.next_deadline();
        EXPECT_NE(next, kForever);
        const Duration waited = next - now_;
        now_ = next;
        agent_.on_deadline(now_, out_);
        settle();
        return waited;
    }

    void somebody_removes(const char* address) {
        for (const KernelAddress& a : std::vector(kernel_.addresses))
            if (a.address == ip(address)) kernel_.remove(a);
        report();
        settle();
    }

    void collect() {
        for (AddressAction& action : std::exchange(out_, {})) {
            if (auto* request = std::get_if<AddressRequest>(&action))
                requests_.push_back(std::move(*request));
            else if (auto* done = std::get_if<AddressDone>(&action))
                EXPECT_TRUE(done_.emplace(done->id, *done).second) << "answered twice";
            else if (auto* announce = std::get_if<Announce>(&action))
                announced_.push_back(announce->address.to_string());
            else if (auto* event = std::get_if<Event>(&action))
                events_.push_back(std::move(*event));
        }
    }

    [[nodiscard]] std::string outcome(std::uint64_t id) const {
        const auto found = done_.find(id);
        return found == done_.end() ? "none" : to_string(found->second.outcome);
    }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (const Event& event : events_)
            all.push_back(event.text);
        return all;
    }

    KernelLink eth0_{.index = 2, .name = "eth0", .up = true, .carrier = true};
    FakeKernel kernel_;
    AddressAgent agent_;
    MonoTime now_{1000s};
    AddressAgent::Out out_;
    std::uint64_t next_id_ = 1;
    std::vector<AddressRequest> requests_;
    std::vector<std::size_t> batches_;
    std::map<std::uint64_t, AddressDone> done_;
    std::vector<std::string> announced_;
    std::vector<Event> events_;
};

}  // namespace hb::resource
