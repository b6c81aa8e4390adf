#include "daemons/hb-resource/known_groups.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/config/parser.hpp"
#include "daemons/hb-resource/groups_file.hpp"

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class KnownGroupsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "ha-suite-groups-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        dir_ = name;
    }
    void TearDown() override { fs::remove_all(dir_); }

    static config::Settings groups(const std::string& haresources) {
        config::Parsed parsed =
            config::parse_ha_cf("keepalive 1s\ndeadtime 10s\nbcast eth0\nnode a b\n");
        config::parse_haresources(haresources, parsed.settings, parsed.diagnostics);
        return std::move(parsed.settings);
    }
    static std::vector<std::string> lines(const std::vector<config::Group>& groups) {
        std::vector<std::string> result;
        for (const config::Group& group : groups) {
            std::string line = group.name + ":";
            for (const config::Resource& resource : group.resources)
                line += ' ' + resource.word;
            result.push_back(line);
        }
        return result;
    }
    void reload(KnownGroups& known, const config::Settings& from, const config::Settings& to) {
        known.change(to, config::regroup(from, to));
        ASSERT_TRUE(known.write());
    }
    std::string dir_;
};

const char* const kFirst = "a 10.0.0.5 one two\nb 10.0.0.6\n";

TEST_F(KnownGroupsTest, TheFileIsReadAsItWasWritten) {
    const config::Settings now =
        groups("b 10.0.0.5/24/eth0 Delay::3 web::a\na IPv6addr::fd00::5/64/eth0\n");
    ASSERT_TRUE(write_groups(dir_, now.groups, now.nodes));
    const auto read = read_groups(dir_, now.nodes);
    ASSERT_TRUE(read);
    EXPECT_EQ(lines(*read), lines(now.groups));
    EXPECT_EQ(read->front().preferred, node_id(1));
    EXPECT_EQ(read->front().resources[1].args, now.groups.front().resources[1].args);
    ASSERT_TRUE(write_groups(dir_, {}, now.nodes));
    EXPECT_TRUE(fs::is_empty(dir_));
    EXPECT_THAT(*read_groups(dir_, now.nodes), IsEmpty());
}

TEST_F(KnownGroupsTest, WhatCannotBeUnderstoodIsToldAndNotLookedFor) {
    for (const char* text : {"", "{}", "{\"version\":2,\"groups\":[]}",
                             "{\"version\":1,\"groups\":[{\"name\":\"x\",\"preferred\":\"a\","
                             "\"resources\":[]}]}"}) {
        std::ofstream(dir_ + "/groups") << text;
        const KnownGroups known(dir_, groups(kFirst));
        EXPECT_THAT(known.problem(), HasSubstr("cannot be understood")) << text;
        EXPECT_THAT(known.retired(), IsEmpty());
    }
}

TEST_F(KnownGroupsTest, WhatAReloadTookOutIsKnownToTheNextLifeUntilItIsReleased) {
    const config::Settings before = groups(kFirst), after = groups("a 10.0.0.5 two three\n");
    {
        KnownGroups known(dir_, before);
        EXPECT_EQ(known.problem(), "");
        reload(known, before, after);
    }
    KnownGroups known(dir_, after);
    EXPECT_THAT(lines(known.retired()),
                ElementsAre("10.0.0.5 (removed): one", "10.0.0.6: 10.0.0.6"));
    known.released("10.0.0.6");
    ASSERT_TRUE(known.write());
    EXPECT_THAT(lines(KnownGroups(dir_, after).retired()), ElementsAre("10.0.0.5 (removed): one"));
}

// The suite was killed, and the files were changed before it began anew.
TEST_F(KnownGroupsTest, AStartLooksForWhatItsFilesDoNotHaveAnyMore) {
    ASSERT_TRUE(KnownGroups(dir_, groups(kFirst)).write());
    EXPECT_THAT(lines(KnownGroups(dir_, groups("a 10.0.0.5 one\n")).retired()),
                ElementsAre("10.0.0.5 (removed): two", "10.0.0.6: 10.0.0.6"));
    // What is in a group now is looked for there.
    EXPECT_THAT(lines(KnownGroups(dir_, groups("a 10.0.0.7 one two\nb 10.0.0.6\n")).retired()),
                ElementsAre("10.0.0.5: 10.0.0.5"));
}

