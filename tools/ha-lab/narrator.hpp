// Tells a story of the lab: prints what is done and what the nodes say meanwhile, with the time
// since the last thing done, and judges it. What a step has to keep is said after it: how long the
// client may miss the address, that nothing moves, which lines tell why. Two owners are judged at
// the end, over the whole story.
//
// A line that does not come, or a state, throws WaitError after a generous time. An outage beyond
// its promise is kept apart from everything else that is broken: other work on the machine can be
// the cause of that, and of nothing else here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.hpp"
#include "tests/lab/arp_watch.hpp"
#include "tests/lab/cluster.hpp"
#include "tests/lab/probe.hpp"
#include "tests/lab/watchdog_stand_in.hpp"

namespace hb::lab {

class Narrator {
  public:
    Narrator(Lab& lab, Cluster& cluster);

    // --- the beginning
    // Starts the suite on these nodes (on all of them) and waits until they have what is theirs;
    // then a client asks the address every millisecond.
    void begin(const std::vector<unsigned>& nodes = {});
    // A watchdog device for a node that is on; again after each boot.
    void give_watchdog(unsigned node);
    // An address that the story brings: two owners of it are judged, too.
    void judge_too(const std::string& address) { more_addresses_.push_back(address); }
    [[nodiscard]] bool watchdog_ran_off(unsigned node) const { return dogs_.at(node)->expired(); }
    void take_watchdog(unsigned node) { dogs_.erase(node); }

    // --- what is done: the log from here on belongs to it
    void step(const std::string& what);

    // --- what has to come of it
    void wait_owner(unsigned node);
    void says(unsigned node, const std::string& text);
    void outage_at_most(Duration promised);
    void nothing_moved();  // and the client missed nothing
    // Since that place in the record of addresses, whatever the client missed meanwhile.
    void nothing_moved_since(std::size_t mark);
    // Lets time pass in which nothing should happen.
    void watch(Duration how_long);

    void show_status(unsigned node);

    // --- the end
    enum class Verdict { kKept, kLate, kBroken };  // kLate: only outages were longer than promised
    Verdict end();

    [[nodiscard]] Lab& lab() { return lab_; }
    [[nodiscard]] Cluster& cluster() { return cluster_; }
    [[nodiscard]] Node& node(unsigned n) { return lab_.node(n); }
    [[nodiscard]] const config::Settings& settings() const { return settings_; }
    // As somebody else sees it: "held by" this one.
    [[nodiscard]] std::string mac(unsigned n) { return node(n).mac(Cable::kService); }

  private:
    struct Deed {
        std::string what;
        std::optional<Duration> outage;
        Duration promised{};
        bool late = false;
        std::optional<bool> stayed;
        std::vector<std::string> broken;
        std::size_t lines = 0;  // that had to be there, and were
    };
    void tell_log();
    void print_deed(const Deed& deed) const;

    Lab& lab_;
    Cluster& cluster_;
    const config::Settings settings_;
    const std::string vip_;
    std::vector<std::string> more_addresses_;
    LabTime at_ = LabClock::now();
    std::size_t told_ = 0;      // of the log
    std::size_t log_mark_ = 0;  // where the step began
    std::size_t addresses_mark_ = 0;
    std::vector<Deed> deeds_;
    std::map<unsigned, std::unique_ptr<WatchdogStandIn>> dogs_;
    std::unique_ptr<ArpWatch> arp_;
    std::unique_ptr<Probe> probe_;
};

}  // namespace hb::lab
