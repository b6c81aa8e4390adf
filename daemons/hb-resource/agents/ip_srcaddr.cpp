// IPsrcaddr: what this host sends begins with an address of the group. source_core.hpp decides.
#include "common/config/agents/ip_srcaddr.hpp"

#include <fmt/format.h>

#include <memory>

#include "daemons/hb-resource/agents/local_addresses.hpp"
#include "daemons/hb-resource/agents/source_memory.hpp"
#include "daemons/hb-resource/agents/source_routes.hpp"

namespace hb::agent {
namespace {

constexpr std::string_view kType = "IPsrcaddr";

// What the kernel says now.
struct Situation {
    std::unique_ptr<LocalAddresses> here;
    SourceQuestion question;
    std::uint32_t table = 0;
    SourceRoutes present;
    SourceMemo remembered;

    [[nodiscard]] SourceMemory memory(const Call& call) const { return {call, here->kernel()}; }
    [[nodiscard]] SourceAnswer state() const { return source_state(question, present, remembered); }
};

Result<void> look_again(Situation& now) {
    auto routes = read_source_routes(now.question.address.family, now.table, now.here->kernel());
    if (!routes) return std::unexpected(routes.error());
    now.present = std::move(*routes);
    return {};
}

Result<Situation> look(const Call& call) {
    config::ParameterProblems problems;
    const config::SourceSpec spec = config::source_of_parameters(call.parameters, problems);
    Situation now;
    auto here = LocalAddresses::open(call.deadline);
    if (!here) return std::unexpected(here.error());
    now.here = std::move(*here);
    now.question = {.address = spec.address,
                    .destination = spec.destination,
                    .destination_prefix = spec.destination_prefix,
                    .protocol = {},
                    .metric = spec.metric,
                    .links = {},
                    .where = {}};
    const auto table = table_number(spec.table);
    if (!table) return failure(fmt::format("there is no routing table '{}' here", spec.table));
    now.table = *table;
    if (!spec.protocol.empty()) {
        now.question.protocol = protocol_number(spec.protocol);
        if (!now.question.protocol)
            return failure(fmt::format("there is no protocol '{}' here", spec.protocol));
    }
    for (const resource::KernelAddress& place : now.here->kernel().find(spec.address)) {
        if (spec.prefix && *spec.prefix != place.prefix) continue;
        now.question.links.push_back(place.link);
        const resource::KernelLink* link = now.here->kernel().link(place.link);
        if (link != nullptr) now.question.where = link->name;
    }
    now.remembered = now.memory(call).read();
    if (auto looked = look_again(now); !looked) return std::unexpected(looked.error());
    return now;
}

std::string story(const SourceStep& step) {
    if (step.what == SourceStep::What::kAdd)
        return fmt::format("{}: is gone, put back", step.route.text);
    return fmt::format("{}: had {}, has {} now", step.route.text, source_text(step.route.source),
                       source_text(step.source));
}

Answer refused(const Error& error) {
    return {Code::kGenericError, error.text};
}

Answer start(const Call& call) {
    auto now = look(call);
    if (!now) return refused(now.error());
    const SourceMemory memory = now->memory(call);
    const auto plan =
        plan_source_start(now->question, now->present, now->remembered, memory.of_others());
    if (!plan) return refused(plan.error());
    if (!plan->steps.empty())
        if (const auto written = memory.write(plan->remember); !written)
            return refused(written.error());
    for (const SourceStep& step : plan->steps) {
        if (const auto done = carry_out(step); !done)
            return {Code::kGenericError,
                    fmt::format("{}: cannot give it the source {}: {}", step.route.text,
                                now->question.address.to_string(), done.error().text)};
        say(story(step));
    }
    return {};
}

// The source that is to be put back may have gone, and the gateway of a route, too: that is said,
// and no failed stop. What counts is that nothing has our source address any more; a route that is
// missing then is not forgotten.
void put_back(SourceStep step) {
    auto done = carry_out(step);
    if (!done && step.source) {
        say(fmt::format("{}: the source {} cannot be put back: {}", step.route.text,
                        step.source->to_string(), done.error().text));
        step.source.reset();
        done = carry_out(step);
    }
    if (done)
        say(story(step));
    else
        say(fmt::format("{}: cannot be put back: {}", step.route.text, done.error().text));
}

Answer stop(const Call& call) {
    auto now = look(call);
    if (!now) return refused(now.error());
    for (const SourceStep& step :
         plan_source_stop(now->question, now->present, now->remembered).steps)
        put_back(step);
    if (const auto looked = look_again(*now); !looked) return refused(looked.error());
    const SourceEnd end = source_end(now->question, now->present, now->remembered);
    if (!end.still.empty())
        return {Code::kGenericError, fmt::format("{} is still the source of {}",
                                                 now->question.address.to_string(), end.still)};
    const auto written = now->memory(call).write({.changed = {}, .left = end.left});
    if (!written) return refused(written.error());
    return {};
}

Answer monitor(const Call& call) {
    const auto now = look(call);
    if (!now) return refused(now.error());
    const SourceAnswer answer = now->state();
    switch (answer.state) {
        case SourceState::kSet:
            return {};
        case SourceState::kNotSet:
            return {Code::kNotRunning, {}};
        case SourceState::kWrong:
            return {Code::kGenericError, answer.reason};
    }
    return {Code::kGenericError, {}};
}

}  // namespace

Agent ip_srcaddr_agent() {
    return {.type = kType, .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
