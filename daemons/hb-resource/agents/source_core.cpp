#include "daemons/hb-resource/agents/source_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::agent {
namespace {

bool is_over(const SourceRoute& route, const std::vector<int>& links) {
    return std::ranges::any_of(
        route.links, [&](int link) { return std::ranges::find(links, link) != links.end(); });
}

bool is_to_destination(const SourceRoute& route, const SourceQuestion& question) {
    return route.destination == question.destination && route.prefix == question.destination_prefix;
}

bool is_default(const SourceQuestion& question) {
    return question.destination_prefix == 0;
}

// The route to the network that the address is in.
bool is_to_network(const SourceRoute& route, const SourceQuestion& question) {
    return route.prefix > 0 && route.prefix < (question.address.is_v4() ? 32U : 128U) &&
           route.is_direct &&
           resource::same_subnet(route.destination, question.address, route.prefix);
}

bool has_wanted_marks(const SourceRoute& route, const SourceQuestion& question) {
    return (!question.protocol || route.protocol == *question.protocol) &&
           (!question.metric || route.metric == *question.metric);
}

struct Matching {
    SourceRoutes to_destination;
    SourceRoutes to_network;  // besides, for the default route
};

// Of routes that the kernel does not distinguish in a replacement only the first: it is the one
// that counts.
Matching matching(const SourceQuestion& question, const SourceRoutes& present) {
    Matching result;
    std::set<decltype(present.front().key())> seen;
    for (const SourceRoute& route : present) {
        if (!seen.insert(route.key()).second || !is_over(route, question.links)) continue;
        if (is_to_destination(route, question)) {
            if (is_default(question) || has_wanted_marks(route, question))
                result.to_destination.push_back(route);
        } else if (is_default(question) && is_to_network(route, question) &&
                   has_wanted_marks(route, question)) {
            result.to_network.push_back(route);
        }
    }
    return result;
}

const SourceRoute* find_key(const SourceRoutes& routes, const SourceRoute& like) {
    const auto found =
        std::ranges::find_if(routes, [&](const auto& each) { return each.key() == like.key(); });
    return found == routes.end() ? nullptr : &*found;
}

std::string destination_text(const SourceQuestion& question) {
    if (is_default(question)) return "default route";
    return fmt::format("route to {}/{}", question.destination.to_string(),
                       question.destination_prefix);
}

std::string missing_text(const SourceQuestion& question, const SourceRoutes& present) {
    std::string text =
        fmt::format("there is no {} over {}, where {} is", destination_text(question),
                    question.where, question.address.to_string());
    for (const SourceRoute& route : present)
        if (is_to_destination(route, question)) return text + fmt::format(" (but {})", route.text);
    return text;
}

// Neither it nor another that leads there.
bool is_gone(const SourceRoute& was, const SourceRoutes& present) {
    return std::ranges::none_of(present, [&](const SourceRoute& other) {
        return other.table == was.table && other.destination == was.destination &&
               other.prefix == was.prefix;
    });
}

// A gateway is reached by the route to its network.
void direct_ones_first(std::vector<SourceStep>& steps) {
    std::ranges::stable_partition(steps, [](const auto& step) { return step.route.is_direct; });
}

SourceRoutes all_of(const SourceMemo& memo) {
    SourceRoutes all = memo.changed;
    all.insert(all.end(), memo.left.begin(), memo.left.end());
    return all;
}

}  // namespace

std::string source_text(const std::optional<IpAddress>& source) {
    return source ? "source " + source->to_string() : std::string("no source");
}

