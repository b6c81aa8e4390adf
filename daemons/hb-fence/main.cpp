// hb-fence: switches nodes off with fence agents, when hb-resource says that they have to be.
#include "daemons/hb-fence/fence_daemon.hpp"
#include "daemons/skeleton/daemon_main.hpp"

int main(int argc, char** argv) {
    hb::skeleton::DaemonSpec spec;
    spec.program = hb::ipc::Program::kFence;
    spec.make = [](hb::skeleton::Host& host, const hb::ipc::Setup& setup) {
        return std::make_unique<hb::fence::FenceDaemon>(host, setup);
    };
    return hb::skeleton::daemon_main(argc, argv, spec);
}
