#include "common/wire/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace hb::wire {
namespace {

// The parts of one frame, as open() gives them.
std::vector<OpenedPart> parts_of(FrameHeader header, const std::string& body) {
    std::vector<OpenedPart> parts;
    header.parts = static_cast<std::uint16_t>(
        std::max<std::size_t>(1, (body.size() + limits::kPartBytes - 1) / limits::kPartBytes));
    for (header.part = 0; header.part < header.parts; ++header.part)
        parts.push_back({header, static_cast<std::uint32_t>(body.size()),
                         body.substr(header.part * limits::kPartBytes, limits::kPartBytes)});
    return parts;
}

FrameHeader frame(std::uint64_t sequence, std::uint64_t generation = 5, std::uint32_t start = 1,
                  NodeId sender = node_id(1)) {
    return {.cluster = 1,
            .sender = sender,
            .generation = generation,
            .session = {start, 99},
            .sequence = sequence};
}

std::string body_of(std::size_t size, char c = 'a') {
    std::string body(size, c);
    for (std::size_t i = 0; i < size; i += 100)
        body[i] = static_cast<char>('0' + i / 100 % 10);
    return body;
}

// Adds all; what came out whole, in order.
std::vector<WholeFrame> add_all(Reassembler& r, const std::vector<OpenedPart>& parts) {
    std::vector<WholeFrame> whole;
    for (const OpenedPart& p : parts)
        if (auto w = r.add(p)) whole.push_back(*w);
    return whole;
}

TEST(Reassembler, OnePartIsWholeEachTimeItComes) {
    Reassembler r;
    const auto parts = parts_of(frame(1), "short");
    EXPECT_EQ(add_all(r, parts).size(), 1U);
    EXPECT_EQ(add_all(r, parts).size(), 1U);
    EXPECT_EQ(r.bytes_kept(), 0U);
}

TEST(Reassembler, AnyOrderOnceWhole) {
    const std::string body = body_of(6000);
    auto parts = parts_of(frame(1), body);
    std::mt19937 random(1);
    for (int i = 0; i < 20; ++i) {
        std::shuffle(parts.begin(), parts.end(), random);
        Reassembler r;
        const auto whole = add_all(r, parts);
        ASSERT_EQ(whole.size(), 1U);
        EXPECT_EQ(whole[0].body, body);
        EXPECT_EQ(whole[0].header.sequence, 1U);
        EXPECT_EQ(r.bytes_kept(), 0U);
        EXPECT_TRUE(add_all(r, parts).empty());  // once
    }
}

TEST(Reassembler, PartsOfTwoLinksFillEachOthersGaps) {
    Reassembler r;
    const auto parts = parts_of(frame(1), body_of(5000));
    ASSERT_EQ(parts.size(), 4U);
    EXPECT_TRUE(add_all(r, {parts[0], parts[2], parts[0]}).empty());  // link 1 lost two
    EXPECT_EQ(add_all(r, {parts[0], parts[1], parts[3]}).size(), 1U);
}

TEST(Reassembler, ANewerFrameReplacesAnUnfinishedOne) {
    Reassembler r;
    const auto old = parts_of(frame(1), body_of(3000));
    const auto newer = parts_of(frame(2), body_of(4000, 'b'));
    EXPECT_TRUE(add_all(r, {old[0], old[1], newer[0]}).empty());
    EXPECT_EQ(r.bytes_kept(), limits::kPartBytes);
    EXPECT_TRUE(add_all(r, {old[2]}).empty());
    EXPECT_EQ(add_all(r, {newer[1], newer[2], newer[3]}).size(), 1U);
}

TEST(Reassembler, SessionsAndGenerationsAreOrdered) {
    for (const FrameHeader& newer : {frame(1, 5, 2), frame(1, 6, 1)}) {
        Reassembler r;
        const auto old = parts_of(frame(9), body_of(2000));
        const auto next = parts_of(newer, body_of(2000));
        EXPECT_TRUE(add_all(r, {old[0], next[0]}).empty());
        EXPECT_EQ(add_all(r, {next[1]}).size(), 1U);
    }
}

// A node that lost its disk comes back with a lower generation; recordings must not stop the
// others.
TEST(Reassembler, ALowerGenerationHasItsOwnPlace) {
    Reassembler r;
    const auto current = parts_of(frame(1, 9), body_of(2000));
    const auto lower = parts_of(frame(1, 3), body_of(2000));
    EXPECT_TRUE(add_all(r, {current[0], lower[0]}).empty());
    EXPECT_EQ(add_all(r, {lower[1]}).size(), 1U);
    EXPECT_EQ(add_all(r, {current[1]}).size(), 1U);
}

TEST(Reassembler, SendersDoNotMix) {
    Reassembler r;
    const auto one = parts_of(frame(1), body_of(2000));
    const auto two = parts_of(frame(1, 5, 1, node_id(2)), body_of(2000));
    EXPECT_TRUE(add_all(r, {one[0], two[1]}).empty());
    EXPECT_EQ(add_all(r, {one[1], two[0]}).size(), 2U);
}

TEST(Reassembler, PartsThatContradictTheFirstAreDropped) {
    Reassembler r;
    const auto parts = parts_of(frame(1), body_of(2000));
    EXPECT_TRUE(add_all(r, {parts[0]}).empty());
    OpenedPart longer = parts[1];
    longer.body_bytes = 2001;
    OpenedPart more = parts[1];
    more.header.parts = 3;
    OpenedPart foreign = parts[1];
    foreign.header.cluster = 2;
    EXPECT_TRUE(add_all(r, {longer, more, foreign}).empty());
    EXPECT_EQ(add_all(r, {parts[1]}).size(), 1U);
}

TEST(Reassembler, KeepsAtMostTwoBodiesOfASender) {
    Reassembler r;
    const std::string body = body_of(limits::kBodyBytes);
    for (std::uint64_t generation = 1; generation < 6; ++generation) {
        auto parts = parts_of(frame(1, generation), body);
        parts.pop_back();
        EXPECT_TRUE(add_all(r, parts).empty());
        EXPECT_LE(r.bytes_kept(), 2 * limits::kBodyBytes);
    }
}

}  // namespace
}  // namespace hb::wire
