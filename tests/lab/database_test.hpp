// The base of the stories about a database: PostgreSQL with its data on a disk that both nodes
// reach, behind an address, in one group; a client that writes all the time.
//
// What holds at the end of each of them: the disk was never mounted twice, each row whose commit
// was acknowledged is there, nobody has a row that was never sent, and address, disk and server are
// on one node, of which everybody says that the group runs there.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/lab/cluster_test.hpp"
#include "tests/lab/row_writer.hpp"
#include "tests/lab/shared_disk.hpp"

namespace hb::lab {

class DatabaseTest : public ClusterTest {
  protected:
    static constexpr const char* kVip = Cluster::kVip;
    static constexpr const char* kMountPoint = "/srv";
    static constexpr const char* kData = "/srv/data";

    void SetUp() override;

    // Configures, makes the disk and the database on it, starts the suite and the client, and waits
    // until rows are acknowledged on node1. `service`: the last word of the group's line.
    void run_database(const std::string& service);
    // Which of its programs do the work: of Debian's OCF agent, and of a script of ours.
    [[nodiscard]] std::string ocf_service() const;
    static constexpr const char* kScript = "database";  // in resource.d of all nodes

    [[nodiscard]] const std::string& group() const { return group_; }
    [[nodiscard]] const DiskWatch& disk() const { return disk_->watch(); }
    RowWriter& writer() { return *writer_; }

    // The group is up there and nowhere else, and a row that was sent after that is acknowledged.
    void wait_served_by(unsigned n);
    // The same, wherever it is.
    unsigned wait_served();
    // A request that has to be granted and carried out.
    void ask(unsigned n, const Argv& words);

    // So many calls of mount(2) are killed in the middle (disk_watch.hpp).
    void mounts_are_killed(long how_many) { killed_mounts_ = how_many; }

    void TearDown() override;

  private:
    void make_database();
    [[nodiscard]] bool runs_on(unsigned n);
    void expect_nothing_lost();

    std::string programs_;  // PostgreSQL's directory
    std::string group_;
    SharedDisk* disk_ = nullptr;
    long killed_mounts_ = 0;
    std::unique_ptr<RowWriter> writer_;
};

}  // namespace hb::lab
