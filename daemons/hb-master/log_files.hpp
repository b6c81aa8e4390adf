// The log files of ha.cf, opened by the master for everybody: daemons write through descriptors and
// may open nothing. A file that was rotated (another one is at its path, or none) is opened anew.
#pragma once

#include <string>
#include <vector>

#include "common/base/ipc/master.hpp"
#include "common/log/logger.hpp"
#include "common/runtime/unique_fd.hpp"

namespace hb::master {

class LogFiles {
  public:
    // Empty or "/dev/null": none.
    LogFiles(std::string logfile, std::string debugfile, gid_t group);

    // Looks at the paths, and gives `log` what it finds there, and says to it what cannot be opened
    // (once, until it works again). True: something is open now that was not before.
    bool open_for(log::Logger& log);

    // For a daemon: fresh descriptors of what is open.
    [[nodiscard]] ipc::LogFiles message() const;
    [[nodiscard]] std::vector<runtime::UniqueFd> descriptors() const;

  private:
    struct File {
        std::string path;
        runtime::UniqueFd fd;
        bool is_complained = false;
    };
    bool refresh(std::vector<std::string>& problems);
    [[nodiscard]] bool refresh(File& file, std::vector<std::string>& problems) const;

    File logfile_;
    File debugfile_;
    gid_t group_;
};

}  // namespace hb::master
