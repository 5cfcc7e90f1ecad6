#include "worker/backend/http/check_libcrypto.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <span>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::worker {

Result<> check_libcrypto() {
    // Its own result says little: a file that cannot be parsed is ignored (OPENSSL_config(3)).
    ::OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = 0;
    const bool done = ::EVP_Q_digest(nullptr, "SHA256", nullptr, "abc", 3, digest.data(), &size);
    const bool right =
        done && to_hex(std::as_bytes(std::span(digest)).first(size)) ==
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const auto* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    ::ERR_clear_error();
    if (right && ::RAND_status() == 1) return {};
    return fail(std::string("libcrypto cannot be used for TLS (") +
                (reason != nullptr ? reason : "a known answer differs") +
                "); see that /etc/ssl/openssl.cnf activates its default provider, openssl.cnf(5)");
}

}  // namespace bulkhead::worker
