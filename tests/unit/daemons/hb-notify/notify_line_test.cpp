#include "daemons/hb-notify/notify_line.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/config/rc_scripts.hpp"
#include "daemons/hb-notify/rc_hooks.hpp"

namespace hb::notify {
namespace {

using nlohmann::json;

const Stamp kStamp{.host = "node1", .number = 7, .time_ms = 1700000000123};

Event event(const char* id, Level level, std::vector<std::pair<std::string, std::string>> fields) {
    return {id, level, "as logged", std::move(fields)};
}

TEST(NotifyLine, Event) {
    const auto line = event_line(event("node-dead", Level::kWarn, {{"HB_NODE", "node2"}}), kStamp);
    ASSERT_TRUE(line);
    // To the letter: programs depend on it.
    EXPECT_EQ(*line, R"({"version":1,"number":7,"time":"2023-11-14T22:13:20.123Z","host":"node1",)"
                     R"("event":"node","node":"node2","status":"dead","level":"warning",)"
                     R"("text":"as logged"})");
}

TEST(NotifyLine, EveryKind) {
    struct Row {
        Event event;
        json part;
    };
    const Row rows[] = {
        {event("local-status", Level::kInfo, {{"HB_STATUS", "active"}}),
         {{"event", "node"}, {"node", "node1"}, {"status", "active"}}},
        {event("node-status", Level::kInfo, {{"HB_NODE", "b"}, {"HB_STATUS", "up"}}),
         {{"event", "node"}, {"node", "b"}, {"status", "up"}}},
        {event("late-heartbeat", Level::kWarn, {{"HB_NODE", "b"}, {"HB_INTERVAL_MS", "1500"}}),
         {{"event", "node-late"}, {"interval_ms", 1500}}},
        {event("node-restart", Level::kInfo, {{"HB_NODE", "b"}, {"HB_GENERATION", "12"}}),
         {{"event", "node-restart"}, {"generation", 12}}},
        {event("link-up", Level::kInfo, {{"HB_NODE", "b"}, {"HB_LINK", "eth1"}}),
         {{"event", "link"}, {"link", "eth1"}, {"status", "up"}}},
        {event("link-dead", Level::kInfo,
               {{"HB_NODE", "b"}, {"HB_LINK", "eth1"}, {"HB_REASON", "x"}}),
         {{"event", "link"}, {"status", "dead"}, {"reason", "x"}}},
        {event("group-failed", Level::kError,
               {{"HB_GROUP", "g"}, {"HB_NODE", "b"}, {"HB_STATE", "failed"}}),
         {{"event", "group"},
          {"group", "g"},
          {"node", "b"},
          {"state", "failed"},
          {"level", "error"}}},
        {event("something-new", Level::kCrit, {{"HB_NODE", "b"}, {"odd", "y"}}),
         {{"event", "message"}, {"name", "something-new"}, {"node", "b"}, {"level", "critical"}}},
    };
    for (const Row& row : rows) {
        const auto line = event_line(row.event, kStamp);
        ASSERT_TRUE(line) << row.event.id;
        const json said = json::parse(*line);
        for (const auto& [key, value] : row.part.items())
            EXPECT_EQ(said.value(key, json()), value) << *line;
        EXPECT_FALSE(said.contains("odd"));
    }
    EXPECT_FALSE(event_line(event("view-accepted", Level::kInfo, {}), kStamp));
}

TEST(NotifyLine, AnyBytesAreValidJson) {
    Event odd = event("group-state", Level::kInfo, {{"HB_REASON", "\xff\n\"x"}});
    const auto line = event_line(odd, kStamp);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->find('\n'), std::string::npos);
    EXPECT_TRUE(json::accept(*line));
}

ClusterStatus status_of(const std::string& reason, std::uint64_t view) {
    ClusterStatus status;
    status.nodes = {{.name = "node1", .status = NodeStatus::kActive, .in_view = true},
                    {.name = "node2", .status = NodeStatus::kDead}};
    status.groups = {
        {.name = "g", .owner = node_id(0), .state = GroupState::kRunning, .reason = reason}};
    status.view = ViewId{.number = view, .coordinator = node_id(0)};
    return status;
}

TEST(NotifyLine, SnapshotAndNews) {
    const json said = json::parse(snapshot_line(status_of("its preferred node", 3), kStamp));
    EXPECT_EQ(said["event"], "snapshot");
    EXPECT_EQ(said["view"],
              (json{{"number", 3}, {"coordinator", "node1"}, {"members", {"node1"}}}));
    EXPECT_EQ(said["nodes"][1]["status"], "dead");
    EXPECT_EQ(said["groups"][0], (json{{"name", "g"},
                                       {"owner", "node1"},
                                       {"state", "running"},
                                       {"reason", "its preferred node"}}));

    StatusNews news = news_of(status_of("a", 3), status_of("a", 3));
    EXPECT_FALSE(news.view);
    EXPECT_TRUE(news.events.empty());
    news = news_of(status_of("a", 3), status_of("b failed", 4));
    EXPECT_TRUE(news.view);
    ASSERT_EQ(news.events.size(), 1u);
    const json reason = json::parse(*event_line(news.events[0], kStamp));
    EXPECT_EQ(reason["event"], "group-reason");
    EXPECT_EQ(reason["reason"], "b failed");
    EXPECT_EQ(json::parse(lost_line(5, kStamp))["count"], 5);
}

TEST(RcHooks, WhichEventRunsWhich) {
    RcHooks hooks("node1");
    using Environment = std::vector<std::string>;
    auto call = hooks.call_for(
        event("node-status", Level::kInfo, {{"HB_NODE", "node2"}, {"HB_STATUS", "active"}}));
    ASSERT_TRUE(call);
    EXPECT_EQ(call->type, "status");
    EXPECT_EQ(call->environment,
              (Environment{"HA_t=status", "HA_src=node2", "HA_st=active", "HA_OSTATUS="}));
    call = hooks.call_for(event("node-dead", Level::kWarn, {{"HB_NODE", "node2"}}));
    ASSERT_TRUE(call);
    EXPECT_EQ(call->environment,
              (Environment{"HA_t=status", "HA_src=node2", "HA_st=dead", "HA_OSTATUS=active"}));
    EXPECT_FALSE(hooks.call_for(event("node-dead", Level::kWarn, {{"HB_NODE", "node2"}})))
        << "told already";

    call = hooks.call_for(
        event("link-dead", Level::kInfo, {{"HB_NODE", "node2"}, {"HB_LINK", "eth1"}}));
    ASSERT_TRUE(call);
    EXPECT_EQ(call->type, "ifstat");
    EXPECT_EQ(call->environment, (Environment{"HA_t=ifstat", "HA_src=node1", "HA_node=node2",
                                              "HA_ifname=eth1", "HA_st=dead"}));

    const auto group = [](const char* node, const char* state) {
        return event("group-state", Level::kInfo,
                     {{"HB_GROUP", "10.0.0.1\n/x"}, {"HB_NODE", node}, {"HB_STATE", state}});
    };
    call = hooks.call_for(group("node1", "starting"));
    ASSERT_TRUE(call);
    EXPECT_EQ(call->environment,
              (Environment{"HA_t=ip-request-resp", "HA_src=node1", "HA_dest=node1",
                           "HA_ipaddr=10.0.0.1 /x", "HA_ok=OK"}));
    EXPECT_FALSE(hooks.call_for(group("node1", "running")));
    EXPECT_FALSE(hooks.call_for(group("node2", "starting")));
    EXPECT_FALSE(hooks.call_for(event("late-heartbeat", Level::kWarn, {{"HB_NODE", "node2"}})));
}

TEST(RcHooks, WhatWasThereBeforeAndWhatWasMissed) {
    RcHooks hooks("node1");
    ClusterStatus status = status_of("", 1);
    status.nodes[1].status = NodeStatus::kActive;
    EXPECT_TRUE(hooks.catch_up(status).empty());
    EXPECT_TRUE(hooks.catch_up(status).empty());
    status.nodes[0].status = NodeStatus::kUp;
    status.nodes[1].status = NodeStatus::kDead;
    const auto missed = hooks.catch_up(status);
    ASSERT_EQ(missed.size(), 1u);
    EXPECT_EQ(missed[0].environment, (std::vector<std::string>{"HA_t=status", "HA_src=node2",
                                                               "HA_st=dead", "HA_OSTATUS=active"}));
}

TEST(RcHooks, HeartbeatsOwnScriptsAreKnown) {
    using config::word_that_moves_resources;
    EXPECT_EQ(word_that_moves_resources("in dead) $HA_NOARCHBIN/mach_down $HA_src;; esac"),
              "mach_down");
    EXPECT_EQ(word_that_moves_resources("$HA_NOARCHBIN/ResourceManager takegroup $HA_ipaddr"),
              "ResourceManager");
    EXPECT_EQ(word_that_moves_resources("logger node $HA_src is $HA_st"), "");
}

}  // namespace
}  // namespace hb::notify
