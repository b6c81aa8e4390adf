// A ring with one key of each method, index 0 crc to index 5 xchacha20-poly1305.
#pragma once

#include "common/config/settings.hpp"
#include "common/wire/key_ring.hpp"

namespace hb::wire {

inline config::AuthKeys test_auth_keys(std::uint8_t sign_with = 0) {
    const std::string text = "a secret that is written in authkeys";
    return {.sign_with = sign_with,
            .keys = {{0, {AuthMethod::kCrc, ""}},
                     {1, {AuthMethod::kMd5, text}},
                     {2, {AuthMethod::kSha1, text}},
                     {3, {AuthMethod::kHmacSha256, text}},
                     {4, {AuthMethod::kBlake2b, text}},
                     {5, {AuthMethod::kXchacha20Poly1305, text}}}};
}

inline KeyRing test_keys(std::uint8_t sign_with = 0) {
    config::AuthKeys keys = test_auth_keys(sign_with);
    return KeyRing::make(keys).value();
}

}  // namespace hb::wire
