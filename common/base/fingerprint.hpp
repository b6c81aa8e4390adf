// A short name of bytes: BLAKE2b of libsodium, where things have to have other names when they
// differ. Without a key: it withstands accidents, not people.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace hb {

[[nodiscard]] std::array<std::uint8_t, 16> fingerprint(std::string_view bytes);

// Its first eight bytes, as a number.
[[nodiscard]] std::uint64_t fingerprint64(std::string_view bytes);

}  // namespace hb
