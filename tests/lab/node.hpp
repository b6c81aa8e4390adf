// One host of the lab: its own network, mounts, processes and name; two cables; a disk that
// outlives a power-off.
//
// It sees the machine's file system read-only, with /etc and /var of its own on top (kept on its
// disk) and an empty /run and /tmp at every boot. Nothing that runs inside survives the lab.
#pragma once

#include <csignal>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/init_link.hpp"
#include "tests/lab/net_namespace.hpp"
#include "tests/lab/node_cgroup.hpp"
#include "tests/lab/os.hpp"

namespace hb::lab {

class Lab;

enum class Cable { kService, kHeartbeat };  // eth0, eth1
enum class Carrier { kLost, kKept };        // how a cable is pulled
enum class Direction { kIn, kOut, kBoth };  // as the node sees it

[[nodiscard]] const char* interface_name(Cable cable);

// A program that was started in a node. What it says goes to the lab's log book.
class Process {
  public:
    [[nodiscard]] pid_t pid() const { return pid_; }  // as the node numbers it
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool has_ended() const;
    // Exit code, 128 + signal when killed; none while it runs.
    [[nodiscard]] std::optional<int> exit_code() const;
    [[nodiscard]] std::optional<LabTime> ended_at() const;

  private:
    friend class Node;
    pid_t pid_ = -1;
    std::string name_;
    mutable std::mutex mutex_;
    std::optional<int> exit_code_;
    LabTime ended_at_{};
};

struct RunningProcess {
    pid_t pid = 0;
    pid_t parent = 0;
    std::string name;
    char state = '?';
};

class Node {
  public:
    Node(Lab& lab, unsigned number);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    [[nodiscard]] unsigned number() const { return number_; }  // from 1
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string address(Cable cable) const;     // 10.77.0.N, 10.77.1.N
    [[nodiscard]] std::string address_v6(Cable cable) const;  // fd77::N, fd77:0:0:1::N
    [[nodiscard]] std::string mac(Cable cable) const;         // the same at every boot

    // --- power
    [[nodiscard]] bool is_on() const { return init_ != nullptr; }
    void boot();
    // Both cables go dead at one instant, then everything is killed: a dead host's kernel answers
    // nobody. Shared disks lose what was not written (shared_disk.hpp). Returns the instant at
    // which the cables went dead.
    LabTime power_off();

    // --- processes
    std::shared_ptr<Process> spawn(const Argv& argv, const std::string& name,
                                   const std::map<std::string, std::string>& env = {});
    // Runs a command to its end and returns what it printed, whatever its exit code.
    CommandResult run(const Argv& argv, Duration at_most = 30s,
                      const std::map<std::string, std::string>& env = {});
    void signal(const Process& process, int signal);
    // Every process of that name; answers how many there were.
    std::size_t signal(const std::string& name, int signal);
    std::size_t kill(const std::string& name) { return signal(name, SIGKILL); }
    // Every process of the node at one instant. The kernel goes on: it answers for its addresses.
    void kill_all();
    void freeze();
    void thaw();
    [[nodiscard]] std::vector<RunningProcess> processes();
    [[nodiscard]] std::optional<pid_t> pid_of(const std::string& name);
    bool wait_exit(const Process& process, Duration at_most);

    // --- cables and walls
    void pull(Cable cable, Carrier carrier);
    void plug(Cable cable);
    [[nodiscard]] bool is_pulled(Cable cable) const { return pulled_.contains(cable); }
    // Drops udp/694 (or another port) in the node's own packet filter.
    void block_heartbeats(Direction direction, unsigned port = 694);
    // Loses that share of what comes in on a cable, at random.
    void lose_packets(Cable cable, unsigned percent);
    void open_firewall();
    [[nodiscard]] bool holds(const std::string& address) const;  // the kernel, now

    // --- files: paths as the node sees them; below /etc or /var while it is off
    void write_file(const std::string& path, const std::string& content, unsigned mode = 0644);
    [[nodiscard]] std::string read_file(const std::string& path) const;
    void remove_file(const std::string& path);
    void make_link(const std::string& path, const std::string& to);

    [[nodiscard]] const NetNamespace& network() const;
    // Its control group, as the machine names it; empty: it has none of its own.
    [[nodiscard]] std::string cgroup() const { return cgroup_ ? cgroup_->path() : ""; }
    [[nodiscard]] pid_t init_pid() const;  // as the machine numbers it

  private:
    [[nodiscard]] std::string port(Cable cable) const;  // the switch's end
    [[nodiscard]] std::string host_path(const std::string& path) const;
    void connect();
    void on_exit(pid_t pid, int wait_status);
    InitLink& init() const;

    Lab& lab_;
    const unsigned number_;
    const std::string name_;
    unsigned boots_ = 0;
    std::unique_ptr<NodeCgroup> cgroup_;
    std::unique_ptr<InitLink> init_;
    std::unique_ptr<NetNamespace> network_;
    std::map<Cable, int> ports_;  // interface numbers in the switch
    std::map<Cable, Carrier> pulled_;
    mutable std::mutex mutex_;
    std::map<pid_t, std::shared_ptr<Process>> running_;
    std::map<pid_t, int> ended_;  // of those that are not in running_ (yet): wait status
};

}  // namespace hb::lab
