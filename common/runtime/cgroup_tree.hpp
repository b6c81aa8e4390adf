// Where in the control groups the suite's children live: below the group that hb-master itself is
// in (a systemd unit's own, delegated subtree),
//
//   ha-suite/call-N      one resource operation that is under way
//   ha-suite/group-NAME  what finished operations of a group left running: its services
//
// hb-master makes the tree and says where it is; hb-resource makes what is in it. Both use the
// names of this file. A suite with another run-time directory has a tree of another name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace hb::runtime {

inline constexpr const char* kUsualRunDir = "/run/ha-suite";

// The tree of this process, made if it is not there. The error says why there is none.
[[nodiscard]] Result<std::string> make_cgroup_tree(std::string_view run_dir);

// Pure. "/x/unit/.control" is where systemd runs ExecStopPost= beside a delegated subtree: the tree
// is the unit's.
[[nodiscard]] std::string cgroup_tree_below(std::string_view own_directory,
                                            std::string_view run_dir);
[[nodiscard]] std::string call_cgroup(const std::string& tree, std::uint32_t call);
// Those that are there, in no order.
[[nodiscard]] std::vector<std::string> call_cgroups(const std::string& tree);
// Any name becomes one that a directory may have; different names never become the same.
[[nodiscard]] std::string group_cgroup(const std::string& tree, std::string_view group);

// Removes what is empty of it, and then itself.
void tidy_cgroup_tree(const std::string& tree);

}  // namespace hb::runtime
