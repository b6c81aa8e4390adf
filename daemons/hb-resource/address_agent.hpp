// AddressAgent: the built-in agent behind IPaddr, IPaddr2 and IPv6addr. Pure: it decides which
// addresses to add and delete, a netlink socket carries that out and reports what the kernel says.
//
// The kernel is the truth. Status answers from the kernel's table; an address that is there already
// is started, one that is not there is stopped. Requests go out without waiting for each other
// (AddressBatches paces them). Every operation is answered once, at its deadline at the latest.
//
// What is started is *held*: if it goes away without us it is put back, at once and then, should
// that repeat, after growing pauses. When the kernel takes the secondary addresses of a subnet
// along with the primary one that we delete (promote_secondaries off), they are put back too,
// whosever they are.
//
// An IPv6 address is added without duplicate address detection (whose it is the cluster settled,
// and a second of waiting would be an outage) and deprecated, so that nobody's outgoing traffic
// begins with it unasked (docs/decisions). One whose detection is under way or failed was not
// added by us: it is replaced. The kernel takes IPv6 addresses off a link that is set down; they
// are put back when it is up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/event.hpp"
#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/config/address_spec.hpp"
#include "daemons/hb-resource/findif.hpp"
#include "daemons/hb-resource/group_runner.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::resource {

struct AddressOperation {
    std::uint64_t id = 0;  // the caller's; unique among those not answered yet
    Operation operation{};
    config::AddressSpec spec;
    MonoTime deadline = kForever;
};

// ---- actions

struct AddressRequest {  // answered by AddressAgent::answered with the same number
    std::uint32_t request = 0;
    enum class What : std::uint8_t { kAdd, kDelete } what{};
    KernelAddress address;
};
struct AddressDone {
    std::uint64_t id = 0;
    OperationDone::Outcome outcome{};
    std::string detail;
};
struct Announce {  // tell the network that the address is here; again: from the beginning
    IpAddress address;
    int link = 0;
    MacAddress mac;
};
struct StopAnnouncing {
    IpAddress address;
};
using AddressAction = std::variant<AddressRequest, AddressDone, Announce, StopAnnouncing, Event>;

class AddressAgent {
  public:
    using Out = std::vector<AddressAction>;

    void run(const AddressOperation& operation, MonoTime now, Out& out);
    // The group of this address runs (as was found by asking): hold it from now on.
    void hold(const config::AddressSpec& spec, MonoTime now, Out& out);
    // It is not held any more: whoever removes it may do so. It stays as it is.
    void let_be(const config::AddressSpec& spec) { held_.erase(spec.address); }
    void announce(const config::AddressSpec& spec, Out& out);
    // What announce() says; nothing where the address is not, or cannot be announced.
    [[nodiscard]] std::vector<Announce> announcements(const config::AddressSpec& spec) const;

    // What the kernel reported. Reports are to be handed in before answers that came after them.
    void handle(const KernelUpdate& update, MonoTime now, Out& out);
    // `error`: 0 or an errno.
    void answered(std::uint32_t request, int error, MonoTime now, Out& out);
    // The answers to these were lost: the table, once synced again, tells what became of them.
    void answers_lost(const std::set<std::uint32_t>& requests, MonoTime now, Out& out);

    void on_deadline(MonoTime now, Out& out);
    [[nodiscard]] MonoTime next_deadline() const;  // kForever: none

    // Something was asked of the kernel, and not answered yet.
    [[nodiscard]] bool busy() const { return !requests_.empty(); }
    // Where the address is, or would be put.
    [[nodiscard]] Result<PlacedAddress> place(const config::AddressSpec& spec) const;
    [[nodiscard]] const KernelTable& kernel() const { return kernel_; }

