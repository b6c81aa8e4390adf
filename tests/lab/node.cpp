#include "tests/lab/node.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/lab/lab.hpp"

namespace hb::lab {

const char* interface_name(Cable cable) {
    return cable == Cable::kService ? "eth0" : "eth1";
}

// --- Process -------------------------------------------------------------------------------------

bool Process::has_ended() const {
    return exit_code().has_value();
}

std::optional<int> Process::exit_code() const {
    const std::lock_guard lock(mutex_);
    return exit_code_;
}

std::optional<LabTime> Process::ended_at() const {
    const std::lock_guard lock(mutex_);
    return exit_code_ ? std::optional(ended_at_) : std::nullopt;
}

// --- power ---------------------------------------------------------------------------------------

Node::Node(Lab& lab, unsigned number)
    : lab_(lab), number_(number), name_(fmt::format("node{}", number)) {
    // What the machine may have installed there is not the node's: nothing shines through.
    for (const char* own : {"/etc/ha.d", "/var/lib/ha-suite"}) {
        const std::string directory = name_ + own;
        lab_.vault().make_directory(directory);
        must(::setxattr(lab_.vault().path(directory).c_str(), "trusted.overlay.opaque", "y", 1, 0),
             directory);
    }
}

Node::~Node() {
    try {
        if (is_on()) power_off();
    } catch (const LabError& e) {
        fmt::print(stderr, "{}: {}\n", name_, e.what());
    }
}

std::string Node::address(Cable cable) const {
    return fmt::format("10.77.{}.{}", cable == Cable::kService ? 0 : 1, number_);
}

std::string Node::address_v6(Cable cable) const {
    return fmt::format("{}{}", cable == Cable::kService ? "fd77::" : "fd77:0:0:1::", number_);
}

std::string Node::mac(Cable cable) const {
    return fmt::format("02:00:0a:4d:{:02x}:{:02x}", cable == Cable::kService ? 0 : 1, number_);
}

std::string Node::port(Cable cable) const {
    return fmt::format("{}{}.{}", cable == Cable::kService ? 's' : 'h', number_, boots_);
}

InitLink& Node::init() const {
    if (!init_) throw LabError(name_ + " is off");
    return *init_;
}

const NetNamespace& Node::network() const {
    if (!network_) throw LabError(name_ + " is off");
    return *network_;
}

pid_t Node::init_pid() const {
    return init().pid();
}

void Node::boot() {
    if (is_on()) throw LabError(name_ + " is on already");
    ++boots_;
    std::string hosts;
    for (unsigned n = 1; n <= lab_.size(); ++n)
        hosts += fmt::format("10.77.0.{0} node{0}\n10.77.1.{0} node{0}-hb\n{1} node{0}-hb\n", n,
                             lab_.node(n).address_v6(Cable::kHeartbeat));
    if (lab_.has_cgroups()) cgroup_ = NodeCgroup::make(name_);
    const nlohmann::json spec = {{"name", name_},
                                 {"vault", Vault::mount_point()},
                                 {"disk", fmt::format("{}/{}", Vault::mount_point(), name_)},
                                 {"cgroup", cgroup_ != nullptr},
                                 {"hosts", hosts}};
    init_ = std::make_unique<InitLink>(lab_.pump(), lab_.wakeup(), lab_.vault(),
                                       cgroup_ ? cgroup_->fd() : -1, spec,
                                       [this](pid_t pid, int status) { on_exit(pid, status); });
    try {
        network_ = std::make_unique<NetNamespace>(init_->pid());
        init_->wait_ready();
        connect();
        for (const auto& disk : lab_.shared_disks())
            disk->node_boots(*this);
    } catch (...) {
        network_.reset();
        init_.reset();
        cgroup_.reset();
        throw;
    }
    lab_.log().write(name_, "powered on");
}

// Two virtual cables from the switch's bridges to eth0 and eth1.
void Node::connect() {
    lab_.addresses().node_boots(*this);
    for (const char* which : {"all", "default"})
        network().sysctl(fmt::format("ipv6/conf/{}/accept_dad", which), "0");
    std::string in_switch;
    std::string in_node = "link set lo up\n";
    for (const Cable cable : {Cable::kService, Cable::kHeartbeat}) {
        const char* interface = interface_name(cable);
        in_switch += fmt::format(
            "link add {0} type veth peer name {1} address {2} netns {3}\n"
            "link set {0} master {4} up\n",
            port(cable), interface, mac(cable), init().pid(), Lab::bridge(cable));
        in_node +=
            fmt::format("addr add {}/24 brd + dev {}\naddr add {}/64 dev {}\nlink set {} up\n",
                        address(cable), interface, address_v6(cable), interface, interface);
    }
    in_node += fmt::format("route add default via {}\n", Lab::kRouterAddress);
    lab_.switch_network().ip(in_switch);
    network().ip(in_node);
    for (const Cable cable : {Cable::kService, Cable::kHeartbeat})
        ports_[cable] = lab_.rtnl().index_of(port(cable));
}

LabTime Node::power_off() {
    init();
    lab_.rtnl().set_port_states({ports_.at(Cable::kHeartbeat), ports_.at(Cable::kService)},
                                PortState::kDisabled);
    const LabTime dead_at = LabClock::now();
    for (const auto& disk : lab_.shared_disks())
        disk->cut(*this);
    init_->kill();
    for (const auto& disk : lab_.shared_disks())
        disk->wait_released(*this);
    lab_.addresses().node_is_off(*this);
    lab_.log().write(name_, "powered off");
    network_.reset();
    init_.reset();
    cgroup_.reset();
    // The network namespace goes in the kernel's own time; the cables must not be in a next boot's
    // way.
    lab_.rtnl().delete_links({ports_.at(Cable::kHeartbeat), ports_.at(Cable::kService)});
    ports_.clear();
    pulled_.clear();
    const std::lock_guard lock(mutex_);
    for (const auto& [pid, process] : running_) {
        const std::lock_guard process_lock(process->mutex_);
        process->exit_code_ = 128 + SIGKILL;
        process->ended_at_ = LabClock::now();
    }
    running_.clear();
    ended_.clear();
    return dead_at;
}

// --- processes -----------------------------------------------------------------------------------

void Node::on_exit(pid_t pid, int wait_status) {
    std::shared_ptr<Process> process;
    {
        const std::lock_guard lock(mutex_);
        const auto found = running_.find(pid);
        if (found == running_.end()) {
            ended_[pid] = wait_status;
            return;
        }
        process = found->second;
        running_.erase(found);
        const std::lock_guard process_lock(process->mutex_);
        process->exit_code_ = exit_code_of(wait_status);
        process->ended_at_ = LabClock::now();
    }
    lab_.log().write(fmt::format("{} {}", name_, process->name()),
                     fmt::format("ended with exit code {}", exit_code_of(wait_status)));
}

std::shared_ptr<Process> Node::spawn(const Argv& argv, const std::string& name,
                                     const std::map<std::string, std::string>& env) {
    Pipe output = make_pipe();
    const Fd null(must(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null"));
    const nlohmann::json reply =
        init().request({{"op", "spawn"}, {"argv", argv}, {"env", env}},
                       {null.get(), output.write.get(), output.write.get()});
    auto process = std::make_shared<Process>();
    process->pid_ = reply.at("pid");
    process->name_ = name;
    {
        const std::lock_guard lock(mutex_);
        running_[process->pid_] = process;
    }
    // It may have ended while we were told its number.
    std::optional<int> early;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = ended_.find(process->pid_); found != ended_.end()) {
            early = found->second;
            ended_.erase(found);
        }
    }
    if (early) on_exit(process->pid_, *early);
    lab_.read_lines(std::move(output.read), fmt::format("{} {}", name_, name));
    return process;
}

CommandResult Node::run(const Argv& argv, Duration at_most,
                        const std::map<std::string, std::string>& env) {
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const Fd null(must(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null"));
    const nlohmann::json reply = init().request({{"op", "spawn"}, {"argv", argv}, {"env", env}},
                                                {null.get(), out.write.get(), err.write.get()});
    out.write.reset();
    err.write.reset();
    const pid_t pid = reply.at("pid");
    CommandResult result;
    const LabTime deadline = LabClock::now() + at_most;
    const auto drain = [](Fd& from, std::string& into) {
        char buffer[8192];
        const ssize_t n = ::read(from.get(), buffer, sizeof buffer);
        if (n > 0)
            into.append(buffer, static_cast<std::size_t>(n));
        else
            from.reset();
    };
    while ((out.read || err.read) && LabClock::now() < deadline) {
        pollfd polls[2] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
        ::poll(polls, 2, 100);
        if (polls[0].revents != 0) drain(out.read, result.out);
        if (polls[1].revents != 0) drain(err.read, result.err);
    }
    std::optional<int> status;
    lab_.wakeup().wait(deadline - LabClock::now(), [&] {
        const std::lock_guard lock(mutex_);
        if (const auto found = ended_.find(pid); found != ended_.end()) {
            status = found->second;
            ended_.erase(found);
        }
        return status.has_value();
    });
    if (!status) {
        init().request({{"op", "signal"}, {"pid", pid}, {"signal", SIGKILL}});
        throw LabError(fmt::format("{}: {}: no end within {} ms\n{}{}", name_, join(argv),
                                   to_ms(at_most), result.out, result.err));
    }
    result.exit_code = exit_code_of(*status);
    return result;
}

void Node::signal(const Process& process, int signal) {
    init().request({{"op", "signal"}, {"pid", process.pid()}, {"signal", signal}});
}

std::size_t Node::signal(const std::string& name, int signal) {
    return init().request({{"op", "signal"}, {"name", name}, {"signal", signal}}).at("pids").size();
}

void Node::kill_all() {
    init().request({{"op", "signal"}, {"signal", SIGKILL}});
}
void Node::freeze() {
    init().request({{"op", "signal"}, {"signal", SIGSTOP}});
}
void Node::thaw() {
    init().request({{"op", "signal"}, {"signal", SIGCONT}});
}

std::vector<RunningProcess> Node::processes() {
    std::vector<RunningProcess> all;
    const nlohmann::json reply = init().request({{"op", "list"}});
    for (const auto& p : reply.at("processes"))
        all.push_back(
            {p.at("pid"), p.at("parent"), p.at("name"), p.at("state").get<std::string>().front()});
    return all;
}

std::optional<pid_t> Node::pid_of(const std::string& name) {
    for (const RunningProcess& p : processes())
        if (p.name == name && p.state != 'Z') return p.pid;
    return std::nullopt;
}

bool Node::wait_exit(const Process& process, Duration at_most) {
    return lab_.wakeup().wait(at_most, [&] { return process.has_ended(); });
}

// --- cables and walls ----------------------------------------------------------------------------

void Node::pull(Cable cable, Carrier carrier) {
    init();
    if (carrier == Carrier::kLost)
        lab_.rtnl().set_up(ports_.at(cable), false);
    else
        lab_.rtnl().set_port_states({ports_.at(cable)}, PortState::kDisabled);
    pulled_[cable] = carrier;
    lab_.log().write(name_, fmt::format("{} pulled, carrier {}", interface_name(cable),
                                        carrier == Carrier::kLost ? "lost" : "kept"));
}

void Node::plug(Cable cable) {
    init();
    // A port that comes up forwards by itself; one that was up all the time has to be told.
    if (pulled_.contains(cable) && pulled_.at(cable) == Carrier::kLost)
        lab_.rtnl().set_up(ports_.at(cable), true);
    else
        lab_.rtnl().set_port_states({ports_.at(cable)}, PortState::kForwarding);
    pulled_.erase(cable);
    lab_.log().write(name_, fmt::format("{} plugged in", interface_name(cable)));
}

void Node::block_heartbeats(Direction direction, unsigned port) {
    std::string rules = "add table inet lab\n";
    for (const auto& [which, hook] :
         {std::pair{Direction::kIn, "input"}, std::pair{Direction::kOut, "output"}}) {
        if (direction != which && direction != Direction::kBoth) continue;
        rules += fmt::format(
            "add chain inet lab {0} {{ type filter hook {0} priority 0; }}\n"
            "add rule inet lab {0} udp dport {1} drop\n",
            hook, port);
    }
    network().run({"nft", "-f", "-"}, rules);
    lab_.log().write(name_, fmt::format("udp/{} blocked {}", port,
                                        direction == Direction::kIn    ? "inbound"
                                        : direction == Direction::kOut ? "outbound"
                                                                       : "both ways"));
}

void Node::lose_packets(Cable cable, unsigned percent) {
    network().run({"nft", "-f", "-"},
                  fmt::format("add table inet lab\n"
                              "add chain inet lab loss {{ type filter hook input priority -10; }}\n"
                              "add rule inet lab loss iifname {} numgen random mod 100 < {} drop\n",
                              interface_name(cable), percent));
    lab_.log().write(name_, fmt::format("{} loses {} %", interface_name(cable), percent));
}

void Node::open_firewall() {
    network().run({"nft", "-f", "-"}, "add table inet lab\ndelete table inet lab\n");
    lab_.log().write(name_, "firewall open");
}

bool Node::holds(const std::string& address) const {
    return lab_.addresses().holders(address).contains(number_);
}

// --- files ---------------------------------------------------------------------------------------

std::string Node::host_path(const std::string& path) const {
    if (init_) return fmt::format("/proc/{}/root{}", init_->pid(), path);
    if (!path.starts_with("/etc/") && !path.starts_with("/var/"))
        throw LabError(path + ": not on the disk of a node that is off");
    return lab_.vault().path(name_ + path);
}

void Node::write_file(const std::string& path, const std::string& content, unsigned mode) {
    const std::string target = host_path(path);
    std::filesystem::create_directories(std::filesystem::path(target).parent_path());
    const std::string fresh = target + ".new";
    {
        std::ofstream out(fresh, std::ios::trunc);
        if (!(out << content << std::flush)) throw LabError(path + ": cannot write");
    }
    must(::chmod(fresh.c_str(), mode), path);
    must(::rename(fresh.c_str(), target.c_str()), path);
}

std::string Node::read_file(const std::string& path) const {
    std::ifstream in(host_path(path));
    if (!in) throw LabError(path + ": cannot read");
    std::ostringstream content;
    content << in.rdbuf();
    return std::move(content).str();
}

void Node::remove_file(const std::string& path) {
    std::filesystem::remove(host_path(path));
}

void Node::make_link(const std::string& path, const std::string& to) {
    const std::filesystem::path target = host_path(path);
    std::filesystem::create_directories(target.parent_path());
    std::filesystem::create_symlink(to, target);
}

}  // namespace hb::lab
