// Replication: what this node publishes, numbered, for itself, its hb-resource and its hb-ipfail;
// and which of a peer's topics are news. It keeps the newest of each: that is the memory of a
// respawned hb-resource, and what a respawned hb-comm is given again.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "common/base/cluster_state.hpp"
#include "common/base/frame.hpp"
#include "common/base/ids.hpp"
#include "daemons/hb-membership/membership_core.hpp"
#include "daemons/hb-membership/peer.hpp"

namespace hb::membership {

class Replication {
  public:
    explicit Replication(Incarnation incarnation) : incarnation_(incarnation) {}

    // Each does nothing when the value is what was published last.
    void publish_view(ViewTopic view);
    void publish_report(Report report);
    void publish_table(Table table);
    void publish_ping(PingReport ping);
    // The report that was published last was made after this gap of hb-comm was known (L5).
    void answers_gap(std::optional<MonoTime> gap) { answers_gap_ = gap; }
    // hb-resource is gone: nobody knows what its groups do; what it promised stays (section 8).
    void publish_unknown_states();

    // The last that hb-resource itself published.
    [[nodiscard]] const std::optional<Report>& report() const { return memory_; }
    [[nodiscard]] const std::optional<Table>& table() const { return table_; }
    // What our hb-ipfail said last.
    [[nodiscard]] const PingReport* ping() const {
        return own_ping_ ? &std::get<PingReport>(own_ping_->value) : nullptr;
    }

    // What changed since the last call; everything after changed_all().
    [[nodiscard]] std::optional<PublishValues> take_changed();
    void changed_all();

  private:
    struct Own {
        TopicVersion version;
        TopicValue value;
        bool changed = false;
    };
    template <typename T>
    void set(std::optional<Own>& slot, T value);

    Incarnation incarnation_;
    std::uint64_t counter_ = 0;  // of all topics
    std::optional<MonoTime> answers_gap_;
    std::optional<Own> own_view_, own_report_, own_table_, own_ping_;
    std::optional<Report> memory_;
    std::optional<Table> table_;
};

// Newest known wins. A view must be of the peer's present hb-membership; the other topics may have
// come through an earlier one, until their authors publish anew. `any`: without these rules
// (tests).
[[nodiscard]] bool keep_topic(Peer& peer, TopicVersion version, const TopicValue& value, bool any);
// Is everything that this head names here?
[[nodiscard]] bool has_all(const Peer& peer, const FrameHead& head);

}  // namespace hb::membership