  private:
    struct Call {
        AddressOperation operation;
        std::size_t outstanding = 0;  // requests
        std::string problem;          // of the first request that failed
    };
    struct Request {
        AddressRequest::What what{};
        KernelAddress address;
        std::set<std::uint64_t> calls;  // waiting for it
        std::string restored;           // not empty: it is put back, and why
        bool gone = false;              // reported gone since it was asked for
        Level level = Level::kWarn;     // to say that at
        unsigned tries = 1;
    };
    struct Held {
        config::AddressSpec spec;
        unsigned restored = 0;  // in a row
        MonoTime restored_at = kNever;
        std::optional<MonoTime> restore_at;  // planned
        std::optional<KernelAddress> lost;   // as it was
        std::string problem;                 // why it could not be put back, as logged last
        bool link_was_down = false;          // it waited for that
    };
    struct Bystander {  // may go with the primary that this request deletes
        std::uint32_t request = 0;
        IpAddress primary;
    };
    using Bystanders = std::map<KernelAddress::Key, Bystander>;

    void begin(Call call, Out& out);
    void begin_start(Call call, Out& out);
    void begin_stop(Call call, Out& out);
    void begin_status(Call call, Out& out);
    void finish_status(const Call& call, Out& out);
    void finish(const Call& call, OperationDone::Outcome outcome, std::string detail, Out& out);
    void finish_start(const Call& call, const std::vector<KernelAddress>& where, Out& out);
    [[nodiscard]] std::optional<Announce> announcement_of(const KernelAddress& where) const;
    void announce_at(const KernelAddress& where, Out& out);
    std::uint32_t send(Request request, Out& out);
    void settle(const Request& request, int error, MonoTime now, Out& out);
    void settle_call(Call call, const Request& request, Out& out);
    void settle_restore(const Request& request, int error, MonoTime now, Out& out);
    void now_synced(MonoTime now, Out& out);
    void vanished(const KernelAddress& address, MonoTime now, Out& out);
    void link_changed(const std::optional<KernelLink>& before, const KernelLink& after,
                      MonoTime now, Out& out);
    void plan_restore(Held& held, const std::optional<KernelAddress>& lost, MonoTime now, Out& out);
    void restore(Held& held, MonoTime now, Out& out);
    void wait_for_link(Held& held, const KernelLink& link, MonoTime now, Out& out);
    void detection_failed(const KernelAddress& address, Out& out);
    void note_gone(const KernelAddress::Key& key);
    void forget_under_way(std::uint32_t number, const KernelAddress::Key& key);
    void forget_bystanders(std::uint32_t request);
    // What the kernel will have when everything under way is done.
    [[nodiscard]] std::vector<KernelAddress> expected(const IpAddress& address) const;
    [[nodiscard]] const Request* newest_under_way(const KernelAddress::Key& key) const;
    [[nodiscard]] KernelAddress placed(const config::AddressSpec& spec,
                                       const FoundInterface& placement);
    [[nodiscard]] std::string choose_label(const config::AddressSpec& spec,
                                           const FoundInterface& placement);
    [[nodiscard]] std::string link_name(int index) const;

    KernelTable kernel_;
    std::map<std::uint64_t, Call> calls_;    // with requests under way
    std::map<std::uint64_t, Call> unbegun_;  // waiting for the kernel's table to be synced
    std::map<std::uint32_t, Request> requests_;
    std::map<KernelAddress::Key, std::set<std::uint32_t>> under_way_;  // requests, by address
    std::map<IpAddress, Held> held_;
    Bystanders bystanders_;
    // The same by request: a thousand answers do not search a thousand of them each.
    std::map<std::uint32_t, std::vector<KernelAddress::Key>> bystanders_of_;
    std::vector<std::pair<Request, int>> unjudged_;  // answered, but the table must say more
    std::uint32_t next_request_ = 1;
    std::set<int> down_;  // links that took addresses along, said so

    // Numbers N of labels ethX:N in use on one link, for as long as the table does not change.
    struct LabelNumbers {
        std::uint64_t version = 0;
        std::set<unsigned> used;
        unsigned next = 0;  // none below is free
    };
    std::map<int, LabelNumbers> label_numbers_;
};

}  // namespace hb::resource
