// A GroupRunner's story in words, for tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "daemons/hb-resource/group_runner.hpp"

namespace hb::resource::test {

using Outcome = OperationDone::Outcome;

// Tells a runner's story in words. Resources are called a, b, c, ...; what the runner asks for is
// heard as "start a", "stop b", "status c", "cancel c", what it comes to as "= running", what it
// says of trouble as "! b failed ...", and when it wants to go on as "next in 1s".
class Story {
  public:
    explicit Story(std::size_t resources, const std::vector<bool>& together = {})
        : Story([&] {
              std::vector<RunnerResource> list(resources);
              for (std::size_t i = 0; i < together.size(); i++)
                  list[i].together = together[i];
              return list;
          }()) {}
    explicit Story(std::vector<RunnerResource> resources, unsigned restarts = 2)
        : runner_([&] {
              RunnerSettings settings;
              settings.group = "a";
              for (std::size_t i = 0; i < resources.size(); i++)
                  resources[i].word = std::string(1, static_cast<char>('a' + i));
              settings.resources = std::move(resources);
              settings.preferred = "node1";
              settings.stop_retries = 2;
              settings.restarts = restarts;
              return settings;
          }()) {}

    // "start", "stop", "ask", "leave-alone on", "wait" (to the deadline), "look a" (something
    // happened to it), "change abX" (a reload: a and b stay, c has gone, X is new), "complete", or
    // an answer: "a ok", "b failed", ... Returns what the runner said to it.
    std::string say(const std::string& words) {
        std::vector<RunnerAction> out;
        std::istringstream in(words);
        std::string who;
        std::string what;
        in >> who >> what;
        if (who == "start")
            runner_.start(now_, out);
        else if (who == "stop")
            runner_.stop(now_, out);
        else if (who == "ask")
            runner_.ask(now_, out);
        else if (who == "leave-alone")
            runner_.leave_alone(what == "on", now_, out);
        else if (who == "wait")
            wait(out);
        else if (who == "change")
            change(what, out);
        else if (who == "complete")
            runner_.complete(now_, out);
        else if (who == "look")
            runner_.look(static_cast<std::size_t>(what[0] - 'a'), now_, out);
        else
            runner_.handle({take_call(who[0]), outcome(what), ""}, now_, out);
        return hear(out);
    }

    GroupRunner& runner() { return runner_; }
    void monitor_what_stays(Duration interval) { monitor_ = interval; }
    std::vector<Event> events;
    std::string detail;

  private:
    // Small letters: resources that stay, capital ones: new. From then on they are called by their
    // places again.
    void change(const std::string& to, std::vector<RunnerAction>& out) {
        RunnerSettings settings;
        settings.group = "a";
        settings.preferred = "node1";
        settings.stop_retries = 2;
        std::vector<bool> fresh;
        for (const char c : to) {
            fresh.push_back(c < 'a');
            settings.resources.push_back(
                {.word = std::string(1, c),
                 .monitor = {.interval = c < 'a' ? Duration(0) : monitor_, .trusted = true}});
        }
        runner_.change(std::move(settings), fresh, out);
    }

    void wait(std::vector<RunnerAction>& out) {
        const MonoTime deadline = runner_.next_deadline();
        ASSERT_NE(deadline, kForever);
        runner_.on_deadline(deadline - 1ns, out);
        EXPECT_TRUE(out.empty()) << "acted before its deadline";
        now_ = deadline;
        runner_.on_deadline(now_, out);
    }

    std::uint64_t take_call(char resource) {
        const auto found = calls_.find(resource);
        if (found == calls_.end()) {
            ADD_FAILURE() << "no call for " << resource;
            return 0;
        }
        const std::uint64_t id = found->second;
        calls_.erase(found);
        return id;
    }

    static Outcome outcome(const std::string& word) {
        if (word == "ok") return Outcome::kOk;
        if (word == "running") return Outcome::kRunning;
        if (word == "not-running") return Outcome::kNotRunning;
        if (word == "timeout") return Outcome::kTimeout;
        EXPECT_EQ(word, "failed");
        return Outcome::kFailed;
    }

    std::string hear(const std::vector<RunnerAction>& out) {
        std::string heard;
        const auto add = [&](const std::string& words) {
            heard += (heard.empty() ? "" : ", ") + words;
        };
        for (const RunnerAction& action : out) {
            if (const auto* run = std::get_if<RunOperation>(&action)) {
                const char resource = static_cast<char>('a' + run->resource);
                EXPECT_FALSE(calls_.contains(resource)) << "two calls at once for " << resource;
                calls_[resource] = run->id;
                add(fmt::format("{} {}", to_string(run->operation), resource));
            } else if (const auto* done = std::get_if<RunnerDone>(&action)) {
                detail = done->detail;
                add(fmt::format("= {}{}", to_string(done->answer),
                                done->after_start ? " after start" : ""));
                if (done->worn_out) add("worn out");
            } else if (const auto* cancel = std::get_if<CancelOperation>(&action)) {
                const auto call =
                    std::ranges::find(calls_, cancel->id, [](const auto& c) { return c.second; });
                if (call == calls_.end()) {
                    ADD_FAILURE() << "cancelled what is not under way";
                    continue;
                }
                add(fmt::format("cancel {}", call->first));
                calls_.erase(call);
            } else if (const auto* trouble = std::get_if<RunnerTrouble>(&action)) {
                add("! " + trouble->text);
            } else {
                events.push_back(std::get<Event>(action));
            }
        }
        if (runner_.next_deadline() != kForever)
            add("next in " + hb::to_string(runner_.next_deadline() - now_));
        return heard;
    }

    Duration monitor_{};  // of what stays
    GroupRunner runner_;
    MonoTime now_{1000s};
    std::map<char, std::uint64_t> calls_;
};

}  // namespace hb::resource::test
