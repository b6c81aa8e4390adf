#include "daemons/hb-comm/bad_frames.hpp"

#include <gtest/gtest.h>

#include "common/base/ip_address.hpp"

namespace hb::comm {
namespace {

const MonoTime t0{100s};
const IpAddress kHost = *IpAddress::parse("10.77.1.2");

class BadFramesTest : public testing::Test {
  protected:
    std::vector<std::string> texts() {
        std::vector<std::string> texts;
        for (const Event& e : out)
            texts.push_back(e.text);
        out.clear();
        return texts;
    }
    using Texts = std::vector<std::string>;
    BadFrames bad;
    std::vector<Event> out;
};

TEST_F(BadFramesTest, FirstAtOnceThenHowMany) {
    EXPECT_EQ(bad.next_deadline(), kForever);
    for (int i = 0; i < 100; ++i)
        bad.add(kHost.to_string(), "eth1", "wrong key 1 (sha1)", t0 + i * 1ms, out);
    EXPECT_EQ(texts(), (Texts{"1 bad frame from 10.77.1.2 on eth1: wrong key 1 (sha1)"}));
    EXPECT_EQ(bad.next_deadline(), t0 + 10s);
    bad.on_deadline(t0 + 9s, out);
    EXPECT_EQ(texts(), Texts{});
    bad.on_deadline(t0 + 10s, out);
    EXPECT_EQ(texts(), (Texts{"99 bad frames from 10.77.1.2 on eth1: wrong key 1 (sha1)"}));
    bad.on_deadline(t0 + 20s, out);
    EXPECT_EQ(texts(), Texts{});
    EXPECT_EQ(bad.next_deadline(), kForever);
    bad.add(kHost.to_string(), "eth1", "wrong key 1 (sha1)", t0 + 60s, out);
    EXPECT_EQ(texts().size(), 1U);  // at once again
}

TEST_F(BadFramesTest, KindsAreToldApart) {
    bad.add(kHost.to_string(), "eth0", "too short", t0, out);
    bad.add(kHost.to_string(), "eth1", "too short", t0, out);
    bad.add(kHost.to_string(), "eth1", "unknown key 3", t0, out);
    EXPECT_EQ(texts().size(), 3U);
}

TEST_F(BadFramesTest, AFloodWithInventedSourcesSharesALine) {
    for (std::uint32_t i = 0; i < 100000; ++i)
        bad.add(IpAddress::v4(i).to_string(), "eth1", "too short", t0, out);
    EXPECT_EQ(texts().size(), BadFrames::kKinds + 1);
    bad.on_deadline(t0 + 10s, out);
    EXPECT_EQ(texts(), (Texts{"99967 bad frames from many hosts on eth1: of several kinds"}));
}

}  // namespace
}  // namespace hb::comm
