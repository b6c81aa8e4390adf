// Everything that the processes of a lab said, in the order in which it was read, with the time:
// that of the line if it begins with one, as the daemons' do, else that of the reading.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/os.hpp"
#include "tests/lab/wakeup.hpp"

namespace hb::lab {

struct LogLine {
    LabTime at;
    std::string source;  // "node1 hb-master"
    std::string text;
};

class LogBook {
  public:
    explicit LogBook(Wakeup& wakeup) : wakeup_(wakeup), began_(LabClock::now()) {}

    void write(std::string source, std::string text);

    // A place in the book: "from here on".
    [[nodiscard]] std::size_t mark() const;

    // The first line from `from` on of a source that begins with `source` and contains `text`.
    [[nodiscard]] std::optional<LogLine> find(const std::string& source, const std::string& text,
                                              std::size_t from = 0) const;
    [[nodiscard]] std::size_t count(const std::string& source, const std::string& text,
                                    std::size_t from = 0) const;
    [[nodiscard]] std::vector<LogLine> lines(std::size_t from = 0) const;

    // For people: seconds since the lab began, who, what; the last `at_most` lines.
    [[nodiscard]] std::string text(std::size_t from = 0, std::size_t at_most = 400) const;
    [[nodiscard]] double seconds(LabTime t) const { return to_ms(t - began_) / 1000; }

    // Called with each line as it comes, on the reader's thread; must be quick.
    void follow(std::function<void(const LogLine&)> with);

  private:
    Wakeup& wakeup_;
    LabTime began_;
    mutable std::mutex mutex_;
    std::vector<LogLine> lines_;
    std::function<void(const LogLine&)> follower_;
};

}  // namespace hb::lab
