// haresources: one group per logical line.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "common/base/limits.hpp"
#include "common/config/address_spec.hpp"
#include "common/config/built_in.hpp"
#include "common/config/lexer.hpp"
#include "common/config/monitoring.hpp"
#include "common/config/parser.hpp"
#include "common/config/source_addresses.hpp"
#include "common/config/suggest.hpp"

namespace hb::config {
namespace {

constexpr std::string_view kArgumentMark = "::";
constexpr std::size_t kMostResources = 32768;  // of all groups: they travel in one Setup

class HaresourcesParser {
  public:
    HaresourcesParser(Settings& settings, Diagnostics& diagnostics)
        : settings_(settings), diagnostics_(diagnostics) {}
    void parse(std::string_view text, std::string_view file);

  private:
    void take_group(const std::vector<Word>& words);
    [[nodiscard]] std::optional<NodeId> node_of(const Word& word);
    [[nodiscard]] std::optional<Resource> resource_of(const Word& word);
    [[nodiscard]] bool check_type(const Word& word, const Resource& resource);
    [[nodiscard]] bool check_address(const Word& word, const Resource& resource);
    [[nodiscard]] bool check_built_in(const BuiltInAgent& agent, const Word& word,
                                      const Resource& resource);

    Settings& settings_;
    Diagnostics& diagnostics_;
    std::map<IpAddress, Position> addresses_;
    std::size_t resources_ = 0;  // of all groups
};

// Cuts the backslash off that joins the next line, if there is one. Where blanks or a comment
// follow it, it joins nothing for Heartbeat's shell, which nobody can have meant.
struct Continuation {
    bool joins = false;
    Position at;  // of the backslash
};
Continuation cut_backslash(Line& line, Diagnostics& diagnostics) {
    const std::size_t last = line.text.find_last_not_of(kBlanks);
    Continuation result{line.text[last] == '\\', line.at};
    if (!result.joins) return result;
    result.at.column += static_cast<unsigned>(last);
    if (last + 1 != line.text.size() || line.has_comment)
        diagnostics.error(result.at,
                          "a backslash joins lines only as the very last character of its "
                          "line; blanks or a comment are behind it");
    line.text = line.text.substr(0, last);
    return result;
}

// Joins the lines that a backslash joins. An empty line or a comment is a line, too: a backslash
// above it joins nothing.
std::vector<std::vector<Word>> logical_lines(const std::vector<Line>& lines,
                                             Diagnostics& diagnostics) {
    std::vector<std::vector<Word>> result;
    Continuation open;  // of the line above
    const auto close = [&](unsigned next_line) {
        if (open.joins && open.at.line + 1 != next_line)
            diagnostics.warning(open.at,
                                "this backslash joins nothing: nothing is on the next line");
    };
    for (Line line : lines) {
        const bool is_continued = open.joins && open.at.line + 1 == line.at.line;
        close(line.at.line);
        open = cut_backslash(line, diagnostics);
        if (!is_continued) result.emplace_back();
        std::ranges::move(split_words(line, kBlanks), std::back_inserter(result.back()));
    }
    close(0);
    std::erase_if(result, [](const std::vector<Word>& words) { return words.empty(); });
    return result;
}

// "Filesystem::/dev/sdb1::/data" to its parts; IPv6addr has one argument, which may contain "::".
void split_arguments(std::string_view text, Resource& resource) {
    const std::size_t mark = text.find(kArgumentMark);
    resource.type = text.substr(0, mark);
    while (mark != std::string_view::npos) {
        text.remove_prefix(text.find(kArgumentMark) + kArgumentMark.size());
        const bool is_whole = resource.type == "IPv6addr";
        const std::size_t end = is_whole ? std::string_view::npos : text.find(kArgumentMark);
        resource.args.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return;
    }
}

// Where the argument of that index begins in a word; empty ones are not counted.
Position position_of(const Word& word, std::size_t argument) {
    Position at = word.at;
    std::string_view text = word.text;
    std::size_t seen = 0;
    for (std::size_t mark = text.find(kArgumentMark); mark != std::string_view::npos;
         mark = text.find(kArgumentMark, mark)) {
        mark += kArgumentMark.size();
        if (mark == text.size() || text.substr(mark).starts_with(kArgumentMark)) continue;
        if (seen++ < argument) continue;
        at.column += static_cast<unsigned>(mark);
        return at;
    }
    return at;
}

// Heartbeat's rule: a word that begins with digits.digits.digits.digits is an address.
bool begins_like_ipv4(std::string_view word) {
    for (int i = 0; i < 4; i++) {
        const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
        if (digits == 0) return false;
        word.remove_prefix(digits);
        if (i < 3 && !word.starts_with('.')) return false;
        if (i < 3) word.remove_prefix(1);
    }
    return true;
}

bool looks_like_ipv4(std::string_view word) {
    return word.find_first_not_of("0123456789./") == std::string_view::npos &&
           word.find('.') != std::string_view::npos &&
           word.find_first_of("0123456789") != std::string_view::npos;
}

// Only where nobody can have meant a script: "db2::1" is Heartbeat's way to call one.
bool looks_like_ipv6(std::string_view word, std::string_view type) {
    if (!IpAddress::parse(word.substr(0, word.find('/')))) return false;
    return type.empty() || type.find(':') != std::string_view::npos ||
           (type.size() == 4 && type.find_first_of("0123456789") != std::string_view::npos);
}

void HaresourcesParser::parse(std::string_view text, std::string_view file) {
    const std::vector<Line> lines = split_lines(text, file, Comments::kAnywhere, diagnostics_);
    for (const std::vector<Word>& words : logical_lines(lines, diagnostics_))
        take_group(words);
    if (lines.empty())
        diagnostics_.warning({std::string(file), 0, 0}, "no groups: this cluster runs nothing");
    // What is wrong here would be missed there, too.
    if (!diagnostics_.has_errors()) check_monitoring(settings_, diagnostics_);
    check_source_addresses(settings_, diagnostics_);
}

std::optional<NodeId> HaresourcesParser::node_of(const Word& word) {
    if (settings_.nodes.empty()) return node_id(0);
    const std::optional<NodeId> node = settings_.find_node(word.text);
    if (node) return node;
    const std::vector<std::string_view> names(settings_.nodes.begin(), settings_.nodes.end());
    diagnostics_.error(
        word.at, fmt::format("Bad nodename in {} [{}]: a line begins with a node of ha.cf{}",
                             word.at.file, printable(word.text), did_you_mean(word.text, names)));
    return std::nullopt;
}

bool HaresourcesParser::check_type(const Word& word, const Resource& resource) {
    const std::string& type = resource.type;
    if (looks_like_ipv6(word.text, type)) {
        diagnostics_.error(
            word.at, fmt::format("an IPv6 address is written IPv6addr::{}", printable(word.text)));
        return false;
    }
    if (type.empty()) {
        diagnostics_.error(word.at, fmt::format("'{}' names no script", printable(word.text)));
        return false;
    }
    if (looks_like_ipv4(type)) {
        diagnostics_.error(word.at, fmt::format("'{}' is no IPv4 address", printable(word.text)));
        return false;
    }
    const bool is_path = type.find('/') != std::string::npos || type == "." || type == "..";
    if (is_path || type.front() == '-') {
        diagnostics_.error(word.at,
                           fmt::format("'{}' is no name of a script (scripts are looked for "
                                       "in resource.d and init.d)",
                                       printable(type)));
        return false;
    }
    return true;
}

bool HaresourcesParser::check_address(const Word& word, const Resource& resource) {
    if (resource.args.size() != 1) {
        diagnostics_.error(word.at, fmt::format("{} wants one argument: {}::ip/mask/interface/"
                                                "broadcast",
                                                resource.type, resource.type));
        return false;
    }
    const Result<AddressSpec> spec = parse_address_spec(resource.args[0]);
    if (!spec) {
        diagnostics_.error(word.at, spec.error().text);
        return false;
    }
    if (spec->address.is_v4() == (resource.type == "IPv6addr")) {
        diagnostics_.error(word.at, fmt::format("{} does not go with the address {}", resource.type,
                                                spec->address.to_string()));
        return false;
    }
    const auto [first, is_new] = addresses_.emplace(spec->address, word.at);
    if (is_new && addresses_.size() <= limits::kAddresses) return true;
    if (is_new) {
        diagnostics_.error(word.at, fmt::format("more than {} addresses", limits::kAddresses));
        return false;
    }
    diagnostics_.error(word.at, fmt::format("address {} is given twice, first at {}",
                                            spec->address.to_string(), to_string(first->second)));
    return false;
}

// What is wrong with the arguments of an agent of ours; what depends on the host is asked later.
bool HaresourcesParser::check_built_in(const BuiltInAgent& agent, const Word& word,
                                       const Resource& resource) {
    const Arguments arguments = built_in_arguments(agent, resource.args);
    if (arguments.refused) {
        diagnostics_.error(position_of(word, arguments.refused->argument), arguments.refused->text);
        return false;
    }
    bool good = true;
    for (const ParameterProblem& problem : check_parameters(agent, arguments.given)) {
        const auto from = arguments.from.find(problem.parameter);
        const Position at =
            from == arguments.from.end() ? word.at : position_of(word, from->second);
        if (problem.is_error)
            diagnostics_.error(at, problem.text);
        else
            diagnostics_.warning(at, problem.text);
        good = good && !problem.is_error;
    }
    return good;
}

std::optional<Resource> HaresourcesParser::resource_of(const Word& word) {
    Resource resource;
    resource.word = word.text;
    resource.position = word.at;
    if (word.text.size() > limits::kGroupNameBytes) {
        diagnostics_.error(word.at, fmt::format("longer than {} bytes", limits::kGroupNameBytes));
        return std::nullopt;
    }
    if (word.text.find('\\') != std::string_view::npos) {
        diagnostics_.error(word.at, fmt::format("'{}': a backslash cannot be part of a word",
                                                printable(word.text)));
        return std::nullopt;
    }
    if (begins_like_ipv4(word.text)) {
        resource.type = "IPaddr";
        resource.args.emplace_back(word.text);
    } else {
        split_arguments(word.text, resource);
        if (!check_type(word, resource)) return std::nullopt;
        // Heartbeat's shell lost them in splitting; a script must not see its arguments shifted.
        if (std::erase(resource.args, "") > 0)
            diagnostics_.warning(
                word.at, fmt::format("'{}': empty arguments are left out", printable(word.text)));
    }
    const BuiltInAgent* const agent = find_built_in(resource.type);
    if (is_address_type(resource.type)) {
        if (!check_address(word, resource)) return std::nullopt;
    } else if (agent != nullptr && !check_built_in(*agent, word, resource)) {
        return std::nullopt;
    }
    return resource;
}

void HaresourcesParser::take_group(const std::vector<Word>& words) {
    const std::optional<NodeId> node = node_of(words[0]);
    if (words.size() < 2) {
        if (node)
            diagnostics_.error(words[0].at, fmt::format("'{}' has no resources behind it",
                                                        printable(words[0].text)));
        return;
    }
    resources_ += words.size() - 1;
    if (resources_ > kMostResources) {
        diagnostics_.error(words[0].at, fmt::format("more than {} resources", kMostResources));
        return;
    }
    Group group;
    group.name = words[1].text;
    group.position = words[0].at;
    if (words.size() - 1 > limits::kResourcesPerGroup) {
        diagnostics_.error(words[0].at, fmt::format("more than {} resources in one group",
                                                    limits::kResourcesPerGroup));
        return;
    }
    for (std::size_t i = 1; i < words.size(); i++)
        if (auto resource = resource_of(words[i])) group.resources.push_back(std::move(*resource));
    if (!node) return;
    group.preferred = *node;

    const auto first = std::ranges::find(settings_.groups, group.name, &Group::name);
    if (first != settings_.groups.end()) {
        // Two lines with one address were reported as such already.
        if (group.resources.size() == words.size() - 1)
            diagnostics_.error(words[1].at,
                               fmt::format("group '{}' is given twice, first at {}: the first "
                                           "resource of a line is its name",
                                           printable(group.name), to_string(first->position)));
        return;
    }
    if (settings_.groups.size() == limits::kGroups) {
        diagnostics_.error(words[0].at, fmt::format("more than {} groups", limits::kGroups));
        return;
    }
    settings_.groups.push_back(std::move(group));
}

}  // namespace

void parse_haresources(std::string_view text, Settings& settings, Diagnostics& diagnostics,
                       std::string_view file) {
    HaresourcesParser(settings, diagnostics).parse(text, file);
}

}  // namespace hb::config
