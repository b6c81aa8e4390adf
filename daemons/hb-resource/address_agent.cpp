#include "daemons/hb-resource/address_agent.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "common/base/assert.hpp"
#include "daemons/hb-resource/address_words.hpp"

namespace hb::resource {

namespace {

using What = AddressRequest::What;
using Outcome = OperationDone::Outcome;

constexpr unsigned kMostTries = 3;  // of one add whose answer and table disagree

// "eth0:7" of eth0 is 7.
std::optional<unsigned> label_number(const std::string& label, const std::string& interface) {
    if (!label.starts_with(interface + ":")) return std::nullopt;
    const char* begin = label.data() + interface.size() + 1;
    const char* end = label.data() + label.size();
    unsigned number = 0;
    const auto [rest, error] = std::from_chars(begin, end, number);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return number;
}

}  // namespace

// ---- operations

void AddressAgent::run(const AddressOperation& operation, MonoTime, Out& out) {
    HB_ASSERT(!calls_.contains(operation.id));
    HB_ASSERT(!unbegun_.contains(operation.id));
    // Before anything else: what is being stopped is not put back any more.
    if (operation.operation == Operation::kStop) {
        held_.erase(operation.spec.address);
        out.emplace_back(StopAnnouncing{operation.spec.address});
    }
    if (kernel_.synced())
        begin({operation}, out);
    else
        unbegun_.emplace(operation.id, Call{operation});
}

void AddressAgent::begin(Call call, Out& out) {
    switch (call.operation.operation) {
        case Operation::kStart:
            return begin_start(std::move(call), out);
        case Operation::kStop:
            return begin_stop(std::move(call), out);
        case Operation::kStatus:
            return begin_status(std::move(call), out);
    }
}

// One that is being put back at this moment counts when that is answered.
void AddressAgent::begin_status(Call call, Out& out) {
    const IpAddress address = call.operation.spec.address;
    if (!kernel_.find(address).empty()) return finish_status(call, out);
    for (const KernelAddress& each : expected(address)) {
        requests_.at(*under_way_.at(each.key()).rbegin()).calls.insert(call.operation.id);
        call.outstanding++;
    }
    if (call.outstanding == 0) return finish_status(call, out);
    calls_.emplace(call.operation.id, std::move(call));
}

void AddressAgent::finish_status(const Call& call, Out& out) {
    auto found = kernel_.find(call.operation.spec.address);
    std::erase_if(found, &is_duplicate);
    if (found.empty()) return finish(call, Outcome::kNotRunning, "", out);
    finish(call, Outcome::kRunning, "on " + link_name(found.front().link), out);
}

void AddressAgent::begin_start(Call call, Out& out) {
    const config::AddressSpec& spec = call.operation.spec;
    std::vector<KernelAddress> there = expected(spec.address);
    for (const KernelAddress& each : there)
        if (is_undecided(each)) send({.what = What::kDelete, .address = each}, out);
    std::erase_if(there, &is_undecided);
    for (const KernelAddress& each : there) {
        // Not there yet, but asked for: wait for that answer.
        const auto under_way = under_way_.find(each.key());
        if (under_way == under_way_.end()) continue;
        requests_.at(*under_way->second.rbegin()).calls.insert(call.operation.id);
        call.outstanding++;
    }
    if (call.outstanding == 0 && !there.empty()) return finish_start(call, there, out);
    if (call.outstanding == 0) {
        const Result<FoundInterface> placement = find_interface(spec, kernel_);
        if (!placement) {
            out.emplace_back(address_event("address-not-placed", Level::kError,
                                           placement.error().text, spec.address));
            return finish(call, Outcome::kFailed, placement.error().text, out);
        }
        send(
            {.what = What::kAdd, .address = placed(spec, *placement), .calls = {call.operation.id}},
            out);
        call.outstanding = 1;
    }
    calls_.emplace(call.operation.id, std::move(call));
}

void AddressAgent::begin_stop(Call call, Out& out) {
    const std::uint64_t id = call.operation.id;
    const IpAddress address = call.operation.spec.address;
    // Deletions under way count: stopped means that the kernel has said so.
    for (auto at = under_way_.lower_bound({address, 0, 0});
         at != under_way_.end() && std::get<IpAddress>(at->first) == address; ++at) {
        Request& newest = requests_.at(*at->second.rbegin());
        if (newest.what == What::kDelete && newest.calls.insert(id).second) call.outstanding++;
    }
    for (const KernelAddress& each : expected(address)) {
        const std::uint32_t number =
            send({.what = What::kDelete, .address = each, .calls = {id}}, out);
        call.outstanding++;
        if (each.secondary) continue;
        for (const KernelAddress& other : kernel_.secondaries_of(each)) {
            if (other.address == address) continue;
            bystanders_.insert_or_assign(other.key(), Bystander{number, address});
            bystanders_of_[number].push_back(other.key());
        }
    }
    if (call.outstanding == 0) return finish(call, Outcome::kOk, "", out);
    calls_.emplace(id, std::move(call));
}

void AddressAgent::finish(const Call& call, Outcome outcome, std::string detail, Out& out) {
    out.emplace_back(AddressDone{call.operation.id, outcome, std::move(detail)});
}

void AddressAgent::finish_start(const Call& call, const std::vector<KernelAddress>& where,
                                Out& out) {
    held_.try_emplace(call.operation.spec.address, Held{.spec = call.operation.spec});
    finish(call, Outcome::kOk, "", out);
    for (const KernelAddress& each : where)
        announce_at(each, out);
}

void AddressAgent::hold(const config::AddressSpec& spec, MonoTime now, Out& out) {
    Held& held = held_.try_emplace(spec.address, Held{.spec = spec}).first->second;
    if (kernel_.synced() && !held.restore_at && expected(spec.address).empty())
        plan_restore(held, held.lost, now, out);
}

void AddressAgent::announce(const config::AddressSpec& spec, Out& out) {
    for (const Announce& each : announcements(spec))
        out.emplace_back(each);
}

std::vector<Announce> AddressAgent::announcements(const config::AddressSpec& spec) const {
    std::vector<Announce> all;
    for (const KernelAddress& each : kernel_.find(spec.address))
        if (const auto announcement = announcement_of(each); announcement && !is_duplicate(each))
            all.push_back(*announcement);
    return all;
}

std::optional<Announce> AddressAgent::announcement_of(const KernelAddress& where) const {
    const KernelLink* link = kernel_.link(where.link);
    if (link == nullptr || !link->can_arp) return std::nullopt;
    return Announce{where.address, link->index, link->mac};
}

void AddressAgent::announce_at(const KernelAddress& where, Out& out) {
    if (const auto announcement = announcement_of(where)) out.emplace_back(*announcement);
}

// ---- requests and answers

std::uint32_t AddressAgent::send(Request request, Out& out) {
    const std::uint32_t number = next_request_++;
    if (next_request_ == 0) next_request_ = 1;  // 0 means "none" to netlink
    out.emplace_back(AddressRequest{number, request.what, request.address});
    under_way_[request.address.key()].insert(number);
    requests_.emplace(number, std::move(request));
    return number;
}

void AddressAgent::forget_under_way(std::uint32_t number, const KernelAddress::Key& key) {
    const auto under_way = under_way_.find(key);
    under_way->second.erase(number);
    if (under_way->second.empty()) under_way_.erase(under_way);
}

void AddressAgent::forget_bystanders(std::uint32_t request) {
    const auto found = bystanders_of_.find(request);
    if (found == bystanders_of_.end()) return;
    for (const KernelAddress::Key& key : found->second)
        if (const auto at = bystanders_.find(key);
            at != bystanders_.end() && at->second.request == request)
            bystanders_.erase(at);
    bystanders_of_.erase(found);
}

void AddressAgent::answered(std::uint32_t number, int error, MonoTime now, Out& out) {
    const auto found = requests_.find(number);
    if (found == requests_.end()) return;
    const Request request = std::move(found->second);
    requests_.erase(found);
    forget_under_way(number, request.address.key());
    // IPv6: the kernel says so later than it answers, and until then the table is behind.
    if (request.what == What::kAdd && error == 0 && !request.address.address.is_v4() &&
        !request.gone && kernel_.find(request.address.key()) == nullptr)
        kernel_.apply(AddressSeen{request.address});
    // Who went along with a primary has been reported by now, unless reports were lost.
    if (kernel_.synced()) forget_bystanders(number);
    // "Is there already": as we want it? Only a table that missed nothing can tell.
    if (request.what == What::kAdd && error == EEXIST && !kernel_.synced())
        unjudged_.emplace_back(request, error);
    else
        settle(request, error, now, out);
}

void AddressAgent::answers_lost(const std::set<std::uint32_t>& requests, MonoTime now, Out& out) {
    // A full table comes next; until then nothing is known of what was asked.
    for (const std::uint32_t number : requests) {
        const auto found = requests_.find(number);
        if (found == requests_.end()) continue;
        forget_under_way(number, found->second.address.key());
        unjudged_.emplace_back(std::move(found->second), ENOBUFS);
        requests_.erase(found);
    }
    if (kernel_.synced()) now_synced(now, out);
}

void AddressAgent::settle(const Request& request, int error, MonoTime now, Out& out) {
    const bool there = kernel_.find(request.address.key()) != nullptr;
    if (request.what == What::kAdd && (error == EEXIST || error == ENOBUFS)) {
        if (there) {
            error = 0;
        } else if (request.tries < kMostTries) {
            Request again = request;
            again.tries++;
            send(std::move(again), out);
            return;
        }
    }
    if (request.what == What::kDelete) {
        if (error == EADDRNOTAVAIL || error == ENODEV) error = 0;
        if (error == ENOBUFS && !there) error = 0;
    }
    const std::string name = request.address.address.to_string();
    const std::string interface = link_name(request.address.link);
    if (!request.restored.empty()) settle_restore(request, error, now, out);
    if (error == 0 && request.restored.empty()) {
        const std::string& label = request.address.label;
        out.emplace_back(
            request.what == What::kAdd
                ? address_event("address-added", Level::kInfo,
                                fmt::format("Added {}/{} to {}{}", name, request.address.prefix,
                                            interface, label.empty() ? "" : " as " + label),
                                request.address.address)
                : address_event("address-removed", Level::kInfo,
                                fmt::format("Removed {} from {}", name, interface),
                                request.address.address));
    }
    for (std::uint64_t id : request.calls) {
        const auto found = calls_.find(id);
        if (found == calls_.end()) continue;  // ran into its deadline
        Call call = std::move(found->second);
        calls_.erase(found);
        call.outstanding--;
        if (error != 0 && call.problem.empty())
            call.problem = fmt::format("{} on {}: {}", name, interface,
                                       refusal_text(request.address, interface, error));
        settle_call(std::move(call), request, out);
    }
}

void AddressAgent::settle_call(Call call, const Request& request, Out& out) {
    if (call.outstanding > 0) {
        calls_.emplace(call.operation.id, std::move(call));
    } else if (call.operation.operation == Operation::kStatus) {
        finish_status(call, out);
    } else if (!call.problem.empty()) {
        out.emplace_back(
            address_event("address-failed", Level::kError,
                          fmt::format("Cannot {} {}", request.what == What::kAdd ? "add" : "remove",
                                      call.problem),
                          request.address.address));
        finish(call, Outcome::kFailed, call.problem, out);
    } else if (call.operation.operation == Operation::kStart) {
        finish_start(call, {request.address}, out);
    } else {
        finish(call, Outcome::kOk, "", out);
    }
}

// ---- time

void AddressAgent::on_deadline(MonoTime now, Out& out) {
    for (auto* calls : {&calls_, &unbegun_})
        for (auto at = calls->begin(); at != calls->end();) {
            if (at->second.operation.deadline > now) {
                ++at;
                continue;
            }
            finish(at->second, Outcome::kTimeout,
                   fmt::format("no answer from the kernel for {}",
                               at->second.operation.spec.address.to_string()),
                   out);
            at = calls->erase(at);
        }
    for (auto& [address, held] : held_)
        if (held.restore_at && *held.restore_at <= now) restore(held, now, out);
}

MonoTime AddressAgent::next_deadline() const {
    MonoTime next = kForever;
    for (const auto* calls : {&calls_, &unbegun_})
        for (const auto& [id, call] : *calls)
            next = std::min(next, call.operation.deadline);
    for (const auto& [address, held] : held_)
        if (held.restore_at) next = std::min(next, *held.restore_at);
    return next;
}

// ---- placing

Result<PlacedAddress> AddressAgent::place(const config::AddressSpec& spec) const {
    const std::vector<KernelAddress> there = kernel_.find(spec.address);
    if (!there.empty()) return PlacedAddress{spec.address, link_name(there.front().link)};
    const Result<FoundInterface> placement = find_interface(spec, kernel_);
    if (!placement) return std::unexpected(placement.error());
    return PlacedAddress{spec.address, placement->interface};
}

KernelAddress AddressAgent::placed(const config::AddressSpec& spec,
                                   const FoundInterface& placement) {
    if (!spec.address.is_v4())
        return {.address = spec.address,
                .prefix = placement.prefix,
                .link = placement.link,
                .flags = IFA_F_NODAD,
                .preferred = 0};
    return {.address = spec.address,
            .prefix = placement.prefix,
            .link = placement.link,
            .broadcast = placement.broadcast,
            .label = choose_label(spec, placement)};
}

// ethX:N with the first N that is free: what ifconfig shows. Empty when that does not fit.
std::string AddressAgent::choose_label(const config::AddressSpec& spec,
                                       const FoundInterface& placement) {
    const auto fitting = [](std::string label) {
        return label.size() < IFNAMSIZ ? std::move(label) : std::string();
    };
    if (!spec.label.empty()) return fitting(placement.interface + ":" + spec.label);
    LabelNumbers& numbers = label_numbers_[placement.link];
    if (numbers.version != kernel_.version()) {
        numbers = {kernel_.version(), {}, 0};
        const auto use = [&](const std::string& label) {
            if (const auto number = label_number(label, placement.interface))
                numbers.used.insert(*number);
        };
        for (const std::string& label : kernel_.labels_on(placement.link))
            use(label);
        for (const auto& [number, request] : requests_)
            if (request.what == What::kAdd && request.address.link == placement.link)
                use(request.address.label);
    }
    while (numbers.used.contains(numbers.next))
        numbers.next++;
    std::string label = fitting(fmt::format("{}:{}", placement.interface, numbers.next));
    if (!label.empty()) numbers.next++;
    return label;
}

const AddressAgent::Request* AddressAgent::newest_under_way(const KernelAddress::Key& key) const {
    const auto found = under_way_.find(key);
    return found == under_way_.end() ? nullptr : &requests_.at(*found->second.rbegin());
}

std::vector<KernelAddress> AddressAgent::expected(const IpAddress& address) const {
    std::vector<KernelAddress> all;
    for (const KernelAddress& each : kernel_.find(address))
        if (newest_under_way(each.key()) == nullptr) all.push_back(each);
    for (auto at = under_way_.lower_bound({address, 0, 0});
         at != under_way_.end() && std::get<IpAddress>(at->first) == address; ++at) {
        const Request& request = requests_.at(*at->second.rbegin());
        if (request.what == What::kAdd) all.push_back(request.address);
    }
    return all;
}

std::string AddressAgent::link_name(int index) const {
    const KernelLink* link = kernel_.link(index);
    return link != nullptr ? link->name : fmt::format("link {}", index);
}

}  // namespace hb::resource
