#include "common/config/canonical_lines.hpp"

namespace hb::config {
namespace {

const char* word_of(MediumKind kind) {
    switch (kind) {
        case MediumKind::kBcast:
            return "bcast";
        case MediumKind::kUcast:
            return "ucast";
        case MediumKind::kMcast:
            return "mcast";
        case MediumKind::kUcast6:
            return "ucast6";
        case MediumKind::kMcast6:
            return "mcast6";
        case MediumKind::kSerial:
            return "serial";
    }
    return "?";
}

// In the order in which they are printed.
class Placing {
  public:
    explicit Placing(CanonicalLines& lines) : lines_(lines) {}

    void next(const std::string& directive, const Position& at) {
        const auto lines = lines_.find(directive);
        if (lines == lines_.end()) return;
        const std::size_t i = used_[directive]++;
        if (i < lines->second.size()) lines->second[i].at = at;
    }

  private:
    CanonicalLines& lines_;
    std::map<std::string, std::size_t> used_;
};

void place(CanonicalLines& lines, const Settings& s, const Position& monitor) {
    Placing placing(lines);
    for (const Medium& m : s.media)
        placing.next(word_of(m.kind), m.position);
    for (const RespawnLine& r : s.respawn)
        placing.next("respawn", r.position);
    for (const NotifyLine& n : s.notify)
        placing.next("notify", n.position);
    for (const PingNode& p : s.pings)
        placing.next(p.is_group ? "ping_group" : p.v6 ? "ping6" : "ping", p.position);
    placing.next("monitor", monitor);
    for (const MonitorOverride& o : s.monitoring.overrides)
        placing.next("monitor", o.position);
    for (const CallTimeOverride& o : s.call_times)
        placing.next("agent_timeout", o.position);
    for (const FenceDevice& d : s.fencing.devices)
        placing.next("stonith_host", d.position);
}

}  // namespace

CanonicalLines canonical_lines(const Settings& settings) {
    return canonical_lines(settings, {});
}

CanonicalLines canonical_lines(const Settings& settings, const Places& places) {
    CanonicalLines lines;
    const std::string text = print_ha_cf(settings);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        const std::string line = text.substr(begin, end - begin);
        const std::size_t blank = line.find(' ');
        lines[line.substr(0, blank)].push_back(
            {blank == std::string::npos ? std::string() : line.substr(blank + 1), {}});
        begin = end == std::string::npos ? text.size() : end + 1;
    }
    for (const auto& [directive, at] : places.directives)
        if (const auto found = lines.find(directive); found != lines.end())
            for (CanonicalLine& l : found->second)
                l.at = at;
    const auto monitor = places.directives.find("monitor");
    place(lines, settings, monitor == places.directives.end() ? Position{} : monitor->second);
    return lines;
}

}  // namespace hb::config
