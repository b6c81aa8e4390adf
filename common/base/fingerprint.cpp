#include "common/base/fingerprint.hpp"

#include <sodium.h>

#include "common/base/assert.hpp"

namespace hb {

std::array<std::uint8_t, 16> fingerprint(std::string_view bytes) {
    std::array<std::uint8_t, 16> name{};
    static_assert(name.size() == crypto_generichash_blake2b_BYTES_MIN);
    const int rc = crypto_generichash_blake2b(name.data(), name.size(),
                                              reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                              bytes.size(), nullptr, 0);
    HB_ASSERT(rc == 0);
    return name;
}

std::uint64_t fingerprint64(std::string_view bytes) {
    std::uint64_t number = 0;
    const std::array<std::uint8_t, 16> name = fingerprint(bytes);
    for (std::size_t i = 0; i < sizeof number; ++i)
        number = number << 8 | name[i];
    return number;
}

}  // namespace hb
