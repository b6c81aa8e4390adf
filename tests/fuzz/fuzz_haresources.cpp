// haresources: no input breaks the parser; what it accepts it prints in a form that means the same.
#include <cstdint>

#include "common/base/assert.hpp"
#include "common/config/address_spec.hpp"
#include "common/config/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hb::config;
    const std::string text(data, data + size);
    Settings settings;
    settings.nodes = {"node1", "node2"};
    Settings again = settings;
    Diagnostics diagnostics;
    parse_haresources(text, settings, diagnostics);
    if (diagnostics.has_errors()) return 0;

    for (const Group& group : settings.groups) {
        HB_ASSERT(!group.resources.empty());
        HB_ASSERT(group.name == group.resources[0].word);
        for (const Resource& resource : group.resources) {
            if (!is_address_type(resource.type)) continue;
            const auto spec = address_of(resource);
            HB_ASSERT(spec.has_value());
            HB_ASSERT(parse_address_spec(to_string(*spec)) == *spec);
        }
    }
    parse_haresources(print_haresources(settings), again, diagnostics);
    HB_ASSERT(!diagnostics.has_errors());
    HB_ASSERT(same_meaning(settings, again));
    return 0;
}
