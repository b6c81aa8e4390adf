#include "tests/unit/daemons/hb-resource/address_scene.hpp"

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(AddressAgentTest, StartsAndStopsAnAddress) {
    const auto start = run(Operation::kStart, spec("10.0.0.5"));
    EXPECT_EQ(outcome(start), "none");
    settle();
    EXPECT_EQ(outcome(start), "ok");
    ASSERT_EQ(kernel_.addresses.size(), 1U);
    EXPECT_EQ(kernel_.addresses[0].label, "eth0:0");
    EXPECT_EQ(kernel_.addresses[0].broadcast, ip("10.0.0.255"));
    EXPECT_THAT(announced_, ElementsAre("10.0.0.5"));

    EXPECT_EQ(outcome(run(Operation::kStatus, spec("10.0.0.5"))), "running");
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    settle();
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("10.0.0.5"))), "not running");
    EXPECT_THAT(texts(),
                ElementsAre("Added 10.0.0.5/24 to eth0 as eth0:0", "Removed 10.0.0.5 from eth0"));
}

TEST_F(AddressAgentTest, WaitsUntilItKnowsTheKernel) {
    AddressAgent fresh;
    std::swap(agent_, fresh);
    kernel_.addresses.push_back({.address = ip("10.0.0.5"), .prefix = 24, .link = 2});
    const auto status = run(Operation::kStatus, spec("10.0.0.5"));
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    EXPECT_EQ(outcome(status), "none");
    EXPECT_THAT(requests_, IsEmpty());
    dump();
    EXPECT_EQ(outcome(status), "running");
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

TEST_F(AddressAgentTest, StopOfWhatIsNotThereSucceedsAtOnce) {
    EXPECT_EQ(outcome(run(Operation::kStop, spec("10.0.0.5"))), "ok");
    EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(AddressAgentTest, StartOfWhatIsThereSucceedsAndAnnouncesIt) {
    kernel_.addresses.push_back(
        {.address = ip("10.0.0.5"), .prefix = 25, .link = 2, .label = "eth0:web"});
    dump();
    EXPECT_EQ(outcome(run(Operation::kStart, spec("10.0.0.5"))), "ok");
    EXPECT_THAT(requests_, IsEmpty());
    EXPECT_THAT(announced_, ElementsAre("10.0.0.5"));
}

TEST_F(AddressAgentTest, StopRemovesItFromEveryPlace) {
    for (unsigned prefix : {24U, 25U})
        kernel_.addresses.push_back({.address = ip("10.0.0.5"), .prefix = prefix, .link = 2});
    dump();
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    settle();
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

TEST_F(AddressAgentTest, AThousandAddressesAreOneBatchEachWay) {
    std::vector<std::uint64_t> calls;
    const auto nth = [](unsigned i) {
        config::AddressSpec result = spec(IpAddress::v4(0x0a000101 + i).to_string(), 16);
        result.interface = "eth0";
        return result;
    };
    for (unsigned i = 0; i < 1000; i++)
        calls.push_back(run(Operation::kStart, nth(i)));
    settle();
    ASSERT_THAT(batches_, ElementsAre(1000U));
    for (unsigned i = 0; i < 1000; i++)
        EXPECT_EQ(kernel_.addresses[i].label, fmt::format("eth0:{}", i));
    for (unsigned i = 1000; i > 0; i--)
        calls.push_back(run(Operation::kStop, nth(i - 1)));
    settle();
    EXPECT_THAT(batches_, ElementsAre(1000U, 1000U));
    EXPECT_THAT(kernel_.names(), IsEmpty());
    for (std::uint64_t id : calls)
        EXPECT_EQ(outcome(id), "ok");
}

TEST_F(AddressAgentTest, LabelsFillTheGapsAndMustFit) {
    for (const char* label : {"eth0", "eth0:0", "eth0:2", "eth0:web"})
        kernel_.addresses.push_back(
            {.address =
                 IpAddress::v4(0x0a000001 + static_cast<std::uint32_t>(kernel_.addresses.size())),
             .prefix = 24,
             .link = 2,
             .label = label});
    dump();
    for (const char* address : {"10.0.0.11", "10.0.0.12"})
        run(Operation::kStart, spec(address));
    config::AddressSpec named = spec("10.0.0.13");
    named.label = "mail";
    run(Operation::kStart, named);
    named = spec("10.0.0.14");
    named.label = "far-too-long-for-that";
    run(Operation::kStart, named);
    std::vector<std::string> labels;
    for (const AddressRequest& request : requests_)
        labels.push_back(request.address.label);
    EXPECT_THAT(labels, ElementsAre("eth0:1", "eth0:3", "eth0:mail", ""));
}

TEST_F(AddressAgentTest, SaysWhyAnAddressHasNoPlace) {
    const auto start = run(Operation::kStart, spec("172.16.0.1"));
    EXPECT_EQ(outcome(start), "failed");
    EXPECT_EQ(done_.at(start).detail, "No route to 172.16.0.1");
    EXPECT_EQ(agent_.place(spec("172.16.0.1")).error().text, "No route to 172.16.0.1");
    EXPECT_EQ(agent_.place(spec("10.0.0.5"))->interface, "eth0");
}

struct AnswerRow {
    const char* name;
    Operation operation;
    int error;
    bool there;  // in the kernel's table when the answer comes
    const char* outcome;
};

const AnswerRow kAnswers[] = {
    {"added", Operation::kStart, 0, true, "ok"},
    {"added, the report was slower", Operation::kStart, 0, false, "ok"},
    {"is there already, as we want it", Operation::kStart, EEXIST, true, "ok"},
    {"refused", Operation::kStart, EPERM, false, "failed"},
    {"no such device any more", Operation::kStart, ENODEV, false, "failed"},
    {"deleted", Operation::kStop, 0, false, "ok"},
    {"was not there", Operation::kStop, EADDRNOTAVAIL, false, "ok"},
    {"went with its device", Operation::kStop, ENODEV, false, "ok"},
    {"deletion refused", Operation::kStop, EPERM, true, "failed"},
};

TEST_F(AddressAgentTest, JudgesAnswersAsTheTableSays) {
    for (const AnswerRow& row : kAnswers) {
        SCOPED_TRACE(row.name);
        AddressAgent fresh;
        std::swap(agent_, fresh);
        const KernelAddress it{.address = ip("10.0.0.5"), .prefix = 24, .link = 2};
        kernel_.addresses.clear();
        if (row.operation == Operation::kStop) kernel_.addresses.push_back(it);
        dump();
        const auto id = run(row.operation, spec("10.0.0.5"));
        ASSERT_EQ(requests_.size(), 1U);
        const auto number = std::exchange(requests_, {}).front().request;
        if (row.there)
            agent_.handle(AddressSeen{it}, now_, out_);
        else
            agent_.handle(AddressGone{it}, now_, out_);
        agent_.answered(number, row.error, now_, out_);
        collect();
        EXPECT_EQ(outcome(id), row.outcome);
    }
}

TEST_F(AddressAgentTest, ExistsButIsNotInTheTableIsTriedAgainAFewTimes) {
    const auto id = run(Operation::kStart, spec("10.0.0.5"));
    unsigned tries = 0;
    while (!requests_.empty()) {
        tries++;
        agent_.answered(std::exchange(requests_, {}).front().request, EEXIST, now_, out_);
        collect();
    }
    EXPECT_EQ(tries, 3U);
    EXPECT_EQ(outcome(id), "failed");
}

TEST_F(AddressAgentTest, TheStatusOfWhatIsBeingPutBackWaitsForThat) {
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    const KernelAddress lost = kernel_.addresses.front();
    kernel_.remove(lost);
    report();
    collect();
    ASSERT_EQ(requests_.size(), 1U);
    const auto status = run(Operation::kStatus, spec("10.0.0.5"));
    EXPECT_EQ(outcome(status), "none");
    settle();
    EXPECT_EQ(outcome(status), "running");
    // In vain: then it is not there.
    kernel_.remove(lost);
    report();
    now_ = agent_.next_deadline();
    agent_.on_deadline(now_, out_);
    const auto again = run(Operation::kStatus, spec("10.0.0.5"));
    ASSERT_EQ(requests_.size(), 1U);
    agent_.answered(std::exchange(requests_, {}).front().request, EPERM, now_, out_);
    collect();
    EXPECT_EQ(outcome(again), "not running");
}

TEST_F(AddressAgentTest, LostAnswersAreReadFromTheTable) {
    const auto added = run(Operation::kStart, spec("10.0.0.5"));
    const auto not_added = run(Operation::kStart, spec("10.0.0.6"));
    const auto waiting = run(Operation::kStart, spec("10.0.0.7"));
    kernel_.carry_out(requests_.front());
    const AddressRequest unsent = requests_.back();
    std::set<std::uint32_t> lost;
    for (const AddressRequest& each : std::exchange(requests_, {}))
        if (each.request != unsent.request) lost.insert(each.request);
    kernel_.reports.clear();
    agent_.handle(KernelOverrun{}, now_, out_);
    agent_.answers_lost(lost, now_, out_);
    collect();
    EXPECT_EQ(outcome(added), "none");
    dump();
    EXPECT_EQ(outcome(added), "ok");
    EXPECT_EQ(outcome(not_added), "ok");  // asked for again
    // What had not left yet is not lost, and is not asked for twice.
    EXPECT_EQ(outcome(waiting), "none");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5", "10.0.0.6"));
    requests_.push_back(unsent);
    settle();
    EXPECT_EQ(outcome(waiting), "ok");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5", "10.0.0.6", "10.0.0.7"));
}

TEST_F(AddressAgentTest, AnOperationWithoutAnAnswerEndsAtItsDeadline) {
    const auto id = run(Operation::kStart, spec("10.0.0.5"));
    EXPECT_EQ(agent_.next_deadline(), now_ + 10s);
    const auto late = std::exchange(requests_, {});
    EXPECT_EQ(wait(), 10s);
    EXPECT_EQ(outcome(id), "timed out");
    // A stop now has to take back what may still come true.
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    ASSERT_EQ(requests_.size(), 1U);
    EXPECT_EQ(requests_[0].what, What::kDelete);
    requests_.insert(requests_.begin(), late.begin(), late.end());
    settle();
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

TEST_F(AddressAgentTest, PutsBackWhatSomebodyElseRemoved) {
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    somebody_removes("10.0.0.5");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
    EXPECT_THAT(announced_, ElementsAre("10.0.0.5", "10.0.0.5"));
    EXPECT_THAT(texts().back(), "Put 10.0.0.5 back on eth0: somebody else had removed it");
    EXPECT_EQ(events_.back().level, Level::kWarn);
}

TEST_F(AddressAgentTest, DoesNotFightWithoutPauses) {
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    somebody_removes("10.0.0.5");
    std::vector<Duration> pauses;
    for (int i = 0; i < 8; i++) {
        somebody_removes("10.0.0.5");
        EXPECT_THAT(kernel_.names(), IsEmpty());
        pauses.push_back(wait());
        EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
    }
    EXPECT_THAT(pauses, ElementsAre(1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s));
    now_ += 121s;
    somebody_removes("10.0.0.5");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
}

TEST_F(AddressAgentTest, WhatIsStoppedOrWasNeverStartedIsNotPutBack) {
    kernel_.addresses.push_back({.address = ip("10.0.0.9"), .prefix = 24, .link = 2});
    dump();
    somebody_removes("10.0.0.9");
    EXPECT_THAT(kernel_.names(), IsEmpty());

    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    somebody_removes("10.0.0.5");
    somebody_removes("10.0.0.5");
    EXPECT_EQ(agent_.next_deadline(), now_ + 1s);
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_EQ(agent_.next_deadline(), kForever);
}

TEST_F(AddressAgentTest, HoldsWhatAskingFound) {
    kernel_.addresses.push_back({.address = ip("10.0.0.5"), .prefix = 24, .link = 2});
    dump();
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("10.0.0.5"))), "running");
    agent_.hold(spec("10.0.0.5"), now_, out_);
    somebody_removes("10.0.0.5");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
}

TEST_F(AddressAgentTest, SecondariesThatGoWithTheirPrimaryComeBack) {
    kernel_.promote = false;
    run(Operation::kStart, spec("10.0.0.5"));
    run(Operation::kStart, spec("10.0.0.6"));
    settle();
    // Not ours, but it hangs on ours.
    kernel_.carry_out(
        {0, What::kAdd, {.address = ip("10.0.0.77"), .prefix = 24, .link = 2, .label = "eth0"}});
    report();
    ASSERT_TRUE(kernel_.addresses.back().secondary);
    const auto stop = run(Operation::kStop, spec("10.0.0.5"));
    settle();
    EXPECT_EQ(outcome(stop), "ok");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.6", "10.0.0.77"));
    EXPECT_THAT(texts(),
                testing::Contains("Put 10.0.0.77 back on eth0: the kernel removed it together with "
                                  "10.0.0.5 (net.ipv4.conf.eth0.promote_secondaries is off)"));
    // That was not a fight: the next one is put back at once.
    somebody_removes("10.0.0.6");
    EXPECT_THAT(kernel_.names(), testing::Contains("10.0.0.6"));
}

TEST_F(AddressAgentTest, SecondariesStoppedInTheSameBatchStayAway) {
    kernel_.promote = false;
    for (const char* address : {"10.0.0.5", "10.0.0.6", "10.0.0.7"})
        run(Operation::kStart, spec(address));
    settle();
    std::vector<std::uint64_t> stops;
    for (const char* address : {"10.0.0.5", "10.0.0.6"})
        stops.push_back(run(Operation::kStop, spec(address)));
    settle();
    for (std::uint64_t id : stops)
        EXPECT_EQ(outcome(id), "ok");
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.7"));
}

TEST_F(AddressAgentTest, PromotedSecondariesAreLeftAlone) {
    for (const char* address : {"10.0.0.5", "10.0.0.6"})
        run(Operation::kStart, spec(address));
    settle();
    run(Operation::kStop, spec("10.0.0.5"));
    settle();
    EXPECT_THAT(batches_, ElementsAre(2U, 1U));
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.6"));
}

TEST_F(AddressAgentTest, ALostReportDoesNotLoseABystander) {
    kernel_.promote = false;
    for (const char* address : {"10.0.0.5", "10.0.0.6"})
        run(Operation::kStart, spec(address));
    settle();
    run(Operation::kStop, spec("10.0.0.5"));
    const auto request = std::exchange(requests_, {}).front();
    EXPECT_EQ(kernel_.carry_out(request), 0);
    kernel_.reports.clear();
    agent_.handle(KernelOverrun{}, now_, out_);
    agent_.answered(request.request, 0, now_, out_);
    dump();
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.6"));
    EXPECT_THAT(texts().back(), HasSubstr("promote_secondaries"));
}

TEST_F(AddressAgentTest, AVanishedInterfaceIsSaidOnceAndUsedWhenItIsBack) {
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    kernel_.addresses.clear();
    events_.clear();
    agent_.handle(LinkGone{2}, now_, out_);
    settle();
    wait();
    wait();
    EXPECT_THAT(texts(), ElementsAre("10.0.0.5 is gone, not by us, and cannot be put back: "
                                     "No route to 10.0.0.5; trying again"));
    agent_.handle(RouteSeen{{.destination = ip("10.0.0.0"), .prefix = 24, .link = 2}}, now_, out_);
    agent_.handle(LinkSeen{eth0_}, now_, out_);
    EXPECT_EQ(wait(), 0s);
    EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
}

TEST_F(AddressAgentTest, AnnouncesAgainWhenTheCableIsBackOrTheMacChanged) {
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    announced_.clear();
    eth0_.carrier = false;
    agent_.handle(LinkSeen{eth0_}, now_, out_);
    collect();
    EXPECT_THAT(announced_, IsEmpty());
    eth0_.carrier = true;
    agent_.handle(LinkSeen{eth0_}, now_, out_);
    collect();
    EXPECT_THAT(announced_, ElementsAre("10.0.0.5"));
    eth0_.mac = *MacAddress::parse("52:54:00:00:00:09");
    agent_.handle(LinkSeen{eth0_}, now_, out_);
    collect();
    EXPECT_THAT(announced_, ElementsAre("10.0.0.5", "10.0.0.5"));
}

}  // namespace
}  // namespace hb::resource
