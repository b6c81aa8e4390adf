#include "daemons/hb-resource/agents/source_core.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kEth0 = 2;
constexpr int kEth1 = 3;

IpAddress ip(const std::string& text) {
    return *IpAddress::parse(text);
}

// "default via 10.0.0.254 src 10.0.0.1 metric 7", "10.0.0.0/24 ..."; a gateway or none.
struct Written {
    std::string destination;
    std::string source = {};
    int link = kEth0;
    std::uint32_t metric = 0;
    std::uint8_t protocol = 4;
    bool is_advertised = false;
    std::uint32_t table = 254;
};

SourceRoute route(const Written& w) {
    const std::size_t slash = w.destination.find('/');
    SourceRoute made{.table = w.table,
                     .destination = ip(w.destination.substr(0, slash)),
                     .prefix = static_cast<unsigned>(std::stoi(w.destination.substr(slash + 1))),
                     .tos = 0,
                     .metric = w.metric,
                     .protocol = w.protocol,
                     .is_direct = !w.destination.ends_with("/0"),
                     .is_advertised = w.is_advertised,
                     .links = {w.link},
                     .source = {},
                     .text = fmt::format("{} {}", w.destination, w.metric),
                     .message = w.destination};
    if (!w.source.empty()) made.source = ip(w.source);
    return made;
}

SourceRoutes routes(const std::vector<Written>& all) {
    SourceRoutes made;
    for (const Written& each : all)
        made.push_back(route(each));
    return made;
}

// "route: source", in the order of the steps.
std::vector<std::string> told(const std::vector<SourceStep>& steps) {
    std::vector<std::string> all;
    for (const SourceStep& step : steps)
        all.push_back(fmt::format("{}{}: {}", step.what == SourceStep::What::kAdd ? "add " : "",
                                  step.route.text,
                                  step.source ? step.source->to_string() : std::string("none")));
    return all;
}

SourceQuestion question() {
    return {.address = ip("10.0.0.5"),
            .destination = ip("0.0.0.0"),
            .destination_prefix = 0,
            .protocol = {},
            .metric = {},
            .links = {kEth0},
            .where = "eth0"};
}

std::vector<std::string> started(const SourceQuestion& q, const SourceRoutes& present,
                                 const SourceMemo& remembered = {},
                                 const SourceRoutes& others = {}) {
    const auto plan = plan_source_start(q, present, remembered, others);
    if (!plan) return {plan.error().text};
    return told(plan->steps);
}

std::vector<std::string> stopped(const SourceQuestion& q, const SourceRoutes& present,
                                 const SourceRoutes& remembered) {
    return told(plan_source_stop(q, present, {.changed = remembered, .left = {}}).steps);
}

const Written kDefault = {.destination = "0.0.0.0/0"};
const Written kNetwork = {.destination = "10.0.0.0/24", .source = "10.0.0.1", .protocol = 2};
Written with_source(Written written, const std::string& source) {
    written.source = source;
    return written;
}
Written over(Written written, int link) {
    written.link = link;
    return written;
}

TEST(SourceStart, GivesItToTheDefaultRouteAndToThatOfItsNetwork) {
    EXPECT_THAT(started(question(), routes({kDefault, kNetwork, {.destination = "10.0.0.5/32"}})),
                ElementsAre("0.0.0.0/0 0: 10.0.0.5", "10.0.0.0/24 0: 10.0.0.5"));
}

TEST(SourceStart, TakesEveryDefaultRouteOverTheInterfaceOfTheAddress) {
    EXPECT_THAT(started(question(), routes({over(kDefault, kEth1),
                                            {.destination = "0.0.0.0/0", .metric = 100},
                                            {.destination = "0.0.0.0/0", .metric = 200}})),
                ElementsAre("0.0.0.0/0 100: 10.0.0.5", "0.0.0.0/0 200: 10.0.0.5"));
}

// The kernel would replace the first.
TEST(SourceStart, TakesOnlyTheFirstOfThoseThatTheKernelTakesForOne) {
    EXPECT_THAT(started(question(), routes({over(kDefault, kEth1), kDefault})),
                ElementsAre("there is no default route over eth0, where 10.0.0.5 is (but "
                            "0.0.0.0/0 0)"));
}

TEST(SourceStart, SaysWhatIsMissing) {
    SourceQuestion nowhere = question();
    nowhere.links.clear();
    EXPECT_THAT(started(nowhere, routes({kDefault})),
                ElementsAre("10.0.0.5 is not an address of this host"));
    EXPECT_THAT(started(question(), routes({kNetwork})),
                ElementsAre("there is no default route over eth0, where 10.0.0.5 is"));
}

