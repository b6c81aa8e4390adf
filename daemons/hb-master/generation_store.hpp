// The node's memory across restarts (docs/protocol.md, section 8): its own generation, and the
// highest generation seen of each peer. One small text file, by node name, written whole: to a new
// file, synced, renamed.
//
// A file that is missing, or cannot be understood, is a node that lost its disk: the generation is
// then the time, and nothing is known of peers. Why is said in `note`; it is never fatal. A file
// that cannot be written is: a generation that is not on disk may be used twice.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace hb::master {

struct Generations {
    std::uint64_t own = 0;                       // 0: never written
    std::map<std::string, std::uint64_t> peers;  // by node name
    bool operator==(const Generations&) const = default;
};

// The text of the file. Lines that cannot be understood make the whole an error.
[[nodiscard]] std::string to_text(const Generations& generations);
[[nodiscard]] Result<Generations> parse_generations(std::string_view text);

// max(stored + 1, unix time): grows also when the clock was set back, or the file is lost.
[[nodiscard]] std::uint64_t next_generation(std::uint64_t stored, std::int64_t unix_time);

class GenerationStore {
  public:
    explicit GenerationStore(std::string directory);

    // Reads, raises the own generation, writes.
    [[nodiscard]] Result<void> begin(std::int64_t unix_time);
    // True: that is news, and to be kept on disk.
    [[nodiscard]] bool remember(const std::string& peer, std::uint64_t generation);
    // Puts such a text on disk; returns when it is there.
    [[nodiscard]] Result<void> write(std::string_view text) const;

    [[nodiscard]] const Generations& generations() const { return generations_; }
    // What people should know of the file that was found; empty: nothing.
    [[nodiscard]] const std::string& note() const { return note_; }

  private:
    std::string directory_;
    std::string path_;
    Generations generations_;
    std::string note_;
};

}  // namespace hb::master
