#include "tools/hactl/net_filter.hpp"

#include <fmt/format.h>

#include <cctype>

namespace hb::hactl {

namespace {

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : line) {
        const bool apart = std::isspace(static_cast<unsigned char>(c)) != 0 || c == ',' || c == ';';
        if (!apart) word += c;
        if (!apart || word.empty()) continue;
        words.push_back(std::move(word));
        word.clear();
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
    for (const std::string& w : words)
        if (w == word) return true;
    return false;
}

std::string trim(std::string_view line) {
    const std::size_t from = line.find_first_not_of(" \t");
    if (from == std::string_view::npos) return {};
    return std::string(line.substr(from, line.find_last_not_of(" \t\r") - from + 1));
}

// Does it drop whatever comes in, without asking what it is?
bool drops_all(const std::vector<std::string>& words) {
    for (const std::string& w : words)
        if (w != "counter" && w != "packets" && w != "bytes" && w != "drop" && w != "reject" &&
            w.find_first_not_of("0123456789") != std::string::npos)
            return false;
    return has(words, "drop") || has(words, "reject");
}

}  // namespace

std::vector<FilterLine> filter_lines(std::string_view ruleset, std::uint16_t port) {
    std::vector<FilterLine> found;
    std::string table, chain;
    bool sees_input = false;
    const std::string number = std::to_string(port);
    while (!ruleset.empty()) {
        const std::size_t end = std::min(ruleset.find('\n'), ruleset.size());
        const std::string line = trim(ruleset.substr(0, end));
        ruleset.remove_prefix(std::min(end + 1, ruleset.size()));
        const std::vector<std::string> words = words_of(line);
        if (words.empty()) continue;
        if (words[0] == "table" && words.size() >= 3) {
            table = words[1] + " " + words[2];
            continue;
        }
        if (words[0] == "chain" && words.size() >= 2) {
            chain = fmt::format("{} {}", table, words[1]);
            sees_input = false;
            continue;
        }
        if (words[0] == "type" && has(words, "hook")) {
            sees_input = has(words, "input") || has(words, "prerouting") || has(words, "ingress");
            if (sees_input && has(words, "policy") && has(words, "drop"))
                found.push_back({chain, "policy drop", true});
            continue;
        }
        if (line == "}") sees_input = false;
        if (!sees_input) continue;
        const bool drops = has(words, "drop") || has(words, "reject");
        if (has(words, number) || drops_all(words)) found.push_back({chain, line, drops});
    }
    return found;
}

}  // namespace hb::hactl
