// Every agent of hb-agent by the rules of OCF 1.1, called as any OCF tool calls it: by a link that
// is named like the type, with its parameters in the environment. In a mount, network and UTS
// namespace of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "common/config/built_in.hpp"
#include "daemons/hb-resource/agents/agent.hpp"

namespace hb::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr int kSuccess = 0;
constexpr int kNotImplemented = 3;
constexpr int kNotConfigured = 6;
constexpr int kNotRunning = 7;

struct Case {
    std::string type;
    std::map<std::string, std::string> parameters;  // @ is a directory of the test's own
    std::string required;                           // one that it cannot do without
    std::string prepare;                            // shell, in that directory
};

// Two ends of a cable, a default route.
constexpr const char* kNetwork =
    "ip link show rules0 2>/dev/null && exit 0; ip link add rules0 type veth peer name rules1; "
    "ip link set rules0 up; ip link set rules1 up; ip addr add 10.99.0.1/24 dev rules0; "
    "ip route add default via 10.99.0.254";

// One row for each agent.
const std::vector<Case> kCases = {
    {.type = "IPaddr",
     .parameters = {{"ip", "10.99.0.5"}, {"nic", "rules0:1"}, {"cidr_netmask", "255.255.255.0"}},
     .required = "ip",
     .prepare = kNetwork},
    {.type = "IPaddr2",
     .parameters = {{"ip", "fd99::5"}, {"nic", "rules0"}, {"cidr_netmask", "64"}},
     .required = "ip",
     .prepare = kNetwork},
    {.type = "IPv6addr",
     .parameters = {{"ipv6addr", "fd99::6/64"}, {"nic", "rules0"}},
     .required = "ipv6addr",
     .prepare = kNetwork},
    {.type = "IPsrcaddr",
     .parameters = {{"ipaddress", "10.99.0.1"}},
     .required = "ipaddress",
     .prepare = kNetwork},
    {.type = "SendArp",
     .parameters = {{"ip", "10.99.0.7"}, {"nic", "rules0"}},
     .required = "nic",
     .prepare = kNetwork},
    {.type = "Delay",
     .parameters = {{"startdelay", "0.1"}, {"stopdelay", "0"}},
     .required = "",
     .prepare = ""},
    {.type = "MailTo",
     .parameters = {{"email", "root"}, {"subject", "ocf rules"}},
     .required = "email",
     // A mail server that hangs, and a mailer that waits for it.
     .prepare = "mkdir bin; printf '#!/bin/sh\\ncat > %s/mail; exec sleep 5\\n' $PWD > "
                "bin/sendmail; chmod 755 bin/sendmail"},
    {.type = "Filesystem",
     .parameters = {{"device", "tmpfs"}, {"directory", "@/mnt"}, {"fstype", "tmpfs"}},
     .required = "directory",
     .prepare = ""},
};

struct Outcome {
    int code = -1;
    std::string output;
};

Outcome shell(const std::string& command) {
    Outcome result;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), n);
    const int status = pclose(pipe);
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

class OcfRules : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/hb-ocf-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        fs::create_symlink(HB_AGENT, dir_ / GetParam().type);
        const Outcome prepared = shell("cd " + dir_.string() + "; " + GetParam().prepare);
        ASSERT_EQ(prepared.code, 0) << prepared.output;
        parameters_ = GetParam().parameters;
        for (auto& [name, value] : parameters_)
            if (const std::size_t at = value.find('@'); at != std::string::npos)
                value.replace(at, 1, dir_.string());
    }
    void TearDown() override {
        if (!dir_.empty()) call("stop");
        fs::remove_all(dir_);
    }
    Outcome call(const std::string& action, const std::string& more = "") {
        std::string command = "env -i PATH=" + dir_.string() +
                              "/bin:/usr/sbin:/usr/bin:/sbin:/bin OCF_ROOT=/usr/lib/ocf "
                              "OCF_RESOURCE_INSTANCE=ocf-rules OCF_RESKEY_CRM_meta_timeout=20000 "
                              "OCF_RESKEY_CRM_meta_interval=10000 " +
                              more;
        for (const auto& [name, value] : parameters_)
            command += fmt::format(" 'OCF_RESKEY_{}={}'", name, value);
        return shell(fmt::format("{} {}/{} {}", command, dir_.string(), GetParam().type, action));
    }

    fs::path dir_;
    std::map<std::string, std::string> parameters_;
};

TEST_P(OcfRules, MetaDataIsXmlAndListsWhatIsAccepted) {
    const Outcome got = call("meta-data");
    EXPECT_EQ(got.code, kSuccess);
    std::ofstream(dir_ / "meta.xml") << got.output;
    const Outcome parsed = shell(
        "python3 -c 'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); "
        "print(r.get(\"name\"), *[p.get(\"name\") for p in r.iter(\"parameter\")], "
        "*[a.get(\"name\") for a in r.iter(\"action\")])' " +
        (dir_ / "meta.xml").string());
    ASSERT_EQ(parsed.code, 0) << parsed.output << got.output;
    std::string wanted = GetParam().type;
    for (const config::AgentParameter& p : config::find_built_in(GetParam().type)->parameters)
        wanted += " " + std::string(p.name);
    EXPECT_EQ(parsed.output, wanted + " start stop monitor validate-all meta-data\n");
    parameters_.clear();
    EXPECT_EQ(call("meta-data").code, kSuccess) << "needs no parameters";
    EXPECT_EQ(call("usage").code, kSuccess);
}

