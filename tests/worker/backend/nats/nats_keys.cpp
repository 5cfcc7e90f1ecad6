#include "tests/worker/backend/nats/nats_keys.hpp"

#include <sodium.h>

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::worker::test {

namespace {

std::string base32(const std::string& bytes) {
    static const std::string kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string bits;
    for (const char c : bytes) {
        for (int i = 7; i >= 0; --i) bits += ((static_cast<unsigned char>(c) >> i) & 1) ? '1' : '0';
    }
    while (bits.size() % 5 != 0) bits += '0';
    std::string out;
    for (std::size_t i = 0; i < bits.size(); i += 5) {
        out += kAlphabet[std::stoul(bits.substr(i, 5), nullptr, 2)];
    }
    return out;
}

std::string with_crc(const std::string& bytes) {
    unsigned crc = 0;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int i = 0; i < 8; ++i) crc = ((crc << 1) ^ ((crc & 0x8000) ? 0x1021 : 0)) & 0xffff;
    }
    return bytes + static_cast<char>(crc & 0xff) + static_cast<char>(crc >> 8);
}

std::string base64url(std::string_view bytes) {
    auto text = to_base64(as_bytes(bytes));
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    while (text.ends_with('=')) text.pop_back();
    return text;
}

unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

NatsKey::NatsKey(NatsRole role) {
    std::string seed(32, '\0');
    std::string point(32, '\0');
    secret_.resize(64);
    ::randombytes_buf(seed.data(), seed.size());
    ::crypto_sign_seed_keypair(raw(point), raw(secret_), raw(seed));
    const auto type = static_cast<unsigned char>(role);
    const char prefix[2] = {static_cast<char>((18 << 3) | (type >> 5)),
                            static_cast<char>((type & 31) << 3)};
    seed_ = base32(with_crc(std::string(prefix, 2) + seed));
    public_key_ = base32(with_crc(std::string(1, static_cast<char>(type)) + point));
}

std::string NatsKey::jwt(const std::string& subject, const std::string& nats) const {
    const auto text = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
                      base64url(R"({"jti":"T","iat":1700000000,"iss":")" + public_key_ +
                                R"(","name":"t","sub":")" + subject + R"(","nats":{)" + nats +
                                R"(,"version":2}})");
    std::string signature(64, '\0');
    ::crypto_sign_detached(raw(signature), nullptr,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                           reinterpret_cast<const unsigned char*>(secret_.data()));
    return text + "." + base64url(signature);
}

std::string credentials_of(const std::string& jwt, const std::string& seed) {
    return "-----BEGIN NATS USER JWT-----\n" + jwt +
           "\n------END NATS USER JWT------\n\n"
           "************************* IMPORTANT *************************\n"
           "NKEY Seed printed below can be used to sign and prove identity.\n\n"
           "-----BEGIN USER NKEY SEED-----\n" +
           seed + "\n------END USER NKEY SEED------\n";
}

}  // namespace bulkhead::worker::test
