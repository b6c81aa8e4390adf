// Watched addresses: claims are defended, probes ask the network who answers (G8, G9, L7).
//
// A claim answers every ARP (IPv6: NDP) probe for its address. A probed address is asked for in
// windows of kProbesPerWindow probes; a window is quiet when all of them left, the interface kept
// its carrier, all that came was read, and nobody answered or probed too. An interface has carrier
// when that was told. An answer is any packet whose sender address is ours to take, from a MAC that
// is not this host's. Whoever hears an answer or a foreign probe while it only probes withdraws and
// asks again after rank x (W + 2D) (G9); a claim never withdraws.
//
// A foreign *probe* makes us withdraw but is no answer that G8 remembers for d: two nodes that
// probe would otherwise keep each other waiting for ever. For the same reason a node that only
// probes answers nobody. Who announces what we claim has answered, too, should we ask for it within
// d. No foreign probe is lost by that: each one makes us withdraw, or meets our
// claim; and one that came just before the claim is answered when the claim comes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/ipc/comm_resource.hpp"
#include "common/base/time.hpp"
#include "daemons/hb-comm/comm_core.hpp"

namespace hb::comm {

using AddressAction =
    std::variant<SendArpProbe, SendArpAnswer, AskControl, ipc::ProbeStatus, ipc::AddressConflict>;

class AddressWatch {
  public:
    AddressWatch(NodeId self, Duration deadtime);

    void watch(const ipc::Watch& wish, MonoTime now, std::vector<AddressAction>& out);
    // Windows begin anew, as long as it says; what was answered is remembered for the longest that
    // there was.
    void set_deadtime(Duration deadtime, MonoTime now, std::vector<AddressAction>& out);
    // Nobody listens: probes end, claims and what was answered stay.
    void resource_gone(MonoTime now);
    void arp(const ArpSeen& arp, MonoTime now, std::vector<AddressAction>& out);
    void control(const std::string& interface);
    // Is it claimed, or asked for?
    [[nodiscard]] bool knows(const PlacedAddress& where) const {
        return claims_.contains(where) || probes_.contains(where);
    }
    void carrier(const std::string& interface, bool carrier, MonoTime now,
                 std::vector<AddressAction>& out);
    void probe_failed(const PlacedAddress& where);
    // Packets came that nobody read: one of them may have been an answer.
    void missed();
    // What was asked before may have been answered into nothing: windows begin anew.
    void stood_still(MonoTime now, std::vector<AddressAction>& out);

    void on_deadline(MonoTime now, std::vector<AddressAction>& out);
    [[nodiscard]] MonoTime next_deadline() const;

  private:
    // More distinct conflicts than this within d are one flood.
    static constexpr std::size_t kConflicts = 64;

    enum class Phase : std::uint8_t {
        kForgetting,  // not asked for any more; remembers its answer for d
        kWaiting,     // for carrier, or (withdrawn) for its time
        kProbing,
    };
    struct Probe {
        Phase phase = Phase::kWaiting;
        MonoTime next = kForever;  // when the next probe, window or try begins
        unsigned sent = 0;         // of this window
        bool whole = true;         // all probes left, and all that came was read
        MonoTime last_sent = kNever;
        bool control = false;
        ipc::ProbeStatus status;
        bool untold = false;  // changed since it was told
        MonoTime told = kNever;
    };
    struct Heard {
        MonoTime when{};
        MacAddress by;
    };

    void begin_window(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    // As begin_window(), and what is known of quiet windows is void.
    void begin_anew(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    void send_probe(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    void end_window(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    // Asks again no sooner than `least` after the last probe.
    void withdraw(Probe& p, Duration least, MonoTime now, std::vector<AddressAction>& out);
    void step(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    void tell(Probe& p, MonoTime now, std::vector<AddressAction>& out);
    void ask_control(const std::string& interface, MonoTime now, std::vector<AddressAction>& out);
    void arp_for_claim(const PlacedAddress& where, const ArpSeen& arp, MonoTime now,
                       std::vector<AddressAction>& out);
    void arp_for_probe(Probe& p, const ArpSeen& arp, MonoTime now, std::vector<AddressAction>& out);
    [[nodiscard]] bool has_carrier(const std::string& interface) const {
        return with_carrier_.contains(interface);
    }
    [[nodiscard]] MonoTime due(const Probe& p) const;

    NodeId self_;
    Duration deadtime_;  // the longest that there was
    Duration window_;
    Duration interval_;
    std::set<PlacedAddress> claims_;
    std::map<PlacedAddress, Probe> probes_;
    std::map<PlacedAddress, Heard> foreign_probes_;  // of probed addresses, newest
    std::map<PlacedAddress, Heard> announced_;       // of claimed addresses, newest, for d
    std::set<std::string> with_carrier_;             // interfaces
    std::map<std::string, MonoTime> control_asked_;
    std::map<std::pair<PlacedAddress, MacAddress>, MonoTime> conflicts_;  // when told
};

}  // namespace hb::comm
