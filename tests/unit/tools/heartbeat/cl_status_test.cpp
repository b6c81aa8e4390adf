// Words and exit codes are Heartbeat's, to the letter.
#include "tools/heartbeat/cl_status.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/tools/control/scene.hpp"

namespace hb::heartbeat {
namespace {

using control::kA;
using control::kB;
using control::two_nodes;

std::vector<std::string> split(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

// node1 and node2 with eth0 (up) and eth1 (dead), 10.0.0.254 answers, far-router does not.
const std::map<std::string, std::string> kParameters = {
    {"hbversion", "0.1.0 (ha-suite)"},
    {"respawn", "root /usr/bin/thing a\thacluster /usr/lib64/heartbeat/ipfail"},
    {"deadtime", "10"},
};

Reply ask(const std::string& line, const ClusterStatus& status = two_nodes()) {
    const Question question = parse_question(split(line));
    std::optional<std::string> value;
    if (const auto it = kParameters.find(needed_parameter(question)); it != kParameters.end())
        value = it->second;
    return answer(question, status, value);
}

TEST(ClStatus, AnswersToTheLetter) {
    struct Case {
        const char* line;
        int code;
        const char* out;
        const char* err;
    };
    const char* const no_node = "Error. May be due to incorrect node name\n";
    for (const auto& [line, code, out, err] : {
             Case{"hbstatus", 0, "Heartbeat is running on this machine.\n", ""},
             Case{"hbstatus -m", 0, "Heartbeat is running on this machine.\n", ""},
             Case{"listnodes", 0, "far-router\n10.0.0.254\nnode2\nnode1\n", ""},
             Case{"listnodes -p", 0, "far-router\n10.0.0.254\n", ""},
             Case{"listnodes -n", 0, "node2\nnode1\n", ""},
             Case{"listnodes -n -p", 0, "far-router\n10.0.0.254\nnode2\nnode1\n", ""},
             Case{"listnodes -mn", 0, "The nodes are as follow:\nnode2\nnode1\n", ""},
             Case{"nodestatus node1", 0, "active\n", ""},
             Case{"nodestatus NODE2", 0, "active\n", ""},
             Case{"nodestatus -m node1", 0, "The cluster node node1 is active\n", ""},
             Case{"nodestatus node1 -m", 0, "The cluster node node1 is active\n", ""},
             Case{"nodestatus 10.0.0.254", 0, "ping\n", ""},
             Case{"nodestatus far-router", 1, "dead\n", ""},
             Case{"nodestatus node3", 11, "", no_node},
             Case{"nodestatus", 11, "", "Not enough parameters.\n"},
             Case{"nodetype node2", 0, "normal\n", ""},
             Case{"nodetype -m 10.0.0.254", 0, "The node 10.0.0.254's type: ping\n", ""},
             Case{"nodetype node3", 11, "", no_node},
             Case{"nodetype", 11, "", "No enough parameter.\n"},
             Case{"nodeweight node1", 0, "100\n", ""},
             Case{"nodeweight -m node1", 0, "The weight of the cluster node node1 is 100\n", ""},
             Case{"nodesite node1", 0, "\n", ""},
             Case{"nodesite node3", 11, "", no_node},
             Case{"listhblinks node2", 0, "\teth0\n\teth1\n", ""},
             Case{"listhblinks -v node2", 0, "\teth0\tup\n\teth1\tdead\n", ""},
             Case{"listhblinks -v node1", 0, "\teth0\tup\n\teth1\tup\n", ""},
             Case{"listhblinks -m node2", 0,
                  "\tthis node has the following heartbeat links:\n\teth0\n\teth1\n", ""},
             Case{"listhblinks 10.0.0.254", 0, "\t10.0.0.254\n", ""},
             Case{"listhblinks node3", 13, "",
                  "cl_status: ERROR: Cannot start heartbeat link interface walk.\n"
                  "cl_status: ERROR: REASON: no node is named node3\n"},
             Case{"hblinkstatus node2 eth0", 0, "up\n", ""},
             Case{"hblinkstatus node2 eth1", 1, "dead\n", ""},
             Case{"hblinkstatus -m node2 eth0", 0, "The node node2's heartbeat link eth0 is up\n",
                  ""},
             Case{"hblinkstatus node2 eth7", 13, "",
                  "cl_status: ERROR: Cannot get heartbeat link status\n"
                  "cl_status: ERROR: REASON: node2 has no link eth7\n"},
             Case{"hblinkstatus node2", 11, "", "No enough parameter.\n"},
             Case{"clientstatus node1 ipfail", 0, "online\n", ""},
             Case{"clientstatus node2 ipfail 1000", 0, "online\n", ""},
             Case{"clientstatus node2 dopd", 1, "offline\n", ""},
             Case{"clientstatus 10.0.0.254 ipfail", 1, "offline\n", ""},
             Case{"clientstatus node3 ipfail", 13, "",
                  "cl_status: ERROR: Cannot get heartbeat client ipfail's status\n"
                  "cl_status: ERROR: REASON: no node is named node3\n"},
             Case{"rscstatus", 0, "transition\n", ""},
             Case{"rscstatus -m", 0, "This node is holding transition resources.\n", ""},
             Case{"hbparameter -p deadtime", 0, "10\n", ""},
             Case{"parameter -p deadtime", 0, "10\n", ""},
             Case{"hbparameter -m -p deadtime", 0, "Heartbeat parameter deadtime's value: 10\n",
                  ""},
             Case{"hbparameter -p logfile", 1, "",
                  "cl_status: ERROR: Cannot get parameter logfile's value\n"
                  "cl_status: ERROR: REASON: it is not given, and has no default\n"},
             Case{"hbparameter", 11, "", "ERROR: parameter name required\n"},
         })
        EXPECT_EQ(ask(line), (Reply{static_cast<ClCode>(code), out, err})) << line;
    EXPECT_EQ(ask("nodestatus -x node1").code, ClCode::kParameter);
}

TEST(ClStatus, Verbose) {
    const std::string list =
        "\nfar-router\tdead\t(nodetype: ping)\n\tfar-router\tdead\n"
        "\n10.0.0.254\tping\t(nodetype: ping)\n\t10.0.0.254\tup\n"
        "\nnode2\tactive\t(nodetype: normal)\n\teth0\tup\n\teth1\tdead\n"
        "\nnode1\tactive\t(nodetype: normal)\n\teth0\tup\n\teth1\tup\n";
    EXPECT_EQ(ask("listnodes -v").out, list);
    EXPECT_EQ(ask("hbstatus -v").out,
              "version:\t0.1.0 (ha-suite)\nmanaged by:\t\"haresources\"\n" + list);
    EXPECT_TRUE(
        ask("hbstatus -mv")
            .out.starts_with(
                "Heartbeat version 0.1.0 (ha-suite)\nResources controlled by \"haresources\"\n"));
}

TEST(ClStatus, OfADeadNode) {
    ClusterStatus status = two_nodes();
    status.nodes[1].status = NodeStatus::kDead;
    EXPECT_EQ(ask("nodestatus node2", status), (Reply{ClCode::kFail, "dead\n", ""}));
    EXPECT_EQ(ask("clientstatus node2 ipfail", status), (Reply{ClCode::kFail, "offline\n", ""}));
    status.nodes[1].links[1].fault = ipc::LinkFault::kNoCarrier;
    EXPECT_EQ(ask("hblinkstatus node1 eth1", status), (Reply{ClCode::kFail, "dead\n", ""}));
}

TEST(ClStatus, OfASuiteThatDoesNotAnswer) {
    using control::ExitCode;
    using control::Trouble;
    const Trouble stopped{.code = ExitCode::kNotRunning, .text = "nobody listens"};
    const Trouble denied{.code = ExitCode::kNotRunning, .text = "not you", .denied = true};
    const Trouble silent{.code = ExitCode::kLost, .text = "no word"};
    const auto of = [](const std::string& line, const Trouble& trouble) {
        return answer(parse_question(split(line)), trouble);
    };
    EXPECT_EQ(of("hbstatus", stopped),
              (Reply{ClCode::kFail, "Heartbeat is stopped on this machine.\n", ""}));
    EXPECT_EQ(
        of("hbstatus -v", stopped),
        (Reply{ClCode::kFail, "Heartbeat is stopped on this machine.\n(nobody listens)\n", ""}));
    EXPECT_EQ(of("hbstatus", denied),
              (Reply{ClCode::kOk,
                     "Heartbeat is apparently running on this machine, but refuses my "
                     "connection\n",
                     ""}));
    EXPECT_EQ(of("hbstatus", silent).code, ClCode::kTimeout);
    // Also when the question is wrong: Heartbeat signed on first.
    for (const char* line : {"listnodes", "nodestatus node1", "nodestatus", "rscstatus",
                             "hbparameter -p deadtime", "hblinkstatus node1 eth0"}) {
        EXPECT_EQ(of(line, stopped), (Reply{ClCode::kFail, "",
                                            "cl_status: ERROR: Cannot signon with heartbeat\n"
                                            "cl_status: ERROR: REASON: nobody listens\n"}))
            << line;
        EXPECT_EQ(of(line, denied).code, ClCode::kFail) << line;
        EXPECT_EQ(of(line, silent).code, ClCode::kTimeout) << line;
    }
}

// Two groups prefer node1 (which is asked), one prefers node2.
TEST(Holdings, AreWhatRunsHere) {
    struct Case {
        const char* where;  // per group: 1, 2, - (nowhere), > (starting), f (failed here)
        const char* word;
    };
    for (const auto& [where, word] : {
             Case{"112", "local"},
             Case{"111", "all"},
             Case{"222", "none"},
             Case{"221", "foreign"},
             Case{"---", "none"},
             Case{"11-", "local"},
             Case{"1-2", "local"},    // what is held entirely: nothing; what is held: local ones
             Case{"121", "foreign"},  // all of the foreign ones, not all of the local ones
             Case{"11f", "all"},      // what could not be stopped is still held
             Case{"11>", "transition"},
             Case{"22>", "transition"},
         }) {
        ClusterStatus status = two_nodes();
        status.groups.clear();
        for (std::size_t i = 0; i < 3; i++) {
            GroupSummary& g = status.groups.emplace_back();
            g.name = std::to_string(i);
            g.preferred = i < 2 ? kA : kB;
            g.by_node = {{kA, GroupState::kStopped}, {kB, GroupState::kStopped}};
            g.state = GroupState::kStopped;
            if (where[i] == '-') continue;
            g.owner = where[i] == '2' ? kB : kA;
            g.state = where[i] == '>'   ? GroupState::kStarting
                      : where[i] == 'f' ? GroupState::kFailed
                                        : GroupState::kRunning;
            g.by_node[*g.owner] = g.state;
        }
        EXPECT_EQ(holdings(status), word) << where;
    }
    ClusterStatus status = two_nodes();
    status.groups[1].owner.reset();  // nobody is to run it
    EXPECT_EQ(holdings(status), "local");
    status.view.reset();
    EXPECT_EQ(holdings(status), "transition");
    status = two_nodes();
    status.groups.clear();
    EXPECT_EQ(holdings(status), "none");
}

}  // namespace
}  // namespace hb::heartbeat
