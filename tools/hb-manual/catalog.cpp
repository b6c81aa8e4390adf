#include "tools/hb-manual/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/log/format.hpp"

namespace hb::manual {
namespace {

constexpr std::size_t kColumns = 79;

std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    line.remove_prefix(1);  // the first bar
    while (!line.empty()) {
        const std::size_t bar = line.find('|');
        if (bar == std::string_view::npos) break;
        std::string_view cell = line.substr(0, bar);
        while (cell.starts_with(' '))
            cell.remove_prefix(1);
        while (cell.ends_with(' '))
            cell.remove_suffix(1);
        cells.emplace_back(cell);
        line.remove_prefix(bar + 1);
    }
    return cells;
}

// What stands between backquotes.
std::vector<std::string> quoted(std::string_view cell) {
    std::vector<std::string> words;
    for (std::size_t begin = cell.find('`'); begin != std::string_view::npos;) {
        const std::size_t end = cell.find('`', begin + 1);
        if (end == std::string_view::npos) break;
        words.emplace_back(cell.substr(begin + 1, end - begin - 1));
        begin = cell.find('`', end + 1);
    }
    return words;
}

// Without the marks of the page: `code`, and [names](of links).
std::string plain(std::string_view cell) {
    std::string text;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        if (cell[i] == '`') continue;
        const std::size_t end = cell[i] == '[' ? cell.find("](", i) : std::string_view::npos;
        const std::size_t close = end == std::string_view::npos ? end : cell.find(')', end);
        if (close == std::string_view::npos) {
            text += cell[i];
            continue;
        }
        text += cell.substr(i + 1, end - i - 1);
        i = close;
    }
    return text;
}

std::string wrapped(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, blank);
        text.remove_prefix(std::min(blank + 1, text.size()));
        if (word.empty()) continue;
        if (column > 0 && column + 1 + word.size() > kColumns) {
            out += '\n';
            column = 0;
        }
        if (column > 0) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out + "\n";
}

// A capital that stands for a group in the texts of the page.
bool speaks_of_a_group(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    for (std::size_t at = text.find('G'); at != std::string_view::npos; at = text.find('G', at + 1))
        if ((at == 0 || !letter(text[at - 1])) && (at + 1 == text.size() || !letter(text[at + 1])))
            return true;
    return false;
}

}  // namespace

std::vector<LogRow> log_rows(std::string_view page) {
    std::vector<LogRow> rows;
    while (!page.empty()) {
        const std::size_t end = std::min(page.find('\n'), page.size());
        const std::string_view line = page.substr(0, end);
        page.remove_prefix(std::min(end + 1, page.size()));
        if (!line.starts_with("| `")) continue;
        const std::vector<std::string> cells = cells_of(line);
        if (cells.size() < 4) continue;
        rows.push_back({quoted(cells[0]), cells[1], plain(cells[2]), plain(cells[3])});
    }
    return rows;
}

std::string catalog(const std::vector<LogRow>& rows) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const LogRow*>> of;
    for (const LogRow& row : rows)
        for (const std::string& event : row.events) {
            auto& known = of[event];
            if (known.empty()) order.push_back(event);
            known.push_back(&row);
        }
    std::string out;
    for (const std::string& event : order) {
        out += fmt::format(
            "-- {}\nSubject: {} of ha-suite\nDefined-By: ha-suite\n"
            "Documentation: man:ha-suite(7)\nDocumentation: man:hactl(8)\n\n",
            log::message_id(event), event);
        bool group = false;
        for (const LogRow* row : of[event]) {
            if (row->events.size() > 1) {
                std::string together;
                for (const std::string& name : row->events)
                    together += (together.empty() ? "" : ", ") + name;
                out += wrapped(together + " (" + row->level + "):");
            }
            if (!row->text.empty()) out += wrapped("It says: " + row->text);
            if (!row->meaning.empty()) out += wrapped("It means: " + row->meaning);
            group = group || speaks_of_a_group(row->text);
        }
        if (group) out += "\nThe whole story: hactl why @HB_GROUP@\n";
        out += '\n';
    }
    return out;
}

}  // namespace hb::manual