TEST_P(OcfRules, StartsStopsAndTellsWhichItIs) {
    EXPECT_EQ(call("validate-all").code, kSuccess) << call("validate-all").output;
    EXPECT_EQ(call("monitor").code, kNotRunning);
    EXPECT_EQ(call("monitor", "OCF_RESKEY_CRM_meta_interval=0").code, kNotRunning) << "a probe";
    EXPECT_EQ(call("stop").code, kSuccess) << "of what is stopped";
    const Outcome started = call("start");
    EXPECT_EQ(started.code, kSuccess) << started.output;
    EXPECT_EQ(call("monitor").code, kSuccess) << call("monitor").output;
    EXPECT_EQ(call("monitor", "OCF_RESKEY_CRM_meta_interval=0").code, kSuccess);
    EXPECT_EQ(call("status").code, kSuccess) << "another name for monitor";
    EXPECT_EQ(call("start").code, kSuccess) << "of what runs";
    EXPECT_EQ(call("monitor").code, kSuccess);
    const Outcome stopped = call("stop");
    EXPECT_EQ(stopped.code, kSuccess) << stopped.output;
    EXPECT_EQ(call("monitor").code, kNotRunning);
    EXPECT_EQ(call("stop").code, kSuccess);
    EXPECT_EQ(call("monitor").code, kNotRunning);
    EXPECT_EQ(call("start").code, kSuccess) << "again";
    EXPECT_EQ(call("stop").code, kSuccess);
}

TEST_P(OcfRules, RefusesWhatItCannotDoAndSaysWhy) {
    for (const char* action :
         {"promote", "demote", "notify", "migrate_to", "reload", "frobnicate"}) {
        const Outcome got = call(action);
        EXPECT_EQ(got.code, kNotImplemented) << action;
        EXPECT_THAT(got.output, HasSubstr("ocf-exit-reason:")) << action;
    }
    EXPECT_EQ(call("").code, 2) << "no action";
    EXPECT_EQ(call("start now").code, 2) << "two";
    if (GetParam().required.empty()) return;
    parameters_.erase(GetParam().required);
    for (const char* action : {"start", "stop", "monitor", "validate-all"}) {
        const Outcome got = call(action);
        EXPECT_EQ(got.code, kNotConfigured) << action;
        EXPECT_THAT(got.output,
                    MatchesRegex(fmt::format("(.|\n)*ocf-exit-reason:{} wants an? {}:(.|\n)*",
                                             GetParam().type, GetParam().required)))
            << action;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, OcfRules, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.type; });

Case mail_case() {
    return *std::ranges::find(kCases, std::string("MailTo"), &Case::type);
}

class MailTo : public OcfRules {};

TEST_P(MailTo, IsOnItsWayWhenTheCallIsOver) {
    const auto mail = [this] { return shell("cat " + (dir_ / "mail").string()).output; };
    const auto arrives = [&](const std::string& text) {
        for (int i = 0; i < 3000 && mail().find(text) == std::string::npos; i++)
            usleep(10'000);
        EXPECT_THAT(mail(), HasSubstr(text));
    };
    ASSERT_EQ(call("start").code, kSuccess);
    arrives("To: root\nSubject: ocf rules Takeover in progress at ");
    ASSERT_EQ(call("stop").code, kSuccess);
    arrives("Subject: ocf rules Migrating resource away at ");
    // Nobody to give a mail to: said, and no failure.
    fs::remove(dir_ / "bin/sendmail");
    for (const char* other : {"/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/mail"})
        if (access(other, X_OK) == 0) GTEST_SKIP() << other << " is here";
    const Outcome got = call("start");
    EXPECT_EQ(got.code, kSuccess);
    EXPECT_THAT(got.output, HasSubstr("neither sendmail nor mail"));
}

INSTANTIATE_TEST_SUITE_P(Alone, MailTo, testing::Values(mail_case()),
                         [](const auto& each) { return each.param.type; });

TEST(OcfTable, EveryAgentIsDescribedInstalledAndTestedHere) {
    std::set<std::string> tested;
    for (const Case& each : kCases)
        tested.insert(each.type);
    std::set<std::string> described;
    for (const config::BuiltInAgent* each : config::built_in_agents())
        described.insert(std::string(each->type));
    std::set<std::string> done;
    for (const Agent& each : agents())
        done.insert(std::string(each.type));
    std::set<std::string> installed;
    std::string names = HB_AGENT_TYPES;
    for (std::size_t end; (end = names.find(' ')) != std::string::npos; names.erase(0, end + 1))
        installed.insert(names.substr(0, end));
    EXPECT_EQ(described, done) << "common/config/built_in.cpp, agents/agents.cpp";
    EXPECT_EQ(installed, done) << "daemons/hb-resource/meson.build";
    EXPECT_EQ(tested, done) << "kCases";
}

}  // namespace
}  // namespace hb::agent

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        std::perror("skipped: no namespaces of our own");
        return 77;
    }
    return RUN_ALL_TESTS();
}
