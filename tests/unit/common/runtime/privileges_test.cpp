// Privileges are tried in a child process each, because they cannot be had back.
#include "common/runtime/privileges.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "common/runtime/channel.hpp"
#include "common/runtime/events.hpp"
#include "common/runtime/sanitized.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::runtime {
namespace {

constexpr uid_t kSomebody = 64321;

int status_in_child(const std::function<int()>& act) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(act());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
}

bool dies_of_seccomp(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

#define AS_ROOT() \
    if (::getuid() != 0) GTEST_SKIP() << "needs root"

PrivilegePlan somebody(SyscallProfile profile) {
    return {.identity = {.uid = kSomebody, .gid = kSomebody}, .profile = profile};
}

TEST(Privileges, DroppedForGood) {
    AS_ROOT();
    const int status = status_in_child([] {
        if (!drop_privileges(somebody(SyscallProfile::kNone))) return 1;
        if (::getuid() != kSomebody || ::getegid() != kSomebody) return 2;
        if (::setuid(0) == 0) return 3;
        if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 4;
        return ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? 0 : 5;
    });
    EXPECT_EQ(status, 0);
}

TEST(Privileges, WhatIsKeptWorksAndNothingElse) {
    AS_ROOT();
    const int status = status_in_child([] {
        PrivilegePlan plan = somebody(SyscallProfile::kNetwork);
        plan.capabilities = {CAP_NET_RAW};
        if (const auto done = drop_privileges(plan); !done) return 1;
        if (::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0) return 2;
        return 0;
    });
    EXPECT_EQ(status, 0);
}

TEST(Privileges, AskedForMoreThanThereIs) {
    AS_ROOT();
    const int status = status_in_child([] {
        if (!drop_privileges(somebody(SyscallProfile::kNone))) return 1;
        PrivilegePlan plan = somebody(SyscallProfile::kNone);
        plan.capabilities = {CAP_NET_ADMIN};
        const auto done = drop_privileges(plan);
        return !done && done.error().text.find("net_admin is not there") == 0 ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
}

TEST(SyscallFilter, ChannelsProfileRunsALoopAndChannels) {
    AS_ROOT();
    if (kSanitized) GTEST_SKIP() << "no filter in a sanitizer's build";
    const int status = status_in_child([] {
        EventLoop loop;
        if (!drop_privileges(somebody(SyscallProfile::kChannels))) return 1;
        Timer timer(loop, [&]() noexcept { loop.stop(); });
        timer.arm(now() + 1ms);
        loop.run();
        if (::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0) return 2;
        if (errno != EACCES) return 3;
        return 0;
    });
    EXPECT_EQ(status, 0);
}

TEST(SyscallFilter, WhatIsNotListedKills) {
    AS_ROOT();
    if (kSanitized) GTEST_SKIP() << "no filter in a sanitizer's build";
    for (const SyscallProfile profile : {SyscallProfile::kChannels, SyscallProfile::kNetwork}) {
        EXPECT_TRUE(dies_of_seccomp(status_in_child([&] {
            if (!drop_privileges(somebody(profile))) return 1;
            ::execl("/bin/true", "true", nullptr);
            return 2;
        })));
        EXPECT_TRUE(dies_of_seccomp(status_in_child([&] {
            if (!drop_privileges(somebody(profile))) return 1;
            return ::fork() >= 0 ? 2 : 3;
        })));
    }
    EXPECT_TRUE(dies_of_seccomp(status_in_child([] {
        if (!drop_privileges(somebody(SyscallProfile::kChannels))) return 1;
        ::socket(AF_INET, SOCK_DGRAM, 0);
        return 2;
    })));
}

TEST(SyscallFilter, AbortStillAborts) {
    AS_ROOT();
    if (kSanitized) GTEST_SKIP() << "no filter in a sanitizer's build";
    const int status = status_in_child([] {
        if (!drop_privileges(somebody(SyscallProfile::kChannels))) return 1;
        ::abort();
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(SyscallFilter, DebugNamesTheCall) {
    AS_ROOT();
    if (kSanitized) GTEST_SKIP() << "no filter in a sanitizer's build";
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int status = status_in_child([&] {
        ::dup2(ends[1], 2);
        PrivilegePlan plan = somebody(SyscallProfile::kChannels);
        plan.explain_denied = true;
        if (!drop_privileges(plan)) return 1;
        ::fork();
        return 2;
    });
    ::close(ends[1]);
    char text[200] = {};
    ASSERT_GT(::read(ends[0], text, sizeof text - 1), 0);
    ::close(ends[0]);
    EXPECT_EQ(WEXITSTATUS(status), 159);
    EXPECT_NE(std::string(text).find("(clone) is not in this daemon's list"), std::string::npos)
        << text;
}

// ---- the text of /proc/self/status

constexpr char kGood[] =
    "Name:\thb-comm\nUid:\t998\t998\t998\t998\nGid:\t997\t997\t997\t997\nGroups:\t \n"
    "CapInh:\t0000000000000000\nCapPrm:\t0000000000002000\nCapEff:\t0000000000002000\n"
    "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t0\n";

std::string changed(const std::string& from, const std::string& to) {
    std::string text = kGood;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(StatusText, EveryLineCounts) {
    const PrivilegePlan plan{.identity = {.uid = 998, .gid = 997}, .capabilities = {CAP_NET_RAW}};
    EXPECT_TRUE(check_status_text(kGood, plan));
    struct Row {
        const char* from;
        const char* to;
        const char* problem;
    };
    for (const Row& row :
         {Row{"Uid:\t998\t998\t998\t998", "Uid:\t998\t998\t0\t998", "Uid is 0, not 998"},
          Row{"Gid:\t997", "Gid:\t0", "Gid is 0, not 997"},
          Row{"Groups:\t ", "Groups:\t0 ", "still in group 0"},
          Row{"CapPrm:\t0000000000002000", "CapPrm:\t0000000000003000", "CapPrm is 3000, not 2000"},
          Row{"CapEff:\t0000000000002000", "CapEff:\t0", "CapEff is 0, not 2000"},
          Row{"CapBnd:\t0", "CapBnd:\t1", "CapBnd is 1000000000000000, not 0"},
          Row{"CapAmb:\t0000000000000000", "CapAmb:\t4", "CapAmb is 4, not 0"},
          Row{"NoNewPrivs:\t1", "NoNewPrivs:\t0", "NoNewPrivs is not set"},
          Row{"CapInh:", "CapXxx:", "CapInh cannot be read"},
          Row{"Uid:\t998\t998\t998\t998", "Uid:\t998", "Uid cannot be read"}}) {
        const auto checked = check_status_text(changed(row.from, row.to), plan);
        ASSERT_FALSE(checked) << row.to;
        EXPECT_EQ(checked.error().text, row.problem);
    }
    EXPECT_FALSE(check_status_text("", plan));
}

}  // namespace
}  // namespace hb::runtime
