// UnitAgent against a bus of the test's own, with a systemd that the test plays.
#include "daemons/hb-resource/unit_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/runtime/system_clock.hpp"

namespace hb::resource {
namespace {

using testing::HasSubstr;
using Outcome = OperationDone::Outcome;

constexpr const char* kBusPolicy = R"(<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=@DIR@</listen><policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow receive_sender="*" eavesdrop="true"/></policy></busconfig>)";

// good.service starts and stops; bad.service's jobs fail; slow.service's never end; missing.service
// is not there. A thread of its own.
class FakeSystemd {
  public:
    explicit FakeSystemd(const std::string& address) {
        EXPECT_GE(sd_bus_new(&bus_), 0);
        sd_bus_set_address(bus_, address.c_str());
        sd_bus_set_bus_client(bus_, 1);
        EXPECT_GE(sd_bus_start(bus_), 0);
        static const sd_bus_vtable manager[] = {
            SD_BUS_VTABLE_START(0),
            SD_BUS_METHOD("Subscribe", "", "", &FakeSystemd::nothing, 0),
            SD_BUS_METHOD("ResetFailedUnit", "s", "", &FakeSystemd::nothing, 0),
            SD_BUS_METHOD("LoadUnit", "s", "o", &FakeSystemd::load, 0),
            SD_BUS_METHOD("StartUnit", "ss", "o", &FakeSystemd::start, 0),
            SD_BUS_METHOD("StopUnit", "ss", "o", &FakeSystemd::stop, 0),
            SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
            SD_BUS_VTABLE_END};
        static const sd_bus_vtable unit[] = {
            SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("ActiveState", "s", &FakeSystemd::state, 0, 0),
            SD_BUS_VTABLE_END};
        EXPECT_GE(sd_bus_add_object_vtable(bus_, nullptr, kPath, "org.freedesktop.systemd1.Manager",
                                           manager, this),
                  0);
        EXPECT_GE(sd_bus_add_object_vtable(bus_, nullptr, "/org/freedesktop/systemd1/unit/good",
                                           "org.freedesktop.systemd1.Unit", unit, this),
                  0);
        EXPECT_GE(sd_bus_request_name(bus_, "org.freedesktop.systemd1", 0), 0);
        thread_ = std::thread([this] {
            while (!end_) {
                while (sd_bus_process(bus_, nullptr) > 0) {
                }
                sd_bus_wait(bus_, 20000);
            }
        });
    }
    ~FakeSystemd() {
        end_ = true;
        thread_.join();
        sd_bus_flush_close_unref(bus_);
    }
    std::atomic<bool> good_runs = false;

  private:
    static constexpr const char* kPath = "/org/freedesktop/systemd1";
    static int nothing(sd_bus_message* m, void*, sd_bus_error*) {
        return sd_bus_reply_method_return(m, "");
    }
    static int load(sd_bus_message* m, void*, sd_bus_error*) {
        return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/unit/good");
    }
    static int start(sd_bus_message* m, void* self, sd_bus_error* error) {
        return job(m, *static_cast<FakeSystemd*>(self), true, error);
    }
    static int stop(sd_bus_message* m, void* self, sd_bus_error* error) {
        return job(m, *static_cast<FakeSystemd*>(self), false, error);
    }
    static int job(sd_bus_message* m, FakeSystemd& self, bool start, sd_bus_error* error) {
        const char* name = nullptr;
        const char* mode = nullptr;
        sd_bus_message_read(m, "ss", &name, &mode);
        const std::string unit = name;
        if (unit == "missing.service")
            return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit",
                                    "Unit missing.service not found.");
        const std::string path = "/org/freedesktop/systemd1/job/" + std::to_string(++self.jobs_);
        sd_bus_reply_method_return(m, "o", path.c_str());
        if (unit == "slow.service") return 1;
        if (unit == "good.service") self.good_runs = start;
        sd_bus_emit_signal(self.bus_, kPath, "org.freedesktop.systemd1.Manager", "JobRemoved",
                           "uoss", self.jobs_, path.c_str(), name,
                           unit == "bad.service" ? "failed" : "done");
        return 1;
    }
    static int state(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                     void* self, sd_bus_error*) {
        return sd_bus_message_append(
            reply, "s", static_cast<FakeSystemd*>(self)->good_runs ? "active" : "inactive");
    }
    sd_bus* bus_ = nullptr;
    unsigned jobs_ = 0;
    std::atomic<bool> end_ = false;
    std::thread thread_;
};

class UnitAgentTest : public testing::Test {
  protected:
    void SetUp() override {
        if (access("/usr/bin/dbus-daemon", X_OK) != 0) GTEST_SKIP() << "no dbus-daemon here";
        std::string pattern = testing::TempDir() + "/hb-bus-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        std::string policy = kBusPolicy;
        policy.replace(policy.find("@DIR@"), 5, dir_);
        std::ofstream(dir_ / "bus.conf") << policy;
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        daemon_ = fork();
        if (daemon_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(ends[1], 1);
            execl("/usr/bin/dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile",
                  "--print-address=1", ("--config-file=" + (dir_ / "bus.conf").string()).c_str(),
                  nullptr);
            _exit(127);
        }
        close(ends[1]);
        for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';)
            address_ += c;
        close(ends[0]);
        ASSERT_FALSE(address_.empty());
        setenv("DBUS_SYSTEM_BUS_ADDRESS", address_.c_str(), 1);
        systemd_ = std::make_unique<FakeSystemd>(address_);
        open();
    }
    void TearDown() override {
        agent_.reset();
        systemd_.reset();
        end_bus();
        std::filesystem::remove_all(dir_);
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    }
    void open() {
        agent_ = std::make_unique<UnitAgent>(
            loop_, UnitAgent::Callbacks{
                       .on_done = [this](const OperationDone& d) noexcept { done_.push_back(d); },
                       .on_event = [this](const Event& e) noexcept { log_ += e.text + "\n"; }});
    }
    void end_bus() {
        if (daemon_ <= 0) return;
        kill(daemon_, SIGKILL);
        waitpid(daemon_, nullptr, 0);
        daemon_ = -1;
    }
    OperationDone call(Operation operation, const std::string& unit, Duration timeout = 20s) {
        agent_->run({.id = ++id_,
                     .operation = operation,
                     .unit = unit,
                     .word = unit,
                     .group = "g",
                     .timeout = timeout});
        EXPECT_TRUE(done_.empty()) << "answered inside run()";
        const MonoTime limit = runtime::now() + 30s;
        while (done_.empty() && runtime::now() < limit)
            loop_.poll();
        if (done_.empty()) {
            ADD_FAILURE() << "never answered";
            return {};
        }
        const OperationDone d = done_.front();
        done_.erase(done_.begin());
        EXPECT_EQ(d.id, id_);
        return d;
    }

