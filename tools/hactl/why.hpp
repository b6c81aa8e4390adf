// `hactl why GROUP`: where a group is, since when, and what happened before that, in sentences.
// Pure, but for the command itself and the local time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/cluster_status.hpp"
#include "common/base/group_story.hpp"
#include "tools/control/exit_code.hpp"

namespace hb::hactl {

struct WhyOptions {
    std::string run_dir;
    GroupName group;
    bool json = false;
};
[[nodiscard]] control::ExitCode run_why(const WhyOptions& options);

// Since when it is where it is: a moment of the history; none: since before it begins.
[[nodiscard]] const GroupMoment* since(const GroupSummary& group, const GroupStory& story);

// `now_ns`: wall clock, since 1970, as all times of a story.
[[nodiscard]] std::string show_why(const ClusterStatus& status, const GroupSummary& group,
                                   const GroupStory& story, std::int64_t now_ns);
// docs/hactl-why-json.md
[[nodiscard]] std::string why_json(const ClusterStatus& status, const GroupSummary& group,
                                   const GroupStory& story, std::int64_t now_ns);

}  // namespace hb::hactl
