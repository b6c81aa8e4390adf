// hb-catalog PAGE: prints the journal's catalogue made from docs/log-messages.md.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tools/hb-manual/catalog.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "hb-catalog: which page?\n");
        return 2;
    }
    std::ifstream in(argv[1]);
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    const auto rows = hb::manual::log_rows(page);
    if (!in || rows.empty()) {
        std::fprintf(stderr, "hb-catalog: %s has no table of events\n", argv[1]);
        return 1;
    }
    std::fputs(hb::manual::catalog(rows).c_str(), stdout);
    return 0;
}
