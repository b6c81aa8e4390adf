// hactl explain.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "common/config/reload_plan.hpp"
#include "common/config/schema.hpp"
#include "common/config/suggest.hpp"
#include "tools/hactl/files.hpp"

namespace hb::hactl {

namespace {

constexpr std::size_t kColumns = 78;

std::string wrapped(std::string_view text, std::string_view indent) {
    std::string result;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (column > 0 && column + 1 + end > kColumns) {
            result += '\n';
            column = 0;
        }
        if (column == 0) {
            result += indent;
            column = indent.size();
        } else {
            result += ' ';
            column++;
        }
        result += text.substr(0, end);
        column += end;
        text.remove_prefix(end == text.size() ? end : end + 1);
    }
    return result + '\n';
}

std::string values(const config::Directive& d) {
    using config::ValueType;
    switch (d.type) {
        case ValueType::kTime:
            return "a time: 2, 2s, 500ms, 1min; without a unit it is in " +
                   std::string(d.unit.empty() || d.unit == "s" ? "seconds" : d.unit);
        case ValueType::kNumber:
            return fmt::format("a whole number from {} to {}{}{}", d.least, d.most,
                               d.unit.empty() ? "" : ", in ", d.unit);
        case ValueType::kBoolean:
            return "on, yes, true, y, 1 or off, no, false, n, 0";
        case ValueType::kChoice:
            return fmt::format("one of: {}", d.choices.empty() ? d.syntax : d.choices);
        case ValueType::kPath:
            return "an absolute path";
        case ValueType::kWord:
        case ValueType::kNames:
        case ValueType::kInterfaces:
        case ValueType::kLine:
            return {};
    }
    return {};
}

std::string entry(const config::Directive& d) {
    std::string text = fmt::format("{} {}\n", d.name, d.syntax) + wrapped(d.help, "    ");
    const auto line = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) text += wrapped(fmt::format("{}: {}", name, value), "    ");
    };
    line("Value", values(d));
    line("Default", d.fallback);
    line("May be given", d.repeatable ? "more than once" : "once");
    if (d.per_node) line("Every node", "may have its own");
    line("Changed by a reload", config::on_reload(d.name));
    if (d.effect == config::Effect::kAccepted)
        line("In effect", fmt::format("no, it is accepted for Heartbeat's sake: {}", d.note));
    if (d.effect == config::Effect::kKept) line("In effect", fmt::format("not yet: {}", d.note));
    return text;
}

}  // namespace

ExitCode run_explain(const std::string& directive) {
    if (directive.empty()) {
        for (const config::Directive& d : config::schema())
            fmt::print("{:<24} {}\n", d.name, d.syntax);
        return ExitCode::kDone;
    }
    if (const config::Directive* d = config::find_directive(directive)) {
        fmt::print("{}", entry(*d));
        return ExitCode::kDone;
    }
    std::vector<std::string_view> names;
    for (const config::Directive& d : config::schema())
        names.push_back(d.name);
    const std::string similar = config::did_you_mean(directive, names);
    fmt::print(stderr, "hactl explain: there is no directive '{}'{}\n", directive,
               similar.empty() ? "; without a name all are listed" : similar);
    return ExitCode::kUsage;
}

}  // namespace hb::hactl
