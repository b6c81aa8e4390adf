// The fencing directives of ha.cf, and the file of a `stonith` line. Values of parameters are never
// quoted: they may be passwords.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.hpp"
#include "common/config/fence_types.hpp"
#include "common/config/ha_cf_parser.hpp"
#include "common/config/suggest.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

constexpr std::int64_t kMostLevels = 9;
constexpr Duration kLeastCheck = 10s;
constexpr std::string_view kOwnSyntax =
    "nodes=NODE[:PLUG][,NODE[:PLUG]...] [level=N] [delay=TIME] NAME=VALUE...";

// One device out of its words. What is wrong is said once, and the device is left out.
class FenceReader {
  public:
    FenceReader(Settings& settings, Diagnostics& diagnostics)
        : settings_(settings), diagnostics_(diagnostics) {}

    // `type` and what stands behind it. False: there was an error.
    bool read(const Word& type, std::optional<NodeId> from, std::span<const Word> words);

  private:
    bool fail(const Position& at, std::string text) {
        diagnostics_.error(at, std::move(text));
        return false;
    }
    bool unknown_type();
    bool positional(const FenceType& type, std::span<const Word>& words);
    bool slot(const FenceSlot& slot, const Word& word);
    bool named(const Word& word);
    bool own(std::string_view name, std::string_view value, const Position& at);
    bool nodes(std::string_view list, const Position& at);
    bool add_node(std::string_view name, std::string_view plug, const Position& at);
    bool finish(const FenceType* known);
    bool check_plugs();

    Settings& settings_;
    Diagnostics& diagnostics_;
    const Word* type_ = nullptr;
    FenceDevice device_;
    std::set<std::string> seen_;
};

bool FenceReader::read(const Word& type, std::optional<NodeId> from, std::span<const Word> words) {
    type_ = &type;
    device_.type = type.text;
    device_.from = from;
    device_.position = type.at;
    if (const std::string_view why = why_no_fence_device(type.text); !why.empty())
        return fail(type.at, fmt::format("Invalid Stonith type [{}]: {}", type.text, why));
    const FenceType* known = find_fence_type(type.text);
    if (known != nullptr) {
        device_.agent = known->agent;
        if (!positional(*known, words)) return false;
    } else if (type.text.starts_with("fence_") || type.text.starts_with('/')) {
        device_.agent = type.text;
        if (device_.agent == "fence_dummy")
            diagnostics_.warning(type.at, "fence_dummy switches nothing off: for tests only");
    } else {
        return unknown_type();
    }
    for (const Word& word : words)
        if (!named(word)) return false;
    return finish(known);
}

bool FenceReader::unknown_type() {
    std::vector<std::string_view> names;
    std::string list;
    for (const FenceType& t : fence_types()) {
        names.push_back(t.type);
        list += fmt::format("{}{}", list.empty() ? "" : ", ", t.type);
    }
    return fail(
        type_->at,
        fmt::format("Invalid Stonith type [{}]{}: {} are known; every agent of the package "
                    "fence-agents is used by its own name: fence_NAME {}",
                    printable(type_->text), did_you_mean(type_->text, names), list, kOwnSyntax));
}

// Heartbeat's parameters, in their order; name=value words of ours may follow.
bool FenceReader::positional(const FenceType& type, std::span<const Word>& words) {
    for (const FenceSlot& s : type.slots) {
        const bool is_named = !words.empty() && words[0].text.find('=') != std::string_view::npos;
        if (words.empty() || (is_named && (s.optional || s.kind == FenceWord::kNodes))) {
            if (s.optional || (s.kind == FenceWord::kNodes && !device_.targets.empty())) continue;
            std::string wanted;
            for (const FenceSlot& each : type.slots)
                wanted +=
                    each.optional ? fmt::format(" [{}]", each.name) : fmt::format(" {}", each.name);
            return fail(type_->at, fmt::format("'{}' is missing: {}{}", s.name, type.type, wanted));
        }
        if (!slot(s, words[0])) return false;
        words = words.subspan(1);
        while (s.kind == FenceWord::kNodes && !words.empty() &&
               words[0].text.find('=') == std::string_view::npos) {
            if (!slot(s, words[0])) return false;
            words = words.subspan(1);
        }
    }
    return true;
}

