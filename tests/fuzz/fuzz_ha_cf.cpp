// ha.cf: no input breaks the parser; what it accepts it prints in a form that means the same.
#include <cstdint>

#include "common/base/assert.hpp"
#include "common/config/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hb::config;
    const std::string text(data, data + size);
    Parsed parsed = parse_ha_cf(text);
    if (parsed.ok()) {
        const Parsed again = parse_ha_cf(print_ha_cf(parsed.settings));
        HB_ASSERT(again.ok());
        HB_ASSERT(same_meaning(parsed.settings, again.settings));
    }
    validate(parsed.settings, parsed.places, "node1", parsed.diagnostics);
    for (const Diagnostic& d : parsed.diagnostics.sorted()) {
        HB_ASSERT(d.at.line <= size + 1);
        HB_ASSERT(!d.text.empty());
    }
    return 0;
}
