// What IPsrcaddr remembers of the routes that it changes: a file in /run for each resource, written
// before the first change and removed when all is as it was. A line for each route: its message in
// hexadecimal digits, behind "left " what a stop could not add again.
#pragma once

#include "common/base/result.hpp"
#include "daemons/hb-resource/agents/agent.hpp"
#include "daemons/hb-resource/agents/source_core.hpp"
#include "daemons/hb-resource/kernel_table.hpp"

namespace hb::agent {

class SourceMemory {
  public:
    SourceMemory(const Call& call, const resource::KernelTable& kernel);

    // Lines that are none are left out.
    [[nodiscard]] SourceMemo read() const;
    [[nodiscard]] SourceRoutes of_others() const;                    // what they have changed
    [[nodiscard]] Result<void> write(const SourceMemo& memo) const;  // nothing: no file

  private:
    [[nodiscard]] SourceMemo read_file(const std::string& path) const;

    const resource::KernelTable& kernel_;
    std::string path_;
};

}  // namespace hb::agent