    std::filesystem::path dir_;
    std::string address_;
    pid_t daemon_ = -1;
    runtime::EventLoop loop_;
    std::unique_ptr<FakeSystemd> systemd_;
    std::unique_ptr<UnitAgent> agent_;
    std::vector<OperationDone> done_;
    std::string log_;
    std::uint64_t id_ = 0;
};

TEST_F(UnitAgentTest, StartsAsksAndStopsAUnit) {
    EXPECT_EQ(call(Operation::kStatus, "good.service").outcome, Outcome::kNotRunning);
    EXPECT_EQ(call(Operation::kStart, "good.service").outcome, Outcome::kOk);
    EXPECT_TRUE(systemd_->good_runs);
    EXPECT_EQ(call(Operation::kStatus, "good.service").outcome, Outcome::kRunning);
    EXPECT_EQ(call(Operation::kStop, "good.service").outcome, Outcome::kOk);
    EXPECT_FALSE(systemd_->good_runs);
    EXPECT_THAT(log_, HasSubstr("Starting unit good.service\n"));
}

TEST_F(UnitAgentTest, SaysWhySystemdDidNotDoIt) {
    const OperationDone bad = call(Operation::kStart, "bad.service");
    EXPECT_EQ(bad.outcome, Outcome::kFailed);
    EXPECT_EQ(bad.detail, "systemd's job ended with 'failed'");
    EXPECT_THAT(log_, HasSubstr("start bad.service: systemd's job ended with 'failed'"));
    const OperationDone missing = call(Operation::kStart, "missing.service");
    EXPECT_EQ(missing.outcome, Outcome::kFailed);
    EXPECT_EQ(missing.detail, "Unit missing.service not found.");
    EXPECT_EQ(call(Operation::kStop, "missing.service").outcome, Outcome::kNotRunning);
}

TEST_F(UnitAgentTest, DoesNotWaitLongerThanItsDeadline) {
    EXPECT_EQ(call(Operation::kStart, "slow.service", 50ms).outcome, Outcome::kTimeout);
    EXPECT_EQ(call(Operation::kStart, "good.service").outcome, Outcome::kOk) << "and goes on";
}

TEST_F(UnitAgentTest, ABusThatGoesAwayFailsWhatIsUnderWay) {
    EXPECT_EQ(call(Operation::kStart, "good.service").outcome, Outcome::kOk);
    systemd_.reset();
    end_bus();
    const OperationDone gone = call(Operation::kStatus, "good.service");
    EXPECT_EQ(gone.outcome, Outcome::kFailed);
    const OperationDone none = call(Operation::kStart, "good.service");
    EXPECT_EQ(none.outcome, Outcome::kFailed);
    EXPECT_THAT(none.detail, HasSubstr("cannot reach systemd over the system bus"));
}

}  // namespace
}  // namespace hb::resource
