#include "common/config/digest.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/fingerprint.hpp"
#include "common/config/parser.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1);
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}

bool is_per_node(std::string_view line) {
    const Directive* d = find_directive(line.substr(0, line.find(' ')));
    return d != nullptr && d->per_node;
}

// Never 0: that is "not said".
std::uint64_t digest(const std::vector<std::string_view>& lines) {
    std::string text;
    for (const std::string_view line : lines)
        text.append(line).append("\n");
    return std::max<std::uint64_t>(fingerprint64(text), 1);
}

}  // namespace

ConfigDigests digests(const Settings& settings) {
    Settings shared = settings;
    for (FenceDevice& device : shared.fencing.devices)
        device.parameters.clear();  // hb-fence's only
    const std::string ha_cf = print_ha_cf(shared);
    std::vector<std::string_view> same = lines_of(ha_cf);
    std::erase_if(same, &is_per_node);
    const std::string haresources = print_haresources(shared);
    std::vector<std::string_view> groups = lines_of(haresources);
    std::ranges::sort(groups);  // their order means nothing
    return {.ha_cf = digest(same), .haresources = digest(groups)};
}

}  // namespace hb::config
