// cl_status: Heartbeat's command, answered by this suite. docs/man/cl_status.1.
#include <cstdio>
#include <exception>

#include "common/base/version.hpp"
#include "tools/heartbeat/cl_status.hpp"

namespace {

using namespace hb;
using namespace hb::heartbeat;

Reply ask(const Question& question) {
    auto client = control::Client::connect(kRunDir);
    if (!client) return answer(question, client.error());
    // What is wrong with the question is said after Heartbeat has signed on.
    const auto status = client->status();
    if (!status) return answer(question, status.error());
    std::optional<std::string> value;
    if (const std::string name = needed_parameter(question); !name.empty()) {
        const auto parameter = client->parameter(name);
        if (!parameter) return answer(question, parameter.error());
        value = *parameter;
    }
    return answer(question, *status, value);
}

int run(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "-h" || words[0] == "--help") {
        std::fputs(cl_status_help(), stdout);
        return 0;
    }
    if (!is_command(words[0])) {
        std::fprintf(stderr, "cl_status: ERROR: %s: invalid sub-command.\n", words[0].c_str());
        return static_cast<int>(ClCode::kParameter);
    }
    const Reply reply = ask(parse_question(words));
    std::fputs(reply.out.c_str(), stdout);
    std::fflush(stdout);
    std::fputs(reply.err.c_str(), stderr);
    return static_cast<int>(reply.code);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "cl_status: ERROR: %s\n", e.what());
        return static_cast<int>(ClCode::kUnknown);
    }
}
