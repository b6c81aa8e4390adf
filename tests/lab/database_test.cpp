#include "tests/lab/database_test.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hb::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDiskSize = 256 << 20;

// Small and quick, and as careful with commits as it is by default.
constexpr const char* kConfiguration = R"(
listen_addresses = '*'
max_connections = 20
shared_buffers = 4MB
huge_pages = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 4MB
max_wal_size = 16MB
autovacuum = off
fsync = on
synchronous_commit = on
full_page_writes = on
)";
constexpr const char* kAccess = R"(
local all all trust
host all all 10.77.0.0/24 trust
)";

constexpr const char* kScriptText = R"sh(#!/bin/sh
control() {{ runuser -u postgres -- {0}/pg_ctl -D {1} "$@"; }}
case $1 in
    start)
        install -d -o postgres /run/postgresql
        install -o postgres /dev/null /var/log/database.log
        control -s -w -l /var/log/database.log start ;;
    stop)   control -s -w -m fast stop ;;
    status) if control status > /dev/null 2>&1; then echo running; else echo stopped; fi ;;
    *)      exit 2 ;;
esac
)sh";

// The newest that Debian has put there.
std::string find_postgresql() {
    std::string newest;
    std::error_code none;
    for (const auto& each : fs::directory_iterator("/usr/lib/postgresql", none))
        if (fs::exists(each.path() / "bin/initdb"))
            newest = std::max(newest, (each.path() / "bin").string());
    return newest;
}

}  // namespace

void DatabaseTest::SetUp() {
    programs_ = find_postgresql();
    if (programs_.empty()) GTEST_SKIP() << "PostgreSQL is not installed (tools/install-deps test)";
    if (!fs::exists("/usr/lib/ocf/resource.d/heartbeat/pgsql"))
        GTEST_SKIP() << "resource-agents is not installed (tools/install-deps test)";
}

std::string DatabaseTest::ocf_service() const {
    return fmt::format(
        "ocf::heartbeat:pgsql::pgctl={0}/pg_ctl::psql={0}/psql::pgdata={1}"
        "::socketdir=/run/postgresql::logfile=/var/log/database.log",
        programs_, kData);
}

void DatabaseTest::run_database(const std::string& service) {
    ClusterConfig config;
    config.keepalive = "100ms";
    config.more = {"monitor 1s"};
    group_ = fmt::format("IPaddr2::{}/24/eth0", kVip);
    config.groups = {{.preferred = 1,
                      .resources = fmt::format("{} Filesystem::/var/lib/lab/shared::{}::ext4 {}",
                                               group_, kMountPoint, service)}};
    prepare_cluster(config);
    disk_ = &lab().add_shared_disk("shared", kDiskSize);
    ASSERT_EQ(disk_->device(), "/var/lib/lab/shared");
    for (unsigned n = 1; n <= lab().size(); ++n)
        node(n).write_file(fmt::format("/etc/ha.d/resource.d/{}", kScript),
                           fmt::format(kScriptText, programs_, kData), 0755);
    make_database();
    cluster().start_all();
    cluster().wait_settled();
    writer_ = std::make_unique<RowWriter>(lab(), kVip);
    wait_served_by(1);
}

void DatabaseTest::make_database() {
    const auto run = [&](const std::string& command) {
        const CommandResult result = node(1).run({"sh", "-ec", command}, 60s);
        ASSERT_EQ(result.exit_code, 0) << command << "\n" << result.out << result.err;
    };
    run(fmt::format("mount -t ext4 {} {}\ninstall -d -o postgres -m 700 {}", disk_->device(),
                    kMountPoint, kData));
    run(
        fmt::format("runuser -u postgres -- {}/initdb -D {} -A trust --no-sync --no-locale "
                    "-E UTF8 --wal-segsize=1",
                    programs_, kData));
    node(1).write_file(fmt::format("{}/database.conf", kData), kConfiguration);
    node(1).write_file(fmt::format("{}/access.conf", kData), kAccess);
    run(
        fmt::format("echo \"include 'database.conf'\" >> {0}/postgresql.conf\n"
                    "cat {0}/access.conf > {0}/pg_hba.conf\n"
                    "echo '{2}' | runuser -u postgres -- {1}/postgres --single -D {0} postgres\n"
                    "umount {3}",
                    kData, programs_, RowWriter::kTable, kMountPoint));
    cluster().wait("nobody has the disk", [&] { return disk().holders().empty(); });
}

bool DatabaseTest::runs_on(unsigned n) {
    const std::string name = fmt::format("node{}", n);
    if (disk().holders() != std::set<unsigned>{n}) return false;
    if (lab().addresses().holders(kVip) != std::set<unsigned>{n}) return false;
    for (unsigned asked = 1; asked <= lab().size(); ++asked) {
        if (!node(asked).is_on()) continue;
        if (node(asked).pid_of("postgres").has_value() != (asked == n)) return false;
        if (!cluster().is_running(asked)) continue;
        const nlohmann::json g = cluster().group(asked, group_);
        if (g.is_null() || g.value("state", "") != "running" || g["owner"] != name) return false;
    }
    return true;
}

void DatabaseTest::wait_served_by(unsigned n) {
    cluster().wait(fmt::format("the group runs on node{} alone", n), [&] { return runs_on(n); });
    const LabTime there = LabClock::now();
    cluster().wait("the client goes on", [&] { return writer_->acknowledged_since(there); });
}

unsigned DatabaseTest::wait_served() {
    unsigned where = 0;
    cluster().wait("the group runs on one node", [&] {
        for (unsigned n = 1; n <= lab().size(); ++n)
            if (node(n).is_on() && runs_on(n)) where = n;
        return where != 0;
    });
    wait_served_by(where);
    return where;
}

void DatabaseTest::ask(unsigned n, const Argv& words) {
    const CommandResult result = cluster().hactl(n, words);
    ASSERT_EQ(result.exit_code, 0)
        << "hactl " << join(words) << " on node" << n << ": " << result.out << result.err;
}

void DatabaseTest::expect_nothing_lost() {
    wait_served();
    writer_->stop();
    const std::set<long> acknowledged = writer_->acknowledged();
    const std::set<long> there = RowWriter::read(lab(), kVip);
    for (const long number : acknowledged)
        EXPECT_TRUE(there.contains(number)) << "row " << number << " was acknowledged and is lost";
    EXPECT_LE(there.empty() ? 0 : *there.rbegin(), writer_->last_sent());
    std::printf("%zu rows acknowledged, %zu there, %ld sent, %zu connections, %zu mounts\n",
                acknowledged.size(), there.size(), writer_->last_sent(), writer_->connections(),
                disk().mounts());
}

void DatabaseTest::TearDown() {
    if (writer_) {
        try {
            expect_nothing_lost();
        } catch (const LabError& e) {
            ADD_FAILURE() << e.what();
        }
        for (const DoubleMount& d : disk().double_mounts())
            ADD_FAILURE() << "node" << d.first << " and node" << d.second
                          << " both had the disk at " << lab().log().seconds(d.at) << " s";
        EXPECT_GE(disk_->mounts_unseen(), 0);
        EXPECT_LE(disk_->mounts_unseen(), killed_mounts_) << "who has it besides?";
        writer_.reset();
    }
    ClusterTest::TearDown();
}

}  // namespace hb::lab