bool FenceReader::slot(const FenceSlot& s, const Word& word) {
    std::string_view text = word.text;
    switch (s.kind) {
        case FenceWord::kNode:
        case FenceWord::kNodes:
            return nodes(text, word.at);
        case FenceWord::kUnused:
            return true;
        case FenceWord::kLanPlus:
            if (text != "lan" && text != "lanplus")
                return fail(word.at,
                            fmt::format("the interface of {} is lan or lanplus", device_.type));
            if (text == "lanplus") device_.parameters.emplace_back("lanplus", "1");
            return true;
        case FenceWord::kParameter:
            break;
    }
    if (s.name == "privlvl" && text == "admin") text = "administrator";
    if (s.name == "auth" && text == "straight") text = "password";
    device_.parameters.emplace_back(s.name, text);
    seen_.emplace(s.name);
    return true;
}

bool FenceReader::named(const Word& word) {
    const std::size_t equals = word.text.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return fail(word.at, fmt::format("NAME=VALUE is wanted here: {} {}", device_.type,
                                         device_.is_human() ? "NODE... [level=N] [delay=TIME]"
                                                            : kOwnSyntax));
    const std::string name(word.text.substr(0, equals));
    const std::string_view value = word.text.substr(equals + 1);
    if (!seen_.insert(name).second)
        return fail(word.at, fmt::format("'{}' is given twice", printable(name)));
    static constexpr std::string_view kOwn[] = {"nodes", "level", "delay"};
    if (std::ranges::find(kOwn, name) != std::end(kOwn)) return own(name, value, word.at);
    // hb-fence says these by itself.
    static constexpr std::string_view kReserved[] = {"action", "plug", "port", "nodename"};
    if (std::ranges::find(kReserved, name) != std::end(kReserved))
        return fail(word.at, fmt::format("'{}' is set by the suite; what a device calls a node is "
                                         "written as nodes=NODE:PLUG",
                                         name));
    if (device_.is_human())
        return fail(word.at, fmt::format("'{}': a human needs no parameter", printable(name)));
    device_.parameters.emplace_back(name, value);
    return true;
}

bool FenceReader::own(std::string_view name, std::string_view value, const Position& at) {
    if (name == "nodes") return nodes(value, at);
    if (name == "level") {
        const auto level = parse_number(value, 1, kMostLevels);
        if (!level) return fail(at, fmt::format("level: {}", level.error().text));
        device_.level = static_cast<unsigned>(*level);
        return true;
    }
    const Result<Duration> delay = parse_time(value);
    if (!delay) return fail(at, fmt::format("delay: {}", delay.error().text));
    device_.delay = *delay;
    return true;
}

// NODE[:PLUG][,NODE[:PLUG]...]
bool FenceReader::nodes(std::string_view list, const Position& at) {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view one = list.substr(0, comma);
        const std::size_t colon = one.find(':');
        const std::string_view plug =
            colon == std::string_view::npos ? std::string_view() : one.substr(colon + 1);
        if (colon != std::string_view::npos && plug.empty())
            return fail(at, "nodes: nothing stands behind the ':'");
        if (!add_node(one.substr(0, colon), plug, at)) return false;
        if (comma == std::string_view::npos) return true;
        list.remove_prefix(comma + 1);
    }
}

bool FenceReader::add_node(std::string_view name, std::string_view plug, const Position& at) {
    if (settings_.nodes.empty()) return true;  // an error of its own
    const std::optional<NodeId> node = settings_.find_node(name);
    if (!node) {
        std::vector<std::string_view> names(settings_.nodes.begin(), settings_.nodes.end());
        return fail(at, fmt::format("'{}' is no node of the cluster{}", printable(name),
                                    did_you_mean(name, names)));
    }
    if (device_.find(*node) != nullptr)
        return fail(at, fmt::format("node '{}' is given twice", settings_.node_name(*node)));
    device_.targets.push_back({*node, std::string(plug)});
    std::ranges::sort(device_.targets, {}, &FenceTarget::node);
    return true;
}

// A device that cannot tell its nodes apart would switch off the wrong one.
bool FenceReader::check_plugs() {
    for (std::size_t i = 0; i + 1 < device_.targets.size(); i++)
        for (std::size_t k = i + 1; k < device_.targets.size(); k++)
            if (device_.targets[i].plug == device_.targets[k].plug)
                return fail(type_->at,
                            fmt::format("the device cannot tell {} from {}: nodes={}:PLUG,{}:PLUG",
                                        settings_.node_name(device_.targets[i].node),
                                        settings_.node_name(device_.targets[k].node),
                                        settings_.node_name(device_.targets[i].node),
                                        settings_.node_name(device_.targets[k].node)));
    return true;
}

