// hb-ipfail: is this node or a peer better connected to the ping nodes?
#include "daemons/hb-ipfail/ipfail_daemon.hpp"
#include "daemons/skeleton/daemon_main.hpp"

int main(int argc, char** argv) {
    hb::skeleton::DaemonSpec spec;
    spec.program = hb::ipc::Program::kIpfail;
    spec.make = [](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
        return std::make_unique<hb::ipfail::IpfailDaemon>(host, setup);
    };
    return hb::skeleton::daemon_main(argc, argv, spec);
}
