#include "tools/ha-lab/bench_table.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hb::lab {

double Measurement::at(double share) const {
    if (values.empty()) return 0;
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

bool Measurement::kept(unsigned runs) const {
    return values.size() == runs && (promise_ms <= 0 || at(0.5) <= promise_ms);
}

void Measurement::take(const ProbeReport& report) {
    values.push_back(to_ms(report.outage));
    longest_pause_ms = std::max(longest_pause_ms, to_ms(report.longest_pause));
}

void BenchTable::show_progress(const std::string& text) {
    if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r{:<60}\r{}", "", text);
}

bool BenchTable::all_kept() const {
    return std::all_of(rows_.begin(), rows_.end(),
                       [&](const Measurement& m) { return m.kept(options_.runs); });
}

void BenchTable::print() const {
    fmt::print("{:<44} {:>9} {:>9} {:>9} {:>9} {:>5}  {}\n", "milliseconds", "median", "least",
               "most", "promised", "runs", "");
    for (const Measurement& m : rows_) {
        fmt::print("{:<44} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.0f} {:>5}  {}\n", m.name, m.at(0.5),
                   m.at(0), m.at(1), m.promise_ms, m.values.size(),
                   m.kept(options_.runs) ? "kept" : "NOT KEPT");
        if (!m.error.empty()) fmt::print("    ended early: {}\n", m.error);
    }
    fmt::print(
        "Where a client is concerned it asks every millisecond; its outage is the longest time "
        "between two requests that were answered.\n");
}

void BenchTable::write_json() const {
    if (options_.json_file.empty()) return;
    nlohmann::json all = {{"version", 1},
                          {"unit", "ms"},
                          {"runs", options_.runs},
                          {"measurements", nlohmann::json::array()}};
    for (const Measurement& m : rows_)
        all["measurements"].push_back({{"name", m.name},
                                       {"median", m.at(0.5)},
                                       {"least", m.at(0)},
                                       {"most", m.at(1)},
                                       {"promised", m.promise_ms},
                                       {"kept", m.kept(options_.runs)},
                                       {"probe_longest_pause", m.longest_pause_ms},
                                       {"error", m.error},
                                       {"values", m.values}});
    std::ofstream out(options_.json_file);
    if (!(out << all.dump(2) << '\n')) throw LabError(options_.json_file + ": cannot write");
}

}  // namespace hb::lab
