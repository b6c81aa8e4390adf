// FenceCore: tries, levels, confirmations, humans, checks.
#include "daemons/hb-fence/fence_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/limits.hpp"

namespace hb::fence {
namespace {

using ipc::FencePhase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr NodeId kA = node_id(0), kB = node_id(1), kC = node_id(2);

config::FenceDevice device(const std::string& type, std::vector<NodeId> nodes, unsigned level = 1) {
    config::FenceDevice d;
    d.type = type;
    d.agent = type == "meatware" ? "" : type;
    for (const NodeId n : nodes)
        d.targets.push_back({n, {}});
    d.level = level;
    return d;
}

FenceSettings settings(std::vector<config::FenceDevice> devices) {
    FenceSettings s;
    s.self = kA;
    s.node_names = {"a", "b", "c"};
    s.fencing.devices = std::move(devices);
    s.fencing.check = {};
    return s;
}

class Scene {
  public:
    explicit Scene(FenceSettings s) : names_(devices(s)), core_(std::move(s), now_) {}

    void wish(std::vector<NodeId> nodes, Duration delay = {}, std::uint64_t generation = 7) {
        ipc::FenceWishes w;
        for (const NodeId n : nodes)
            w.wishes.push_back({n, generation, delay, "to take over g"});
        core_.handle(w, now_, out_);
    }
    void ask(ipc::FenceRequestKind kind, std::optional<NodeId> peer = {},
             std::uint64_t generation = 7) {
        core_.handle(ipc::FenceRequest{++id_, kind, peer, generation, "root (pid 1)"}, now_, out_);
    }
    void run(Duration d) {
        const MonoTime end = now_ + d;
        while (core_.next_deadline() <= end) {
            now_ = std::max(now_, core_.next_deadline());
            core_.on_deadline(now_, out_);
        }
        now_ = end;
    }
    // The call that runs: its device says.
    void answers(Outcome outcome, const std::string& text = "", std::size_t which = 0) {
        collect();
        seen_.clear();
        ASSERT_GT(running_.size(), which);
        const std::uint64_t call = running_.at(which);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
        core_.handle(CallDone{call, outcome, text}, now_, out_);
    }
    // "ipmi off b", "kill", of all since the last question.
    std::vector<std::string> calls() {
        collect();
        return std::exchange(seen_, {});
    }
    std::optional<ipc::FenceState> state() {
        collect();
        return state_;
    }
    std::optional<ipc::FenceAnswer> answer() {
        collect();
        return std::exchange(answer_, std::nullopt);
    }
    std::vector<std::string> events() {
        collect();
        return std::exchange(events_, {});
    }
    std::string trouble() {
        collect();
        return trouble_;
    }
    [[nodiscard]] MonoTime now() const { return now_; }
    FenceCore& core() { return core_; }
    std::vector<FenceOutput>& out() { return out_; }

  private:
    static std::vector<std::string> devices(const FenceSettings& s) {
        std::vector<std::string> names;
        for (const auto& d : s.fencing.devices)
            names.push_back(d.type);
        return names;
    }
    void collect() {
        for (const FenceOutput& o : std::exchange(out_, {})) {
            if (const auto* r = std::get_if<RunAgent>(&o)) {
                running_.push_back(r->call);
                seen_.push_back(names_[r->device] + " " + to_string(r->action) +
                                (r->target ? std::string(" ") + "abc"[rank(*r->target)] : ""));
            }
            if (std::holds_alternative<KillAgent>(o)) seen_.push_back("kill");
            if (const auto* s = std::get_if<ipc::FenceState>(&o)) state_ = *s;
            if (const auto* a = std::get_if<ipc::FenceAnswer>(&o)) answer_ = *a;
            if (const auto* t = std::get_if<ipc::FenceDeviceTrouble>(&o)) trouble_ = t->text;
            if (const auto* e = std::get_if<Event>(&o)) events_.push_back(e->id + ": " + e->text);
        }
    }

    MonoTime now_ = MonoTime(1h);
    std::vector<std::string> names_;
    FenceCore core_;
    std::vector<FenceOutput> out_;
    std::vector<std::uint64_t> running_;
    std::vector<std::string> seen_;
    std::vector<std::string> events_;
    std::optional<ipc::FenceState> state_;
    std::optional<ipc::FenceAnswer> answer_;
    std::string trouble_;
    std::uint64_t id_ = 0;
};

TEST(FenceCore, off_then_status_and_only_the_status_confirms) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    EXPECT_THAT(s.calls(), ElementsAre("ipmi off b"));
    s.answers(Outcome::kDone);
    EXPECT_EQ(s.state()->phase, FencePhase::kTrying) << "off alone confirms nothing";
    EXPECT_THAT(s.calls(), ElementsAre("ipmi status b"));
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
    EXPECT_EQ(s.state()->generation, 7U);
    EXPECT_EQ(s.state()->text, "ipmi");
    s.run(10min);
    EXPECT_THAT(s.calls(), IsEmpty());
}

TEST(FenceCore, a_failed_off_is_confirmed_all_the_same_when_the_status_says_off) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    s.answers(Outcome::kFailed, "Connection timed out");
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
}