bool FenceReader::finish(const FenceType* known) {
    if (settings_.nodes.empty()) return true;
    if (device_.targets.empty() && known != nullptr && known->plug_is_node)
        for (std::size_t r = 0; r < settings_.nodes.size(); r++)
            device_.targets.push_back({node_id(r), settings_.nodes[r]});
    if (device_.targets.empty())
        return fail(type_->at,
                    fmt::format("'nodes=' is missing: which node does this device switch "
                                "off? {} {}",
                                device_.type, kOwnSyntax));
    if (!device_.is_human() && !check_plugs()) return false;
    if (device_.from && device_.targets.size() == 1 && device_.targets[0].node == *device_.from)
        diagnostics_.warning(type_->at,
                             fmt::format("{} never fences itself: nobody uses this device",
                                         settings_.node_name(*device_.from)));
    if (settings_.fencing.devices.size() == limits::kFenceDevices)
        return fail(type_->at, fmt::format("more than {} fence devices", limits::kFenceDevices));
    settings_.fencing.devices.push_back(std::move(device_));
    return true;
}

}  // namespace

void parse_fence_file(std::string_view text, std::string_view file, const Places::FenceFile& line,
                      Settings& settings, Diagnostics& diagnostics) {
    std::size_t devices = 0;
    for (const Line& one : split_lines(text, file, Comments::kWholeLine, diagnostics)) {
        devices++;
        const std::vector<Word> words = split_words(one, kBlanks);
        const Word here{line.type, one.at};
        FenceReader(settings, diagnostics).read(here, std::nullopt, words);
    }
    if (devices > 0) return;
    // meatware without words: all nodes.
    const FenceType* known = find_fence_type(line.type);
    if (known != nullptr && known->plug_is_node) return;
    diagnostics.error({std::string(file), 0, 0},
                      fmt::format("no device is in it: one a line is wanted, the words that a "
                                  "stonith_host line has behind '{}'",
                                  printable(line.type)));
}

// stonith TYPE CONFIGFILE
void HaCfParser::take_stonith(const Statement& s) {
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    if (words.size() < 2)
        return broken(s, words[0].at,
                      fmt::format("something is missing: stonith {}", s.directive->syntax));
    if (words.size() > 2)
        return broken(s, words[2].at,
                      fmt::format("stonith {}: more than these two", s.directive->syntax));
    if (!words[1].text.starts_with('/'))
        return bad_value(s, words[1].at,
                         fmt::format("'{}' is no absolute path", printable(words[1].text)));
    fence_lines_.push_back(s);
}

// stonith_host NODE|* TYPE PARAMETER...
void HaCfParser::take_stonith_host(const Statement& s) {
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    if (words.size() < 2)
        return broken(s, words[0].at,
                      fmt::format("something is missing: stonith_host {}", s.directive->syntax));
    fence_lines_.push_back(s);
}

void HaCfParser::settle_fencing() {
    Settings& settings = out_.settings;
    for (const Statement& s : fence_lines_) {
        const std::vector<Word> words = split_words(s.rest, kBlanks);
        if (s.directive->name == "stonith") {
            out_.places.fence_file = {std::string(words[0].text), std::string(words[1].text),
                                      words[0].at, words[1].at};
            continue;
        }
        std::optional<NodeId> from;
        if (words[0].text != "*" && !settings.nodes.empty()) {
            from = settings.find_node(words[0].text);
            std::vector<std::string_view> names(settings.nodes.begin(), settings.nodes.end());
            if (!from) {
                bad_value(
                    s, words[0].at,
                    fmt::format("'{}' is no node of the cluster, and not '*'{}",
                                printable(words[0].text), did_you_mean(words[0].text, names)));
                continue;
            }
        }
        const std::span<const Word> rest = std::span(words).subspan(2);
        if (!FenceReader(settings, diagnostics_).read(words[1], from, rest))
            out_.places.broken.insert("stonith_host");
    }
}

void HaCfParser::take_fence_action(const Statement& s) {
    const std::optional<Word> word = one_word(s);
    if (!word) return;
    if (word->text == "off")
        out_.settings.fencing.action = FenceAction::kOff;
    else if (word->text == "reboot")
        out_.settings.fencing.action = FenceAction::kReboot;
    else
        bad_value(s, word->at, fmt::format("'{}' is none of off, reboot", printable(word->text)));
}

// fence_check TIME|off
void HaCfParser::take_fence_check(const Statement& s) {
    if (s.words.size() == 1 && parse_boolean(s.words[0].text) == false) {
        out_.settings.fencing.check = {};
        return;
    }
    const std::optional<Duration> value = time_value(s);
    if (!value) return;
    if (*value < kLeastCheck)
        return bad_value(s, s.words[0].at,
                         fmt::format("less than {}; off: not at all", hb::to_string(kLeastCheck)));
    out_.settings.fencing.check = *value;
}

}  // namespace hb::config
