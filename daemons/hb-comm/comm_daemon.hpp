// CommDaemon: the shell around CommCore. Owns the sockets, the timer, the keys; hands every input
// to the core with the present time and carries out its actions in order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/rate_limiter.hpp"
#include "common/runtime/events.hpp"
#include "common/wire/key_ring.hpp"
#include "common/wire/reassembly.hpp"
#include "daemons/hb-comm/arp_socket.hpp"
#include "daemons/hb-comm/bad_frames.hpp"
#include "daemons/hb-comm/comm_core.hpp"
#include "daemons/hb-comm/interface_watch.hpp"
#include "daemons/hb-comm/medium.hpp"
#include "daemons/hb-comm/ndp_groups.hpp"
#include "daemons/hb-comm/ndp_socket.hpp"
#include "daemons/hb-comm/ping_hosts.hpp"
#include "daemons/hb-comm/serial_medium.hpp"
#include "daemons/skeleton/daemon_main.hpp"

namespace hb::comm {

class CommDaemon final : public skeleton::Daemon {
  public:
    // Throws std::runtime_error: no keys, no packet socket, no netlink.
    CommDaemon(skeleton::Host& host, const ipc::Setup& setup);

    void on_neighbour(ipc::Program neighbour) noexcept override;
    void on_message(ipc::Program from, std::string_view bytes) noexcept override;
    void on_neighbour_gone(ipc::Program neighbour) noexcept override;
    void on_gap(Duration gap) noexcept override;
    std::string prepare_settings(const ipc::Setup& fresh) noexcept override;
    void adopt_settings(const ipc::Setup& before) noexcept override;
    void on_line(const std::string& device, runtime::UniqueFd fd,
                 const std::string& problem) noexcept override;
    // hb-resource is letting go now, and peers have to hear of it: the last to leave is us.
    void on_master_gone(skeleton::Host& host) noexcept override;

  private:
    void leave_if_alone();
    // ---- inputs
    void feed(const CommInput& input);
    void deadline() noexcept;
    void datagrams(LinkId link, std::span<const Datagram> datagrams);
    // `from`: none over a serial line.
    void datagram(LinkId link, std::string_view bytes, std::optional<IpAddress> from);
    void old_heartbeat(LinkId link, std::string_view bytes, std::optional<IpAddress> from);
    void part(LinkId link, std::optional<IpAddress> from, wire::OpenedPart part);
    void arp(int interface, const wire::ArpPacket& packet);
    void ndp(int interface, const MacAddress& from, const wire::NdpPacket& packet);
    void listen_for(const ipc::Watch& watch);
    void ping_answered(const PingAsked& asked, int interface);
    void make_media(const config::Settings& settings);
    void make_line(LinkId link, const LinkPlan& plan, const config::Settings& settings);
    void open_media(const std::string& interface);
    void interface_changed(const std::string& interface);
    void bad_frame(LinkId link, const std::optional<IpAddress>& from, const std::string& why);
    void tell_bad_frames() noexcept;

    // ---- actions
    void carry_out_all();
    void carry_out(const SendFrame& action);
    void carry_out(const SendArpProbe& action);
    void carry_out(const SendArpAnswer& action);
    void carry_out(const AskControl& action);
    void carry_out(const SendPing& action);
    void carry_out(const RememberGeneration& action);
    void carry_out(const ipc::CommToMembership& action);
    void carry_out(const ipc::CommToResource& action);
    void carry_out(const Event& action);
    bool send_arp(const std::string& interface, const MacAddress& to,
                  const wire::ArpPacket& packet);
    bool send_ndp(const std::string& interface, const wire::NdpPacket& packet);
    bool send_probe(const PlacedAddress& where);
    void not_sent(const char* what, const std::string& interface, const Error& why);

    skeleton::Host& host_;
    const ipc::Setup& setup_;
    bool master_gone_ = false;
    NodeId self_;
    std::vector<std::string> node_names_;
    Session session_;
    wire::KeyRing keys_;
    wire::Reassembler reassembler_;
    std::vector<LinkPlan> plans_;
    DatagramReader reader_;
    const bool logs_bad_frames_;  // log_badpack
    BadFrames bad_frames_;
    log::RateLimiter probe_faults_;  // of ARP and NDP, by interface
    CommCore core_;
    std::vector<CommAction> actions_;
    bool carrying_out_ = false;
    std::vector<PlacedAddress> failed_probes_;
    runtime::Timer timer_;
    runtime::Timer bad_frames_timer_;
    InterfaceWatch interfaces_;
    ArpSocket arp_;
    NdpSocket ndp_;
    NdpGroups ndp_groups_;
    PingHosts pings_;
    std::map<LinkId, std::unique_ptr<Medium>> media_;
    std::map<LinkId, std::unique_ptr<SerialMedium>> lines_;
};

}  // namespace hb::comm
