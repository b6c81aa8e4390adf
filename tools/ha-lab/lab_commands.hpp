// What people can ask of a running lab: one word, then its arguments, as on the command line.
#pragma once

#include <string>
#include <vector>

#include "tests/lab/cluster.hpp"
#include "tools/ha-lab/lab_server.hpp"

namespace hb::lab {

class LabCommands {
  public:
    explicit LabCommands(Cluster& cluster) : cluster_(cluster), lab_(cluster.lab()) {}

    // Never throws: what goes wrong is the answer.
    Answer run(const std::vector<std::string>& words);
    [[nodiscard]] bool is_over() const { return over_; }

  private:
    Answer dispatch(const std::vector<std::string>& words);
    Answer status();
    Answer log(std::size_t at_most);
    Answer enter(const std::string& where);
    void firewall(Node& node, const std::string& what);
    Node& node_named(const std::string& name);

    Cluster& cluster_;
    Lab& lab_;
    bool over_ = false;
};

}  // namespace hb::lab
