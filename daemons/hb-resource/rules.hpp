// Switches that drop one rule of docs/protocol.md each, so that the simulator can show that it
// would see the fault. Nothing but tests sets them.
#pragma once

namespace hb::resource {

// Each drops one rule. For the simulator only: no configuration and no command line can set them.
struct TestOnlyRulesDropped {
    bool t2_all_reported = false;
    bool t4_holders_once = false;
    bool t4_only_to_eligible = false;
    bool t4_pin = false;
    bool t4_failback_no_worse = false;
    bool t4_unsure = false;           // who may be going blind is as good as any
    bool t4_recall = false;           // a respawned coordinator reads back what it compares with
    bool t4_hold = false;             // a second move for connectivity waits, and failback does
    bool move_away_unneeded = false;  // gone when nobody else is eligible
    bool move_away_by_row = false;    // gone only by its row
    bool t5_spent = false;
    bool t6_continues = false;
    bool t92_bar = false;
    bool t92_failed = false;
    bool t92_leaving = false;
    bool t93_lease = false;
    bool claim_starting = false;
    bool claim_outlives = false;
    bool bar_respawn = false;
    bool g2_heard = false;
    bool g2_deaf_late = false;
    bool g5 = false;
    bool g5_watchdog_bound = false;  // a watchdog confirms only who is bound to let go by L2
    bool g5_watchdog_last = false;   // and is timed from the last silence
    bool l4 = false;                 // takers wait T for who has to let go
    bool g6_left_passes_g8 = false;
    bool g7 = false;
    bool g8 = false;
    bool g8_hold = false;
    bool g11_old_heartbeat = false;  // who runs Heartbeat itself may run anything
    bool l2_l3 = false;
    bool l3_heard_is_enough = false;
    bool l5_let_go = false;
    bool l8_announced = false;  // leases by the deadtime that the acknowledged frame announced
    bool l5_before_frame = false;
    bool l9_report = false;      // a group that was taken out is in no report while it is stopped
    bool l9_part = false;        // no group is stopped before what was taken out of it
    bool m1_no_start = false;    // nothing starts in maintenance
    bool m2_left_alone = false;  // an orderly stop leaves it running
    bool m3_agreed = false;      // what peers rely on ends only when they know of it
    bool m4_keepers = false;     // who kept it keeps it until it says otherwise, or is off
    bool m5_remember = false;    // this host remembers while the suite does not run
    bool t12_standby = false;
    bool t12_no_table_after = false;
};

}  // namespace hb::resource
