#include "common/wire/cluster_digest.hpp"

#include <gtest/gtest.h>

namespace hb::wire {
namespace {

TEST(ClusterDigest, IsWhatIsOnTheWireForEver) {
    // python3: hashlib.blake2b(b"node1\nnode2\n", digest_size=16).hexdigest()[:8]
    EXPECT_EQ(cluster_digest({"node1", "node2"}), 0x207cc05aU);
}

TEST(ClusterDigest, OrderAndBoundariesMatter) {
    const auto digest = cluster_digest({"node1", "node2"});
    EXPECT_NE(cluster_digest({"node2", "node1"}), digest);
    EXPECT_NE(cluster_digest({"node1node2"}), digest);
    EXPECT_NE(cluster_digest({"node1", "node2", "node3"}), digest);
}

}  // namespace
}  // namespace hb::wire
