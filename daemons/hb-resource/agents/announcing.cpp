#include "daemons/hb-resource/agents/announcing.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

#include "common/runtime/event_loop.hpp"
#include "common/runtime/unique_fd.hpp"
#include "daemons/hb-resource/agents/marker.hpp"
#include "daemons/hb-resource/announcer.hpp"

namespace hb::agent {

namespace {

constexpr unsigned kMostSeconds = 60;  // then it is ended, whatever it waits for

Answer failed(const std::string& what) {
    return {Code::kGenericError, fmt::format("{}: {}", what, std::strerror(errno))};
}

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

// In the grandchild, which has nobody to tell anything.
[[noreturn]] void become_announcer(int lock_file, int ready,
                                   const std::vector<resource::Announce>& what) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null, fd);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(kMostSeconds);
    struct flock lock = whole_file();
    if (::fcntl(lock_file, F_SETLK, &lock) != 0) ::_exit(1);
    ::close(ready);
    (void)announce_to_the_end(what);
    ::_exit(0);
}

}  // namespace

Answer announce_to_the_end(const std::vector<resource::Announce>& what) try {
    runtime::EventLoop loop;
    Answer answer;
    auto announcer = resource::Announcer::open(
        loop, [&answer](const resource::Announce& first, int error) noexcept {
            if (answer.code == Code::kSuccess)
                answer = {Code::kGenericError,
                          fmt::format("cannot announce {}: {}", first.address.to_string(),
                                      std::strerror(error))};
        });
    if (!announcer) return {Code::kGenericError, announcer.error().text};
    for (const resource::Announce& each : what)
        (*announcer)->start(each);
    while (!(*announcer)->idle())
        loop.wait();
    return answer;
} catch (const std::exception& problem) {  // a loop without descriptors
    return {Code::kGenericError, problem.what()};
}

Announcing::Announcing(std::string_view type, const Call& call)
    : path_(marker_path(fmt::format("announcing-{}", type), call)) {}

Answer Announcing::begin(const std::vector<resource::Announce>& what) const {
    if (Answer ended = end(); ended.code != Code::kSuccess) return ended;
    if (what.empty()) return {};
    make_marker_directory();
    const runtime::UniqueFd file(
        ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return failed(path_);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
    const runtime::UniqueFd ready(ends[0]);
    runtime::UniqueFd theirs(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return failed("fork");
    if (child == 0) {
        const pid_t grandchild = ::fork();
        if (grandchild == 0) become_announcer(file.get(), theirs.get(), what);
        ::_exit(grandchild < 0 ? 1 : 0);
    }
    theirs.reset();
    char byte = 0;
    while (::read(ready.get(), &byte, 1) < 0 && errno == EINTR) {
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) return {Code::kGenericError, "no process to announce with"};
    return {};
}

Answer Announcing::end() const {
    const runtime::UniqueFd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return errno == ENOENT ? Answer{} : failed(path_);
    struct flock holder = whole_file();
    if (::fcntl(file.get(), F_GETLK, &holder) != 0) return failed(path_);
    if (holder.l_type != F_UNLCK && holder.l_pid > 0) ::kill(holder.l_pid, SIGKILL);
    struct flock lock = whole_file();
    while (::fcntl(file.get(), F_SETLKW, &lock) != 0)
        if (errno != EINTR) return failed(path_);
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return failed(path_);
    return {};
}

}  // namespace hb::agent
