#include "tools/hb-manual/catalog.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <set>

#include "common/log/format.hpp"

namespace hb::manual {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kPage =
    "# Log messages\n\nText with `code`.\n\n"
    "| name | level | text | what it means |\n| --- | --- | --- | --- |\n"
    "| `row` | info | `G goes to N: R` | the table changed ([protocol.md](protocol.md)) |\n"
    "| `up`, `down` | info, warn | `L up`, `L down` | |\n"
    "| `down` | warn | `P down` | a ping node; "
    "a long sentence that goes on and on until it has to be put on a second line of the entry |\n";

TEST(Catalog, RowsOfThePage) {
    const auto rows = log_rows(kPage);
    ASSERT_THAT(rows, SizeIs(3));
    EXPECT_THAT(rows[1].events, ElementsAre("up", "down"));
    EXPECT_EQ(rows[0].text, "G goes to N: R");
    EXPECT_EQ(rows[0].meaning, "the table changed (protocol.md)");
    EXPECT_EQ(rows[1].meaning, "");
}

TEST(Catalog, OneEntryForEachEvent) {
    const std::string text = catalog(log_rows(kPage));
    EXPECT_TRUE(text.starts_with("-- " + log::message_id("row") +
                                 "\nSubject: row of ha-suite\nDefined-By: ha-suite\n"
                                 "Documentation: man:ha-suite(7)\nDocumentation: man:hactl(8)\n\n"
                                 "It says: G goes to N: R\n"
                                 "It means: the table changed (protocol.md)\n\n"
                                 "The whole story: hactl why @HB_GROUP@\n\n"))
        << text;
    EXPECT_THAT(text, HasSubstr("Subject: down of ha-suite\nDefined-By: ha-suite\n"
                                "Documentation: man:ha-suite(7)\nDocumentation: man:hactl(8)\n\n"
                                "up, down (info, warn):\nIt says: L up, L down\n"
                                "It says: P down\nIt means: a ping node; a long sentence that goes "
                                "on and on until it has to be\nput on a second line of the "
                                "entry\n"));
}

// What is installed: every event of the page, each once, and nothing that the journal's own parser
// would trip over.
TEST(Catalog, TheWholePage) {
    std::ifstream in(HB_LOG_MESSAGES);
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    const auto rows = log_rows(page);
    std::set<std::string> events, ids;
    for (const LogRow& row : rows)
        events.insert(row.events.begin(), row.events.end());
    EXPECT_GT(events.size(), 150U);
    const std::string text = catalog(rows);
    for (const std::string& event : events)
        EXPECT_THAT(text, HasSubstr("-- " + log::message_id(event) + "\nSubject: " + event + " "));
    std::size_t entries = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        const std::string line = text.substr(begin, end - begin);
        EXPECT_LT(line.size(), 200U) << line;
        if (line.starts_with("-- ")) {
            EXPECT_EQ(line.size(), 35U) << line;
            EXPECT_TRUE(ids.insert(line).second) << line;
            ++entries;
        }
        begin = end + 1;
    }
    EXPECT_EQ(entries, events.size());
}

}  // namespace
}  // namespace hb::manual
