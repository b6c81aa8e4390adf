#include "daemons/hb-resource/memory_file.hpp"

#include <gtest/gtest.h>

namespace hb::resource {
namespace {

const std::vector<std::string> kNodes = {"node1", "node2"};

Memory some() {
    Memory m;
    m["10.0.0.5"] = {
        .maintenance = {.counter = 18446744073709551615U, .by = node_id(1), .on = true},
        .keepers = {{node_id(0), {.generation = 5, .step = 2, .released = true}},
                    {node_id(1), {.generation = 6, .step = 1, .released = false}}},
        .pinned = true,
        .pinned_generation = 4};
    m["web \"quoted\""].maintenance = {.counter = 1, .by = node_id(0), .on = false};
    return m;
}

TEST(MemoryFile, ComesBackAsItWas) {
    const auto back = parse_memory(memory_text(some(), kNodes), kNodes);
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, some());
}

TEST(MemoryFile, NodesAreFoundByName) {
    const auto back = parse_memory(memory_text(some(), kNodes), {"node0", "node2", "node1"});
    ASSERT_TRUE(back);
    const Remembered& r = back->at("10.0.0.5");
    EXPECT_EQ(r.maintenance.by, node_id(1));
    EXPECT_EQ(r.keepers.at(node_id(2)).generation, 5U);
    // One that is not there any more keeps nothing.
    EXPECT_EQ(parse_memory(memory_text(some(), kNodes), {"node1"})->at("10.0.0.5").keepers.size(),
              1U);
}

TEST(MemoryFile, WhatCannotBeUnderstoodIsAnError) {
    const std::string good = memory_text(some(), kNodes);
    for (std::size_t length = 0; length < good.size() - 2; length += 7)
        EXPECT_FALSE(parse_memory(good.substr(0, length), kNodes)) << length;
    for (const char* text :
         {"[]", "{}", R"({"version":2,"groups":{}})", R"({"version":1,"groups":[1]})",
          R"({"version":1,"groups":{"g":{"counter":-1}}})",
          R"({"version":1,"groups":{"g":{"counter":"x","by":"node1","on":true}}})"})
        EXPECT_FALSE(parse_memory(text, kNodes)) << text;
}

TEST(MemoryFile, NoFileIsNothingAndNothingIsNoFile) {
    char pattern[] = "/tmp/memory_file_test.XXXXXX";
    const std::string directory = ::mkdtemp(pattern);
    EXPECT_EQ(read_memory(directory, kNodes)->size(), 0U);
    ASSERT_TRUE(write_memory(directory, some(), kNodes));
    EXPECT_EQ(*read_memory(directory, kNodes), some());
    ASSERT_TRUE(write_memory(directory, {}, kNodes));
    EXPECT_EQ(::rmdir(directory.c_str()), 0) << "something is left in it";
    EXPECT_FALSE(write_memory(directory, some(), kNodes));
}

}  // namespace
}  // namespace hb::resource
