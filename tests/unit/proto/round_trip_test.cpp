// What is encoded is decoded to the same value; the same value gives the same bytes; and no prefix,
// no changed byte crashes a decoder or gives a value that does not survive its own round trip.
#include <gtest/gtest.h>

#include "proto/codec_comm_membership.hpp"
#include "proto/codec_comm_resource.hpp"
#include "proto/codec_control.hpp"
#include "proto/codec_fence_resource.hpp"
#include "proto/codec_hello.hpp"
#include "proto/codec_membership_ipfail.hpp"
#include "proto/codec_membership_resource.hpp"
#include "proto/codec_node.hpp"
#include "tests/unit/proto/generate.hpp"

namespace hb::proto {
namespace {

constexpr std::uint64_t kSeeds = 500;

template <typename Value, typename Generate, typename Decode>
void check(Generate generate, Decode decode) {
    for (std::uint64_t seed = 0; seed < kSeeds; seed++) {
        test::Generator random(seed);
        const Value value = generate(random);
        const std::string bytes = encode(value);
        const Result<Value> back = decode(bytes);
        ASSERT_TRUE(back.has_value()) << "seed " << seed << ": " << back.error().text;
        ASSERT_EQ(*back, value) << "seed " << seed;
        ASSERT_EQ(encode(*back), bytes) << "seed " << seed;

        std::string damaged = bytes;
        if (damaged.empty()) continue;
        if (random.coin())
            damaged.resize(random.below(damaged.size()));
        else
            damaged[random.below(damaged.size())] ^= static_cast<char>(1U << random.below(8));
        if (const Result<Value> other = decode(damaged)) {
            const Result<Value> again = decode(encode(*other));
            ASSERT_TRUE(again.has_value()) << "seed " << seed << ": " << again.error().text;
            ASSERT_EQ(*again, *other) << "seed " << seed;
        }
    }
}

#define ROUND_TRIP(Name, Type, generate, decode)                                 \
    TEST(RoundTrip, Name) {                                                      \
        check<Type>([](test::Generator& g) { return g.generate(); }, &(decode)); \
    }

ROUND_TRIP(Hello, ipc::Hello, hello, decode_hello)
ROUND_TRIP(FrameBody, FrameBody, frame_body, decode_frame_body)
ROUND_TRIP(ViewTopic, ViewTopic, view_topic, decode_view_topic)
ROUND_TRIP(Report, Report, report, decode_report)
ROUND_TRIP(Table, Table, table, decode_table)
ROUND_TRIP(PingReport, PingReport, ping_report, decode_ping_report)
ROUND_TRIP(CommToMembership, ipc::CommToMembership, comm_to_membership, decode_comm_to_membership)
ROUND_TRIP(MembershipToComm, ipc::MembershipToComm, membership_to_comm, decode_membership_to_comm)
ROUND_TRIP(ResourceToComm, ipc::ResourceToComm, resource_to_comm, decode_resource_to_comm)
ROUND_TRIP(CommToResource, ipc::CommToResource, comm_to_resource, decode_comm_to_resource)
ROUND_TRIP(ResourceToFence, ipc::ResourceToFence, resource_to_fence, decode_resource_to_fence)
ROUND_TRIP(FenceToResource, ipc::FenceToResource, fence_to_resource, decode_fence_to_resource)
ROUND_TRIP(MembershipToResource, ipc::MembershipToResource, membership_to_resource,
           decode_membership_to_resource)
ROUND_TRIP(ResourceToMembership, ipc::ResourceToMembership, resource_to_membership,
           decode_resource_to_membership)
ROUND_TRIP(MembershipToIpfail, ipc::MembershipToIpfail, membership_to_ipfail,
           decode_membership_to_ipfail)
ROUND_TRIP(IpfailToMembership, ipc::IpfailToMembership, ipfail_to_membership,
           decode_ipfail_to_membership)
ROUND_TRIP(ToolToMembership, ipc::ToolToMembership, tool_to_membership, decode_tool_to_membership)
ROUND_TRIP(MembershipToTool, ipc::MembershipToTool, membership_to_tool, decode_membership_to_tool)

// ---- sizes: a heartbeat leaves every keepalive

FrameBody heartbeat(std::size_t nodes) {
    const Incarnation life{1'790'000'000, 1};
    std::vector<TopicAck> versions;
    for (Topic topic : kAllTopics)
        versions.push_back({topic, {life, 1000}});
    FrameBody body{{life, 1s, versions, {}}, {}};
    for (std::size_t r = 1; r < nodes; r++)
        body.head.heard.push_back(
            {node_id(r), 3, {1, 0x89abcdef}, 1'000'000, 250ms - 1ns, versions});
    return body;
}

TEST(Size, AHeartbeatIsOneSmallDatagram) {
    EXPECT_LE(encode(heartbeat(2)).size(), 110U);
    EXPECT_LE(encode(heartbeat(5)).size(), 320U);
}

TEST(Size, AReportOfManyGroupsSharesItsSentences) {
    Report report;
    report.incarnation = {1'790'000'000, 1};
    report.view = ViewId{7, node_id(0), report.incarnation};
    for (int i = 0; i < 200; i++) {
        GroupReport g;
        g.state = GroupState::kRunning;
        g.bar = 3;
        g.reason = "preferred node";
        report.groups["10.0.0." + std::to_string(i)] = g;
    }
    EXPECT_LE(encode(report).size(), 4500U);
}

// ---- sentences are made fit to be shown, not refused

TEST(Sentences, AreCutAndCleaned) {
    Report report;
    report.incarnation = {1, 1};
    report.groups["g"].reason = "line one\nline two\x1b[31m\xff" + std::string(300, 'x');
    report.groups["h"].reason = std::string(limits::kReasonBytes - 1, 'x') + "\xc3\xa4";
    const Result<Report> back = decode_report(encode(report));
    ASSERT_TRUE(back.has_value()) << back.error().text;
    EXPECT_TRUE(back->groups.at("g").reason.starts_with("line one line two [31m?xxx"));
    EXPECT_EQ(back->groups.at("g").reason.size(), limits::kReasonBytes);
    EXPECT_EQ(back->groups.at("h").reason, std::string(limits::kReasonBytes - 1, 'x'));
}

}  // namespace
}  // namespace hb::proto
