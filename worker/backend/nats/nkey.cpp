#include "worker/backend/nats/nkey.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kSeedText = 58;           // characters of 36 bytes
constexpr std::size_t kSeedBytes = 36;          // two of prefix, 32, two of CRC
constexpr unsigned char kSeedPrefix = 18 << 3;  // 'S'
constexpr unsigned char kUserPrefix = 20 << 3;  // 'U'

unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// CRC-16/XMODEM.
unsigned crc16(std::string_view bytes) {
    unsigned crc = 0;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
        }
        crc &= 0xffff;
    }
    return crc;
}

std::string to_base32(std::string_view bytes) {
    std::string out;
    unsigned held = 0;
    unsigned bits = 0;
    for (const char c : bytes) {
        held = (held << 8) | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[(held >> (bits - 5)) & 31];
        held &= (1U << bits) - 1;
    }
    if (bits > 0) out += kAlphabet[(held << (5 - bits)) & 31];
    return out;
}

// Empty if a character is none of base32, or bits are set behind the last whole byte.
Secret from_base32(std::string_view text) {
    std::string out;
    out.reserve(kSeedBytes);
    unsigned held = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto digit = kAlphabet.find(c);
        if (digit == kAlphabet.npos) return {};
        held = ((held << 5) | static_cast<unsigned>(digit)) & 0xfff;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>((held >> bits) & 0xff);
    }
    Secret bytes(std::move(out));
    return (held & ((1U << bits) - 1)) == 0 ? bytes : Secret();
}

std::string with_crc(std::string bytes) {
    const auto crc = crc16(bytes);
    bytes += static_cast<char>(crc & 0xff);
    bytes += static_cast<char>(crc >> 8);
    return bytes;
}

std::unexpected<Error> not_a_seed(std::string_view text) {
    if (text.size() == 56 && text.starts_with('U')) {
        return fail("holds a public key; a seed begins with SU");
    }
    if (text.starts_with("SA") || text.starts_with("SO")) {
        return fail(
            "holds the seed of an account or an operator, which no host needs; a user's "
            "begins with SU. Take it off this host");
    }
    return fail("holds no seed of a user, which is SU and 56 more characters of A-Z and 2-7");
}

}  // namespace

Result<NatsUserKey> NatsUserKey::of_seed(std::string_view seed) {
    if (seed.size() != kSeedText || !seed.starts_with("SU")) return not_a_seed(seed);
    const auto decoded = from_base32(seed);
    const std::string_view bytes = decoded.reveal();
    if (bytes.size() != kSeedBytes) return not_a_seed(seed);
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    const unsigned type = ((first & 7U) << 5) | (second >> 3);
    if ((first & 0xf8U) != kSeedPrefix || type != kUserPrefix) return not_a_seed(seed);
    const auto crc = crc16(bytes.substr(0, kSeedBytes - 2));
    if (static_cast<unsigned char>(bytes[34]) != (crc & 0xff) ||
        static_cast<unsigned char>(bytes[35]) != crc >> 8) {
        return fail("holds a seed with a character that is wrong: its checksum differs");
    }
    NatsUserKey key;
    std::string point(crypto_sign_PUBLICKEYBYTES, '\0');
    std::string both(crypto_sign_SECRETKEYBYTES, '\0');
    ::crypto_sign_seed_keypair(raw(point), raw(both), raw(bytes.substr(2)));  // always returns 0
    key.secret_ = Secret(std::move(both));
    key.public_key_ = to_base32(with_crc(static_cast<char>(kUserPrefix) + point));
    return key;
}

std::string NatsUserKey::sign(std::string_view bytes) const {
    std::array<std::byte, crypto_sign_BYTES> signature{};
    // Always returns 0; the length is crypto_sign_BYTES.
    ::crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, raw(bytes),
                           bytes.size(), raw(secret_.reveal()));
    auto text = to_base64(signature);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    while (text.ends_with('=')) text.pop_back();
    return text;
}

}  // namespace bulkhead::worker