TEST(SourceStart, RemembersWhatWasThere) {
    const auto first = plan_source_start(question(), routes({kDefault, kNetwork}), {}, {});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->remember.changed, routes({kDefault, kNetwork}));
    // A second start: all is as it should be, and what is remembered stays.
    const auto again = plan_source_start(
        question(), routes({with_source(kDefault, "10.0.0.5"), with_source(kNetwork, "10.0.0.5")}),
        first->remember, {});
    ASSERT_TRUE(again);
    EXPECT_THAT(again->steps, IsEmpty());
    EXPECT_EQ(again->remember, first->remember);
    // Somebody gave the route another source since: that is what a stop puts back.
    const auto other = plan_source_start(
        question(), routes({with_source(kDefault, "10.0.0.9"), with_source(kNetwork, "10.0.0.5")}),
        first->remember, {});
    ASSERT_TRUE(other);
    EXPECT_THAT(told(other->steps), ElementsAre("0.0.0.0/0 0: 10.0.0.5"));
    EXPECT_EQ(other->remember.changed, routes({kNetwork, with_source(kDefault, "10.0.0.9")}));
}

TEST(SourceStart, LeavesWhatIsAnothersOrTheKernels) {
    EXPECT_THAT(
        started(question(), routes({with_source(kDefault, "10.0.0.6")}), {}, routes({kDefault})),
        ElementsAre("0.0.0.0/0 0: another IPsrcaddr has given it source 10.0.0.6"));
    EXPECT_THAT(started(question(), routes({kDefault, with_source(kNetwork, "10.0.0.6")}), {},
                        routes({kNetwork})),
                ElementsAre("0.0.0.0/0 0: 10.0.0.5"));
    Written elsewhere = kDefault;
    elsewhere.table = 77;
    EXPECT_THAT(
        started(question(), routes({with_source(kDefault, "10.0.0.6")}), {}, routes({elsewhere})),
        ElementsAre("0.0.0.0/0 0: 10.0.0.5"))
        << "of another table";
    Written advertised = kDefault;
    advertised.is_advertised = true;
    EXPECT_THAT(started(question(), routes({advertised})),
                ElementsAre(testing::HasSubstr("it comes of router advertisements")));
}

TEST(SourceStart, ADestinationOfItsOwnIsAllItTouches) {
    SourceQuestion q = question();
    q.destination = ip("192.0.2.0");
    q.destination_prefix = 24;
    const SourceRoutes present =
        routes({kDefault,
                kNetwork,
                {.destination = "192.0.2.0/24", .metric = 5},
                {.destination = "192.0.2.0/24", .metric = 6, .protocol = 3},
                {.destination = "192.0.2.0/25"}});
    EXPECT_THAT(started(q, present),
                ElementsAre("192.0.2.0/24 5: 10.0.0.5", "192.0.2.0/24 6: 10.0.0.5"));
    q.metric = 5;
    EXPECT_THAT(started(q, present), ElementsAre("192.0.2.0/24 5: 10.0.0.5"));
    q.metric.reset();
    q.protocol = 3;
    EXPECT_THAT(started(q, present), ElementsAre("192.0.2.0/24 6: 10.0.0.5"));
    q.metric = 7;
    EXPECT_THAT(started(q, present),
                ElementsAre("there is no route to 192.0.2.0/24 over eth0, where 10.0.0.5 is (but "
                            "192.0.2.0/24 5)"));
}

TEST(SourceStop, PutsBackWhatWasThere) {
    const SourceRoutes ours =
        routes({with_source(kDefault, "10.0.0.5"), with_source(kNetwork, "10.0.0.5")});
    EXPECT_THAT(stopped(question(), ours, routes({kDefault, kNetwork})),
                ElementsAre("10.0.0.0/24 0: 10.0.0.1", "0.0.0.0/0 0: none"));
    EXPECT_THAT(stopped(question(), routes({kDefault, kNetwork}), {}), IsEmpty());
    // What was remembered is lost: nothing may have our address as its source when it goes.
    EXPECT_THAT(stopped(question(), ours, {}),
                ElementsAre("10.0.0.0/24 0: none", "0.0.0.0/0 0: none"));
}

TEST(SourceStop, LeavesWhatOthersHaveChanged) {
    EXPECT_THAT(stopped(question(), routes({with_source(kDefault, "10.0.0.9"), kNetwork}),
                        routes({kDefault, kNetwork})),
                IsEmpty());
    // A route of the same destination is there instead.
    EXPECT_THAT(stopped(question(), routes({{.destination = "0.0.0.0/0", .metric = 9}, kNetwork}),
                        routes({kDefault, kNetwork})),
                IsEmpty());
}

