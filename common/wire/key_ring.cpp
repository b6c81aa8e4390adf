#include "common/wire/key_ring.hpp"

#include <fmt/format.h>
#include <nettle/hmac.h>
#include <sodium.h>
#include <zlib.h>

#include <cstring>
#include <new>

#include "common/base/assert.hpp"
#include "common/base/limits.hpp"
#include "common/wire/byte_order.hpp"

namespace hb::wire {
namespace {

constexpr std::size_t kDerivedKeyBytes = 32;

// Personalisation strings keep a text that is used for two methods from giving the same key.
constexpr char kBlakePersonal[] = "ha-suite/blake2b";
constexpr char kXchachaPersonal[] = "ha-suite/xchacha";
static_assert(sizeof(kBlakePersonal) - 1 == crypto_generichash_blake2b_PERSONALBYTES);
static_assert(sizeof(kXchachaPersonal) - 1 == crypto_generichash_blake2b_PERSONALBYTES);
static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

const std::uint8_t* as_bytes(const char* text) {
    return reinterpret_cast<const std::uint8_t*>(text);
}

void derive(const std::string& key, const char* personal,
            std::array<std::uint8_t, kDerivedKeyBytes>& out) {
    const int rc = crypto_generichash_blake2b_salt_personal(
        out.data(), out.size(), as_bytes(key.data()), key.size(), nullptr, 0, nullptr,
        as_bytes(personal));
    HB_ASSERT(rc == 0);
}

}  // namespace

// One entry per index. HMAC states are kept with the key already mixed in; using one means working
// on a copy, which is wiped.
struct KeyRing::Slots {
    struct Slot {
        bool used;
        AuthMethod method;
        union {
            hmac_md5_ctx md5;
            hmac_sha1_ctx sha1;
            crypto_auth_hmacsha256_state sha256;
            std::array<std::uint8_t, kDerivedKeyBytes> derived;
        };
    };
    Slot slot[limits::kAuthKeys];

