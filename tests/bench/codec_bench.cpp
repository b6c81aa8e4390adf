// What a heartbeat costs in the codecs: build/tests/bench/codec_bench.
#include <benchmark/benchmark.h>

#include "proto/codec_comm_membership.hpp"
#include "proto/codec_node.hpp"

namespace {

using namespace hb;

const Incarnation kLife{1'790'000'000, 1};

FrameBody heartbeat(std::size_t nodes) {
    std::vector<TopicAck> versions;
    for (Topic topic : kAllTopics)
        versions.push_back({topic, {kLife, 1000}});
    FrameBody body{{kLife, 1s, versions, {}}, {}};
    for (std::size_t r = 1; r < nodes; r++)
        body.head.heard.push_back({node_id(r), 3, {1, 0x89abcdef}, 1'000'000, 9ms, versions});
    return body;
}

Report report(std::size_t groups) {
    Report report;
    report.incarnation = kLife;
    report.view = ViewId{7, node_id(0), kLife};
    for (std::size_t i = 0; i < groups; i++)
        report.groups["10.0.0." + std::to_string(i)] = {
            .bar = 3, .state = GroupState::kRunning, .reason = "preferred node"};
    return report;
}

template <typename Value, typename Decode>
void decode(benchmark::State& state, const Value& value, Decode decode) {
    const std::string bytes = proto::encode(value);
    for (auto _ : state)
        benchmark::DoNotOptimize(decode(bytes));
    state.counters["bytes"] = static_cast<double>(bytes.size());
}

void heartbeat_encode(benchmark::State& state) {
    const FrameBody body = heartbeat(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(proto::encode(body));
}
void heartbeat_decode(benchmark::State& state) {
    decode(state, heartbeat(static_cast<std::size_t>(state.range(0))), &proto::decode_frame_body);
}
void report_encode(benchmark::State& state) {
    const Report value = report(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(proto::encode(value));
}
void report_decode(benchmark::State& state) {
    decode(state, report(static_cast<std::size_t>(state.range(0))), &proto::decode_report);
}
void frame_seen_round_trip(benchmark::State& state) {
    const ipc::CommToMembership seen =
        ipc::FrameSeen{node_id(1), kLife.generation,  {1, 2}, 9,           link_id(0), MonoTime(1h),
                       true,       heartbeat(2).head, {},     MonoTime(1h)};
    for (auto _ : state)
        benchmark::DoNotOptimize(proto::decode_comm_to_membership(proto::encode(seen)));
}

BENCHMARK(heartbeat_encode)->Arg(2)->Arg(5)->Arg(64);
BENCHMARK(heartbeat_decode)->Arg(2)->Arg(5)->Arg(64);
BENCHMARK(report_encode)->Arg(1)->Arg(200);
BENCHMARK(report_decode)->Arg(1)->Arg(200);
BENCHMARK(frame_seen_round_trip);

}  // namespace

BENCHMARK_MAIN();