TEST(FenceCore, still_on_after_off_is_a_failure) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    s.answers(Outcome::kDone);
    s.answers(Outcome::kDone);
    EXPECT_EQ(s.state()->phase, FencePhase::kWaiting);
    EXPECT_EQ(s.state()->failed, 1U);
    EXPECT_EQ(s.state()->text, "ipmi: it is still on after it was switched off");
}

TEST(FenceCore, tries_go_on_without_end_with_growing_pauses) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    std::vector<Duration> pauses;
    for (int n = 0; n < 8; n++) {
        s.answers(Outcome::kFailed, "Connection timed out");
        s.answers(Outcome::kFailed, "Connection timed out");
        const MonoTime failed = s.now();
        s.calls();
        while (s.calls().empty())
            s.run(1s);
        pauses.push_back(s.now() - failed);
    }
    EXPECT_THAT(pauses, ElementsAre(5s, 10s, 20s, 40s, 60s, 60s, 60s, 60s));
    EXPECT_EQ(s.state()->failed, 8U);
    EXPECT_EQ(s.state()->text, "ipmi: Connection timed out");
}

TEST(FenceCore, levels_are_tried_from_the_lowest) {
    Scene s(settings({device("pdu", {kB}, 2), device("ipmi", {kB}, 1)}));
    s.wish({kB});
    s.answers(Outcome::kFailed, "x");
    s.answers(Outcome::kFailed, "x");
    EXPECT_THAT(s.calls(), ElementsAre("pdu off b"));
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
    EXPECT_EQ(s.state()->text, "pdu");
}

TEST(FenceCore, all_devices_of_a_level_have_to_confirm) {
    Scene s(settings({device("left", {kB}), device("right", {kB})}));
    s.wish({kB});
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kTrying);
    EXPECT_THAT(s.calls(), ElementsAre("right off b"));
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
}

TEST(FenceCore, the_longest_delay_counts) {
    config::FenceDevice slow = device("ipmi", {kB});
    slow.delay = 10s;
    Scene s(settings({slow}));
    s.wish({kB}, 4s);
    EXPECT_EQ(s.state()->phase, FencePhase::kWaiting);
    s.run(9s);
    EXPECT_THAT(s.calls(), IsEmpty());
    s.run(1s);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi off b"));
}

TEST(FenceCore, who_returns_is_left_alone) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    EXPECT_THAT(s.calls(), ElementsAre("ipmi off b"));
    s.wish({});
    EXPECT_THAT(s.calls(), ElementsAre("kill"));
    s.answers(Outcome::kFailed, "killed");
    s.run(10min);
    EXPECT_THAT(s.calls(), IsEmpty());
}

TEST(FenceCore, a_wish_for_another_life_begins_anew) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    s.wish({kB}, {}, 8);
    s.answers(Outcome::kFailed, "killed");
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->generation, 8U);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
}

TEST(FenceCore, asked_twice_is_harmless_and_answered) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    s.calls();
    s.wish({kB});
    EXPECT_THAT(s.calls(), IsEmpty());
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    s.state();
    s.wish({kB});
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
}

TEST(FenceCore, a_device_has_one_call_at_a_time) {
    Scene s(settings({device("pdu", {kB, kC})}));
    s.wish({kB, kC});
    EXPECT_THAT(s.calls(), ElementsAre("pdu off b"));
    s.answers(Outcome::kDone);
    EXPECT_THAT(s.calls(), ElementsAre("pdu status b"));
    s.answers(Outcome::kOff);
    EXPECT_THAT(s.calls(), ElementsAre("pdu off c"));
}

TEST(FenceCore, a_human_is_asked_once_and_confirms) {
    Scene s(settings({device("meatware", {kB})}));
    s.wish({kB});
    EXPECT_THAT(s.state()->text, HasSubstr("waiting for a human: hactl fence confirm b"));
    EXPECT_THAT(s.events(), testing::Contains(HasSubstr("OPERATOR INTERVENTION REQUIRED")));
    s.run(10min);
    EXPECT_THAT(s.events(), IsEmpty());
    s.ask(ipc::FenceRequestKind::kConfirm, kB);
    EXPECT_TRUE(s.answer()->ok);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
    EXPECT_EQ(s.state()->text, "a human, root (pid 1)");
}

