#include "daemons/hb-master/generation_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace hb::master {
namespace {

TEST(Generations, NextIsNeverUsedBefore) {
    struct Row {
        std::uint64_t stored;
        std::int64_t time;
        std::uint64_t next;
    };
    for (const Row& row : {Row{0, 1790000000, 1790000000}, Row{5, 1790000000, 1790000000},
                           Row{1790000000, 1790000000, 1790000001},
                           Row{1790000009, 1700000000, 1790000010},  // the clock went back
                           Row{0, 0, 1}, Row{0, -5, 1}})
        EXPECT_EQ(next_generation(row.stored, row.time), row.next);
}

TEST(Generations, TextRoundTrip) {
    const Generations some{.own = 42, .peers = {{"node1", 41}, {"node2", 1790000000}}};
    EXPECT_EQ(to_text(some),
              "ha-suite generations 1\nown 42\npeer node1 41\npeer node2 1790000000\n");
    EXPECT_EQ(parse_generations(to_text(some)), some);
}

TEST(Generations, WhatCannotBeUnderstoodIsNotUsed) {
    for (const char* text :
         {"", "own 5\n", "ha-suite generations 1\n", "ha-suite generations 1\nown 5",
          "ha-suite generations 1\nown 0\n", "ha-suite generations 1\nown -1\n",
          "ha-suite generations 1\nown 5\nown 6\n", "ha-suite generations 1\nown 5\npeer x\n",
          "ha-suite generations 1\nown 5\npeer  7\n",
          "ha-suite generations 1\nown 99999999999999999999\n", "ha-suite generations 2\nown 5\n"})
        EXPECT_FALSE(parse_generations(text)) << text;
}

class Store : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "/hb-generations-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override {
        ::unlink((directory_ + "/generations").c_str());
        ::unlink((directory_ + "/generations.new").c_str());
        ::rmdir(directory_.c_str());
    }
    std::string directory_;
};

TEST_F(Store, GrowsWithEveryStartAndKeepsPeers) {
    {
        GenerationStore store(directory_);
        ASSERT_TRUE(store.begin(1000));
        EXPECT_EQ(store.note(), "No Previous generation - starting at 1000");
        EXPECT_EQ(store.generations().own, 1000u);
        EXPECT_TRUE(store.remember("node2", 900));
        EXPECT_FALSE(store.remember("node2", 900));  // no news
        EXPECT_FALSE(store.remember("node2", 800));  // never falls
        ASSERT_TRUE(store.write(to_text(store.generations())));
    }
    {
        GenerationStore store(directory_);
        ASSERT_TRUE(store.begin(500));
        EXPECT_EQ(store.note(), "");
        EXPECT_EQ(store.generations(), (Generations{.own = 1001, .peers = {{"node2", 900}}}));
    }
    struct stat file{};
    ASSERT_EQ(::stat((directory_ + "/generations").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(Store, ADamagedFileIsALostDisk) {
    std::ofstream(directory_ + "/generations") << "ha-suite generations 1\nown 99";
    GenerationStore store(directory_);
    ASSERT_TRUE(store.begin(1000));
    EXPECT_EQ(store.generations().own, 1000u);
    EXPECT_NE(store.note().find("its last line is cut off"), std::string::npos);
}

TEST_F(Store, WhatCannotBeWrittenIsAnError) {
    GenerationStore store(directory_ + "/nowhere");
    EXPECT_FALSE(store.begin(1000));
}

}  // namespace
}  // namespace hb::master
