// Which watched directories a change of the mount table concerns.
#include "daemons/hb-resource/mount_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MountChanges, NamesDirectoriesThatLostOrChangedTheirMount) {
    MountChanges changes;
    EXPECT_FALSE(changes.watches_any());
    changes.watch("/srv");
    changes.watch("//data/");
    EXPECT_TRUE(changes.watches_any());
    EXPECT_THAT(changes.update({{"/", 1}, {"/srv", 5}, {"/data", 6}}),
                ElementsAre("//data/", "/srv"))
        << "they have come";
    EXPECT_THAT(changes.update({{"/", 1}, {"/srv", 5}, {"/data", 6}, {"/mnt", 7}}), IsEmpty());
    EXPECT_THAT(changes.update({{"/", 1}, {"/srv", 5}, {"/data", 6}}), IsEmpty())
        << "somebody else's went";
    EXPECT_THAT(changes.update({{"/", 1}, {"/data", 6}}), ElementsAre("/srv"));
    EXPECT_THAT(changes.update({{"/", 1}, {"/data", 9}}), ElementsAre("//data/", "/srv"))
        << "another one there; /srv may be a link to it";
}

TEST(MountChanges, WhatWasNeverSeenMayBeBehindALink) {
    MountChanges changes;
    changes.watch("/link");
    EXPECT_THAT(changes.update({{"/", 1}, {"/real", 5}}), IsEmpty());
    EXPECT_THAT(changes.update({{"/", 1}, {"/real", 5}, {"/more", 6}}), IsEmpty());
    EXPECT_THAT(changes.update({{"/", 1}, {"/more", 6}}), ElementsAre("/link"));
}

}  // namespace
}  // namespace hb::resource