TEST(FenceCore, a_human_behind_a_device_that_fails) {
    Scene s(settings({device("ipmi", {kB}, 1), device("meatware", {kB}, 2)}));
    s.wish({kB});
    s.answers(Outcome::kFailed, "x");
    s.answers(Outcome::kFailed, "x");
    s.calls();
    s.run(5s);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi off b")) << "the device may work again";
    s.ask(ipc::FenceRequestKind::kConfirm, kB);
    EXPECT_THAT(s.calls(), ElementsAre("kill"));
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
}

TEST(FenceCore, nobody_confirms_what_nobody_waits_for) {
    Scene s(settings({device("meatware", {kB})}));
    s.ask(ipc::FenceRequestKind::kConfirm, kB);
    EXPECT_FALSE(s.answer()->ok);
    s.wish({kB});
    s.ask(ipc::FenceRequestKind::kConfirm, kB, 6);
    EXPECT_FALSE(s.answer()->ok) << "of an older life";
    s.ask(ipc::FenceRequestKind::kConfirm, kA);
    EXPECT_FALSE(s.answer()->ok) << "of itself";
}

TEST(FenceCore, a_reboot_switches_on_after_the_confirmation) {
    FenceSettings set = settings({device("ipmi", {kB})});
    set.fencing.action = config::FenceAction::kReboot;
    Scene s(set);
    s.wish({kB});
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    EXPECT_EQ(s.state()->phase, FencePhase::kConfirmed);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi on b"));
    s.wish({});
    EXPECT_THAT(s.calls(), IsEmpty()) << "it goes on";
    s.answers(Outcome::kDone);
    EXPECT_THAT(s.events(), testing::Contains(HasSubstr("switched on again")));
}

TEST(FenceCore, a_test_asks_every_device_for_its_status) {
    Scene s(settings({device("ipmi", {kB}, 1), device("pdu", {kB}, 2)}));
    s.ask(ipc::FenceRequestKind::kTest, kB);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi status b"));
    s.answers(Outcome::kDone);
    EXPECT_THAT(s.calls(), ElementsAre("pdu status b"));
    s.answers(Outcome::kFailed, "Unable to connect");
    const auto answer = s.answer();
    EXPECT_FALSE(answer->ok);
    EXPECT_EQ(answer->text, "ipmi: on; pdu: Unable to connect");
}

TEST(FenceCore, devices_are_checked_and_trouble_is_told_once) {
    FenceSettings set = settings({device("ipmi", {kB})});
    set.fencing.check = 1h;
    Scene s(set);
    s.run(2s);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi monitor"));
    s.answers(Outcome::kFailed, "Unable to connect/login to fencing device");
    EXPECT_EQ(s.trouble(), "ipmi (for b): Unable to connect/login to fencing device");
    EXPECT_THAT(s.events(), ElementsAre(HasSubstr("not operational!")));
    s.run(60s);
    EXPECT_THAT(s.calls(), ElementsAre("ipmi monitor"));
    s.answers(Outcome::kFailed, "x");
    EXPECT_THAT(s.events(), IsEmpty());
    s.run(60s);
    s.answers(Outcome::kDone);
    EXPECT_EQ(s.trouble(), "");
    EXPECT_THAT(s.events(), ElementsAre(HasSubstr("answers")));
    s.calls();
    s.run(59min);
    EXPECT_THAT(s.calls(), IsEmpty());
}

TEST(FenceCore, a_check_gives_way_to_a_fencing) {
    FenceSettings set = settings({device("ipmi", {kB})});
    set.fencing.check = 1h;
    Scene s(set);
    s.run(2s);
    s.calls();
    s.wish({kB});
    EXPECT_THAT(s.calls(), ElementsAre("kill"));
    s.answers(Outcome::kFailed, "killed");
    EXPECT_THAT(s.calls(), ElementsAre("ipmi off b"));
    EXPECT_EQ(s.trouble(), "");
}

TEST(FenceCore, history_is_newest_first_and_bounded) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    for (int n = 0; n < 150; n++) {
        s.answers(Outcome::kFailed, "x");
        s.answers(Outcome::kFailed, "x");
        s.run(60s);
    }
    s.answers(Outcome::kDone);
    s.answers(Outcome::kOff);
    s.run(3s);
    s.ask(ipc::FenceRequestKind::kHistory);
    const auto answer = s.answer();
    ASSERT_EQ(answer->history.size(), limits::kFenceRecords);
    EXPECT_TRUE(answer->history[0].ok);
    EXPECT_EQ(answer->history[0].ago, 3s);
    EXPECT_FALSE(answer->history[1].ok);
}

TEST(FenceCore, a_new_hb_resource_is_told_everything) {
    Scene s(settings({device("ipmi", {kB})}));
    s.wish({kB});
    s.calls();
    std::vector<FenceOutput> out;
    s.core().greet(out);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(std::get<ipc::FenceState>(out[0]).peer, kB);
}

}  // namespace
}  // namespace hb::fence
