// The contract of fence agents.
#include "daemons/hb-fence/agent_rules.hpp"

#include <gtest/gtest.h>

namespace hb::fence {
namespace {

using runtime::ExitStatus;

config::FenceDevice ipmi() {
    config::FenceDevice d;
    d.type = d.agent = "fence_ipmilan";
    d.targets = {{node_id(1), {}}, {node_id(2), "7"}};
    d.parameters = {{"ip", "10.0.0.2"}, {"username", "admin"}, {"password", "s3cret"}};
    return d;
}

TEST(AgentRules, parameters_come_as_lines) {
    const config::FenceDevice d = ipmi();
    EXPECT_EQ(agent_input(d, AgentAction::kOff, &d.targets[0], "node2"),
              "ip=10.0.0.2\nusername=admin\npassword=s3cret\naction=off\nnodename=node2\n");
    EXPECT_EQ(agent_input(d, AgentAction::kStatus, &d.targets[1], "node3"),
              "ip=10.0.0.2\nusername=admin\npassword=s3cret\naction=status\nnodename=node3\n"
              "plug=7\n");
    EXPECT_EQ(agent_input(d, AgentAction::kMonitor, nullptr, ""),
              "ip=10.0.0.2\nusername=admin\npassword=s3cret\naction=monitor\n");
}

TEST(AgentRules, off_is_what_the_status_says_in_words_and_by_its_code) {
    const auto of = [](AgentAction action, ExitStatus status, std::vector<std::string> lines) {
        return judge(action, status, lines);
    };
    EXPECT_EQ(of(AgentAction::kStatus, {.code = 2}, {"Status: OFF"}), Outcome::kOff);
    EXPECT_EQ(of(AgentAction::kStatus, {.code = 0}, {"Status: ON"}), Outcome::kDone);
    // An interpreter that does not find its script ends with 2 as well.
    EXPECT_EQ(of(AgentAction::kStatus, {.code = 2}, {"python3: can't open file"}),
              Outcome::kFailed);
    EXPECT_EQ(of(AgentAction::kStatus, {.code = 1}, {"Status: OFF"}), Outcome::kFailed);
    EXPECT_EQ(of(AgentAction::kStatus, {.code = 2, .timed_out = true}, {"Status: OFF"}),
              Outcome::kFailed);
    EXPECT_EQ(of(AgentAction::kStatus, {.signalled = true, .code = 2}, {"Status: OFF"}),
              Outcome::kFailed);
    EXPECT_EQ(of(AgentAction::kOff, {.code = 2}, {"Status: OFF"}), Outcome::kFailed);
    EXPECT_EQ(of(AgentAction::kOff, {.code = 0}, {"Success: Powered OFF"}), Outcome::kDone);
}

TEST(AgentRules, the_complaint_is_the_last_error) {
    EXPECT_EQ(
        complaint({.code = 1}, {"  from pipes import quote",
                                "2026-11-27 06:40:56,992 ERROR: Connection timed out", "", ""}),
        "Connection timed out");
    EXPECT_EQ(complaint({.code = 1}, {}), "exited with return code 1");
    EXPECT_EQ(complaint({.code = 127}, {"cannot execute fence_x: No such file or directory"}),
              "cannot execute fence_x: No such file or directory");
    EXPECT_EQ(complaint({.signalled = true, .code = 15, .timed_out = true}, {"x"}),
              "no answer within its time (fence_timeout)");
}

TEST(AgentRules, no_password_is_ever_shown) {
    EXPECT_EQ(without_secrets("ipmitool -U admin -P s3cret -H 10.0.0.2 (s3cret)", ipmi()),
              "ipmitool -U admin -P *** -H 10.0.0.2 (***)");
    config::FenceDevice star = ipmi();
    star.parameters = {{"password", "*"}};
    EXPECT_EQ(without_secrets("a * b", star), "a *** b");
}

}  // namespace
}  // namespace hb::fence
