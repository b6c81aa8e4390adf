#include "tests/lab/heartbeat_3.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace hb::lab {
namespace {

constexpr const char* kProgram = "/usr/libexec/heartbeat/heartbeat";
constexpr Duration kGenerous = 60s;

}  // namespace

std::string Heartbeat3::directory() {
    return LAB_BUILD_ROOT "/heartbeat-3";
}

std::string Heartbeat3::cannot_run() {
    try {
        run_command({LAB_SOURCE_ROOT "/tools/fetch-heartbeat", directory()});
        return std::ifstream("/etc/ha.d/shellfuncs")
                   ? ""
                   : "no /etc/ha.d/shellfuncs (tools/install-deps test: resource-agents)";
    } catch (const LabError& e) {
        return e.what();
    }
}

void Heartbeat3::must_run(unsigned n, const Argv& argv) {
    const CommandResult result = lab_.node(n).run(argv, kGenerous);
    if (result.exit_code != 0)
        throw LabError(fmt::format("node{}: {}: {}{}", n, join(argv), result.out, result.err));
}

void Heartbeat3::install(unsigned n) {
    const std::string from = directory();
    must_run(n, {"mount", "-t", "overlay", "-o", fmt::format("lowerdir={}/usr:/usr", from),
                 "heartbeat", "/usr"});
    must_run(n, {"cp", "-a", "--no-clobber", from + "/etc/ha.d", "/etc/"});
    // Of resource-agents, whose files below /etc a node of the lab does not see.
    std::ifstream functions("/etc/ha.d/shellfuncs");
    std::ostringstream text;
    text << functions.rdbuf();
    lab_.node(n).write_file("/etc/ha.d/shellfuncs", std::move(text).str());
    must_run(n, {"cp", "-a", from + "/var/lib/heartbeat", "/var/lib/"});
    must_run(n,
             {"install", "-d", "-o", "hacluster", "-g", "haclient", "-m", "750", "/run/heartbeat",
              "/run/heartbeat/ccm", "/run/heartbeat/crm", "/run/heartbeat/dopd"});
    must_run(n, {"chown", "-R", "hacluster:haclient", "/var/lib/heartbeat"});
}

void Heartbeat3::remove(unsigned n) {
    must_run(n, {"umount", "--lazy", "/usr"});  // what it left behind may still use it
}

void Heartbeat3::start(unsigned n) {
    masters_[n] = lab_.node(n).spawn({kProgram, "-f"}, "heartbeat");
    lab_.node(n).spawn({"tail", "-F", "-n", "+1", "-s", "0.1", "/var/log/ha-log"}, "ha-log");
}

Duration Heartbeat3::stop(unsigned n) {
    const LabTime begin = LabClock::now();
    must_run(n, {kProgram, "-k"});
    if (!lab_.wakeup().wait(kGenerous, [&] { return !is_running(n); }))
        throw LabError(fmt::format("Heartbeat on node{} does not end", n));
    return LabClock::now() - begin;
}

void Heartbeat3::kill(unsigned n) {
    for (const char* name : {"heartbeat", "ipfail"})
        lab_.node(n).kill(name);
    if (!lab_.wakeup().wait(kGenerous, [&] { return !is_running(n); }))
        throw LabError(fmt::format("Heartbeat on node{} does not die", n));
    lab_.node(n).run({kProgram, "-k"});
}

bool Heartbeat3::is_running(unsigned n) const {
    const auto found = masters_.find(n);
    return found != masters_.end() && !found->second->has_ended();
}

std::string Heartbeat3::resources(unsigned n) {
    std::string said = lab_.node(n).run({"/usr/bin/cl_status", "rscstatus"}).out;
    if (said.ends_with('\n')) said.pop_back();
    return said;
}

}  // namespace hb::lab
