// What groups this host ran and runs: those that are in force, those that a reload or a start found
// taken out of haresources and that may still be here (retired), and what earlier ones of this life
// were made of. Keeps the groups file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/regroup.hpp"
#include "common/config/settings.hpp"
#include "daemons/hb-resource/ownership_core.hpp"

namespace hb::resource {

// What an earlier start or life has left behind: in the groups file, and in no group of `now`.
struct LeftBehind {
    std::vector<config::Group> to_stop;
    std::vector<config::Group> left_alone;  // in maintenance
};
[[nodiscard]] Result<LeftBehind> left_behind(const std::string& run_dir,
                                             const config::Settings& now, const Memory& memory);

class KnownGroups {
  public:
    // What has been left behind is retired. `problem()`: why that cannot be told; empty: it can.
    // Writes nothing.
    KnownGroups(std::string run_dir, const config::Settings& now);
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] std::vector<config::Group> retired() const;
    // Found at the start, in maintenance: nobody knows of it any more.
    [[nodiscard]] const std::vector<config::Group>& left_alone() const { return left_alone_; }

    // Writes the file. Before anything is done with other groups: so that it can be.
    [[nodiscard]] Result<void> write() const;
    // A reload: these groups are in force.
    void change(const config::Settings& to, const config::Regrouping& how);
    void released(const GroupName& group);
    // Nothing of any group is here any more.
    [[nodiscard]] Result<void> forget() const;

    // Why something of `fresh` may be in another group where a haresources of this fingerprint is
    // in force; empty: it is not.
    [[nodiscard]] std::string conflict(std::uint64_t haresources,
                                       const config::Settings& fresh) const;

  private:
    void enforce(const config::Settings& settings);

    std::string run_dir_;
    std::vector<std::string> nodes_;
    std::vector<config::Group> in_force_;
    std::map<GroupName, config::Group> retired_;
    std::vector<config::Group> left_alone_;
    std::map<std::uint64_t, config::Settings> had_;  // only their groups, by fingerprint
    std::string problem_;
};

}  // namespace hb::resource
