#include "common/config/load.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/config/check_system.hpp"

namespace hb::config {
namespace {

namespace fs = std::filesystem;

class Directory : public testing::Test {
  protected:
    Directory() {
        char name[] = "/tmp/ha-config-test-XXXXXX";
        dir_ = ::mkdtemp(name);
        write("ha.cf", "node node1 node2\nbcast eth1\nauto_failback on\n");
        write("haresources", "node1 10.77.0.100/24\n");
        write("authkeys", "auth 1\n1 blake2b secret\n", 0600);
    }
    ~Directory() override { fs::remove_all(dir_); }

    void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
        fs::create_directories(fs::path(dir_ + "/" + name).parent_path());
        std::ofstream(dir_ + "/" + name) << text;
        ::chmod((dir_ + "/" + name).c_str(), mode);
    }
    static std::string listing(const std::vector<Diagnostic>& diagnostics) {
        std::string all;
        for (const Diagnostic& d : diagnostics)
            all += to_string(d) + "\n";
        return all;
    }
    std::string load() { return listing(load_directory(dir_, "node1").diagnostics); }

    // Tests of ownership need a file that is root's; elsewhere the loader rightly refuses.
    static bool is_root() { return ::geteuid() == 0; }

    std::string dir_;
};

TEST_F(Directory, IsLoaded) {
    if (!is_root()) GTEST_SKIP() << "needs a file of root's";
    const Loaded loaded = load_directory(dir_, "NODE2");
    EXPECT_TRUE(loaded.ok()) << listing(loaded.diagnostics);
    EXPECT_EQ(loaded.own_node, "node2");
    EXPECT_EQ(loaded.self, node_id(1));
    EXPECT_EQ(loaded.settings.groups.size(), 1u);
    EXPECT_EQ(loaded.keys.keys.at(1).key, "secret");
}

TEST_F(Directory, NodeinfoOverridesTheHostName) {
    write("nodeinfo", "  Node2 \nnode1\n");
    EXPECT_EQ(load_directory(dir_).own_node, "node2");
}

TEST_F(Directory, AllErrorsOfAllFilesInOneRun) {
    if (!is_root()) GTEST_SKIP() << "needs a file of root's";
    write("ha.cf", "node node1 node2\nbcast eth1\nauto_failback maybe\n");
    write("haresources", "node7 apache\n");
    write("authkeys", "auth 2\n1 blake2b secret\n", 0600);
    EXPECT_EQ(load(),
              "ha.cf:3:15: error: auto_failback: 'maybe' is none of on, off, legacy\n"
              "haresources:1:1: error: Bad nodename in haresources [node7]: a line begins with a "
              "node of ha.cf; did you mean 'node1'?\n"
              "authkeys:1:6: error: Auth Key [2] not found in keyfile\n");
}

TEST_F(Directory, MissingFilesAreNamedAllOfThem) {
    for (const char* name : {"ha.cf", "haresources", "authkeys"})
        fs::remove(dir_ + "/" + name);
    const std::string got = load();
    for (const char* name : {"ha.cf", "haresources", "authkeys"})
        EXPECT_NE(got.find(std::string(name) + ": error: Cannot open [" + dir_ + "/" + name +
                           "]: No such file or directory"),
                  std::string::npos)
            << got;
}

TEST_F(Directory, OpenKeysAreRefused) {
    if (!is_root()) GTEST_SKIP() << "needs a file of root's";
    for (const mode_t mode : {0604u, 0640u, 0620u, 0602u, 0601u, 0610u, 0666u}) {
        ::chmod((dir_ + "/authkeys").c_str(), mode);
        EXPECT_EQ(load(), "authkeys: error: Bad permissions on keyfile [" + dir_ +
                              "/authkeys], 600 recommended.\n")
            << mode;
        EXPECT_FALSE(load_authkeys(dir_).ok());
    }
    ::chmod((dir_ + "/authkeys").c_str(), 0400);
    EXPECT_EQ(load(), "");
    EXPECT_TRUE(load_authkeys(dir_).ok());
}

TEST_F(Directory, KeysOfAnotherUserAreRefused) {
    if (!is_root()) GTEST_SKIP() << "needs to give a file away";
    ASSERT_EQ(::chown((dir_ + "/authkeys").c_str(), 12345, 0), 0);
    EXPECT_EQ(load(), "authkeys: error: Bad permissions on keyfile [" + dir_ +
                          "/authkeys]: it belongs to user 12345, not to root\n");
}

TEST_F(Directory, WhatIsNoFileIsNotWaitedFor) {
    fs::remove(dir_ + "/ha.cf");
    ASSERT_EQ(::mkfifo((dir_ + "/ha.cf").c_str(), 0600), 0);
    EXPECT_NE(load().find("ha.cf: error: [" + dir_ + "/ha.cf] is not a file"), std::string::npos);
    fs::remove(dir_ + "/ha.cf");
    write("ha.cf", std::string(2 * 1024 * 1024, '#'));
    EXPECT_NE(load().find("is larger than 1024 KiB"), std::string::npos);
}

TEST_F(Directory, SystemIsAskedForScriptsProgramsAndUsers) {
    write("resource.d/apache", "#!/bin/sh\n", 0755);
    write("resource.d/not-executable", "#!/bin/sh\n", 0644);
    write("init.d/smb", "#!/bin/sh\n", 0755);
    const AgentDirectories directories{
        .resource_d = dir_ + "/resource.d", .init_d = dir_ + "/init.d", .units = {dir_ + "/units"}};
    Parsed parsed = parse_ha_cf(
        "respawn root /bin/sh -c true\nrespawn nobody-of-this-name /no/such/program x\n"
        "respawn nobody-of-this-name /no/heartbeat/ipfail\n"
        "respawn nobody-of-this-name /no/heartbeat/ccm\nauto_failback on\nping 10.0.0.1\n");
    Settings& s = parsed.settings;
    s.nodes = {"node1"};
    Diagnostics found;
    parse_haresources("node1 10.0.0.1 IPaddr2::10.0.0.2 apache::x smb not-executable nowhere\n", s,
                      found);
    check_system(s, directories, found);
    const std::string where = " (not in " + directories.resource_d + ", not in " +
                              directories.init_d + "; no systemd unit has that name)\n";
    EXPECT_EQ(listing(found.sorted()),
              "ha.cf:2:29: error: Invalid uid [nobody-of-this-name] specified for client child\n"
              "ha.cf:2:29: error: Client child command [/no/such/program] is not executable\n"
              "haresources:1:48: error: Cannot locate resource script not-executable" +
                  where + "haresources:1:63: error: Cannot locate resource script nowhere" + where);
}

}  // namespace
}  // namespace hb::config
