#include "tests/lab/bmc.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace hb::lab {

namespace {

namespace fs = std::filesystem;

void write(const std::string& path, const std::string& text, unsigned mode = 0644) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
}

std::string first_line(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

}  // namespace

std::string Bmc::cannot_run() {
    for (const char* program :
         {"/usr/bin/ipmi_sim", "/usr/bin/ipmitool", "/usr/sbin/fence_ipmilan"})
        if (!fs::exists(program)) return fmt::format("{} is not here", program);
    return {};
}

Bmc::Bmc(Lab& lab, unsigned node) : lab_(lab), node_(node) {
    char pattern[] = "/tmp/ha-lab-bmc-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) throw_errno("mkdtemp");
    directory_ = pattern;
    write_files();
    start();
}

Bmc::~Bmc() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::string Bmc::parameters(const std::string& password) const {
    return fmt::format("ip={} ipport={} username={} password={} lanplus=1 cipher=3",
                       Lab::kClientAddress, port(), kUser, password);
}

// ipmi_sim calls the script: `SCRIPT get power`, `SCRIPT set power 0`. It only takes notes.
void Bmc::write_files() {
    fs::create_directories(directory_ + "/state");
    write(directory_ + "/power", "1\n");
    write(directory_ + "/chassis",
          fmt::format("#!/bin/sh\n"
                      "cd {} || exit 1\n"
                      "shift; what=$1; shift\n"
                      "if [ $what = get ]; then\n"
                      "  for name; do\n"
                      "    case $name in power) echo power:$(cat power);; *) echo $name:0;; esac\n"
                      "  done\n"
                      "fi\n"
                      "while [ $what = set ] && [ $# -ge 2 ]; do\n"
                      "  case $1 in power) echo $2 >told.new && mv told.new told;; esac\n"
                      "  shift 2\n"
                      "done\n"
                      "exit 0\n",
                      directory_),
          0755);
    write(directory_ + "/lan.conf",
          fmt::format("name \"node{}\"\n"
                      "set_working_mc 0x20\n"
                      "  startlan 1\n"
                      "    addr {} {}\n"
                      "    priv_limit admin\n"
                      "    allowed_auths_admin none md2 md5 straight\n"
                      "    guid a123456789abcdefa123456789abcdef\n"
                      "  endlan\n"
                      "  chassis_control \"{}/chassis 0x20\"\n"
                      "  user 1 true \"\" \"\" user 10 none md2 md5 straight\n"
                      "  user 2 true \"{}\" \"{}\" admin 10 none md2 md5 straight\n",
                      node_, Lab::kClientAddress, port(), directory_, kUser, kPassword));
    write(directory_ + "/sim.emu",
          "mc_setbmc 0x20\n"
          "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n"
          "sel_enable 0x20 1000 0x0a\n"
          "mc_enable 0x20\n");
}

void Bmc::start() {
    const std::string lan = directory_ + "/lan.conf";
    const std::string emu = directory_ + "/sim.emu";
    const std::string state = directory_ + "/state";
    const std::string log = directory_ + "/log";
    const int netns = lab_.client().fd();
    pid_ = must(::fork(), "fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::setns(netns, CLONE_NEWNET) != 0) ::_exit(126);
        const int null = ::open("/dev/null", O_RDONLY);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        ::dup2(null, 0);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execl("/usr/bin/ipmi_sim", "ipmi_sim", "-c", lan.c_str(), "-f", emu.c_str(), "-s",
                state.c_str(), "-n", nullptr);
        ::_exit(127);
    }
}

bool Bmc::was_told_off() const {
    return first_line(directory_ + "/told") == "0";
}

bool Bmc::serve() {
    const std::string told = first_line(directory_ + "/told");
    if (told.empty() || told == first_line(directory_ + "/power")) return false;
    Node& node = lab_.node(node_);
    if (told == "0" && node.is_on()) node.power_off();
    if (told == "1" && !node.is_on()) node.boot();
    write(directory_ + "/power.new", told + "\n");
    fs::rename(directory_ + "/power.new", directory_ + "/power");
    return told == "0";
}

}  // namespace hb::lab
