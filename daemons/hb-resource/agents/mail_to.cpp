// MailTo: tells an admin that a group comes or goes. The mail is on its way in a process of its
// own: a mail server that hangs, or none at all, never fails a group and never delays one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "daemons/hb-resource/agents/marker.hpp"

namespace hb::agent {
namespace {

constexpr std::string_view kType = "MailTo";
constexpr unsigned kMailSeconds = 120;  // then the mailer is ended

std::string find_program(const char* name) {
    const char* path = std::getenv("PATH");
    std::string directories = std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/lib";
    while (!directories.empty()) {
        const std::size_t end = std::min(directories.find(':'), directories.size());
        const std::string candidate = directories.substr(0, end) + "/" + name;
        if (candidate.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
        directories.erase(0, end + 1);
    }
    return {};
}

std::string now_text() {
    const std::time_t now = std::time(nullptr);
    std::array<char, 64> text{};
    std::tm local{};
    ::localtime_r(&now, &local);
    const std::size_t n = std::strftime(text.data(), text.size(), "%a %b %e %T %Z %Y", &local);
    return {text.data(), n};
}

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

// In the grandchild: becomes the mailer, with the mail on its standard input.
[[noreturn]] void become_mailer(const std::vector<std::string>& argv, const std::string& mail) {
    ::setsid();
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(1);
    // Small enough for the pipe to take all of it.
    if (::write(ends[1], mail.data(), mail.size()) < 0) ::_exit(1);
    ::close(ends[1]);
    ::dup2(ends[0], STDIN_FILENO);
    // What hb-resource reads is closed: the operation is over.
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    std::vector<char*> words;
    for (const std::string& word : argv)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::alarm(kMailSeconds);  // kept over the exec
    ::execv(words[0], words.data());
    ::_exit(127);
}

void send(const std::vector<std::string>& argv, const std::string& mail) {
    const pid_t child = ::fork();
    if (child < 0) return say("no mail: no process for it");
    if (child == 0) {
        if (::fork() == 0) become_mailer(argv, mail);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
}

void tell(const Call& call, std::string_view what) {
    const std::string given = call["subject"].empty() ? "Resource Group" : call["subject"];
    const std::string subject =
        fmt::format("{} {} {}", given, fmt::format(fmt::runtime(what), now_text()), host_name());
    const std::string body = fmt::format("        {}\n", subject);
    const std::string& to = call["email"];
    if (const std::string sendmail = find_program("sendmail"); !sendmail.empty())
        return send({sendmail, "-oi", "-t"},
                    fmt::format("To: {}\nSubject: {}\n\n{}", to, subject, body));
    if (const std::string mail = find_program("mail"); !mail.empty())
        return send({mail, "-s", subject, to}, body);
    say("no mail: neither sendmail nor mail is installed here");
}

Answer start(const Call& call) {
    const Marker marker(kType, call);
    if (marker.is_set()) return {};
    tell(call, "Takeover in progress at {} on");
    return marker.set();
}

Answer stop(const Call& call) {
    const Marker marker(kType, call);
    if (!marker.is_set()) return {};
    tell(call, "Migrating resource away at {} from");
    return marker.clear();
}

Answer monitor(const Call& call) {
    if (Marker(kType, call).is_set()) return {};
    return {Code::kNotRunning, {}};
}

}  // namespace

Agent mail_to_agent() {
    return {.type = kType, .start = start, .stop = stop, .monitor = monitor};
}

}  // namespace hb::agent
