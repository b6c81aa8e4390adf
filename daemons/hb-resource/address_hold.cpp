// The held side of AddressAgent: what the kernel reports, and putting back what is gone.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemons/hb-resource/address_agent.hpp"
#include "daemons/hb-resource/address_words.hpp"

namespace hb::resource {

namespace {

using What = AddressRequest::What;

constexpr Duration kRestorePause = 1s;       // before the second time in a row; then it doubles
constexpr Duration kRestorePauseMost = 60s;  // and is forgotten after that time of quiet

// The lowest pause doubles with every time in a row.
Duration restore_pause(unsigned restored) {
    if (restored == 0) return Duration{};
    Duration pause = kRestorePause;
    for (unsigned i = 1; i < restored && pause < kRestorePauseMost; i++)
        pause *= 2;
    return std::min(pause, kRestorePauseMost);
}

}  // namespace

// ---- what the kernel reports

void AddressAgent::handle(const KernelUpdate& update, MonoTime now, Out& out) {
    const bool was_synced = kernel_.synced();
    std::optional<KernelLink> before;
    const auto* link_seen = std::get_if<LinkSeen>(&update);
    if (link_seen != nullptr)
        if (const KernelLink* link = kernel_.link(link_seen->link.index)) before = *link;
    if (const auto* address_gone = std::get_if<AddressGone>(&update))
        note_gone(address_gone->address.key());
    const std::vector<KernelAddress> gone = kernel_.apply(update);
    if (link_seen != nullptr) link_changed(before, link_seen->link, now, out);
    for (const KernelAddress& address : gone)
        vanished(address, now, out);
    if (const auto* seen = std::get_if<AddressSeen>(&update); seen != nullptr)
        if (is_duplicate(seen->address)) detection_failed(seen->address, out);
    if (!was_synced && kernel_.synced()) now_synced(now, out);
}

// An addition that was carried out and undone again before it is answered.
void AddressAgent::note_gone(const KernelAddress::Key& key) {
    const auto under_way = under_way_.find(key);
    if (under_way == under_way_.end() || under_way->second.size() != 1) return;
    requests_.at(*under_way->second.begin()).gone = true;
}

// Somebody else had added it, with detection, and we took it over as it was.
void AddressAgent::detection_failed(const KernelAddress& address, Out& out) {
    if (!held_.contains(address.address) || newest_under_way(address.key()) != nullptr) return;
    send({.what = What::kDelete, .address = address}, out);
    KernelAddress again = address;
    again.flags = 0;
    send({.what = What::kAdd,
          .address = std::move(again),
          .restored = "another host claims it, and the kernel had ceased to use it"},
         out);
}

void AddressAgent::now_synced(MonoTime now, Out& out) {
    std::vector<std::uint32_t> answered;  // while the table was not whole
    for (const auto& [request, keys] : bystanders_of_)
        if (!requests_.contains(request)) answered.push_back(request);
    for (const std::uint32_t request : answered)
        forget_bystanders(request);
    for (const auto& [request, error] : std::exchange(unjudged_, {}))
        settle(request, error, now, out);
    for (auto& [id, call] : std::exchange(unbegun_, {}))
        begin(std::move(call), out);
    for (auto& [address, held] : held_)
        if (!held.restore_at && expected(address).empty()) plan_restore(held, held.lost, now, out);
}

void AddressAgent::vanished(const KernelAddress& address, MonoTime now, Out& out) {
    const Request* under_way = newest_under_way(address.key());
    if (under_way != nullptr) return;  // asked for, or on its way back already
    const auto bystander = bystanders_.find(address.key());
    if (bystander != bystanders_.end()) {
        const std::string why = fmt::format(
            "the kernel removed it together with {} (net.ipv4.conf.{}."
            "promote_secondaries is off)",
            bystander->second.primary.to_string(), link_name(address.link));
        bystanders_.erase(bystander);
        KernelAddress again = address;
        again.secondary = false;
        send({.what = What::kAdd,
              .address = std::move(again),
              .restored = why,
              .level = Level::kInfo},
             out);
        return;
    }
    const auto held = held_.find(address.address);
    if (held == held_.end() || !kernel_.find(address.address).empty()) return;
    held->second.lost = address;
    if (kernel_.synced()) plan_restore(held->second, address, now, out);
}

// A cable that is plugged in again, or a MAC that changed: the network has to be told. And what had
// nowhere to go back to may have a place now.
void AddressAgent::link_changed(const std::optional<KernelLink>& before, const KernelLink& after,
                                MonoTime now, Out& out) {
    const bool usable = after.up && after.carrier;
    const bool was_usable = before && before->up && before->carrier;
    // IPv6 addresses come back with the link, whatever its cable says.
    if (after.up) down_.erase(after.index);
    const bool came_up = after.up && !(before && before->up);
    const bool other_mac = before && before->mac != after.mac;
    for (auto& [address, held] : held_) {
        if ((came_up || (usable && !was_usable)) && held.restore_at) held.restore_at = now;
        if (!(usable && !was_usable) && !other_mac) continue;
        for (const KernelAddress& place : kernel_.find(address))
            if (place.link == after.index) announce_at(place, out);
    }
}

// ---- putting back

void AddressAgent::plan_restore(Held& held, const std::optional<KernelAddress>& lost, MonoTime now,
                                Out& out) {
    if (held.restored_at != kNever && now - held.restored_at > 2 * kRestorePauseMost)
        held.restored = 0;
    const Duration pause = restore_pause(held.restored);
    held.lost = lost;
    held.restore_at = now + pause;
    if (pause == Duration{}) return restore(held, now, out);
    if (!held.problem.empty()) return;  // said already
    out.emplace_back(address_event(
        "address-lost", Level::kWarn,
        fmt::format("{} is gone again, not by us ({} times in a row): putting it back in {}",
                    held.spec.address.to_string(), held.restored, hb::to_string(pause)),
        held.spec.address));
}

void AddressAgent::restore(Held& held, MonoTime now, Out& out) {
    held.restore_at.reset();
    if (!expected(held.spec.address).empty()) return;
    const KernelLink* const link = held.lost ? kernel_.link(held.lost->link) : nullptr;
    if (link != nullptr && !link->up && !held.spec.address.is_v4())
        return wait_for_link(held, *link, now, out);
    const bool with_link = std::exchange(held.link_was_down, false);
    if (!with_link) {
        held.restored++;
        held.restored_at = now;
    }
    const std::string why =
        with_link ? "its interface had been set down" : "somebody else had removed it";
    const Level level = with_link ? Level::kInfo : Level::kWarn;
    if (held.lost && kernel_.link(held.lost->link) != nullptr) {
        KernelAddress again = *held.lost;
        again.secondary = false;
        send({.what = What::kAdd, .address = std::move(again), .restored = why, .level = level},
             out);
        return;
    }
    const Result<FoundInterface> placement = find_interface(held.spec, kernel_);
    if (placement) {
        send({.what = What::kAdd,
              .address = placed(held.spec, *placement),
              .restored = why,
              .level = level},
             out);
        return;
    }
    if (held.problem != placement.error().text) {
        held.problem = placement.error().text;
        out.emplace_back(address_event(
            "address-not-restored", Level::kError,
            fmt::format("{} is gone, not by us, and cannot be put back: {}; trying again",
                        held.spec.address.to_string(), held.problem),
            held.spec.address));
    }
    plan_restore(held, std::nullopt, now, out);
}

// No kernel has IPv6 addresses on a link that is down. link_changed() ends this; nothing is
// counted.
void AddressAgent::wait_for_link(Held& held, const KernelLink& link, MonoTime now, Out& out) {
    held.link_was_down = true;
    held.restore_at = now + kRestorePauseMost;
    if (!down_.insert(link.index).second) return;
    out.emplace_back(address_event(
        "address-lost", Level::kWarn,
        fmt::format("{} was set down, and IPv6 addresses with it, {} among them: they are put back "
                    "when it is up",
                    link.name, held.spec.address.to_string()),
        held.spec.address));
}

void AddressAgent::settle_restore(const Request& request, int error, MonoTime now, Out& out) {
    const IpAddress& address = request.address.address;
    const std::string interface = link_name(request.address.link);
    const auto held = held_.find(address);
    if (error == 0) {
        out.emplace_back(address_event(
            "address-restored", request.level,
            fmt::format("Put {} back on {}: {}", address.to_string(), interface, request.restored),
            address));
        if (held == held_.end()) return;
        held->second.problem.clear();
        announce_at(request.address, out);
        return;
    }
    out.emplace_back(
        address_event("address-not-restored", Level::kError,
                      fmt::format("Cannot put {} back on {}: {}", address.to_string(), interface,
                                  refusal_text(request.address, interface, error)),
                      address));
    if (held != held_.end()) plan_restore(held->second, request.address, now, out);
}

}  // namespace hb::resource
