// The table of a bench: what was measured, its medians, what is promised of them; printed and as
// JSON (bench.hpp). Measurements are added by series of runs.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/lab/cluster.hpp"
#include "tests/lab/probe.hpp"
#include "tools/ha-lab/bench.hpp"

namespace hb::lab {

// One row of the table: values in milliseconds, and what the project promises of their median.
struct Measurement {
    std::string name;
    double promise_ms = 0;  // 0: nothing is promised (of others, for one)
    std::vector<double> values;
    double longest_pause_ms = 0;  // of the probe itself: how trustworthy the maximum is
    std::string error;            // why there are fewer values than runs

    [[nodiscard]] double at(double share) const;
    [[nodiscard]] bool kept(unsigned runs) const;
    void take(const ProbeReport& report);
};

class BenchTable {
  public:
    explicit BenchTable(BenchOptions options) : options_(std::move(options)) {}

    [[nodiscard]] unsigned runs() const { return options_.runs; }
    [[nodiscard]] bool wanted(const std::string& name) const {
        const auto is_in_name = [&](const std::string& text) { return name.contains(text); };
        return (options_.only.empty() || std::ranges::any_of(options_.only, is_in_name)) &&
               std::ranges::none_of(options_.without, is_in_name);
    }
    // Runs `cycle` as often as asked for (at most so often); the first failure ends the series and
    // is kept in the rows.
    template <typename Cycle>
    void repeat(std::vector<Measurement*> rows, const Cycle& cycle) {
        for (unsigned run = 0; run < options_.runs; ++run) {
            show_progress(fmt::format("{:<44} {:>3}/{}", rows[0]->name, run + 1, options_.runs));
            try {
                cycle();
            } catch (const LabError& e) {
                for (Measurement* row : rows)
                    row->error = e.what();
                break;
            }
        }
        show_progress("");
    }
    void keep(Measurement row) {
        if (wanted(row.name)) rows_.push_back(std::move(row));
    }

    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] bool all_kept() const;
    void print() const;
    void write_json() const;  // when it is asked for

  private:
    // One line that is written over, for a person who waits.
    static void show_progress(const std::string& text);

    const BenchOptions options_;
    std::vector<Measurement> rows_;
};

// bench_addresses.cpp: groups of very many addresses.
void measure_many_addresses(BenchTable& table);

}  // namespace hb::lab
