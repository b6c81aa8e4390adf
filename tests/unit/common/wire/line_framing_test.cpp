#include "common/wire/line_framing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hb::wire {
namespace {

struct Reader {
    LineDecoder decoder;
    std::vector<std::string> came;
    void feed(std::string_view bytes) {
        decoder.feed(bytes, [this](std::string_view datagram) { came.emplace_back(datagram); });
    }
    [[nodiscard]] const LineCounts& counts() const { return decoder.counts(); }
};

std::string bytes_of(std::size_t size, unsigned seed) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes.push_back(static_cast<char>((i * seed + seed / 3) & 0xff));
    return bytes;
}

TEST(LineFraming, brings_back_every_datagram_and_has_no_zero_within) {
    Reader reader;
    std::vector<std::string> sent;
    std::uint8_t counter = 250;  // over its end
    for (const std::size_t size : {1U, 2U, 48U, 248U, 249U, 250U, 253U, 254U, 255U, 508U, 1404U})
        for (const unsigned seed : {0U, 1U, 7U, 255U}) {
            sent.push_back(bytes_of(size, seed));
            const std::string line = to_line(counter, sent.back());
            counter = next_counter(counter);
            EXPECT_LE(line.size(), size + line_overhead(size)) << size;
            EXPECT_EQ(line.find('\0', 1), line.size() - 1) << size;
            reader.feed(line);
        }
    EXPECT_EQ(reader.came, sent);
    EXPECT_EQ(reader.counts().good, sent.size());
    EXPECT_EQ(reader.counts().garbled, 0U);
    EXPECT_EQ(reader.counts().lost, 0U);
}

TEST(LineFraming, takes_bytes_as_they_come) {
    Reader reader;
    const std::string line = to_line(1, bytes_of(300, 5)) + to_line(2, bytes_of(20, 3));
    for (const char byte : line)
        reader.feed({&byte, 1});
    EXPECT_EQ(reader.came, (std::vector{bytes_of(300, 5), bytes_of(20, 3)}));
}

TEST(LineFraming, counts_what_noise_took_and_goes_on) {
    Reader reader;
    std::string line;
    for (std::uint8_t counter = 0; counter < 4; ++counter)
        line += to_line(counter, bytes_of(100, 3));
    const std::size_t each = line.size() / 4;
    line[each + 50] = static_cast<char>(line[each + 50] ^ 0x10);  // one bit of the second
    line.erase(2 * each + 20, 3);                                 // three bytes of the third
    reader.feed(line);
    EXPECT_EQ(reader.came.size(), 2U);
    EXPECT_EQ(reader.counts().garbled, 2U);
    EXPECT_EQ(reader.counts().lost, 2U);
}

TEST(LineFraming, begins_in_the_middle_without_a_complaint) {
    Reader reader;
    reader.feed(to_line(7, bytes_of(100, 3)).substr(30));
    reader.feed(to_line(8, bytes_of(100, 3)));
    EXPECT_EQ(reader.came.size(), 1U);
    EXPECT_EQ(reader.counts().garbled, 0U);
    EXPECT_EQ(reader.counts().lost, 0U);
    reader.feed(to_line(kFirstCounter, bytes_of(10, 3)));  // the other end was opened anew
    EXPECT_EQ(reader.counts().lost, 0U);
    reader.feed(to_line(200, bytes_of(10, 3)));
    EXPECT_EQ(reader.counts().lost, 199U);
    reader.feed(to_line(5, bytes_of(10, 3)));
    EXPECT_EQ(reader.counts().lost, 199U + 59U);
    reader.decoder.restart();
    reader.feed(to_line(40, bytes_of(100, 3)).substr(30));
    reader.feed(to_line(41, bytes_of(100, 3)));
    EXPECT_EQ(reader.counts().lost, 199U + 59U);
}

// A getty at the other end prompts for ever, and says no zero byte.
TEST(LineFraming, drops_what_never_ends) {
    Reader reader;
    for (int i = 0; i < 10000; ++i)
        reader.feed("\r\nnode2 login: ");
    EXPECT_EQ(reader.counts().garbled, 1U);
    reader.feed(to_line(0, "a datagram"));
    EXPECT_EQ(reader.came, std::vector<std::string>{"a datagram"});
}

}  // namespace
}  // namespace hb::wire
