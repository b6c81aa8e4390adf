#include "common/log/logger.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/log/format.hpp"
#include "common/runtime/system_clock.hpp"

namespace hb::log {

namespace {

constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// Not sd_journal_send(3): that one waits for a journal that does not read, and a daemon that waits
// for its log while a disk is sick is a daemon that its peers call dead.
int send_to_journal(int socket, std::string_view datagram) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kJournalSocket, sizeof kJournalSocket);
    const ssize_t n =
        ::sendto(socket, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return n < 0 ? errno : 0;
}

// A pipe or terminal that is full is found out by asking first; a line is shorter than PIPE_BUF, so
// what poll promises is enough for it.
int write_line(int fd, std::string line) {
    pollfd ask{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ask, 1, 0) <= 0) return EAGAIN;
    line.push_back('\n');
    const ssize_t n = ::write(fd, line.data(), line.size());
    return n < 0 ? errno : 0;
}

}  // namespace

struct Logger::Sink {
    runtime::UniqueFd owned;
    int fd = -1;
    std::uint64_t lost = 0;
};

Logger::Logger(LoggerSettings settings) : settings_(std::move(settings)) {
    ::tzset();  // reads its file now, while files can be read
    stderr_ = std::make_unique<Sink>();
    stderr_->fd = 2;
    if (settings_.target != Target::kJournal) return;
    journal_ = std::make_unique<Sink>();
    journal_->owned.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    journal_->fd = journal_->owned.get();
    constexpr int kBuffer = 1024 * 1024;
    ::setsockopt(journal_->fd, SOL_SOCKET, SO_SNDBUF, &kBuffer, sizeof kBuffer);
}

Logger::~Logger() = default;

void Logger::set_host(std::string host) {
    settings_.host = std::move(host);
}
void Logger::set_least(Level least) {
    settings_.least = least;
}
void Logger::set_facility(int facility) {
    settings_.facility = facility;
}
void Logger::set_classic_files(bool classic) {
    settings_.classic_files = classic;
}

void Logger::set_files(runtime::UniqueFd logfile, runtime::UniqueFd debugfile) {
    const auto sink = [](runtime::UniqueFd fd) -> std::unique_ptr<Sink> {
        if (!fd) return nullptr;
        auto made = std::make_unique<Sink>();
        made->owned = std::move(fd);
        made->fd = made->owned.get();
        return made;
    };
    logfile_ = sink(std::move(logfile));
    debugfile_ = sink(std::move(debugfile));
}

void Logger::log(Level level, std::string id, std::string text,
                 std::vector<std::pair<std::string, std::string>> fields) noexcept {
    if (!wants(level)) return;
    log(Event{
        .id = std::move(id), .level = level, .text = std::move(text), .fields = std::move(fields)});
}

void Logger::log(const Event& event) noexcept {
    log(event, runtime::wall_time());
}

void Logger::log(const Event& event, const runtime::WallTime& at) noexcept {
    if (!wants(event.level)) return;
    const LineContext context{.daemon = settings_.daemon,
                              .host = settings_.host,
                              .pid = ::getpid(),
                              .seconds = at.seconds,
                              .nanoseconds = at.nanoseconds};
    if (!journal_ || !to_journal(event, context)) {
        put(*stderr_, event, context, &stderr_line);
    }
    const auto file_line = settings_.classic_files ? &classic_line : &syslog_style_line;
    if (logfile_ && event.level != Level::kDebug) put(*logfile_, event, context, file_line);
    if (debugfile_) put(*debugfile_, event, context, file_line);
}

// What a sink lost is said before the first line that it takes again.
void Logger::put(Sink& sink, const Event& event, const LineContext& context,
                 std::string (*format)(const Event&, const LineContext&)) {
    if (sink.lost > 0) {
        if (write_line(sink.fd, format(lost_event(sink.lost), context)) != 0) {
            ++sink.lost;
            return;
        }
        sink.lost = 0;
    }
    if (write_line(sink.fd, format(event, context)) != 0) ++sink.lost;
}

// False: there is no journal here, so the line has to go to stderr.
bool Logger::to_journal(const Event& event, const LineContext& context) {
    Sink& sink = *journal_;
    const auto send = [&](const Event& e) {
        return send_to_journal(sink.fd, journal_datagram(e, context, settings_.facility));
    };
    int error = 0;
    if (sink.lost > 0) {
        error = send(lost_event(sink.lost));
        if (error == 0) sink.lost = 0;
    }
    if (error == 0) error = send(event);
    if (error == ENOENT || error == ECONNREFUSED || error == EACCES) return false;
    if (error != 0) ++sink.lost;
    return true;
}

Event Logger::lost_event(std::uint64_t lost) {
    return Event{
        .id = "log-lost",
        .level = Level::kWarn,
        .text = fmt::format("{} log line{} lost here: the log did not take {} at once", lost,
                            lost == 1 ? " was" : "s were", lost == 1 ? "it" : "them"),
        .fields = {}};
}

}  // namespace hb::log
