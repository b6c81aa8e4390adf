#include "common/config/regroup.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "common/config/parser.hpp"

namespace hb::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Settings groups(const std::string& haresources) {
    Parsed parsed = parse_ha_cf("keepalive 1s\ndeadtime 10s\nbcast eth0\nnode a b\n");
    parse_haresources(haresources, parsed.settings, parsed.diagnostics);
    for (const Diagnostic& d : parsed.diagnostics.sorted())
        EXPECT_NE(d.severity, Severity::kError) << to_string(d);
    return std::move(parsed.settings);
}

std::vector<std::string> retired(const Regrouping& change) {
    std::vector<std::string> lines;
    for (const Group& group : change.retired) {
        std::string line = group.name + ":";
        for (const Resource& resource : group.resources)
            line += ' ' + resource.word;
        lines.push_back(line);
    }
    return lines;
}

TEST(Regroup, NothingComesOfTheSameGroups) {
    const Settings now = groups("a 10.0.0.5 web\nb 10.0.0.6\n");
    const Regrouping change = regroup(now, groups("b 10.0.0.6\na 10.0.0.5 web\n"));
    EXPECT_THAT(change.retired, IsEmpty());
    EXPECT_THAT(change.added, IsEmpty());
    EXPECT_THAT(change.changed, IsEmpty());
    // Another preferred node is no other group.
    EXPECT_THAT(regroup(now, groups("b 10.0.0.5 web\nb 10.0.0.6\n")).changed, IsEmpty());
}

TEST(Regroup, GroupsComeAndGo) {
    const Regrouping change =
        regroup(groups("a 10.0.0.5 web\nb 10.0.0.6\n"), groups("b 10.0.0.6\na 10.0.0.7\n"));
    EXPECT_THAT(retired(change), ElementsAre("10.0.0.5: 10.0.0.5 web"));
    EXPECT_THAT(change.added, ElementsAre("10.0.0.7"));
    EXPECT_TRUE(change.adds());
    EXPECT_FALSE(regroup(groups("a 10.0.0.5\nb 10.0.0.6\n"), groups("a 10.0.0.5\n")).adds());
}

TEST(Regroup, OfAGroupThatStaysTheRestIsTold) {
    const Settings before = groups("a 10.0.0.5 one two three\n");
    const auto changed = [&](const char* line) { return regroup(before, groups(line)); };
    Regrouping change = changed("a 10.0.0.5 one new three\n");
    EXPECT_THAT(retired(change), ElementsAre("10.0.0.5 (removed): two"));
    EXPECT_THAT(change.changed,
                ElementsAre(Pair("10.0.0.5", GroupChange{.gains = true, .loses = true})));
    EXPECT_TRUE(change.adds());
    change = changed("a 10.0.0.5 three\n");
    EXPECT_THAT(retired(change), ElementsAre("10.0.0.5 (removed): one two"));
    EXPECT_FALSE(change.adds());
    change = changed("a 10.0.0.5 three two one\n");
    EXPECT_THAT(change.retired, IsEmpty());
    EXPECT_THAT(change.changed, ElementsAre(Pair("10.0.0.5", GroupChange{})));
    EXPECT_THAT(changed("a 10.0.0.5 one two three four\n").retired, IsEmpty());
}

TEST(Regroup, AResourceThatWasInAnotherGroupIsFound) {
    const Settings before = groups("a 10.0.0.5 web\nb 10.0.0.6 10.0.0.8/24/eth0\n");
    const auto moved = [&](const char* lines) {
        const Settings after = groups(lines);
        for (const Group& group : after.groups)
            if (const auto m = moved_into(group, before, after))
                return fmt::format("{} from {}", m->word, m->from);
        return std::string();
    };
    EXPECT_EQ(moved("a 10.0.0.5\nb 10.0.0.6 10.0.0.8/24/eth0 web\n"), "web from 10.0.0.5");
    // The first resource is the group's name: this is another group.
    EXPECT_EQ(moved("a 10.0.0.7 web\nb 10.0.0.6 10.0.0.8/24/eth0\n"), "web from 10.0.0.5");
    // However the address is written.
    EXPECT_EQ(moved("a 10.0.0.5 web IPaddr::10.0.0.8\nb 10.0.0.6\n"),
              "IPaddr::10.0.0.8 from 10.0.0.6");
    EXPECT_EQ(moved("a 10.0.0.5\nb 10.0.0.6\n"), "");
    EXPECT_EQ(moved("a 10.0.0.5 web\nb 10.0.0.6 10.0.0.8/24/eth0 web\n"), "");  // in both: an agent
    EXPECT_EQ(moved("a 10.0.0.5 10.0.0.9 web\nb 10.0.0.6 10.0.0.8/24/eth1\n"), "");
}

TEST(Regroup, TheNameOfARemovedPartIsNoGroups) {
    EXPECT_EQ(removed_part("10.0.0.5"), "10.0.0.5 (removed)");
}

TEST(Regroup, TheFingerprintIsOfGroupsAndResources) {
    const auto print = [](const char* lines) { return groups_fingerprint(groups(lines)); };
    const std::uint64_t one = print("a 10.0.0.5 web\nb 10.0.0.6\n");
    EXPECT_NE(one, 0U);
    EXPECT_EQ(one, print("b 10.0.0.6\nb 10.0.0.5 web\n"));
    EXPECT_NE(one, print("a 10.0.0.5\nb 10.0.0.6 web\n"));
    EXPECT_NE(one, print("a 10.0.0.5 web\n"));
}

}  // namespace
}  // namespace hb::config
