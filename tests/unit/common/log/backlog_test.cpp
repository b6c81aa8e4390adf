#include "common/log/backlog.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace hb::log {
namespace {

// A log file that is a pipe, so that what was written can be asked at any time.
class BacklogTest : public testing::Test {
  protected:
    BacklogTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
        read_ = runtime::UniqueFd(ends[0]);
        logger_.set_files(runtime::UniqueFd(ends[1]), runtime::UniqueFd());
    }
    static Event line(const std::string& text, Level level = Level::kInfo) {
        return {"test", level, text, {}};
    }
    // The words of the lines that were written since.
    std::string written() {
        std::array<char, 65536> buffer{};
        const ssize_t n = ::read(read_.get(), buffer.data(), buffer.size());
        std::string words;
        std::string text(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            const std::string each = text.substr(0, end);
            words += (words.empty() ? "" : " ") + each.substr(each.rfind(' ') + 1);
            text.erase(0, end + 1);
        }
        return words;
    }

    runtime::EventLoop loop_;
    Logger logger_{{.daemon = "test", .host = "here"}};
    runtime::UniqueFd read_;
};

TEST_F(BacklogTest, LinesWaitUntilNothingElseIsToBeDone) {
    Backlog backlog(loop_, logger_);
    std::string before_last_step;
    int steps = 0;
    runtime::Defer work(loop_, [&]() noexcept {
        before_last_step = written();
        if (++steps < 10) work.schedule();
    });
    backlog.log(line("one"));
    work.schedule();
    backlog.log(line("two"));
    EXPECT_EQ(backlog.waiting(), 2U);
    loop_.poll();
    EXPECT_EQ(steps, 10);
    EXPECT_EQ(before_last_step, "");
    EXPECT_EQ(written(), "one two");
    EXPECT_EQ(backlog.waiting(), 0U);
}

TEST_F(BacklogTest, AWarningTakesAllAlongAtOnce) {
    Backlog backlog(loop_, logger_);
    backlog.log(line("one"));
    backlog.log(line("not-wanted", Level::kDebug));
    EXPECT_EQ(written(), "");
    backlog.log(line("two", Level::kWarn));
    EXPECT_EQ(written(), "one two");
}

TEST_F(BacklogTest, TheEndWritesWhatIsLeft) {
    {
        Backlog backlog(loop_, logger_);
        backlog.log(line("one"));
    }
    EXPECT_EQ(written(), "one");
}

TEST_F(BacklogTest, TooManyDoNotWait) {
    Backlog backlog(loop_, logger_, 3);
    backlog.log(line("one"));
    backlog.log(line("two"));
    EXPECT_EQ(written(), "");
    backlog.log(line("three"));
    EXPECT_EQ(written(), "one two three");
}

}  // namespace
}  // namespace hb::log
