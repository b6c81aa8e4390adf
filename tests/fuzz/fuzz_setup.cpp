// What the parsers accept, the daemons get: every good configuration survives the way through a
// Setup message unchanged. Else a start would fail after the check had passed.
#include <cstdint>

#include "common/base/assert.hpp"
#include "common/base/ipc/master.hpp"
#include "common/config/parser.hpp"
#include "proto/codec_master.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hb::config;
    const std::string text(data, data + size);
    hb::ipc::Setup setup;
    setup.incarnation.generation = 1;
    setup.config_dir = "/etc/ha.d";
    setup.run_dir = "/run/ha-suite";

    Parsed parsed = parse_ha_cf(text);
    validate(parsed.settings, parsed.places, "node1", parsed.diagnostics);
    if (parsed.ok()) setup.settings = std::move(parsed.settings);
    if (setup.settings.nodes.empty()) setup.settings.nodes = {"node1", "node2"};
    Diagnostics of_groups;
    parse_haresources(text, setup.settings, of_groups);
    if (of_groups.has_errors()) setup.settings.groups.clear();
    ParsedKeys keys = parse_authkeys(text);
    if (keys.ok()) setup.keys = std::move(keys.keys);

    const auto received = hb::proto::decode_setup(hb::proto::encode(setup));
    HB_ASSERT(received.has_value());
    HB_ASSERT(*received == setup);
    return 0;
}
