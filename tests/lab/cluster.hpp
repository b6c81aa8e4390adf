// The suite on the nodes of a lab: configured, started, watched.
//
// Waits are for what is seen: addresses in the kernels, what `hactl status` says, lines in the log.
// They end as soon as it is there; what does not come within a generous time throws WaitError with
// the state of everything.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/lab.hpp"

namespace hb::lab {

// What the three files say, where a test does not say otherwise.
struct ClusterConfig {
    struct Group {
        unsigned preferred = 1;
        std::string resources = "10.77.0.100/24/eth0";
    };

    unsigned nodes = 2;
    bool cgroups = true;  // the nodes have a control group hierarchy, where the machine has one
    std::string keepalive = "250ms";
    std::string deadtime = "1s";
    std::string initdead = "2s";
    std::vector<std::string> media = {"bcast eth1"};
    std::string auto_failback = "on";
    std::vector<std::string> more;  // further lines of ha.cf
    std::vector<Group> groups = {Group{}};
    std::map<std::string, std::string> master_environment;
    std::string authkeys = "auth 1\n1 sha1 a-key-of-the-lab\n";

    // When given, these are the files, and of the above only `nodes`, `groups` and `authkeys`
    // count.
    std::optional<std::string> ha_cf_text;
    std::optional<std::string> haresources_text;

    [[nodiscard]] std::string ha_cf() const;
    [[nodiscard]] std::string haresources() const;

    // ha.cf and haresources of a directory, for nodes named node1, node2, ...; its authkeys if it
    // has them, else a key of the lab's.
    [[nodiscard]] static ClusterConfig from_directory(const std::string& directory);
};

class WaitError : public LabError {
  public:
    using LabError::LabError;
};

class Cluster {
  public:
    static constexpr const char* kVip = "10.77.0.100";
    static constexpr const char* kVipV6 = "fd77::100";
    // What is only ever waited for when something is broken.
    static constexpr Duration kGenerous = 30s;

    // Writes the files of all nodes and boots those that are off. Starts nothing.
    explicit Cluster(Lab& lab, ClusterConfig config = {});

    [[nodiscard]] Lab& lab() { return lab_; }
    [[nodiscard]] Node& node(unsigned number) { return lab_.node(number); }
    [[nodiscard]] const ClusterConfig& config() const { return config_; }

    void write_config(unsigned node);  // all three files, as config() says

    // --- the suite on one node
    void start(unsigned node);
    void start_all();
    // SIGTERM to the master, as the service manager does it; returns its exit code.
    int stop(unsigned node);
    [[nodiscard]] bool is_running(unsigned node) const;
    // The master that was started last, also when it has ended.
    [[nodiscard]] const Process& master(unsigned node) const;

    // --- what it says
    CommandResult hactl(unsigned node, Argv arguments);
    // Nothing while the node does not answer.
    [[nodiscard]] std::optional<nlohmann::json> status(unsigned node);
    // Fields of status(): "active"; none when it cannot be said.
    [[nodiscard]] std::string node_status(unsigned asked, unsigned about);
    [[nodiscard]] nlohmann::json group(unsigned asked, const std::string& name);

    // --- waits
    void wait(const std::string& what, const std::function<bool()>& holds,
              Duration at_most = kGenerous);
    // `node`'s kernel, and no other, has the address.
    void wait_owner(unsigned node, const std::string& address = kVip);
    // Every node that runs the suite says that all of those are active.
    void wait_all_active();
    // wait_all_active(), and every address of the configuration is on its preferred node.
    void wait_settled();
    // A line of `node` from `mark` on; returns it.
    LogLine wait_log(unsigned node, const std::string& text, std::size_t mark = 0);

    // All addresses of the configuration, in order.
    [[nodiscard]] std::vector<std::string> addresses() const;

    // Everything that happened, for people.
    [[nodiscard]] std::string story();

  private:
    Lab& lab_;
    const ClusterConfig config_;
    std::map<unsigned, std::shared_ptr<Process>> masters_;
};

}  // namespace hb::lab
