#include "daemons/hb-master/serial_device.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/serial.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>

namespace hb::master {
namespace {

struct Rate {
    unsigned baud;
    speed_t speed;
};
constexpr Rate kRates[] = {{9600, B9600},     {19200, B19200},   {38400, B38400},  {57600, B57600},
                           {115200, B115200}, {230400, B230400}, {460800, B460800}};

std::optional<speed_t> speed_of(unsigned baud) {
    for (const Rate& rate : kRates)
        if (rate.baud == baud) return rate.speed;
    return std::nullopt;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// The terminal of the process, as in /proc/PID/stat: minor and major in pieces; 0: none.
std::optional<std::string> user_of(dev_t line, long pid) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    std::string text;
    if (!std::getline(in, text)) return std::nullopt;
    const std::size_t open = text.find('('), close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) return std::nullopt;
    char state = 0;
    int parent = 0, group = 0, session = 0;
    unsigned terminal = 0;
    if (::sscanf(text.c_str() + close + 1, " %c %d %d %d %u", &state, &parent, &group, &session,
                 &terminal) != 5)
        return std::nullopt;
    const unsigned minor_of = (terminal & 0xffU) | ((terminal >> 12U) & 0xfff00U);
    const unsigned major_of = (terminal >> 8U) & 0xfffU;
    if (terminal == 0 || major_of != major(line) || minor_of != minor(line)) return std::nullopt;
    return text.substr(open + 1, close - open - 1);
}

// Whose terminal it is: a getty, or somebody who logged in over it.
std::string terminal_of(dev_t line) {
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
    if (!proc) return {};
    while (const dirent* entry = ::readdir(proc.get())) {
        const std::string_view name = entry->d_name;
        long pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{})
            continue;
        if (const auto program = user_of(line, pid))
            return fmt::format("it is the terminal of {} (pid {})", *program, pid);
    }
    return {};
}

// The lock file that terminal programs agree on (FHS): a process number.
std::string locked_by(std::string_view device) {
    const std::string path = fmt::format("/var/lock/LCK..{}", base_name(device));
    std::ifstream in(path);
    long pid = 0;
    if (!(in >> pid) || pid <= 1 || pid == ::getpid()) return {};
    if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return {};
    return fmt::format("process {} has it ({})", pid, path);
}

std::string set_line(int fd, speed_t speed) {
    termios line{};
    if (::tcgetattr(fd, &line) != 0) return "it is no serial line";
    ::cfmakeraw(&line);
    line.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS | PARENB | HUPCL);
    line.c_cflag |= CLOCAL | CREAD | CS8;
    line.c_iflag &= ~static_cast<tcflag_t>(IXOFF | INPCK);
    line.c_iflag |= IGNBRK;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    ::cfsetispeed(&line, speed);
    ::cfsetospeed(&line, speed);
    if (::tcsetattr(fd, TCSANOW, &line) != 0)
        return fmt::format("it cannot be set: {}", ::strerror(errno));
    termios now{};
    if (::tcgetattr(fd, &now) != 0 || ::cfgetospeed(&now) != speed)
        return "it does not take this rate";
    return {};
}

// A close must not wait for what the line did not take. Where there is such a thing, and we may.
void close_at_once(int fd) {
    serial_struct serial{};
    if (::ioctl(fd, TIOCGSERIAL, &serial) != 0) return;
    serial.closing_wait = ASYNC_CLOSING_WAIT_NONE;
    (void)::ioctl(fd, TIOCSSERIAL, &serial);
}

}  // namespace

Result<runtime::UniqueFd> open_serial(const std::string& device, unsigned baud) {
    const auto speed = speed_of(baud);
    if (!speed) return failure(fmt::format("no line has {} baud", baud));
    runtime::UniqueFd fd(::open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return failure(::strerror(errno));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISCHR(status.st_mode) || ::isatty(fd.get()) == 0)
        return failure("it is no serial line");
    for (const std::string& used : {terminal_of(status.st_rdev), locked_by(device)})
        if (!used.empty()) return failure(used);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return failure("another program has locked it");
    // Root may open it all the same; everybody else is kept out.
    (void)::ioctl(fd.get(), TIOCEXCL);
    if (std::string problem = set_line(fd.get(), *speed); !problem.empty())
        return failure(std::move(problem));
    close_at_once(fd.get());
    (void)::tcflush(fd.get(), TCIOFLUSH);
    return fd;
}

OpenedLine open_line(const config::Settings& settings, const std::string& device) {
    for (const config::Medium& m : settings.media) {
        if (m.kind != config::MediumKind::kSerial || m.interface != device) continue;
        OpenedLine opened{{device, {}}, {}};
        if (auto fd = open_serial(device, m.baud))
            opened.line.push_back(std::move(*fd));
        else
            opened.answer.problem = fd.error().text;
        return opened;
    }
    return {{device, "ha.cf names no such line"}, {}};
}

}  // namespace hb::master
