// hb-comm: media, authentication, links, address probes. The one process that reads the network.
#include "daemons/hb-comm/comm_daemon.hpp"
#include "daemons/skeleton/daemon_main.hpp"

int main(int argc, char** argv) {
    return hb::skeleton::daemon_main(
        argc, argv,
        {.program = hb::ipc::Program::kComm,
         .make = [](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
             return std::make_unique<hb::comm::CommDaemon>(host, setup);
         }});
}