TEST_F(KnownGroupsTest, WhatWasRemovedEarlierGoesFirst) {
    const config::Settings abcd = groups("a 10.0.0.5 b c d\n"), abc = groups("a 10.0.0.5 b c\n");
    {
        KnownGroups known(dir_, abcd);
        reload(known, abcd, abc);
    }
    const auto left = [&](const char* now) {
        return lines(left_behind(dir_, groups(now), {})->to_stop);
    };
    EXPECT_THAT(left("a 10.0.0.5 c\n"), ElementsAre("10.0.0.5 (removed): b d"));
    EXPECT_THAT(left(""), ElementsAre("10.0.0.5: 10.0.0.5 b c d"));
}

TEST_F(KnownGroupsTest, WhatIsThereInAnotherWayIsLeftBehindButAnAddress) {
    const config::Settings now = groups("a 10.0.0.5 10.0.0.8/24/eth0 Filesystem::/dev/x::/a\n");
    ASSERT_TRUE(write_groups(dir_, now.groups, now.nodes));
    EXPECT_THAT(
        lines(left_behind(dir_, groups("a 10.0.0.5 10.0.0.8/24/eth1 Filesystem::/dev/x::/b\n"), {})
                  ->to_stop),
        ElementsAre("10.0.0.5 (removed): Filesystem::/dev/x::/a"));
}

TEST_F(KnownGroupsTest, WhatCannotBeReadIsNotOverwrittenByAStart) {
    std::ofstream(dir_ + "/groups") << "{}";
    EXPECT_NE(KnownGroups(dir_, groups(kFirst)).problem(), "");
    EXPECT_FALSE(read_groups(dir_, {"a", "b"}));
}

TEST_F(KnownGroupsTest, AGroupOfANodeThatHaCfDoesNotNameAnyMoreIsFound) {
    const config::Settings now = groups(kFirst);
    ASSERT_TRUE(write_groups(dir_, now.groups, now.nodes));
    const auto read = read_groups(dir_, {"a", "z"});
    ASSERT_TRUE(read);
    EXPECT_EQ(lines(*read), lines(now.groups));
}

TEST_F(KnownGroupsTest, WhatIsInMaintenanceIsLeftAlone) {
    ASSERT_TRUE(KnownGroups(dir_, groups(kFirst)).write());
    const Memory memory{{"10.0.0.6", {.maintenance = {.counter = 1, .by = {}, .on = true}}}};
    const auto left = left_behind(dir_, groups("a 10.0.0.5 one\n"), memory);
    ASSERT_TRUE(left);
    EXPECT_THAT(lines(left->to_stop), ElementsAre("10.0.0.5 (removed): two"));
    EXPECT_THAT(lines(left->left_alone), ElementsAre("10.0.0.6: 10.0.0.6"));
}

TEST_F(KnownGroupsTest, WhatANodeMayRunInAnotherGroupIsAConflict) {
    const config::Settings first = groups(kFirst), second = groups("a 10.0.0.5 two\nb 10.0.0.6\n"),
                           third = groups("a 10.0.0.5 two\nb 10.0.0.6 one\n");
    KnownGroups known(dir_, first);
    known.change(second, config::regroup(first, second));
    const auto conflict = [&](const config::Settings& there) {
        return known.conflict(config::groups_fingerprint(there), third);
    };
    EXPECT_EQ(conflict(third), "");
    EXPECT_EQ(conflict(second), "");
    EXPECT_THAT(conflict(first), HasSubstr("may still run one in group 10.0.0.5"));
    EXPECT_THAT(conflict(groups("a 10.0.0.9\n")), HasSubstr("none that this node has had"));
}

}  // namespace
}  // namespace hb::resource
