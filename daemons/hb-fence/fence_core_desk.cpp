// FenceCore: what admins ask, checks of devices, history.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"
#include "daemons/hb-fence/fence_core.hpp"

namespace hb::fence {

namespace {

constexpr std::size_t kTestsAtOnce = 16;

}  // namespace

void FenceCore::remember(NodeId target, bool ok, std::string by, std::string text, MonoTime now) {
    past_.push_front(
        {now, {.target = target, .ok = ok, .by = std::move(by), .text = std::move(text)}});
    if (past_.size() > limits::kFenceRecords) past_.pop_back();
}

void FenceCore::on(const ipc::FenceRequest& in, MonoTime now, Out& out) {
    if (in.kind == ipc::FenceRequestKind::kHistory) {
        ipc::FenceAnswer answer{.id = in.id, .ok = true, .text = {}, .history = {}};
        for (const Past& p : past_) {
            answer.history.push_back(p.record);
            answer.history.back().ago = std::max(now - p.when, Duration::zero());
        }
        out.emplace_back(std::move(answer));
        return;
    }
    if (!in.peer || *in.peer == settings_.self || rank(*in.peer) >= settings_.node_names.size()) {
        out.emplace_back(ipc::FenceAnswer{in.id, false, "this node does not fence itself", {}});
        return;
    }
    if (in.kind == ipc::FenceRequestKind::kConfirm) return confirm_by_human(in, now, out);

    Test test{.id = in.id, .target = *in.peer, .devices = {}, .text = {}};
    for (std::size_t d = 0; d < devices_.size(); d++)
        if (device(d).serves(settings_.self, *in.peer) && !device(d).is_human())
            test.devices.push_back(d);
    if (test.devices.empty() || tests_.size() >= kTestsAtOnce) {
        const std::string why =
            test.devices.empty()
                ? fmt::format("no device that could be asked switches {} off", name_of(*in.peer))
                : std::string("too many tests at once");
        out.emplace_back(ipc::FenceAnswer{in.id, false, why, {}});
        return;
    }
    tests_.push_back(std::move(test));
}

// hb-resource has made sure that the node is not heard.
void FenceCore::confirm_by_human(const ipc::FenceRequest& in, MonoTime now, Out& out) {
    const std::string& node = name_of(*in.peer);
    const auto job = jobs_.find(*in.peer);
    if (job == jobs_.end() || job->second.wish.generation != in.generation) {
        out.emplace_back(ipc::FenceAnswer{
            in.id, false, fmt::format("nothing waits for {} to be off", node), {}});
        return;
    }
    if (job->second.stage != Stage::kConfirmed)
        confirmed(job->second, fmt::format("a human, {}", in.who), now, out);
    out.emplace_back(
        ipc::FenceAnswer{in.id, true, fmt::format("{} counts as switched off", node), {}});
}

void FenceCore::call_of_test(const Call& call, const CallDone& done, Out& out) {
    const auto test = std::ranges::find(tests_, *call.test, &Test::id);
    if (test == tests_.end()) return;
    const bool answered = done.outcome != Outcome::kFailed;
    test->ok = test->ok && answered;
    test->text += fmt::format("{}{}: {}", test->text.empty() ? "" : "; ", device(call.device).type,
                              done.outcome == Outcome::kOff    ? "off"
                              : done.outcome == Outcome::kDone ? "on"
                                                               : done.text);
    test->devices.erase(test->devices.begin());
    test->under_way = false;
    if (!test->devices.empty()) return;
    out.emplace_back(ipc::FenceAnswer{test->id, test->ok, test->text, {}});
    tests_.erase(test);
}

void FenceCore::call_of_check(const Call& call, const CallDone& done, MonoTime now, Out& out) {
    Device& d = devices_[call.device];
    const Duration soon = std::min<Duration>(settings_.fencing.check, settings_.longest_pause);
    if (call.abandoned) {
        d.check_at = now + soon;
        return;
    }
    const std::string& type = device(call.device).type;
    const bool good = done.outcome != Outcome::kFailed;
    d.check_at = now + (good ? settings_.fencing.check : soon);
    std::string nodes;
    for (const config::FenceTarget& t : device(call.device).targets)
        nodes += (nodes.empty() ? "" : ", ") + name_of(t.node);
    const std::string trouble =
        good ? std::string() : fmt::format("{} (for {}): {}", type, nodes, done.text);
    const bool news = trouble.empty() != d.trouble.empty();
    if (news && !good)
        out.emplace_back(Event{
            "device-not-operational",
            Level::kError,
            fmt::format("STONITH device {} (for {}) not operational!: {}", type, nodes, done.text),
            {{"HB_REASON", done.text}}});
    if (good && (news || !d.checked))
        out.emplace_back(Event{"device-operational",
                               Level::kInfo,
                               fmt::format("STONITH device {} (for {}) answers", type, nodes),
                               {}});
    d.checked = true;
    d.trouble = trouble;
    tell_trouble(out);
}

void FenceCore::tell_trouble(Out& out) {
    std::string all;
    for (const Device& d : devices_)
        if (!d.trouble.empty()) all += (all.empty() ? "" : "; ") + d.trouble;
    if (all == trouble_) return;
    trouble_ = std::move(all);
    out.emplace_back(ipc::FenceDeviceTrouble{trouble_});
}

}  // namespace hb::fence
