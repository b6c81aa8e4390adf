// Which nodes have a shared disk mounted, and whether two ever had it at once.
//
// Nobody is asked: the mount table of each node (that of its process 1) wakes the watch when it
// changes, and then all tables are read. Two nodes that have it are read again before they are
// called so: what is there before and after another table was read was there at that time. What
// comes and goes between the change and the reading leaves a trace only on the disk itself, which
// counts its mounts: SharedDisk::mounts_unseen(). (So does a mount(2) whose caller is killed in the
// middle of it: the file system was brought up, and taken down before any table had it.) Mounts in
// namespaces that services make for themselves are not seen.
//
// A node that loses its power has the disk until its kernel let go of it (SharedDisk says when).
#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/log_book.hpp"
#include "tests/lab/os.hpp"
#include "tests/lab/wakeup.hpp"

namespace hb::lab {

class Node;

struct DoubleMount {
    unsigned first = 0;
    unsigned second = 0;
    LabTime at;
};

class DiskWatch {
  public:
    // `devices`: all numbers by which the nodes know the disk.
    DiskWatch(std::string disk, std::set<dev_t> devices, LogBook& log, Wakeup& wakeup);
    ~DiskWatch();
    DiskWatch(const DiskWatch&) = delete;
    DiskWatch& operator=(const DiskWatch&) = delete;

    [[nodiscard]] std::set<unsigned> holders() const;
    [[nodiscard]] std::vector<DoubleMount> double_mounts() const;
    // Where it is mounted on a node, now.
    [[nodiscard]] std::vector<std::string> targets(unsigned node) const;
    // How often a node that did not have it mounted it.
    [[nodiscard]] std::size_t mounts() const;

    // Called by SharedDisk. node_dies() lets go of the node's mount table: an open one keeps what
    // is mounted.
    void node_boots(const Node& node);
    void node_dies(unsigned node);
    void node_is_gone(unsigned node);

  private:
    struct Mount {
        int id = 0;
        std::string target;
        auto operator<=>(const Mount&) const = default;
    };
    using Mounts = std::set<Mount>;
    void loop();
    void look();
    [[nodiscard]] Mounts read(const Fd& table) const;
    void judge(const std::map<unsigned, Mounts>& now);

    const std::string disk_;
    const std::set<dev_t> devices_;
    LogBook& log_;
    Wakeup& wakeup_;
    Fd stop_;
    Fd epoll_;
    mutable std::mutex mutex_;
    std::map<unsigned, Fd> tables_;
    std::map<unsigned, Mounts> held_;
    std::set<unsigned> dying_;
    std::set<std::pair<unsigned, unsigned>> both_;  // at this time
    std::vector<DoubleMount> doubles_;
    std::size_t mounts_ = 0;
    std::thread thread_;
};

}  // namespace hb::lab
