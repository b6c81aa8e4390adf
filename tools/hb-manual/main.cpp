// Fills in the directives in the page ha.cf(5): `hb-manual ha.cf.5.in > ha.cf.5`. For the build.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "common/config/reload_plan.hpp"
#include "common/config/schema.hpp"

namespace {

using namespace hb::config;

// For troff: a backslash, a hyphen that is no dash, a line that looks like a request.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '\\') {
            result += "\\e";
        } else if (c == '-') {
            result += "\\-";
        } else if ((c == '.' || c == '\'') && result.empty()) {
            result += fmt::format("\\&{}", c);
        } else if (c == '`') {
            result += "\"";
        } else {
            result += c;
        }
    }
    return result;
}

std::string entry(const Directive& d) {
    std::string text = fmt::format(".TP\n.B {}\n", escaped(d.name));
    if (!d.syntax.empty())
        text = fmt::format(".TP\n.BI {} \" {}\"\n", escaped(d.name), escaped(d.syntax));
    text += escaped(d.help) + "\n";
    if (d.effect == Effect::kAccepted) return text + fmt::format("Here {}.\n", escaped(d.note));
    if (d.type == ValueType::kNumber) text += fmt::format("{} to {}.\n", d.least, d.most);
    if (!d.fallback.empty()) text += fmt::format("Default: {}.\n", escaped(d.fallback));
    if (d.repeatable) text += "May be given more than once.\n";
    if (const std::string reload = on_reload(d.name); !reload.starts_with("takes"))
        text += fmt::format("A change {}.\n", escaped(reload));
    return text;
}

std::string entries(bool in_effect) {
    std::string text;
    for (const Directive& d : schema())
        if ((d.effect != Effect::kAccepted) == in_effect) text += entry(d);
    return text;
}

void replace(std::string& page, std::string_view mark, const std::string& text) {
    const std::size_t at = page.find(mark);
    if (at == std::string::npos) throw std::runtime_error(fmt::format("no {}", mark));
    page.replace(at, mark.size() + 1, text);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::runtime_error("which page?");
        std::ifstream in(argv[1]);
        std::string page{std::istreambuf_iterator<char>(in), {}};
        replace(page, "@DIRECTIVES@", entries(true));
        replace(page, "@ACCEPTED@", entries(false));
        fmt::print("{}", page);
        return 0;
    } catch (const std::exception& problem) {
        fmt::print(stderr, "hb-manual: {}\n", problem.what());
        return 1;
    }
}
