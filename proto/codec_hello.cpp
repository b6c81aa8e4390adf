#include "proto/codec_hello.hpp"

#include <fmt/format.h>

#include "hello.pb.h"
#include "proto/checks.hpp"

namespace hb::proto {

std::string encode(const ipc::Hello& hello) {
    const auto& [program, protocol, pid] = hello;
    auto& m = scratch<pb::Hello>();
    m.set_program(program);
    m.set_protocol(protocol);
    m.set_pid(pid);
    return m.SerializeAsString();
}

Result<ipc::Hello> decode_hello(std::string_view bytes) {
    Reader in;
    auto& m = scratch<pb::Hello>();
    ipc::Hello hello;
    if (parse(m, bytes, limits::kChannelBytes, in)) {
        hello.program = in.name(m.program(), limits::kNodeNameBytes, "program");
        hello.protocol = m.protocol();
        hello.pid = m.pid();
        if (hello.protocol != ipc::kProtocolVersion)
            in.refuse("protocol", fmt::format("{} speaks version {}, this is version {}",
                                              in.good() ? hello.program : "it", hello.protocol,
                                              ipc::kProtocolVersion));
    }
    return in.finish(std::move(hello));
}

}  // namespace hb::proto
