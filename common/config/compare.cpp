#include "common/config/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/config/canonical_lines.hpp"
#include "common/config/schema.hpp"

namespace hb::config {
namespace {

// What stands behind each directive, one entry a line of the canonical text.
using Values = std::map<std::string, std::vector<std::string>>;

Values values_of(const Settings& settings) {
    Values values;
    for (const auto& [name, lines] : canonical_lines(settings))
        for (const CanonicalLine& line : lines)
            values[name].push_back(line.text);
    return values;
}

std::string in_words(const std::vector<std::string>& values) {
    if (values.empty()) return "not given";
    std::string text;
    for (const std::string& value : values)
        text += fmt::format("{}'{}'", text.empty() ? "" : ", ", value);
    return text;
}

class Comparison {
  public:
    Comparison(const NodeFiles& here, const NodeFiles& there) : here_(here), there_(there) {}

    [[nodiscard]] std::vector<Diagnostic> run() {
        ha_cf();
        groups();
        keys();
        return std::move(found_);
    }

  private:
    void say(Severity severity, const char* file, std::string text) {
        found_.push_back({{.file = file, .line = 0, .column = 0}, severity, std::move(text)});
    }
    // "is A on node1, and B on node2"
    [[nodiscard]] std::string both(const std::vector<std::string>& a,
                                   const std::vector<std::string>& b) const {
        return fmt::format("{} on {}, and {} on {}", in_words(a), here_.node, in_words(b),
                           there_.node);
    }

    void ha_cf() {
        Values a = values_of(here_.settings);
        Values b = values_of(there_.settings);
        std::set<std::string> names;
        for (const Values& values : {a, b})
            for (const auto& [name, lines] : values)
                names.insert(name);
        for (const std::string& name : names) {
            if (a[name] == b[name]) continue;
            const Directive* d = find_directive(name);
            if (name == "node")
                say(Severity::kError, "ha.cf",
                    fmt::format("the nodes, in their order, are {}: nodes with different lists do "
                                "not talk to each other",
                                both(a[name], b[name])));
            else if (name == "stonith_host")
                say(Severity::kWarning, "ha.cf",
                    fmt::format("the fence devices of {} and {} differ", here_.node, there_.node));
            else
                say(d != nullptr && d->per_node ? Severity::kNote : Severity::kWarning, "ha.cf",
                    fmt::format("{} is {}", name, both(a[name], b[name])));
        }
    }

    void groups() {
        const auto find = [](const Settings& settings, const GroupName& name) {
            return std::ranges::find(settings.groups, name, &Group::name);
        };
        const auto words = [](const Settings& settings, const Group& group) {
            std::string text = settings.node_name(group.preferred);
            for (const Resource& resource : group.resources)
                text += " " + resource.word;
            return text;
        };
        const auto missing = [&](const Group& group, const std::string& on,
                                 const std::string& not_on) {
            say(Severity::kError, "haresources",
                fmt::format("group {} is on {} and not on {}: nobody may start it", group.name, on,
                            not_on));
        };
        for (const Group& group : here_.settings.groups) {
            const auto other = find(there_.settings, group.name);
            if (other == there_.settings.groups.end()) {
                missing(group, here_.node, there_.node);
                continue;
            }
            const std::string a = words(here_.settings, group);
            const std::string b = words(there_.settings, *other);
            if (a != b)
                say(Severity::kError, "haresources",
                    fmt::format("group {} is {}: after a takeover it is another one", group.name,
                                both({a}, {b})));
        }
        for (const Group& group : there_.settings.groups)
            if (find(here_.settings, group.name) == here_.settings.groups.end())
                missing(group, there_.node, here_.node);
    }

    // One node signs with a key that the other has to know.
    void keys() {
        const auto signs = [&](const NodeFiles& from, const NodeFiles& to) {
            const auto key = from.keys.keys.find(from.keys.sign_with);
            if (key == from.keys.keys.end()) return;
            const auto known = to.keys.keys.find(key->first);
            if (known != to.keys.keys.end() && known->second == key->second) return;
            say(Severity::kError, "authkeys",
                fmt::format("{} signs with key {}, which {}: {} takes nothing that {} sends",
                            from.node, key->first,
                            known == to.keys.keys.end() ? to.node + " does not have"
                                                        : "is another one on " + to.node,
                            to.node, from.node));
        };
        signs(here_, there_);
        signs(there_, here_);
        if (std::ranges::none_of(found_,
                                 [](const Diagnostic& d) { return d.at.file == "authkeys"; }) &&
            here_.keys.sign_with != there_.keys.sign_with)
            say(Severity::kNote, "authkeys",
                fmt::format("{} signs with key {}, {} with key {}; each knows the other's",
                            here_.node, here_.keys.sign_with, there_.node, there_.keys.sign_with));
    }

    const NodeFiles& here_;
    const NodeFiles& there_;
    std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> compare(const NodeFiles& here, const NodeFiles& there) {
    return Comparison(here, there).run();
}

}  // namespace hb::config