TEST(SourceStop, AddsAgainWhatWentWithTheAddressTheNetworkFirst) {
    SourceQuestion gone = question();
    gone.links.clear();
    EXPECT_THAT(stopped(gone, {}, routes({with_source(kDefault, "10.0.0.7"), kNetwork})),
                ElementsAre("add 10.0.0.0/24 0: 10.0.0.1", "add 0.0.0.0/0 0: 10.0.0.7"));
}

// Its interface is down: the kernel refuses to add it.
TEST(SourceStop, WhatCouldNotBePutBackIsLeftForTheNextTime) {
    const SourceMemo memo{.changed = routes({kDefault, kNetwork}), .left = {}};
    const SourceEnd end = source_end(question(), routes({kNetwork}), memo);
    EXPECT_EQ(end.still, "");
    EXPECT_EQ(end.left, routes({kDefault}));
    const SourceMemo then{.changed = {}, .left = end.left};
    EXPECT_EQ(source_state(question(), routes({kNetwork}), then).state, SourceState::kNotSet);
    EXPECT_THAT(told(plan_source_stop(question(), routes({kNetwork}), then).steps),
                ElementsAre("add 0.0.0.0/0 0: none"));
    const auto start = plan_source_start(question(), routes({kNetwork}), then, {});
    ASSERT_TRUE(start) << start.error().text;
    EXPECT_THAT(told(start->steps),
                ElementsAre("10.0.0.0/24 0: 10.0.0.5", "add 0.0.0.0/0 0: 10.0.0.5"));
    EXPECT_EQ(start->remember, (SourceMemo{.changed = routes({kDefault, kNetwork}), .left = {}}));
    // Another leads there now, or it is back.
    EXPECT_THAT(
        source_end(question(), routes({{.destination = "0.0.0.0/0", .metric = 9}}), then).left,
        IsEmpty());
    SourceQuestion elsewhere = question();
    elsewhere.links = {kEth1};
    EXPECT_THAT(started(elsewhere, routes({kNetwork}), then),
                ElementsAre("there is no default route over eth0, where 10.0.0.5 is"));
}

TEST(SourceStop, HasFailedWhileAnyRouteHasOurSource) {
    const SourceMemo memo{.changed = routes({kDefault, kNetwork}), .left = {}};
    EXPECT_EQ(
        source_end(question(), routes({kDefault, with_source(kNetwork, "10.0.0.5")}), memo).still,
        "10.0.0.0/24 0");
    EXPECT_EQ(
        source_end(question(), routes({with_source(kDefault, "10.0.0.5"), kNetwork}), {}).still,
        "0.0.0.0/0 0");
    SourceQuestion gone = question();
    gone.links.clear();
    EXPECT_EQ(source_end(gone, routes({with_source(kDefault, "10.0.0.5")}), memo).still,
              "0.0.0.0/0 0");
    EXPECT_EQ(source_end(question(), routes({kDefault, kNetwork}), memo).still, "");
}

TEST(SourceState, IsWhatTheKernelSays) {
    const auto state = [](const SourceQuestion& q, const SourceRoutes& present,
                          const SourceRoutes& remembered) {
        const SourceAnswer answer = source_state(q, present, {.changed = remembered, .left = {}});
        return answer.state == SourceState::kSet      ? std::string("set")
               : answer.state == SourceState::kNotSet ? std::string("not set")
                                                      : answer.reason;
    };
    const SourceRoutes was = routes({kDefault, kNetwork});
    const SourceRoutes ours = routes({with_source(kDefault, "10.0.0.5"), kNetwork});
    EXPECT_EQ(state(question(), ours, was), "set");
    EXPECT_EQ(state(question(), ours, {}), "set");
    EXPECT_EQ(state(question(), was, {}), "not set");
    EXPECT_EQ(state(question(), {}, {}), "not set");
    EXPECT_EQ(state(question(), was, was), "0.0.0.0/0 0 has no source, not 10.0.0.5");
    EXPECT_EQ(state(question(), routes({with_source(kDefault, "10.0.0.9")}), was),
              "0.0.0.0/0 0 has source 10.0.0.9, not 10.0.0.5");
    EXPECT_EQ(state(question(), routes({kNetwork}), was),
              "there is no default route over eth0, where 10.0.0.5 is");
    EXPECT_EQ(state(question(),
                    routes({with_source(kDefault, "10.0.0.5"),
                            {.destination = "0.0.0.0/0", .metric = 9}}),
                    was),
              "0.0.0.0/0 9 has no source, not 10.0.0.5");
    SourceQuestion gone = question();
    gone.links.clear();
    EXPECT_EQ(state(gone, {}, was), "10.0.0.5 is not an address of this host any more");
    EXPECT_EQ(state(gone, routes({kDefault}), {}), "not set");
}

}  // namespace
}  // namespace hb::agent
