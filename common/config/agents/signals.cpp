#include "common/config/agents/signals.hpp"

#include <signal.h>
#include <string.h>

#include <charconv>

namespace hb::config {
namespace {

int signal_of(std::string_view word) {
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size())
        return number > 0 && number < NSIG ? number : 0;
    if (word.starts_with("SIG")) word.remove_prefix(3);
    for (number = 1; number < NSIG; number++) {
        const char* name = ::sigabbrev_np(number);
        if (name != nullptr && word == name) return number;
    }
    return 0;
}

}  // namespace

std::vector<int> signals_of(std::string_view text) {
    std::vector<int> result;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(" ,");
        if (const std::string_view word = text.substr(0, end); !word.empty()) {
            result.push_back(signal_of(word));
            if (result.back() == 0) return {};
        }
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return result;
}

}  // namespace hb::config
