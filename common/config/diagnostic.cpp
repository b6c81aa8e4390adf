#include "common/config/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace hb::config {

const char* to_string(Severity s) {
    switch (s) {
        case Severity::kError:
            return "error";
        case Severity::kWarning:
            return "warning";
        case Severity::kNote:
            return "note";
    }
    return "?";
}

std::string to_string(const Position& p) {
    return p.line == 0 ? p.file : fmt::format("{}:{}:{}", p.file, p.line, p.column);
}

std::string to_string(const Diagnostic& d) {
    return fmt::format("{}: {}: {}", to_string(d.at), to_string(d.severity), d.text);
}

void Diagnostics::error(const Position& at, std::string text) {
    add(at, Severity::kError, std::move(text));
}

void Diagnostics::warning(const Position& at, std::string text) {
    add(at, Severity::kWarning, std::move(text));
}

void Diagnostics::note(const Position& at, std::string text) {
    add(at, Severity::kNote, std::move(text));
}

void Diagnostics::append(const Diagnostics& others) {
    for (const Diagnostic& d : others.items_)
        add(d.at, d.severity, d.text);
    // What the others had no room for may have been an error.
    has_errors_ = has_errors_ || others.has_errors_;
}

void Diagnostics::add(const Position& at, Severity severity, std::string text) {
    has_errors_ = has_errors_ || severity == Severity::kError;
    if (items_.size() < kMost) {
        items_.push_back({at, severity, std::move(text)});
        return;
    }
    if (has_overflowed_) return;
    has_overflowed_ = true;
    items_.push_back({{at.file, at.line, at.column},
                      Severity::kError,
                      "too much is wrong; nothing after this is listed"});
    has_errors_ = true;
}

std::vector<Diagnostic> Diagnostics::sorted() const {
    std::map<std::string, std::size_t> order;
    for (const Diagnostic& d : items_)
        order.emplace(d.at.file, order.size());
    // The index last: what is at one place stays in the order in which it was found.
    using Key = std::tuple<std::size_t, unsigned, unsigned, std::size_t>;
    std::vector<Key> keys;
    for (const Diagnostic& d : items_)
        keys.emplace_back(order.at(d.at.file), d.at.line, d.at.column, keys.size());
    std::ranges::sort(keys);
    std::vector<Diagnostic> result;
    for (const Key& key : keys)
        result.push_back(items_[std::get<3>(key)]);
    return result;
}

}  // namespace hb::config
