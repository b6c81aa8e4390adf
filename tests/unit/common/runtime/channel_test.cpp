#include "common/runtime/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/limits.hpp"

namespace hb::runtime {
namespace {

struct End {
    std::unique_ptr<Channel> channel;
    std::vector<std::string> messages;
    std::vector<UniqueFd> fds;
    std::optional<CloseReason> closed;
};

class Channels : public testing::Test {
  protected:
    void SetUp() override {
        auto pair = make_channel_pair();
        ASSERT_TRUE(pair) << pair.error().text;
        largest_ = pair->largest;
        a_socket_ = pair->first.get();
        open(a_, std::move(pair->first), {});
        open(b_, std::move(pair->second), {.accepts_descriptors = true});
    }
    void open(End& end, UniqueFd fd, ChannelOptions options) {
        end.channel = std::make_unique<Channel>(
            loop_, std::move(fd),
            Channel::Callbacks{
                .on_message =
                    [&end](std::string_view bytes, std::vector<UniqueFd> fds) noexcept {
                        EXPECT_FALSE(end.closed);
                        end.messages.emplace_back(bytes);
                        for (UniqueFd& fd_of : fds)
                            end.fds.push_back(std::move(fd_of));
                    },
                .on_closed =
                    [&end](CloseReason reason) noexcept {
                        EXPECT_FALSE(end.closed);
                        end.closed = reason;
                    }},
            options);
    }
    void turns(int n) {
        for (int i = 0; i < n; ++i)
            loop_.poll();
    }
    EventLoop loop_;
    std::size_t largest_ = 0;
    int a_socket_ = -1;
    End a_;
    End b_;
};

TEST_F(Channels, OneSendIsOneMessageInOrder) {
    EXPECT_EQ(a_.channel->send("one"), SendResult::kSent);
    EXPECT_EQ(a_.channel->send("two"), SendResult::kSent);
    EXPECT_EQ(b_.channel->send("back"), SendResult::kSent);
    turns(2);
    EXPECT_EQ(b_.messages, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(a_.messages, (std::vector<std::string>{"back"}));
}

TEST_F(Channels, WhatTheDeadSentIsDeliveredFirst) {
    for (int i = 0; i < 100; ++i)
        a_.channel->send(std::to_string(i));
    a_.channel.reset();
    turns(1);
    EXPECT_EQ(b_.messages.size(), limits::kFramesPerWakeup);  // others get a turn
    EXPECT_FALSE(b_.closed);
    turns(10);
    EXPECT_EQ(b_.messages.size(), 100u);
    EXPECT_EQ(b_.closed, CloseReason::kPeerGone);
    EXPECT_EQ(b_.channel->send("late"), SendResult::kClosed);
}

// The kernel reports ECONNRESET before the data when the dead one left messages unread.
TEST_F(Channels, AlsoWhenTheDeadLeftOurMessagesUnread) {
    b_.channel->send("never read");
    a_.channel->send("last words");
    a_.channel.reset();
    EXPECT_EQ(b_.channel->send("too late"), SendResult::kClosed);
    turns(5);
    EXPECT_EQ(b_.messages, (std::vector<std::string>{"last words"}));
    EXPECT_EQ(b_.closed, CloseReason::kPeerGone);
}

TEST_F(Channels, DrainReadsToTheEndAtOnce) {
    for (int i = 0; i < 60; ++i)
        a_.channel->send("x");
    EXPECT_FALSE(b_.channel->drain());
    EXPECT_EQ(b_.messages.size(), 60u);
    a_.channel->send("y");
    a_.channel.reset();
    EXPECT_TRUE(b_.channel->drain());
    EXPECT_EQ(b_.messages.back(), "y");
    EXPECT_EQ(b_.closed, CloseReason::kPeerGone);
}

TEST_F(Channels, LargestMessagePassesAndOneByteMoreIsRefused) {
    if (largest_ < limits::kChannelBytes) GTEST_SKIP() << "send buffers cannot be enlarged here";
    const std::string big(limits::kChannelBytes, 'b');
    EXPECT_EQ(a_.channel->send(big), SendResult::kSent);
    EXPECT_EQ(a_.channel->send(big + "b"), SendResult::kTooLarge);
    turns(2);
    ASSERT_EQ(b_.messages.size(), 1u);
    EXPECT_EQ(b_.messages[0], big);
}

TEST_F(Channels, AFullSocketQueuesAndGoesOnInOrder) {
    const std::string piece(100000, 'p');
    std::size_t sent = 0;
    while (a_.channel->send(std::to_string(sent) + piece) == SendResult::kSent)
        ++sent;
    EXPECT_GT(a_.channel->queued_bytes(), 0u);
    a_.channel->send("last");
    turns(20);
    EXPECT_EQ(a_.channel->queued_bytes(), 0u);
    ASSERT_EQ(b_.messages.size(), sent + 2);
    EXPECT_EQ(b_.messages.back(), "last");
    for (std::size_t i = 0; i <= sent; ++i)
        EXPECT_EQ(b_.messages[i].substr(0, std::to_string(i).size()), std::to_string(i));
}

TEST_F(Channels, APeerThatDoesNotReadIsGivenUpButHeardFirst) {
    b_.channel->pause();
    b_.channel->send("still here");
    SendResult last{};
    for (int i = 0; i < 1000; ++i) {
        last = a_.channel->send(std::string(100000, 'x'));
        if (last == SendResult::kClosed) break;
    }
    EXPECT_EQ(last, SendResult::kClosed);
    EXPECT_FALSE(a_.closed);  // never inside send()
    turns(2);
    EXPECT_EQ(a_.messages, (std::vector<std::string>{"still here"}));
    EXPECT_EQ(a_.closed, CloseReason::kStuck);
}

// Who closes it inside a callback is called no more, also while it is being given up.
TEST_F(Channels, ClosedWhileItIsGivenUpItSaysNoMore) {
    b_.channel->pause();
    b_.channel->send("one");
    b_.channel->send("two");
    int heard = 0;
    Channel stuck(loop_, UniqueFd(::dup(a_socket_)),
                  {.on_message =
                       [&](std::string_view, std::vector<UniqueFd>) noexcept {
                           ++heard;
                           stuck.close();
                       },
                   .on_closed = [&](CloseReason) noexcept { heard += 100; }});
    a_.channel->pause();
    while (stuck.send(std::string(100000, 'x')) != SendResult::kClosed) {
    }
    turns(3);
    EXPECT_EQ(heard, 1);
}

TEST_F(Channels, DescriptorsTravel) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    std::vector<UniqueFd> fds;
    fds.emplace_back(ends[1]);
    EXPECT_EQ(a_.channel->send("take it", std::move(fds)), SendResult::kSent);
    turns(1);
    ASSERT_EQ(b_.fds.size(), 1u);
    EXPECT_NE(::fcntl(b_.fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(::write(b_.fds[0].get(), "!", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
}

TEST_F(Channels, UnwantedDescriptorsCloseIt) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::vector<UniqueFd> fds;
    fds.emplace_back(ends[0]);
    fds.emplace_back(ends[1]);
    b_.channel->send("trap", std::move(fds));
    turns(1);
    EXPECT_TRUE(a_.messages.empty());
    EXPECT_EQ(a_.closed, CloseReason::kDescriptors);
}

TEST(ChannelInput, OversizedDatagramClosesIt) {
    EventLoop loop;
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    if (pair->largest <= limits::kChannelBytes + 1) GTEST_SKIP();
    std::optional<CloseReason> closed;
    Channel channel(loop, std::move(pair->first),
                    {.on_message = [](std::string_view, std::vector<UniqueFd>) noexcept {},
                     .on_closed = [&](CloseReason r) noexcept { closed = r; }});
    const std::string big(limits::kChannelBytes + 1, 'x');
    ASSERT_GT(::send(pair->second.get(), big.data(), big.size(), 0), 0);
    loop.poll();
    EXPECT_EQ(closed, CloseReason::kOversized);
}

TEST_F(Channels, MayBeDestroyedInsideItsCallbacks) {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    std::unique_ptr<Channel> suicidal;
    int messages = 0;
    suicidal = std::make_unique<Channel>(
        loop_, std::move(pair->first),
        Channel::Callbacks{.on_message =
                               [&](std::string_view, std::vector<UniqueFd>) noexcept {
                                   ++messages;
                                   suicidal.reset();
                               },
                           .on_closed = [](CloseReason) noexcept { FAIL(); }});
    ASSERT_EQ(::send(pair->second.get(), "a", 1, 0), 1);
    ASSERT_EQ(::send(pair->second.get(), "b", 1, 0), 1);
    turns(3);
    EXPECT_EQ(messages, 1);
    EXPECT_EQ(suicidal, nullptr);
}

TEST_F(Channels, APausedChannelHoldsMessagesBack) {
    b_.channel->pause();
    a_.channel->send("x");
    turns(2);
    EXPECT_TRUE(b_.messages.empty());
    b_.channel->resume();
    turns(1);
    EXPECT_EQ(b_.messages.size(), 1u);
}

TEST(NamedSockets, ListenerKnowsWhoComes) {
    EventLoop loop;
    const std::string path = testing::TempDir() + "/hb-control-" + std::to_string(::getpid());
    auto listening = listen_at(path, 0660, ::getuid(), ::getgid());
    ASSERT_TRUE(listening) << listening.error().text;
    std::optional<PeerCredentials> who;
    UniqueFd accepted;
    Listener listener(loop, std::move(*listening), [&](UniqueFd fd, PeerCredentials peer) noexcept {
        accepted = std::move(fd);
        who = std::move(peer);
    });
    auto client = connect_to(path);
    ASSERT_TRUE(client) << client.error().text;
    loop.poll();
    ASSERT_TRUE(who);
    EXPECT_EQ(who->pid, ::getpid());
    EXPECT_EQ(who->uid, ::getuid());
    // A stale socket file is no obstacle; another file is.
    EXPECT_TRUE(listen_at(path, 0660, ::getuid(), ::getgid()));
    ::unlink(path.c_str());
    {
        const UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    EXPECT_FALSE(listen_at(path, 0660, ::getuid(), ::getgid()));
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace hb::runtime