Result<SourcePlan> plan_source_start(const SourceQuestion& question, const SourceRoutes& present,
                                     const SourceMemo& remembered, const SourceRoutes& others) {
    if (question.links.empty())
        return failure(
            fmt::format("{} is not an address of this host", question.address.to_string()));
    const Matching found = matching(question, present);
    SourcePlan plan{.remember = {.changed = remembered.changed, .left = {}}, .steps = {}};
    const auto change = [&](const SourceRoute& route, SourceStep::What what,
                            std::vector<SourceStep>& steps) {
        std::erase_if(plan.remember.changed,
                      [&](const auto& old) { return old.key() == route.key(); });
        plan.remember.changed.push_back(route);
        steps.push_back({what, route, question.address});
    };
    const auto take = [&](const SourceRoute& route) {
        if (route.source != question.address) change(route, SourceStep::What::kReplace, plan.steps);
    };
    bool comes_back = false;
    std::vector<SourceStep> additions;
    for (const SourceRoute& was : remembered.left) {
        if (!is_gone(was, present)) continue;
        if (!is_over(was, question.links)) {
            plan.remember.left.push_back(was);
            continue;
        }
        comes_back = comes_back || is_to_destination(was, question);
        change(was, SourceStep::What::kAdd, additions);
    }
    if (found.to_destination.empty() && !comes_back)
        return failure(missing_text(question, present));
    for (const SourceRoute& route : found.to_destination) {
        if (find_key(others, route) != nullptr && route.source != question.address)
            return failure(fmt::format("{}: another IPsrcaddr has given it {}", route.text,
                                       source_text(route.source)));
        if (route.is_advertised)
            return failure(fmt::format(
                "{}: it comes of router advertisements, and the kernel renews it as it likes; "
                "IPsrcaddr wants one that is configured",
                route.text));
        take(route);
    }
    for (const SourceRoute& route : found.to_network)
        if (find_key(others, route) == nullptr && !route.is_advertised) take(route);
    direct_ones_first(additions);
    plan.steps.insert(plan.steps.end(), additions.begin(), additions.end());
    return plan;
}

SourcePlan plan_source_stop(const SourceQuestion& question, const SourceRoutes& present,
                            const SourceMemo& remembered) {
    SourcePlan plan;
    const SourceRoutes before = all_of(remembered);
    for (const SourceRoute& was : before) {
        if (const SourceRoute* is = find_key(present, was)) {
            if (is->source == question.address)
                plan.steps.push_back({SourceStep::What::kReplace, *is, was.source});
        } else if (is_gone(was, present)) {
            plan.steps.push_back({SourceStep::What::kAdd, was, was.source});
        }
    }
    const Matching found = matching(question, present);
    for (const auto* routes : {&found.to_destination, &found.to_network})
        for (const SourceRoute& route : *routes)
            if (route.source == question.address && find_key(before, route) == nullptr)
                plan.steps.push_back({SourceStep::What::kReplace, route, std::nullopt});
    direct_ones_first(plan.steps);
    return plan;
}

SourceEnd source_end(const SourceQuestion& question, const SourceRoutes& present,
                     const SourceMemo& remembered) {
    SourceEnd end;
    const SourceRoutes before = all_of(remembered);
    const Matching found = matching(question, present);
    for (const SourceRoute& route : present) {
        const bool ours = find_key(before, route) != nullptr ||
                          find_key(found.to_destination, route) != nullptr ||
                          find_key(found.to_network, route) != nullptr;
        if (ours && route.source == question.address && end.still.empty()) end.still = route.text;
    }
    std::ranges::copy_if(before, std::back_inserter(end.left),
                         [&](const SourceRoute& was) { return is_gone(was, present); });
    return end;
}

SourceAnswer source_state(const SourceQuestion& question, const SourceRoutes& present,
                          const SourceMemo& remembered) {
    const SourceRoutes found = matching(question, present).to_destination;
    const auto is_ours = [&](const SourceRoute& route) { return route.source == question.address; };
    const auto other = std::ranges::find_if_not(found, is_ours);
    if (!found.empty() && other == found.end()) return {SourceState::kSet, {}};
    const bool begun = !remembered.changed.empty() || std::ranges::any_of(found, is_ours);
    if (!begun) return {SourceState::kNotSet, {}};
    if (question.links.empty())
        return {SourceState::kWrong, fmt::format("{} is not an address of this host any more",
                                                 question.address.to_string())};
    if (found.empty()) return {SourceState::kWrong, missing_text(question, present)};
    return {SourceState::kWrong,
            fmt::format("{} has {}, not {}", other->text, source_text(other->source),
                        question.address.to_string())};
}

}  // namespace hb::agent
