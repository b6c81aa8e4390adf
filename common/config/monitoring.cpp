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

void check_monitoring(const Settings& settings, Diagnostics& diagnostics) {
    std::vector<std::string_view> known;
    for (const Group& group : settings.groups)
        for (const Resource& resource : group.resources) {
            known.emplace_back(resource.word);
            known.emplace_back(resource.type);
        }
    for (const MonitorOverride& o : settings.monitoring.overrides)
        if (std::ranges::find(known, o.resource) == known.end())
            diagnostics.error(o.position,
                              fmt::format("monitor: haresources has no resource '{}'{}",
                                          printable(o.resource), did_you_mean(o.resource, known)));
}

}  // namespace hb::config
