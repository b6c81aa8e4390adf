#include "proto/convert_reload.hpp"

namespace hb::proto {

namespace {

std::string bounded(const std::string& text) {
    return plain_text(text, limits::kReloadTextBytes);
}

}  // namespace

void put(const ReloadOutcome& from, pb::ReloadOutcome& to) {
    const auto& [ok, text, changes, findings, more] = from;
    to.set_ok(ok);
    to.set_text(bounded(text));
    std::uint32_t left_out = more;
    std::size_t room = limits::kReloadBytes;
    // False: no room any more.
    const auto fits = [&](std::size_t bytes) {
        if (bytes > room) {
            room = 0;
            ++left_out;
            return false;
        }
        room -= bytes;
        return true;
    };
    for (const ReloadChange& change : changes) {
        pb::ReloadChange m;
        m.set_at(bounded(change.at));
        m.set_what(bounded(change.what));
        m.set_before(bounded(change.before));
        m.set_after(bounded(change.after));
        m.set_refused(bounded(change.refused));
        m.set_note(bounded(change.note));
        if (fits(m.ByteSizeLong())) *to.add_changes() = std::move(m);
    }
    for (const ReloadFinding& finding : findings) {
        pb::ReloadFinding m;
        m.set_severity(static_cast<std::uint32_t>(finding.severity));
        m.set_at(bounded(finding.at));
        m.set_text(bounded(finding.text));
        if (fits(m.ByteSizeLong())) *to.add_findings() = std::move(m);
    }
    to.set_more(left_out);
}

ReloadOutcome read(const pb::ReloadOutcome& from, Reader& in) {
    const auto text = [&](const std::string& t) {
        return in.sentence(t, limits::kReloadTextBytes, "reload");
    };
    ReloadOutcome to;
    to.ok = from.ok();
    to.text = text(from.text());
    for (const pb::ReloadChange& m : from.changes()) {
        if (!in.good()) break;
        to.changes.push_back({.at = text(m.at()),
                              .what = text(m.what()),
                              .before = text(m.before()),
                              .after = text(m.after()),
                              .refused = text(m.refused()),
                              .note = text(m.note())});
    }
    for (const pb::ReloadFinding& m : from.findings()) {
        if (!in.good()) break;
        in.require(m.severity() >= 1 && m.severity() <= 3, "severity", "unknown");
        to.findings.push_back({.severity = static_cast<ReloadFinding::Severity>(m.severity()),
                               .at = text(m.at()),
                               .text = text(m.text())});
    }
    to.more = from.more();
    return to;
}

}  // namespace hb::proto
