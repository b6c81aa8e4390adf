#include "daemons/hb-comm/address_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/base/probe_window.hpp"

namespace hb::comm {
namespace {

bool is_arp_probe(const ArpSeen& arp) {
    return arp.sender.bytes == IpAddress{}.bytes;
}

}  // namespace

AddressWatch::AddressWatch(NodeId self, Duration deadtime)
    : self_(self),
      deadtime_(deadtime),
      window_(probe_window(deadtime)),
      interval_(probe_interval(deadtime)) {}

// Probes of two paces are no window.
void AddressWatch::set_deadtime(Duration deadtime, MonoTime now, std::vector<AddressAction>& out) {
    deadtime_ = std::max(deadtime_, deadtime);
    const Duration before = std::exchange(window_, probe_window(deadtime));
    interval_ = probe_interval(deadtime);
    if (window_ == before) return;
    for (auto& [where, probe] : probes_)
        if (probe.phase == Phase::kProbing) begin_anew(probe, now, out);
}

void AddressWatch::watch(const ipc::Watch& wish, MonoTime now, std::vector<AddressAction>& out) {
    for (const PlacedAddress& where : wish.claims) {
        const auto foreign = foreign_probes_.find(where);
        // It came while we still only probed, after the gate had opened: answer it now.
        if (!claims_.contains(where) && foreign != foreign_probes_.end() &&
            now - foreign->second.when <= window_)
            out.push_back(SendArpAnswer{where, foreign->second.by, {}});
    }
    claims_ = {wish.claims.begin(), wish.claims.end()};

    std::erase_if(announced_, [&](const auto& a) { return now - a.second.when >= deadtime_; });
    std::set<PlacedAddress> wanted(wish.probes.begin(), wish.probes.end());
    for (const PlacedAddress& where : claims_)
        wanted.erase(where);
    for (auto& [where, probe] : probes_) {
        if (wanted.contains(where) || probe.phase == Phase::kForgetting) continue;
        probe.phase = Phase::kForgetting;
        probe.status.window_complete.reset();
    }
    for (const PlacedAddress& where : wanted) {
        const auto [it, fresh] = probes_.try_emplace(where);
        Probe& probe = it->second;
        if (!fresh && probe.phase != Phase::kForgetting) continue;
        probe.status.where = where;
        probe.status.crossed = false;
        if (const auto foreign = announced_.find(where); foreign != announced_.end()) {
            probe.status.answered = std::max(probe.status.answered, {foreign->second.when});
            probe.status.by = foreign->second.by;
        }
        begin_window(probe, now, out);
        tell(probe, now, out);
    }
    std::erase_if(probes_, [&](const auto& entry) {
        return entry.second.phase == Phase::kForgetting && !entry.second.status.answered;
    });
    std::erase_if(foreign_probes_, [&](const auto& entry) {
        return !probes_.contains(entry.first) || claims_.contains(entry.first);
    });
}

void AddressWatch::resource_gone(MonoTime now) {
    std::vector<AddressAction> nobody_listens;
    watch({.claims = {claims_.begin(), claims_.end()}, .probes = {}}, now, nobody_listens);
}

void AddressWatch::ask_control(const std::string& interface, MonoTime now,
                               std::vector<AddressAction>& out) {
    // Windows of one interface that begin together ask once.
    const auto [it, fresh] = control_asked_.try_emplace(interface, now);
    if (!fresh && it->second == now) return;
    it->second = now;
    out.push_back(AskControl{interface});
}

void AddressWatch::begin_window(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    p.status.carrier = has_carrier(p.status.where.interface);
    p.status.crossed = false;
    p.sent = 0;
    p.whole = true;
    p.control = false;
    if (!p.status.carrier) {
        p.phase = Phase::kWaiting;
        p.next = kForever;
        return;
    }
    p.phase = Phase::kProbing;
    ask_control(p.status.where.interface, now, out);
    send_probe(p, now, out);
}

void AddressWatch::begin_anew(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    p.status.window_complete.reset();
    p.status.control_heard = false;
    begin_window(p, now, out);
    tell(p, now, out);
}

void AddressWatch::send_probe(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    out.push_back(SendArpProbe{p.status.where});
    ++p.sent;
    p.last_sent = now;
    p.next = now + interval_;
}

void AddressWatch::end_window(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    if (p.whole) {
        p.status.window_complete = now;
        p.status.control_heard = p.control;
    } else {
        p.status.window_complete.reset();
        p.status.control_heard = false;
    }
    tell(p, now, out);
    begin_window(p, now, out);
}

void AddressWatch::withdraw(Probe& p, Duration least, MonoTime now,
                            std::vector<AddressAction>& out) {
    p.status.window_complete.reset();
    p.status.control_heard = false;
    if (p.phase != Phase::kProbing) return;
    p.phase = Phase::kWaiting;
    const Duration back_off =
        static_cast<std::int64_t>(rank(self_)) * (window_ + 2 * probe_delay_bound(deadtime_));
    p.next = std::max(now + back_off, p.last_sent + least);
    tell(p, now, out);
}

void AddressWatch::tell(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    p.untold = false;
    p.told = now;
    out.push_back(p.status);
}

void AddressWatch::arp_for_claim(const PlacedAddress& where, const ArpSeen& arp, MonoTime now,
                                 std::vector<AddressAction>& out) {
    if (is_arp_probe(arp)) {
        if (arp.target == where.address)
            out.push_back(SendArpAnswer{where, arp.sender_mac, arp.sender});
        return;
    }
    if (arp.sender != where.address) return;
    announced_[where] = {now, arp.sender_mac};
    std::erase_if(conflicts_, [&](const auto& c) { return now - c.second >= deadtime_; });
    if (conflicts_.size() >= kConflicts) return;
    if (conflicts_.try_emplace({where, arp.sender_mac}, now).second)
        out.push_back(ipc::AddressConflict{where, arp.sender_mac});
}

void AddressWatch::arp_for_probe(Probe& p, const ArpSeen& arp, MonoTime now,
                                 std::vector<AddressAction>& out) {
    const bool answers = !is_arp_probe(arp) && arp.sender == p.status.where.address;
    const bool probes = is_arp_probe(arp) && arp.target == p.status.where.address;
    if (answers) {
        p.status.answered = now;
        p.status.by = arp.sender_mac;
        p.untold = true;  // told with the next step, unless we withdraw: a flood is one answer
    }
    if (probes) foreign_probes_[p.status.where] = {now, arp.sender_mac};
    // After an answer G8 waits for d anyway: once per window is often enough to ask a holder.
    // Rank 0 meets a foreign probe with its next one, at the time when it would have left.
    if ((answers || probes) && p.phase != Phase::kForgetting) {
        p.status.crossed = p.status.crossed || probes;  // an answer is a holder's, not a rival's
        withdraw(p, answers ? window_ : interval_, now, out);
    }
}

void AddressWatch::arp(const ArpSeen& arp, MonoTime now, std::vector<AddressAction>& out) {
    if (arp.from_this_host) return;
    control(arp.interface);
    // Which of our addresses the packet is about: at most two.
    std::set<IpAddress> about{arp.sender};
    if (is_arp_probe(arp)) about.insert(arp.target);
    for (const IpAddress& address : about) {
        const PlacedAddress where{address, arp.interface};
        if (claims_.contains(where)) {
            arp_for_claim(where, arp, now, out);
        } else if (const auto it = probes_.find(where); it != probes_.end()) {
            arp_for_probe(it->second, arp, now, out);
        }
    }
}

void AddressWatch::control(const std::string& interface) {
    for (auto& [where, probe] : probes_)
        if (where.interface == interface) probe.control = true;
}

void AddressWatch::carrier(const std::string& interface, bool carrier, MonoTime now,
                           std::vector<AddressAction>& out) {
    if (has_carrier(interface) == carrier) return;
    if (carrier)
        with_carrier_.insert(interface);
    else
        with_carrier_.erase(interface);
    for (auto& [where, probe] : probes_) {
        if (where.interface != interface || probe.phase == Phase::kForgetting) continue;
        begin_anew(probe, now, out);
    }
}

void AddressWatch::stood_still(MonoTime now, std::vector<AddressAction>& out) {
    for (auto& [where, probe] : probes_)
        if (probe.phase == Phase::kProbing) begin_anew(probe, now, out);
}

void AddressWatch::probe_failed(const PlacedAddress& where) {
    if (const auto it = probes_.find(where); it != probes_.end()) it->second.whole = false;
}

void AddressWatch::missed() {
    for (auto& [where, probe] : probes_)
        probe.whole = false;
}

void AddressWatch::step(Probe& p, MonoTime now, std::vector<AddressAction>& out) {
    if (p.untold && now >= p.told + interval_) tell(p, now, out);
    if (now < p.next) return;
    if (p.phase == Phase::kWaiting) {
        begin_window(p, now, out);
        tell(p, now, out);
    } else if (p.sent < kProbesPerWindow) {
        send_probe(p, now, out);
    } else {
        end_window(p, now, out);
    }
}

void AddressWatch::on_deadline(MonoTime now, std::vector<AddressAction>& out) {
    for (auto it = probes_.begin(); it != probes_.end();) {
        Probe& probe = it->second;
        if (probe.phase != Phase::kForgetting) {
            step(probe, now, out);
        } else if (!probe.status.answered || now - *probe.status.answered >= deadtime_) {
            it = probes_.erase(it);
            continue;
        }
        ++it;
    }
}

MonoTime AddressWatch::due(const Probe& p) const {
    if (p.phase == Phase::kForgetting)
        return p.status.answered ? *p.status.answered + deadtime_ : kForever;
    return p.untold ? std::min(p.next, p.told + interval_) : p.next;
}

MonoTime AddressWatch::next_deadline() const {
    MonoTime next = kForever;
    for (const auto& [where, probe] : probes_)
        next = std::min(next, due(probe));
    return next;
}

}  // namespace hb::comm
