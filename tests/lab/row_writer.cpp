#include "tests/lab/row_writer.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <cstdlib>
#include <memory>
#include <vector>

namespace hb::lab {
namespace {

constexpr Duration kPatience = 1s;       // for a connection, for an answer
constexpr Duration kReadPatience = 20s;  // for the whole table
constexpr Duration kBetweenRows = 3ms;   // a client, not a load test
constexpr Duration kBeforeReconnect = 20ms;

struct Release {
    void operator()(PGconn* connection) const { ::PQfinish(connection); }
    void operator()(PGresult* result) const { ::PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Release>;
using Answer = std::unique_ptr<PGresult, Release>;

bool wait_for(const PGconn* connection, short events, LabTime deadline) {
    pollfd polls{::PQsocket(connection), events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - LabClock::now());
    return left.count() > 0 && ::poll(&polls, 1, static_cast<int>(left.count())) == 1;
}

// Null: not within the time, or refused.
Connection connect(const std::string& address, Duration patience) {
    const LabTime deadline = LabClock::now() + patience;
    Connection connection(::PQconnectStart(
        fmt::format("hostaddr={} user=postgres dbname=postgres sslmode=disable gssencmode=disable",
                    address)
            .c_str()));
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    while (connection && ::PQstatus(connection.get()) != CONNECTION_BAD) {
        const short events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(connection.get(), events, deadline)) return nullptr;
        wants = ::PQconnectPoll(connection.get());
        if (wants == PGRES_POLLING_OK) return connection;
        if (wants == PGRES_POLLING_FAILED) return nullptr;
    }
    return nullptr;
}

// Null: no answer within the time. Else the answer, which may be an error.
Answer ask(PGconn* connection, const std::string& sql, Duration patience) {
    const LabTime deadline = LabClock::now() + patience;
    if (::PQsendQuery(connection, sql.c_str()) != 1) return nullptr;
    Answer answer;
    for (;;) {
        while (::PQisBusy(connection) != 0)
            if (!wait_for(connection, POLLIN, deadline) || ::PQconsumeInput(connection) != 1)
                return nullptr;
        Answer next(::PQgetResult(connection));
        if (!next) return answer;
        answer = std::move(next);
    }
}

}  // namespace

RowWriter::RowWriter(Lab& lab, std::string address)
    : lab_(lab),
      address_(std::move(address)),
      thread_([this] { lab_.client().inside([this] { loop(); }); }) {}

RowWriter::~RowWriter() {
    stop();
}

void RowWriter::stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void RowWriter::loop() {
    Connection connection;
    const auto pause = [this](Duration time) {
        if (!stop_) std::this_thread::sleep_for(time);
    };
    while (!stop_) {
        if (!connection) {
            connection = connect(address_, kPatience);
            if (!connection) {
                pause(kBeforeReconnect);
                continue;
            }
            const std::lock_guard lock(mutex_);
            ++connections_;
        }
        long number = 0;
        {
            const std::lock_guard lock(mutex_);
            number = ++sent_;
        }
        const LabTime sent_at = LabClock::now();
        const Answer answer =
            ask(connection.get(), fmt::format("INSERT INTO rows VALUES ({})", number), kPatience);
        if (!answer || ::PQresultStatus(answer.get()) != PGRES_COMMAND_OK) {
            connection.reset();
            pause(kBeforeReconnect);
            continue;
        }
        {
            const std::lock_guard lock(mutex_);
            acknowledged_.insert(number);
            last_acknowledged_ = sent_at;
        }
        lab_.wakeup().ring();
        pause(kBetweenRows);
    }
}

std::set<long> RowWriter::acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
}

bool RowWriter::acknowledged_since(LabTime t) const {
    const std::lock_guard lock(mutex_);
    return last_acknowledged_ > t;
}

long RowWriter::last_sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
}

std::size_t RowWriter::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
}

std::set<long> RowWriter::read(Lab& lab, const std::string& address) {
    std::set<long> found;
    lab.client().inside([&] {
        const Connection connection = connect(address, kReadPatience);
        if (!connection) throw LabError("no connection to the database at " + address);
        const Answer answer = ask(connection.get(), "SELECT n FROM rows", kReadPatience);
        if (!answer || ::PQresultStatus(answer.get()) != PGRES_TUPLES_OK)
            throw LabError(
                fmt::format("the rows cannot be read: {}", ::PQerrorMessage(connection.get())));
        for (int i = 0; i < ::PQntuples(answer.get()); ++i)
            found.insert(std::strtol(::PQgetvalue(answer.get(), i, 0), nullptr, 10));
    });
    return found;
}

}  // namespace hb::lab
