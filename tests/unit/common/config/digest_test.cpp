// Which differences between two nodes' files change their digests.
#include "common/config/digest.hpp"

#include <gtest/gtest.h>

#include "common/config/parser.hpp"

namespace hb::config {
namespace {

constexpr const char* kHaCf =
    "node node1 node2\nkeepalive 1\ndeadtime 10\nbcast eth1\nauto_failback on\n";
constexpr const char* kHaresources = "node1 10.0.0.5/24/eth0 web\nnode2 10.0.0.6/24/eth0\n";

ConfigDigests of(const std::string& ha_cf, const std::string& haresources = kHaresources) {
    Parsed parsed = parse_ha_cf(ha_cf);
    parse_haresources(haresources, parsed.settings, parsed.diagnostics);
    EXPECT_TRUE(parsed.ok());
    return digests(parsed.settings);
}

TEST(Digest, IsOfTheMeaning) {
    const ConfigDigests here = of(kHaCf);
    EXPECT_NE(here.ha_cf, 0U);
    EXPECT_NE(here.haresources, 0U);
    EXPECT_EQ(here, of("# the same\nnode node1\nnode node2\nkeepalive 1000ms\ndeadtime 10s\n"
                       "bcast eth1\nauto_failback yes\nwarntime 5\n"));
    EXPECT_EQ(here, of(kHaCf, "node2 10.0.0.6/24/eth0\nnode1 \\\n 10.0.0.5/24/eth0   web\n"));
}

TEST(Digest, LeavesOutWhatIsEachNodesOwn) {
    const std::string text = kHaCf;
    EXPECT_EQ(of(text), of(text + "logfile /var/log/ha\ndebug 1\n"));
    EXPECT_EQ(of("node node1 node2\nucast eth1 10.1.0.1\n"),
              of("node node1 node2\nucast eth1 10.1.0.2\n"));
}

TEST(Digest, DiffersWhereNodesWouldActDifferently) {
    const ConfigDigests here = of(kHaCf);
    const ConfigDigests slower =
        of("node node1 node2\nkeepalive 1\ndeadtime 20\nbcast eth1\nauto_failback on\n");
    EXPECT_NE(slower.ha_cf, here.ha_cf);
    EXPECT_EQ(slower.haresources, here.haresources);
    const ConfigDigests moved = of(kHaCf, "node1 10.0.0.5/24/eth0 web\nnode1 10.0.0.6/24/eth0\n");
    EXPECT_EQ(moved.ha_cf, here.ha_cf);
    EXPECT_NE(moved.haresources, here.haresources);
}

}  // namespace
}  // namespace hb::config
