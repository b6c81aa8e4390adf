// Client: one connection to the control socket of this node. Blocks, with deadlines: a tool has
// nothing else to do.
#pragma once

#include <optional>
#include <string>

#include "common/base/ipc/control.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"
#include "common/runtime/unique_fd.hpp"
#include "tools/control/exit_code.hpp"

namespace hb::control {

// Why a command ends early: a sentence for people, and the exit code.
struct Trouble {
    ExitCode code = ExitCode::kLost;
    std::string text;
    bool passing = false;  // hb-membership is gone or busy: a moment later it may answer
    bool denied = false;   // it runs here, but does not talk to who asks
};
template <typename T>
using Outcome = std::expected<T, Trouble>;

class Client {
  public:
    // Connects and exchanges Hello. `run_dir`: where the suite keeps its sockets.
    [[nodiscard]] static Outcome<Client> connect(const std::string& run_dir);

    [[nodiscard]] Outcome<void> send(const ipc::ToolToMembership& message);
    // The next message; none when `deadline` passed first (kForever: waits for ever).
    [[nodiscard]] Outcome<std::optional<ipc::MembershipToTool>> receive(MonoTime deadline);

    // Asks and waits for the answer with the same id, `patience` longer than usual; other messages
    // are passed over.
    [[nodiscard]] Outcome<ClusterStatus> status();
    [[nodiscard]] Outcome<std::optional<std::string>> parameter(const std::string& name);
    [[nodiscard]] Outcome<std::optional<GroupStory>> why(const GroupName& group);
    [[nodiscard]] Outcome<ipc::AdminAnswer> request(ipc::AdminRequest request,
                                                    Duration patience = {});
    [[nodiscard]] Outcome<ipc::AdminAnswer> log_level(std::optional<unsigned> level);
    // The files are read, and all daemons take what is new: that may take a few seconds.
    [[nodiscard]] Outcome<ReloadOutcome> reload(bool dry_run);
    [[nodiscard]] Outcome<void> subscribe(bool status, bool events);

  private:
    explicit Client(runtime::UniqueFd socket);
    [[nodiscard]] Outcome<ipc::AdminAnswer> answer(std::uint64_t id, Duration patience);
    [[nodiscard]] Outcome<std::optional<std::string>> receive_bytes(MonoTime deadline);

    runtime::UniqueFd socket_;
    std::string buffer_;
    std::uint64_t next_id_ = 1;
};

}  // namespace hb::control
