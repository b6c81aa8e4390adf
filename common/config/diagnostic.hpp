// What is wrong, odd or worth knowing about a configuration, each with its place.
//
// Diagnostics collects them; it is bounded, so that a hostile or binary file cannot make it grow
// without end (the last entry then says that there is more).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/config/settings.hpp"

namespace hb::config {

enum class Severity : std::uint8_t { kError = 1, kWarning, kNote };

struct Diagnostic {
    Position at;  // line 0: the file as a whole
    Severity severity = Severity::kError;
    std::string text;
    bool operator==(const Diagnostic&) const = default;
};

[[nodiscard]] const char* to_string(Severity s);         // "error"
[[nodiscard]] std::string to_string(const Position& p);  // "ha.cf:12:9", or "ha.cf" for line 0
// "ha.cf:12:9: error: ...", as compilers write it, so that editors find the place.
[[nodiscard]] std::string to_string(const Diagnostic& d);

class Diagnostics {
  public:
    static constexpr std::size_t kMost = 1000;

    void error(const Position& at, std::string text);
    void warning(const Position& at, std::string text);
    void note(const Position& at, std::string text);
    void append(const Diagnostics& others);

    [[nodiscard]] bool has_errors() const { return has_errors_; }
    // By file (in the order in which the files were first named), then line, then column.
    [[nodiscard]] std::vector<Diagnostic> sorted() const;

  private:
    void add(const Position& at, Severity severity, std::string text);

    std::vector<Diagnostic> items_;
    bool has_errors_ = false;
    bool has_overflowed_ = false;
};

}  // namespace hb::config
