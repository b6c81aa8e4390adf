#include "common/config/lexer.hpp"

#include <gtest/gtest.h>

namespace hb::config {
namespace {

std::vector<Line> lines_of(std::string_view text, Diagnostics& diagnostics,
                           Comments comments = Comments::kAnywhere) {
    return split_lines(text, "ha.cf", comments, diagnostics);
}

TEST(Lexer, LeavesOutCommentsAndEmptyLinesButCountsThem) {
    Diagnostics diagnostics;
    const auto lines = lines_of("# one\n\n \t\nnode a # b\r\nlast", diagnostics);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].text, "node a ");
    EXPECT_EQ(lines[0].at, (Position{"ha.cf", 4, 1}));
    EXPECT_TRUE(lines[0].has_comment);
    EXPECT_EQ(lines[1].text, "last");
    EXPECT_EQ(lines[1].at.line, 5u);
    EXPECT_FALSE(lines[1].has_comment);
}

TEST(Lexer, KeepsHashMarksInsideLinesOfFilesWithoutTrailingComments) {
    Diagnostics diagnostics;
    const auto lines = lines_of("  # comment\n1 sha1 a#b\n", diagnostics, Comments::kWholeLine);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].text, "1 sha1 a#b");
}

TEST(Lexer, WordsKnowTheirColumns) {
    const Line line{" bcast eth0,\teth1 ", {"ha.cf", 7, 1}};
    const auto words = split_words(line, kBlanksAndCommas);
    ASSERT_EQ(words.size(), 3u);
    EXPECT_EQ(words[0].text, "bcast");
    EXPECT_EQ(words[0].at, (Position{"ha.cf", 7, 2}));
    EXPECT_EQ(words[1].text, "eth0");
    EXPECT_EQ(words[1].at.column, 8u);
    EXPECT_EQ(words[2].text, "eth1");
    EXPECT_EQ(words[2].at.column, 14u);
}

TEST(Lexer, TakeWordLeavesTheRestAtItsFirstWord) {
    Line line{"respawn  root /bin/x  a,b", {"ha.cf", 1, 1}};
    EXPECT_EQ(take_word(line, kBlanks).text, "respawn");
    EXPECT_EQ(line.text, "root /bin/x  a,b");
    EXPECT_EQ(line.at.column, 10u);
    EXPECT_EQ(take_word(line, kBlanks).text, "root");
    EXPECT_EQ(line.text, "/bin/x  a,b");
}

TEST(Lexer, ReportsControlCharactersOncePerLineAndDropsTheLine) {
    Diagnostics diagnostics;
    const auto lines = lines_of("node a\x1b\x1b\nnode b\n", diagnostics);
    ASSERT_EQ(lines.size(), 1u);
    ASSERT_EQ(diagnostics.sorted().size(), 1u);
    EXPECT_EQ(to_string(diagnostics.sorted()[0]), "ha.cf:1:7: error: control character 0x1b");
}

TEST(Lexer, WordsAreUtf8CommentsAndKeysNeedNotBe) {
    const std::pair<const char*, bool> kCases[] = {
        {"n\xc3\xb6", true},
        {"\xe2\x82\xac \xf0\x9f\x98\x80", true},
        {"# B\xfcro", true},
        {"n\xf6", false},
        {"\xc3", false},
        {"\xc0\xaf", false},
        {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf8\x88\x80\x80", false},
        {"\x80", false},
        {"\xc2\x9b", false},
        {"\xc2\xa0", true},
        {"\xe0\x80\xaf", false},
        {"\xf0\x80\x80\xaf", false},
        {"\xe2\x82", false},
    };
    for (const auto& [text, is_good] : kCases) {
        Diagnostics diagnostics;
        static_cast<void>(lines_of(text, diagnostics));
        EXPECT_EQ(!diagnostics.has_errors(), is_good) << testing::PrintToString(text);
        Diagnostics of_keys;
        static_cast<void>(lines_of(text, of_keys, Comments::kWholeLine));
        EXPECT_FALSE(of_keys.has_errors());
    }
}

TEST(Lexer, RefusesEndlessLines) {
    Diagnostics diagnostics;
    const auto lines = lines_of(std::string(64 * 1024 + 1, 'x') + "\nnode b\n", diagnostics);
    EXPECT_EQ(lines.size(), 1u);
    EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Lexer, QuotesWhatCanBePrintedOnly) {
    EXPECT_EQ(printable("a\tb\x80"), "a?b?");
    EXPECT_EQ(printable(std::string(100, 'x')), std::string(60, 'x') + "...");
}

TEST(Diagnostics, AreSortedByFilesAsTheyCameThenByPlace) {
    Diagnostics d;
    d.error({"b", 2, 1}, "second");
    d.note({"a", 1, 1}, "third");
    d.warning({"b", 1, 5}, "first");
    d.error({"b", 2, 1}, "second, too");
    std::string all;
    for (const Diagnostic& one : d.sorted())
        all += to_string(one) + "\n";
    EXPECT_EQ(all,
              "b:1:5: warning: first\nb:2:1: error: second\nb:2:1: error: second, too\n"
              "a:1:1: note: third\n");
}

TEST(Diagnostics, AreBounded) {
    Diagnostics d;
    for (unsigned i = 0; i < 3 * Diagnostics::kMost; i++)
        d.warning({"ha.cf", i + 1, 1}, "odd");
    EXPECT_EQ(d.sorted().size(), Diagnostics::kMost + 1);
    EXPECT_TRUE(d.has_errors()) << "a file whose errors may not all be listed is never good";
}

}  // namespace
}  // namespace hb::config
