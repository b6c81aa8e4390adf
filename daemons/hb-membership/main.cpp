// hb-membership: who is there. Started by hb-master.
#include "daemons/hb-membership/shell.hpp"
#include "daemons/skeleton/daemon_main.hpp"

int main(int argc, char** argv) {
    hb::skeleton::DaemonSpec spec;
    spec.program = hb::ipc::Program::kMembership;
    spec.make = [](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
        return std::make_unique<hb::membership::Shell>(host, setup);
    };
    return hb::skeleton::daemon_main(argc, argv, spec);
}