    [[nodiscard]] const Slot& at(std::uint8_t key_index) const {
        HB_ASSERT(key_index < limits::kAuthKeys && slot[key_index].used);
        return slot[key_index];
    }
};

void KeyRing::Unmap::operator()(Slots* s) const {
    sodium_free(s);  // makes it writable, wipes it, unlocks it
}

std::size_t tag_bytes(AuthMethod m) {
    switch (m) {
        case AuthMethod::kCrc:
            return 4;
        case AuthMethod::kMd5:
            return MD5_DIGEST_SIZE;
        case AuthMethod::kSha1:
            return SHA1_DIGEST_SIZE;
        case AuthMethod::kHmacSha256:
            return crypto_auth_hmacsha256_BYTES;
        case AuthMethod::kBlake2b:
            return 32;
        case AuthMethod::kXchacha20Poly1305:
            return crypto_aead_xchacha20poly1305_ietf_ABYTES;
    }
    HB_UNREACHABLE();
    return 0;
}

std::size_t nonce_bytes(AuthMethod m) {
    return encrypts(m) ? kNonceBytes : 0;
}

bool encrypts(AuthMethod m) {
    return m == AuthMethod::kXchacha20Poly1305;
}

const char* to_string(AuthMethod m) {
    switch (m) {
        case AuthMethod::kCrc:
            return "crc";
        case AuthMethod::kMd5:
            return "md5";
        case AuthMethod::kSha1:
            return "sha1";
        case AuthMethod::kHmacSha256:
            return "hmac-sha256";
        case AuthMethod::kBlake2b:
            return "blake2b";
        case AuthMethod::kXchacha20Poly1305:
            return "xchacha20-poly1305";
    }
    return "?";
}

Result<KeyRing> KeyRing::make(config::AuthKeys& keys) {
    if (sodium_init() < 0) return failure("libsodium cannot be initialised");
    std::unique_ptr<Slots, Unmap> slots(static_cast<Slots*>(sodium_malloc(sizeof(Slots))));
    if (!slots) return failure("no locked memory for the keys");
    std::memset(static_cast<void*>(slots.get()), 0, sizeof(Slots));

    std::string fault;
    for (auto& [key_index, key] : keys.keys) {
        if (key_index >= limits::kAuthKeys) {
            fault = fmt::format("key {}: the index is not below {}", key_index, limits::kAuthKeys);
        } else if (key.key.empty() && key.method != AuthMethod::kCrc) {
            fault = fmt::format("key {}: {} needs a key", key_index, to_string(key.method));
        } else {
            Slots::Slot& slot = slots->slot[key_index];
            slot.used = true;
            slot.method = key.method;
            const auto* text = as_bytes(key.key.data());
            switch (key.method) {
                case AuthMethod::kCrc:
                    break;
                case AuthMethod::kMd5:
                    hmac_md5_set_key(&slot.md5, key.key.size(), text);
                    break;
                case AuthMethod::kSha1:
                    hmac_sha1_set_key(&slot.sha1, key.key.size(), text);
                    break;
                case AuthMethod::kHmacSha256:
                    crypto_auth_hmacsha256_init(&slot.sha256, text, key.key.size());
                    break;
                case AuthMethod::kBlake2b:
                    derive(key.key, kBlakePersonal, slot.derived);
                    break;
                case AuthMethod::kXchacha20Poly1305:
                    derive(key.key, kXchachaPersonal, slot.derived);
                    break;
            }
        }
        sodium_memzero(key.key.data(), key.key.size());
        key.key.clear();
    }
    if (!fault.empty()) return failure(std::move(fault));
    if (!keys.keys.contains(keys.sign_with))
        return failure(fmt::format("auth {}: there is no such key", keys.sign_with));
    if (sodium_mprotect_readonly(slots.get()) != 0) return failure("cannot protect the keys");
    return KeyRing(std::move(slots), keys.sign_with);
}

std::optional<AuthMethod> KeyRing::method(std::uint8_t key_index) const {
    if (key_index >= limits::kAuthKeys || !slots_->slot[key_index].used) return std::nullopt;
    return slots_->slot[key_index].method;
}

Tag KeyRing::tag(std::uint8_t key_index, ByteSpan covered) const {
    const Slots::Slot& slot = slots_->at(key_index);
    Tag tag;
    tag.size = tag_bytes(slot.method);
    switch (slot.method) {
        case AuthMethod::kCrc: {
            const auto sum = crc32_z(0, covered.data(), covered.size());
            store_be32(tag.bytes.data(), static_cast<std::uint32_t>(sum));
            break;
        }
        case AuthMethod::kMd5: {
            hmac_md5_ctx state = slot.md5;
            hmac_md5_update(&state, covered.size(), covered.data());
            hmac_md5_digest(&state, tag.size, tag.bytes.data());
            sodium_memzero(&state, sizeof state);
            break;
        }
        case AuthMethod::kSha1: {
            hmac_sha1_ctx state = slot.sha1;
            hmac_sha1_update(&state, covered.size(), covered.data());
            hmac_sha1_digest(&state, tag.size, tag.bytes.data());
            sodium_memzero(&state, sizeof state);
            break;
        }
        case AuthMethod::kHmacSha256: {
            crypto_auth_hmacsha256_state state = slot.sha256;
            crypto_auth_hmacsha256_update(&state, covered.data(), covered.size());
            crypto_auth_hmacsha256_final(&state, tag.bytes.data());
            sodium_memzero(&state, sizeof state);
            break;
        }
        case AuthMethod::kBlake2b: {
            const int rc =
                crypto_generichash_blake2b(tag.bytes.data(), tag.size, covered.data(),
                                           covered.size(), slot.derived.data(), kDerivedKeyBytes);
            HB_ASSERT(rc == 0);
            break;
        }
        case AuthMethod::kXchacha20Poly1305:
            HB_UNREACHABLE();
    }
    return tag;
}

bool KeyRing::verify(std::uint8_t key_index, ByteSpan covered, ByteSpan given) const {
    const Tag ours = tag(key_index, covered);
    return given.size() == ours.size &&
           sodium_memcmp(ours.bytes.data(), given.data(), ours.size) == 0;
}

void KeyRing::encrypt(std::uint8_t key_index, ByteSpan header, ByteSpan plain,
                      std::string& out) const {
    const Slots::Slot& slot = slots_->at(key_index);
    HB_ASSERT(slot.method == AuthMethod::kXchacha20Poly1305);
    const std::size_t begin = out.size();
    out.resize(begin + kNonceBytes + plain.size() + tag_bytes(slot.method));
    auto* nonce = reinterpret_cast<std::uint8_t*>(out.data()) + begin;
    randombytes_buf(nonce, kNonceBytes);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, &written, plain.data(),
                                               plain.size(), header.data(), header.size(), nullptr,
                                               nonce, slot.derived.data());
    HB_ASSERT(written == plain.size() + tag_bytes(slot.method));
}

std::optional<std::string> KeyRing::decrypt(std::uint8_t key_index, ByteSpan header,
                                            ByteSpan sealed) const {
    const Slots::Slot& slot = slots_->at(key_index);
    HB_ASSERT(slot.method == AuthMethod::kXchacha20Poly1305);
    if (sealed.size() < kNonceBytes + tag_bytes(slot.method)) return std::nullopt;
    const ByteSpan cipher = sealed.subspan(kNonceBytes);
    std::string plain(cipher.size() - tag_bytes(slot.method), '\0');
    unsigned long long written = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            reinterpret_cast<std::uint8_t*>(plain.data()), &written, nullptr, cipher.data(),
            cipher.size(), header.data(), header.size(), sealed.data(), slot.derived.data()) != 0)
        return std::nullopt;
    HB_ASSERT(written == plain.size());
    return plain;
}

}  // namespace hb::wire
