// authkeys: no input breaks the parser; what it accepts it prints in a form that means the same.
#include <cstdint>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"
#include "common/config/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hb::config;
    const std::string text(data, data + size);
    const ParsedKeys parsed = parse_authkeys(text);
    HB_ASSERT(parsed.keys.keys.size() <= hb::limits::kAuthKeys);
    if (!parsed.ok()) return 0;
    HB_ASSERT(parsed.keys.keys.contains(parsed.keys.sign_with));
    const ParsedKeys again = parse_authkeys(print_authkeys(parsed.keys));
    HB_ASSERT(again.ok());
    HB_ASSERT(again.keys == parsed.keys);
    return 0;
}
