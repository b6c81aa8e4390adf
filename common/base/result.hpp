// Values or reasons. Running code returns Result; exceptions are for start-up only (caught in
// main).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace hb {

// Why something could not be done, as a sentence part without a full stop ("eth7: no such device").
struct Error {
    std::string text;
    bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> failure(std::string text) {
    return std::unexpected(Error{std::move(text)});
}

}  // namespace hb
