// What cl_status answers: Heartbeat's words and exit codes, from the status of this suite. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/cluster_status.hpp"
#include "tools/control/client.hpp"

namespace hb::heartbeat {

enum class ClCode : int {
    kOk = 0,
    kFail = 1,  // stopped, dead, offline, not set
    kJoin = 2,  // of a client; never here
    kParameter = 11,
    kTimeout = 12,
    kUnknown = 13,
};

struct Reply {
    ClCode code = ClCode::kOk;
    std::string out;  // standard output
    std::string err;  // standard error
    bool operator==(const Reply&) const = default;
};

struct Question {
    std::string command;
    bool human = false;    // -m
    bool verbose = false;  // -v
    bool only_pings = false;
    bool only_nodes = false;
    std::vector<std::string> words;
    std::string parameter;  // -p
    std::string wrong;      // the options are; what to say
};

[[nodiscard]] const char* cl_status_help();
[[nodiscard]] bool is_command(const std::string& word);
// Without the name of the program. The first word is a command.
[[nodiscard]] Question parse_question(const std::vector<std::string>& words);

// The directive of the running suite that the answer needs; empty: none.
[[nodiscard]] std::string needed_parameter(const Question& question);
[[nodiscard]] Reply answer(const Question& question, const ClusterStatus& status,
                           const std::optional<std::string>& parameter);
// The suite did not answer.
[[nodiscard]] Reply answer(const Question& question, const control::Trouble& trouble);

// none, local, foreign, all or transition: what this node really runs.
[[nodiscard]] std::string holdings(const ClusterStatus& status);

}  // namespace hb::heartbeat
