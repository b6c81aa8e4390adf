// What decoders refuse, and how they say it.
#include <gtest/gtest.h>

#include <functional>

#include "proto/codec_comm_membership.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_fence_resource.hpp"
#include "proto/codec_hello.hpp"
#include "proto/codec_membership_ipfail.hpp"
#include "proto/codec_membership_resource.hpp"
#include "proto/codec_node.hpp"

namespace hb::proto {
namespace {

const Incarnation kLife{1'790'000'000, 1};

template <typename Value>
std::string said(const Result<Value>& result) {
    return result ? "accepted" : result.error().text;
}

// A good value, a change that spoils it, and what is said.
template <typename Value>
struct Case {
    std::function<void(Value&)> spoil;
    std::string expected;
};

template <typename Value, typename Decode>
void check(const Value& good, Decode decode, const std::vector<Case<Value>>& cases) {
    ASSERT_EQ(said(decode(encode(good))), "accepted");
    for (std::size_t i = 0; i < cases.size(); i++) {
        Value value = good;
        cases[i].spoil(value);
        EXPECT_EQ(said(decode(encode(value))), cases[i].expected) << "case " << i;
    }
}

// ---- raw protobuf, for what no value can hold

std::string varint(std::uint64_t n) {
    std::string out;
    for (; n >= 0x80; n >>= 7)
        out += static_cast<char>((n & 0x7F) | 0x80);
    return out + static_cast<char>(n);
}
std::string number(unsigned field, std::uint64_t n) {
    return varint(field << 3U) + varint(n);
}
std::string bytes(unsigned field, const std::string& content) {
    return varint(field << 3U | 2U) + varint(content.size()) + content;
}

View good_view() {
    return {{7, node_id(1), kLife}, {{node_id(0), kLife}, {node_id(1), kLife}}};
}

TEST(Refusal, Hello) {
    using C = Case<ipc::Hello>;
    check(ipc::Hello{"hb-comm", ipc::kProtocolVersion, 12}, &decode_hello,
          {
              C{[](auto& h) { h.program.clear(); }, "program: missing"},
              C{[](auto& h) { h.program = std::string(64, 'x'); }, "program: too long"},
              C{[](auto& h) { h.program = "hb\ncomm"; }, "program: holds control characters"},
              C{[](auto& h) { h.protocol = 2; },
                "protocol: hb-comm speaks version 2, this is version 1"},
          });
}

TEST(Refusal, FrameBody) {
    using C = Case<FrameBody>;
    const TopicVersion version{kLife, 3};
    const FrameBody good{{kLife,
                          1s,
                          {{Topic::kView, version}, {Topic::kReport, {}}},
                          {{node_id(1), 1, {1, 2}, 9, 1ms, {{Topic::kView, version}}}}},
                         {{Topic::kView, version, "bytes"}},
                         TopicSlice{Topic::kTable, version, 9, 4, "piece"}};
    check(good, &decode_frame_body,
          {
              C{[](auto& b) { b.slice->version = {}; }, "piece of a topic: without a version"},
              C{[](auto& b) { b.slice->whole = limits::kBodyBytes + 1; }, "topic: too long"},
              C{[](auto& b) { b.slice->whole = 8; }, "piece of a topic: not within it"},
              C{[](auto& b) { b.slice->offset = 10; }, "piece of a topic: not within it"},
              C{[](auto& b) { b.slice->bytes.clear(); }, "piece of a topic: not within it"},
              C{[](auto& b) { b.head.deadtime = 0s; }, "deadtime: missing"},
              C{[](auto& b) { b.head.deadtime = 25h; }, "deadtime: too long"},
              C{[](auto& b) { b.head.deadtime = -1s; }, "deadtime: too long"},
              C{[](auto& b) {
                    b.head.incarnation = {0, 1};
                },
                "incarnation: half of one"},
              C{[](auto& b) { b.head.own.push_back(b.head.own[0]); }, "topic: twice"},
              C{[](auto& b) {
                    b.head.own[0].version.incarnation = {0, 7};
                },
                "topic version: missing"},
              C{[](auto& b) { b.head.heard.push_back(b.head.heard[0]); }, "heard peer: twice"},
              C{[](auto& b) { b.head.heard[0].peer = node_id(64); }, "heard peer: no such node"},
              C{[](auto& b) { b.head.heard[0].age = -1ns; }, "age of a frame: too long"},
              C{[](auto& b) { b.head.heard.resize(65); }, "heard peers: too many"},
              C{[](auto& b) { b.head.own.resize(5, b.head.own[0]); }, "topic versions: too many"},
              C{[](auto& b) { b.topics.push_back(b.topics[0]); }, "topic: twice"},
              C{[](auto& b) { b.topics[0].version = {}; }, "topic: without a version"},
              C{[](auto& b) { b.topics.resize(5, b.topics[0]); }, "topics: too many"},
              C{[](auto& b) { b.topics[0].bytes.resize(limits::kBodyBytes); }, "message: too long"},
          });
    EXPECT_EQ(said(decode_frame_body("")), "deadtime: missing");
    EXPECT_EQ(said(decode_frame_body("\x0a")), "message: malformed");
    const std::string head = bytes(1, number(1, 5) + number(3, 1'000'000'000));
    EXPECT_EQ(said(decode_frame_body(head)), "accepted");
    EXPECT_EQ(said(decode_frame_body(head + bytes(2, number(2, 1)))), "topic: unknown");
    EXPECT_EQ(said(decode_frame_body(head + bytes(2, number(1, 5) + number(2, 1)))),
              "topic: unknown");
    // A version that leaves out its incarnation, in a frame that has none.
    EXPECT_EQ(said(decode_frame_body(
                  bytes(1, number(3, 1'000'000'000) + bytes(4, number(1, 1) + number(2, 1))))),
              "topic version: half of one");
}

TEST(Refusal, ViewTopic) {
    using C = Case<ViewTopic>;
    const ViewTopic good{kLife, node_id(0), good_view(), true, 1s, NodeStatus::kActive};
    const std::string order = "members: not in order, or double";
    const std::string coordinator = "view: without its coordinator";
    check(good, &decode_view_topic,
          {
              C{[](auto& t) { t.incarnation = {}; }, "incarnation: missing"},
              C{[](auto& t) { t.follows = node_id(200); }, "follows: no such node"},
              C{[](auto& t) { t.deadtime = 0s; }, "deadtime: missing"},
              C{[](auto& t) { t.accepted.reset(); }, "installed: without a view"},
              C{[](auto& t) { t.accepted->id.number = 0; }, "view: without a number"},
              C{[](auto& t) { t.accepted->members.clear(); }, coordinator},
              C{[](auto& t) { t.accepted->members.pop_back(); }, coordinator},
              C{[](auto& t) { t.accepted->members[1].incarnation.respawn++; }, coordinator},
              C{[](auto& t) { std::swap(t.accepted->members[0], t.accepted->members[1]); }, order},
              C{[](auto& t) { t.accepted->members.push_back(t.accepted->members[1]); }, order},
              C{[](auto& t) { t.accepted->members[0].incarnation = {}; }, "member: missing"},
              C{[](auto& t) { t.accepted->members[1].node = node_id(64); }, "member: no such node"},
              C{[](auto& t) { t.accepted->id.coordinator_incarnation = {}; },
                "coordinator's incarnation: missing"},
          });
    const std::string body =
        number(1, 5) + number(3, 1) + number(6, 1'000'000'000);  // without a status
    EXPECT_EQ(said(decode_view_topic(body)), "node status: unknown");
    EXPECT_EQ(said(decode_view_topic(body + number(7, 5))), "node status: unknown");
    EXPECT_EQ(said(decode_view_topic(body + number(7, 4))), "accepted");
}

TEST(Refusal, Report) {
    using C = Case<Report>;
    Report good;
    good.incarnation = kLife;
    good.view = good_view().id;
    good.groups["a"].reason = "because";
    good.groups["b"];
    check(good, &decode_report,
          {
              C{[](auto& r) { r.incarnation = {}; }, "incarnation: missing"},
              C{[](auto& r) { r.view->number = 0; }, "view: without a number"},
              C{[](auto& r) { r.groups[""]; }, "group: missing"},
              C{[](auto& r) { r.groups[std::string(256, 'g')]; }, "group: too long"},
              C{[](auto& r) { r.groups["new\nline"]; }, "group: holds control characters"},
              C{[](auto& r) {
                    for (int i = 0; i < 1000; i++)
                        r.groups[std::to_string(i)];
                },
                "groups: too many"},
          });
    const std::string life = number(1, 5);
    const auto group = [](const std::string& name, std::uint64_t state) {
        return bytes(7, bytes(1, name) + number(2, state));
    };
    EXPECT_EQ(said(decode_report(life + group("a", 1) + group("b", 6))), "accepted");
    EXPECT_EQ(said(decode_report(life + group("b", 1) + group("a", 1))),
              "groups: not in order, or double");
    EXPECT_EQ(said(decode_report(life + group("a", 1) + group("a", 1))),
              "groups: not in order, or double");
    EXPECT_EQ(said(decode_report(life + group("a", 0))), "group state: unknown");
    EXPECT_EQ(said(decode_report(life + group("a", 7))), "group state: unknown");
    const auto reason = [](std::uint64_t place) {
        return bytes(7, bytes(1, "a") + number(2, 1) + number(9, place));
    };
    EXPECT_EQ(said(decode_report(life + reason(1))), "reason: not there");
    EXPECT_EQ(said(decode_report(life + reason(1) + bytes(8, "why"))), "accepted");
    EXPECT_EQ(said(decode_report(life + bytes(8, ""))), "reason: missing");
    EXPECT_EQ(said(decode_report(life + bytes(8, std::string(201, 'x')))), "reason: too long");
    EXPECT_EQ(said(decode_report(life + bytes(8, "a\x1b[1m"))), "reason: holds control characters");
    EXPECT_EQ(said(decode_report(life + bytes(8, "\xc2\x9b"))), "reason: holds control characters");
    EXPECT_EQ(said(decode_report(life + bytes(8, "\xff"))), "message: malformed");
}

TEST(Refusal, Table) {
    using C = Case<Table>;
    Table good{good_view().id, {}};
    good.rows["a"] = {2, node_id(0), 1, false, 0, "because"};
    check(good, &decode_table,
          {
              C{[](auto& t) { t.view = {}; }, "view: without a number"},
              C{[](auto& t) { t.rows["a"].version = 0; }, "row: without a version"},
              C{[](auto& t) { t.rows["a"].pred = 2; }, "row: older than its predecessor"},
              C{[](auto& t) { t.rows["a"].owner = node_id(64); }, "owner: no such node"},
              C{[](auto& t) { t.rows[""] = t.rows["a"]; }, "group: missing"},
          });
}

TEST(Refusal, PingReport) {
    using C = Case<PingReport>;
    check(PingReport{{"10.0.0.1", "router"}, {"router"}}, &decode_ping_report,
          {
              C{[](auto& p) { p.reachable.push_back("router"); }, "ping node: twice"},
              C{[](auto& p) { p.reachable.push_back(""); }, "ping node: missing"},
              C{[](auto& p) { p.reachable.assign(257, "x"); }, "ping nodes: too many"},
          });
}

TEST(Refusal, CommToMembership) {
    const auto say = [](const ipc::CommToMembership& m) {
        return said(decode_comm_to_membership(encode(m)));
    };
    EXPECT_EQ(said(decode_comm_to_membership("")), "message: of an unknown kind");
    EXPECT_EQ(said(decode_comm_to_membership(bytes(9, ""))), "message: of an unknown kind");
    EXPECT_EQ(say(ipc::CommHello{{1, 2}, {""}}), "link: missing");
    EXPECT_EQ(say(ipc::CommHello{{1, 2}, std::vector<std::string>(33, "e")}), "links: too many");
    ipc::FrameSeen seen{node_id(1),          5,  {1, 2},      1, link_id(0), MonoTime(1s), true,
                        {kLife, 1s, {}, {}}, {}, MonoTime(0s)};
    EXPECT_EQ(say(seen), "accepted");
    const auto spoiled = [&](auto spoil) {
        ipc::FrameSeen other = seen;
        spoil(other);
        return say(other);
    };
    EXPECT_EQ(spoiled([](auto& s) { s.generation = 0; }), "generation: missing");
    EXPECT_EQ(spoiled([](auto& s) { s.sequence = 0; }), "sequence: missing");
    EXPECT_EQ(spoiled([](auto& s) { s.link = link_id(32); }), "link: no such link");
    EXPECT_EQ(spoiled([](auto& s) { s.received = kNever; }), "received: out of range");
    EXPECT_EQ(spoiled([](auto& s) { s.received = kForever; }), "received: out of range");
    EXPECT_EQ(spoiled([](auto& s) { s.acknowledged_sent = MonoTime(-1ns); }),
              "acknowledged: out of range");
    EXPECT_EQ(spoiled([](auto& s) { s.head.deadtime = 0s; }), "deadtime: missing");
    // Topics of a frame that may be a recording.
    const std::string stale = number(1, 1) + number(2, 5) + number(5, 1) + number(6, 1) +
                              number(7, 2) + bytes(9, number(1, 1) + number(2, 1));
    EXPECT_EQ(said(decode_comm_to_membership(bytes(2, stale))), "head: missing");
    EXPECT_EQ(said(decode_comm_to_membership(bytes(3, number(1, 1) + number(2, 1)))),
              "link fault: unknown");
}

TEST(Refusal, MembershipToComm) {
    const auto say = [](const ipc::MembershipToComm& m) {
        return said(decode_membership_to_comm(encode(m)));
    };
    EXPECT_EQ(said(decode_membership_to_comm("")), "message: of an unknown kind");
    EXPECT_EQ(say(ipc::MembershipHello{}), "incarnation: missing");
    EXPECT_EQ(say(ipc::PublishTopics{}), "incarnation: missing");
    EXPECT_EQ(say(ipc::PublishTopics{kLife, {{Topic::kView, {}, "x"}}}),
              "topic: without a version");
}

TEST(Refusal, CommAndResource) {
    const PlacedAddress place{IpAddress::v4(0x0a000005), "eth0"};
    const auto watch = [](const std::string& address, const std::string& interface) {
        return said(decode_resource_to_comm(
            bytes(1, bytes(1, bytes(1, bytes(1, address) + bytes(2, interface)).substr(2)))));
    };
    EXPECT_EQ(said(decode_resource_to_comm(encode(ipc::Watch{{place}, {}}))), "accepted");
    EXPECT_EQ(watch("1234", "eth0"), "accepted");
    EXPECT_EQ(watch("12345", "eth0"), "address: neither IPv4 nor IPv6");
    EXPECT_EQ(watch(std::string(17, 'x'), "eth0"), "address: neither IPv4 nor IPv6");
    EXPECT_EQ(watch("1234", ""), "interface: missing");
    EXPECT_EQ(watch("1234", "sixteen-letters-"), "interface: too long");
    EXPECT_EQ(said(decode_resource_to_comm(
                  encode(ipc::Watch{std::vector(limits::kAddresses + 1, place), {}}))),
              "addresses: too many");
    EXPECT_EQ(said(decode_resource_to_comm("")), "message: of an unknown kind");

    const auto say = [](const ipc::CommToResource& m) {
        return said(decode_comm_to_resource(encode(m)));
    };
    EXPECT_EQ(said(decode_comm_to_resource("")), "message: of an unknown kind");
    EXPECT_EQ(say(ipc::Acknowledged{node_id(1), kNever}), "sent: out of range");
    EXPECT_EQ(say(ipc::CommStoodStill{-1s}), "gap: too long");
    const std::string where = bytes(1, bytes(1, "1234") + bytes(2, "eth0"));
    EXPECT_EQ(said(decode_comm_to_resource(bytes(3, bytes(1, where + bytes(6, "12345"))))),
              "who answered: not a MAC address");
    EXPECT_EQ(say(ipc::ProbeStatuses{}), "probes: none");
    ipc::ProbeStatus probe;
    probe.where = place;
    EXPECT_EQ(say(ipc::ProbeStatuses{std::vector(limits::kProbesPerMessage, probe)}), "accepted");
    EXPECT_EQ(say(ipc::ProbeStatuses{std::vector(limits::kProbesPerMessage + 1, probe)}),
              "probes: too many");
    EXPECT_EQ(said(decode_comm_to_resource(bytes(4, where))),
              "who announced it: not a MAC address");
    EXPECT_EQ(said(decode_comm_to_resource(bytes(5, ""))), "time of the answer: missing");
}

TEST(Refusal, MembershipAndResource) {
    const auto down = [](const ipc::MembershipToResource& m) {
        return said(decode_membership_to_resource(encode(m)));
    };
    EXPECT_EQ(said(decode_membership_to_resource("")), "message: of an unknown kind");
    EXPECT_EQ(down(ipc::MembershipReady{}), "incarnation: missing");
    EXPECT_EQ(down(ipc::ViewChanged{}), "view: without a number");
    EXPECT_EQ(down(ipc::PeerReport{node_id(64), {kLife}}), "peer: no such node");
    EXPECT_EQ(down(ipc::PeerReport{node_id(1), {}}), "incarnation: missing");
    EXPECT_EQ(down(ipc::PeerTable{node_id(1), {}}), "view: without a number");
    EXPECT_EQ(down(ipc::Lease{node_id(1), kForever}), "sent: out of range");
    EXPECT_EQ(said(decode_membership_to_resource(bytes(3, number(1, 1)))), "hearing: unknown");
    ipc::Request request{1,     ipc::RequestKind::kStandby, ipc::Scope::kAll, {}, false, {}, false,
                         "root"};
    EXPECT_EQ(down(request), "accepted");
    request.group = "g";
    EXPECT_EQ(down(request), "group: named, but the scope is another");
    request.scope = ipc::Scope::kGroup;
    EXPECT_EQ(down(request), "accepted");
    request.group.clear();
    EXPECT_EQ(down(request), "group: missing");
    request.id = 0;
    EXPECT_EQ(down(request), "request: without an id");

    const auto up = [](const ipc::ResourceToMembership& m) {
        return said(decode_resource_to_membership(encode(m)));
    };
    EXPECT_EQ(said(decode_resource_to_membership("")), "message: of an unknown kind");
    EXPECT_EQ(up(ipc::ResourceHello{}), "incarnation: missing");
    EXPECT_EQ(up(ipc::Publish{Report{}, {}}), "incarnation: missing");
    EXPECT_EQ(up(ipc::RequestAnswer{}), "answer: without an id");
}

TEST(Refusal, ResourceAndFence) {
    const auto down = [](const ipc::ResourceToFence& m) {
        return said(decode_resource_to_fence(encode(m)));
    };
    EXPECT_EQ(said(decode_resource_to_fence("")), "message: of an unknown kind");
    EXPECT_EQ(down(ipc::FenceWishes{}), "accepted");
    EXPECT_EQ(down(ipc::FenceWishes{{{node_id(64), 1, {}, ""}}}), "peer: no such node");
    EXPECT_EQ(down(ipc::FenceWishes{{{node_id(1), 1, {}, ""}, {node_id(1), 1, {}, ""}}}),
              "fence wishes: not in order, or double");
    ipc::FenceRequest request{1, ipc::FenceRequestKind::kTest, node_id(1), 7, "root"};
    EXPECT_EQ(down(request), "accepted");
    request.peer.reset();
    EXPECT_EQ(down(request), "peer: missing");
    request.kind = ipc::FenceRequestKind::kHistory;
    EXPECT_EQ(down(request), "accepted");
    request.peer = node_id(1);
    EXPECT_EQ(down(request), "peer: named, but nobody is meant");
    request.id = 0;
    EXPECT_EQ(down(request), "fence request: without an id");

    const auto up = [](const ipc::FenceToResource& m) {
        return said(decode_fence_to_resource(encode(m)));
    };
    EXPECT_EQ(said(decode_fence_to_resource("")), "message: of an unknown kind");
    EXPECT_EQ(said(decode_fence_to_resource(bytes(1, number(1, 1)))), "fence phase: unknown");
    EXPECT_EQ(up(ipc::FenceAnswer{}), "fence request: without an id");
    ipc::FenceAnswer answer{1, true, "", {{node_id(1), 1s, true, "ipmi", "off"}}};
    EXPECT_EQ(up(answer), "accepted");
    answer.history.resize(limits::kFenceRecords + 1, answer.history[0]);
    EXPECT_EQ(up(answer), "fence records: too many");
}

TEST(Refusal, MembershipAndIpfail) {
    EXPECT_EQ(said(decode_membership_to_ipfail("")), "message: of an unknown kind");
    EXPECT_EQ(said(decode_ipfail_to_membership("")), "message: of an unknown kind");
    EXPECT_EQ(said(decode_membership_to_ipfail(encode(ipc::PeerPings{node_id(64), {}}))),
              "peer: no such node");
    EXPECT_EQ(said(decode_ipfail_to_membership(encode(ipc::IpfailPublish{{{""}}}))),
              "ping node: missing");
}

TEST(Refusal, Control) {
    EXPECT_EQ(said(decode_tool_to_membership("")), "message: of an unknown kind");
    EXPECT_EQ(said(decode_tool_to_membership(std::string(limits::kChannelBytes + 1, 'x'))),
              "message: too long");
    EXPECT_EQ(said(decode_tool_to_membership(encode(ipc::GetStatus{}))), "request: without an id");
    EXPECT_EQ(said(decode_tool_to_membership(encode(ipc::GetParameter{1, ""}))),
              "parameter: missing");
    EXPECT_EQ(said(decode_tool_to_membership(bytes(3, number(1, 1) + number(3, 1)))),
              "request: of an unknown kind");
    EXPECT_EQ(said(decode_tool_to_membership(bytes(3, number(1, 1) + number(2, 1)))),
              "scope: unknown");

    EXPECT_EQ(said(decode_membership_to_tool("")), "message: of an unknown kind");
    using C = Case<ipc::MembershipToTool>;
    ipc::Status good;
    good.status.nodes.resize(2);
    for (NodeSummary& node : good.status.nodes)
        node.name = "node";
    good.status.groups.emplace_back().name = "g";
    const auto status = [](ipc::MembershipToTool& m) -> ClusterStatus& {
        return std::get<ipc::Status>(m).status;
    };
    const std::string stranger = "group: of a node that is not among the nodes";
    check(ipc::MembershipToTool(good), &decode_membership_to_tool,
          {
              C{[&](auto& m) { status(m).self = node_id(2); }, "self: not among the nodes"},
              C{[&](auto& m) { status(m).groups[0].owner = node_id(2); }, stranger},
              C{[&](auto& m) {
                    status(m).quorum = QuorumSummary{3, 2, false};
                },
                "quorum: of more nodes than are"},
              C{[&](auto& m) {
                    status(m).quorum = QuorumSummary{1, 3, false};
                },
                "quorum: of more nodes than are"},
              C{[&](auto& m) {
                    status(m).quorum = QuorumSummary{1, 0, false};
                },
                "quorum: needs nobody"},
              C{[&](auto& m) { status(m).groups[0].preferred = node_id(2); }, stranger},
              C{[&](auto& m) { status(m).groups[0].by_node[node_id(2)]; }, stranger},
              C{[&](auto& m) { status(m).nodes[0].name.clear(); }, "node: missing"},
          });
}

}  // namespace
}  // namespace hb::proto
