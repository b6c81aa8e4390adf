// What status shows, from what the parts know.
#pragma once

#include "daemons/hb-membership/judging.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/peer.hpp"
#include "daemons/hb-membership/replication.hpp"
#include "daemons/hb-membership/views.hpp"

namespace hb::membership {

[[nodiscard]] StatusView make_status(const MembershipSettings& settings, const Peers& peers,
                                     const Judging& judging, const Views& views,
                                     const Replication& own);

}  // namespace hb::membership
