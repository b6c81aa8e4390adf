// IPaddr, IPaddr2, IPv6addr as OCF agents: what hb-resource does with the addresses of haresources,
// done by the same code.
#include "common/base/assert.hpp"
#include "common/config/agents/addresses.hpp"
#include "daemons/hb-resource/agents/announcing.hpp"
#include "daemons/hb-resource/agents/local_addresses.hpp"

namespace hb::agent {
namespace {

using Outcome = resource::OperationDone::Outcome;

constexpr std::string_view kType = "address";  // whatever it is called, of one instance

Answer answer_of(const resource::AddressDone& done) {
    switch (done.outcome) {
        case Outcome::kOk:
        case Outcome::kRunning:
            return {};
        case Outcome::kNotRunning:
            return {Code::kNotRunning, {}};
        case Outcome::kFailed:
        case Outcome::kTimeout:
            return {Code::kGenericError, done.detail};
    }
    HB_UNREACHABLE();
}

Answer run(const Call& call, resource::Operation operation) {
    const auto spec = config::address_of_parameters(call.parameters);
    HB_ASSERT(spec.has_value());  // checked by whoever called
    if (operation == resource::Operation::kStop)
        if (const Answer ended = Announcing(kType, call).end(); ended.code != Code::kSuccess)
            return ended;
    auto here = LocalAddresses::open(call.deadline);
    if (!here) return {Code::kGenericError, here.error().text};
    const Answer answer = answer_of((*here)->run(operation, *spec, call.deadline));
    if (operation != resource::Operation::kStart || answer.code != Code::kSuccess) return answer;
    const auto announcements = (*here)->announcements(*spec);
    here->reset();  // its sockets are not the announcing process's
    return Announcing(kType, call).begin(announcements);
}

Answer start(const Call& call) {
    return run(call, resource::Operation::kStart);
}

Answer stop(const Call& call) {
    return run(call, resource::Operation::kStop);
}

Answer monitor(const Call& call) {
    return run(call, resource::Operation::kStatus);
}

}  // namespace

Agent address_agent(std::string_view type) {
    return {.type = type, .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
