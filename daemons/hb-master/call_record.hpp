// CallRecord: the agent calls that are running, in a file of the run-time directory, for the case
// that everything is killed at once: the next master ends what is left of them before it starts
// anything (docs/protocol.md, section 8: a call of a dead hb-resource must not go on beside a new
// one). The file is for processes that died, not for disks: it is never synced.
//
// A process group is known again by the start time of its leader, so a number that was used again
// meanwhile is left alone. A call's cgroup is its own by name, and what a finished call left
// running is not in it any more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/unique_fd.hpp"

namespace hb::master {

struct RecordedCall {
    int group = 0;
    std::uint64_t started = 0;  // of its leader, in clock ticks since boot
    std::string cgroup;         // its own, an absolute path; empty: none
    bool operator==(const RecordedCall&) const = default;
};

// The text of the file; lines that cannot be understood are skipped: they are of a crash.
[[nodiscard]] std::string to_text(const std::map<int, RecordedCall>& calls);
[[nodiscard]] std::vector<RecordedCall> parse_calls(std::string_view text);
// Field 22 of /proc/PID/stat; 0: cannot be told.
[[nodiscard]] std::uint64_t start_time_of(std::string_view stat);

class CallRecord {
  public:
    explicit CallRecord(const std::string& run_dir);

    // What the last run left, and still lives. A group of 0: only the cgroup is left of it.
    [[nodiscard]] std::vector<RecordedCall> left_over() const;
    void clear();
    void add(int group, std::string cgroup);
    void remove(int group);
    // Where it is; empty: no such call, or no cgroup.
    [[nodiscard]] std::string cgroup_of(int group) const;

  private:
    void write();

    runtime::UniqueFd file_;
    std::map<int, RecordedCall> calls_;
};

}  // namespace hb::master
