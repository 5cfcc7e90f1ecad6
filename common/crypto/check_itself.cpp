#include "common/crypto/check_itself.hpp"

#include <sodium.h>

#include <algorithm>
#include <string_view>

#include "common/base/parse.hpp"
#include "common/crypto/ed25519.hpp"
#include "common/crypto/sha256.hpp"
#include "common/crypto/sha512.hpp"

namespace bulkhead::crypto {

namespace {

using std::string_view;

constexpr string_view kMessage = "abc";
constexpr string_view kSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr string_view kSha512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
// RFC 8032, section 7.1, test 3.
constexpr string_view kKey = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
constexpr string_view kSigned = "af82";
constexpr string_view kSignature =
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

Result<> known(string_view what, bool right) {
    if (right) return {};
    return fail("libsodium: known answer of " + std::string(what) +
                " differs, so nothing can be decided here; install the package of libsodium again");
}

}  // namespace

Result<> check_itself() {
    if (::sodium_init() < 0) return fail("libsodium: sodium_init() failed; nothing can be decided");
    TRY(known("SHA-256", to_hex(sha256(as_bytes(kMessage))) == kSha256));
    TRY(known("SHA-512", to_hex(sha512(as_bytes(kMessage))) == kSha512));
    Ed25519Key key{};
    std::ranges::copy(TRY(parse_hex(kKey)), key.begin());
    auto message = TRY(parse_hex(kSigned));
    const auto signature = TRY(parse_hex(kSignature));
    TRY(known("Ed25519", verify_ed25519(key, message, signature)));
    message.front() ^= std::byte{1};
    return known("a wrong Ed25519 signature", !verify_ed25519(key, message, signature));
}

}  // namespace bulkhead::crypto
