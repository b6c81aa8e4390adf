// The keys of authkeys, ready for use, and everything that needs them.
//
// Owns the key material in locked memory that is not dumped, is read-only while in use and is wiped
// when it goes; it never hands a key out. Each index verifies with its own key; the index after
// `auth` signs. Nothing here reads a frame: common/wire/envelope.hpp says which bytes are covered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/result.hpp"
#include "common/config/settings.hpp"

namespace hb::wire {

using config::AuthMethod;
using ByteSpan = std::span<const std::uint8_t>;

inline constexpr std::size_t kMaxTagBytes = 32;
inline constexpr std::size_t kNonceBytes = 24;  // XChaCha20: long enough to be random

// Bytes that the method puts behind the body, and (encryption only) before it.
[[nodiscard]] std::size_t tag_bytes(AuthMethod m);
[[nodiscard]] std::size_t nonce_bytes(AuthMethod m);
[[nodiscard]] bool encrypts(AuthMethod m);
// As authkeys spells it: "sha1", "xchacha20-poly1305".
[[nodiscard]] const char* to_string(AuthMethod m);

struct Tag {
    std::array<std::uint8_t, kMaxTagBytes> bytes{};
    std::size_t size = 0;
    [[nodiscard]] ByteSpan span() const { return ByteSpan(bytes).first(size); }
};

class KeyRing {
  public:
    // Wipes the key texts in `keys`. Fails on an index out of range, a missing signing key, an
    // empty key where the method needs one, or when no protected memory is to be had.
    [[nodiscard]] static Result<KeyRing> make(config::AuthKeys& keys);

    [[nodiscard]] std::uint8_t signing_index() const { return signing_index_; }
    [[nodiscard]] std::optional<AuthMethod> method(std::uint8_t key_index) const;

    // Methods that do not encrypt: the tag over `covered`, and its check in constant time.
    // The index must be one of ours.
    [[nodiscard]] Tag tag(std::uint8_t key_index, ByteSpan covered) const;
    [[nodiscard]] bool verify(std::uint8_t key_index, ByteSpan covered, ByteSpan tag) const;

    // xchacha20-poly1305: appends nonce, cipher text and tag to `out`; `header` is authenticated
    // too.
    void encrypt(std::uint8_t key_index, ByteSpan header, ByteSpan plain, std::string& out) const;
    // `sealed` is what encrypt appended. None: not made with this key, or changed on the way.
    [[nodiscard]] std::optional<std::string> decrypt(std::uint8_t key_index, ByteSpan header,
                                                     ByteSpan sealed) const;

  private:
    struct Slots;
    struct Unmap {
        void operator()(Slots* s) const;
    };
    explicit KeyRing(std::unique_ptr<Slots, Unmap> slots, std::uint8_t signing_index)
        : slots_(std::move(slots)), signing_index_(signing_index) {}

    std::unique_ptr<Slots, Unmap> slots_;
    std::uint8_t signing_index_ = 0;
};

}  // namespace hb::wire
