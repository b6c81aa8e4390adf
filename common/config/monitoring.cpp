#include "common/config/monitoring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/config/lexer.hpp"
#include "common/config/settings.hpp"
#include "common/config/suggest.hpp"

namespace hb::config {

Duration monitor_interval(const Monitoring& monitoring, const Resource& resource) {
    Duration result = monitoring.interval;
    bool by_word = false;
    for (const MonitorOverride& o : monitoring.overrides) {
        if (o.resource == resource.word) {
            result = o.interval;
            by_word = true;
        } else if (o.resource == resource.type && !by_word) {
            result = o.interval;
        }
    }
    return result;
}

CallTimes call_times(const Settings& settings, const Resource& resource) {
    CallTimes result;
    // Three rounds: for all, for the type, for the word.
    for (const std::string& name : {std::string(), resource.type, resource.word})
        for (const CallTimeOverride& o : settings.call_times) {
            if (o.resource != name) continue;
            switch (o.kind) {
                case CallKind::kStart:
                    result.start = o.time;
                    break;
                case CallKind::kStop:
                    result.stop = o.time;
                    break;
                case CallKind::kStatus:
                    result.status = o.time;
                    break;
            }
        }
    return result;
}

void check_monitoring(const Settings& settings, Diagnostics& diagnostics) {
    std::vector<std::string_view> known;
    for (const Group& group : settings.groups)
        for (const Resource& resource : group.resources) {
            known.emplace_back(resource.word);
            known.emplace_back(resource.type);
        }
    const auto check = [&](const char* directive, const std::string& name, const Position& at) {
        if (std::ranges::find(known, name) == known.end())
            diagnostics.error(at, fmt::format("{}: haresources has no resource '{}'{}", directive,
                                              printable(name), did_you_mean(name, known)));
    };
    for (const MonitorOverride& o : settings.monitoring.overrides)
        check("monitor", o.resource, o.position);
    for (const CallTimeOverride& o : settings.call_times)
        if (!o.resource.empty()) check("agent_timeout", o.resource, o.position);
}

}  // namespace hb::config
