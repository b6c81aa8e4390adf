// Golden tests of the configuration: `config_golden [--update] CASES`.
//
// CASES holds a directory per case with any of ha.cf, haresources, authkeys (what is missing comes
// from CASES/base) and expect.txt: all diagnostics, in order; and, when there is no error, the
// three files in canonical form. The node is node1, or as the file `self` says. `--update` writes
// expect.txt anew: look at the difference before you commit it.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "common/config/parser.hpp"

namespace fs = std::filesystem;
namespace config = hb::config;

namespace {

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string input(const fs::path& cases, const fs::path& one, const char* name) {
    return read(fs::exists(one / name) ? one / name : cases / "base" / name);
}

std::string own_node(const fs::path& one) {
    std::string name = read(one / "self");
    while (name.ends_with('\n'))
        name.pop_back();
    return name.empty() ? "node1" : name;
}

// What the case gives, in the form of expect.txt. Also checks that the canonical form means the
// same.
std::string outcome(const fs::path& cases, const fs::path& one) {
    config::Parsed parsed = config::parse_ha_cf(input(cases, one, "ha.cf"));
    config::Settings& settings = parsed.settings;
    config::validate(settings, parsed.places, own_node(one), parsed.diagnostics);
    config::parse_haresources(input(cases, one, "haresources"), settings, parsed.diagnostics);
    const config::ParsedKeys keys = config::parse_authkeys(input(cases, one, "authkeys"));
    parsed.diagnostics.append(keys.diagnostics);

    std::string text;
    for (const config::Diagnostic& d : parsed.diagnostics.sorted())
        text += to_string(d) + "\n";
    if (!parsed.ok()) return text;

    const std::string ha_cf = config::print_ha_cf(settings);
    const std::string haresources = config::print_haresources(settings);
    const std::string authkeys = config::print_authkeys(keys.keys);
    text += fmt::format("--- ha.cf\n{}--- haresources\n{}--- authkeys\n{}", ha_cf, haresources,
                        authkeys);

    config::Parsed again = config::parse_ha_cf(ha_cf);
    config::parse_haresources(haresources, again.settings, again.diagnostics);
    if (!again.ok() || !same_meaning(settings, again.settings))
        text += "--- BUG: the canonical form does not mean the same\n";
    if (config::parse_authkeys(authkeys).keys != keys.keys)
        text += "--- BUG: the canonical form of authkeys does not mean the same\n";
    return text;
}

bool check(const fs::path& cases, const fs::path& one, bool update) {
    const std::string got = outcome(cases, one);
    const std::string wanted = read(one / "expect.txt");
    if (got == wanted) return true;
    if (update) {
        std::ofstream(one / "expect.txt", std::ios::binary) << got;
        fmt::print("updated {}\n", one.filename().string());
        return true;
    }
    fmt::print("FAILED {}\n--- wanted\n{}--- got\n{}", one.filename().string(), wanted, got);
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const bool update = argc == 3 && std::string_view(argv[1]) == "--update";
    if (argc != (update ? 3 : 2)) {
        fmt::print(stderr, "usage: {} [--update] CASES\n", argv[0]);
        return 2;
    }
    const fs::path cases = argv[argc - 1];
    std::set<fs::path> all;
    for (const fs::directory_entry& entry : fs::directory_iterator(cases))
        if (entry.is_directory() && entry.path().filename() != "base") all.insert(entry.path());
    int failed = 0;
    for (const fs::path& one : all)
        failed += check(cases, one, update) ? 0 : 1;
    fmt::print("{} cases, {} failed\n", all.size(), failed);
    return failed == 0 && !all.empty() ? 0 : 1;
}
