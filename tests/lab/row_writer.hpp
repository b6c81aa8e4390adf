// A client of a database at a virtual address, as a well-kept application is one: it inserts a row
// with the next number, again and again, in transactions of one statement; what fails or takes too
// long ends the connection, and it connects anew. A number is sent once: if its answer is lost,
// nobody knows whether the row is there, and the client goes on with the next.
//
// It keeps the numbers whose commit was acknowledged: those have to be there for ever.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "tests/lab/lab.hpp"

namespace hb::lab {

class RowWriter {
  public:
    // The table that it wants.
    static constexpr const char* kTable = "CREATE TABLE rows (n bigint PRIMARY KEY)";

    RowWriter(Lab& lab, std::string address);
    ~RowWriter();
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    void stop();
    [[nodiscard]] std::set<long> acknowledged() const;
    // Whether a row was acknowledged that was sent after `t`.
    [[nodiscard]] bool acknowledged_since(LabTime t) const;
    [[nodiscard]] long last_sent() const;
    [[nodiscard]] std::size_t connections() const;

    // All that is in the table now, as another client reads it. Throws when it cannot.
    [[nodiscard]] static std::set<long> read(Lab& lab, const std::string& address);

  private:
    void loop();

    Lab& lab_;
    const std::string address_;
    std::atomic<bool> stop_ = false;
    mutable std::mutex mutex_;
    std::set<long> acknowledged_;
    LabTime last_acknowledged_{};  // when it was sent
    long sent_ = 0;
    std::size_t connections_ = 0;
    std::thread thread_;
};

}  // namespace hb::lab
