// What backends say of artifacts, and their own signatures.
#include "worker/backend/dialect/artifacts.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "common/crypto/sha256.hpp"
#include "tests/support/ok.hpp"
#include "worker/backend/aegisflux/backend_signature.hpp"
#include "worker/backend/bulkhead/bulkhead_dialect.hpp"

namespace bulkhead::worker {
namespace {

TEST(ArtifactUrl, LeadsToTheServersThatTheOperatorNamed) {
    const std::string base = "https://registry.example:8090";
    const std::string other = "https://cdn.example";
    const std::pair<const char*, const char*> good[] = {
        {"https://registry.example:8090/bundles/a", "/bundles/a"},
        {"https://REGISTRY.example:8090/a?token=x%20y", "/a?token=x%20y"},
        {"/bundles/a", "/bundles/a"},
        {"https://cdn.example/a", "https://cdn.example/a"},
        {"https://cdn.example:443/a", "https://cdn.example/a"}};
    for (const auto& [url, path] : good) {
        const auto found = path_at(url, base, other);
        ASSERT_OK(found) << url;
        EXPECT_EQ(*found, path) << url;
    }
    for (const auto* url :
         {"", "a", "//registry.example:8090/a", "http://registry.example:8090/a",
          "https://registry.example/a", "https://registry.example:8091/a", "https://evil.example/a",
          "https://registry.example:8090@evil.example/a", "https://u:p@registry.example:8090/a",
          "https://registry.example.evil.example:8090/a", "file:///etc/passwd",
          "ftp://cdn.example/a", "https://registry.example:8090/a#b",
          "https://registry.example:8090/a b", "https://registry.example:8090\\@evil.example/",
          "https://cdn.example:444/a"}) {
        EXPECT_FALSE(path_at(url, base, other)) << url;
    }
    EXPECT_FALSE(path_at(other + "/a", base, ""));
    EXPECT_FALSE(path_at(other + "/a?b", base, other));
    EXPECT_FALSE(path_at("https://h/x/a?b", "https://h/r", ""));
    // Where the backend is at a path of its server.
    EXPECT_EQ(path_at("https://h/r/a?b", "https://h/r", "").value_or(""), "/a?b");
    EXPECT_EQ(path_at("https://h/x/a", "https://h/r", "").value_or(""), "https://h/x/a");
    EXPECT_EQ(path_at("/rx/a", "https://h/r", "").value_or(""), "https://h/rx/a");
}

TEST(ArtifactChecksum, IsASha256) {
    const std::string digits(64, 'a');
    EXPECT_EQ(read_checksum(digits).value_or(""), digits);
    EXPECT_EQ(read_checksum("sha256:" + digits).value_or(""), digits);
    for (const auto& text : {std::string(), digits + "a", digits.substr(1), "md5:" + digits,
                             std::string(64, 'g'), " " + digits.substr(1)}) {
        EXPECT_FALSE(read_checksum(text)) << text;
    }
}

// --- the backend's own signature ---

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string pem_of(const Key& key) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(::BIO_new(BIO_s_mem()), &BIO_free);
    ::PEM_write_bio_PUBKEY(text.get(), key.get());
    char* bytes = nullptr;
    const auto length = ::BIO_get_mem_data(text.get(), &bytes);
    return {bytes, static_cast<std::size_t>(length)};
}

std::string signature_by(const Key& key, std::string_view bytes, bool pss = false) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const bool rsa = ::EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
    EVP_PKEY_CTX* settings = nullptr;
    ::EVP_DigestSignInit(context.get(), &settings, rsa ? ::EVP_sha256() : nullptr, nullptr,
                         key.get());
    if (pss) ::EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t length = 0;
    ::EVP_DigestSign(context.get(), nullptr, &length, data, bytes.size());
    std::vector<unsigned char> raw(length);
    ::EVP_DigestSign(context.get(), raw.data(), &length, data, bytes.size());
    std::vector<unsigned char> text(length * 2 + 4);
    const auto size = ::EVP_EncodeBlock(text.data(), raw.data(), static_cast<int>(length));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

TEST(BackendSignature, IsToldAsWhatItIs) {
    const Key rsa(::EVP_RSA_gen(2'048), &EVP_PKEY_free);
    const Key edwards(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
    const std::string bytes = "a bundle";
    const auto digest = crypto::sha256(as_bytes(bytes));
    const std::string_view hash(reinterpret_cast<const char*>(digest.data()), digest.size());
    const auto keys = pem_of(rsa) + pem_of(edwards);
    EXPECT_OK(check_public_keys(keys));
    const auto word = [&](const std::string& algorithm, const std::string& value,
                          const std::string& pem) {
        return std::string(check_backend_signature({algorithm, "", value}, pem, bytes).word);
    };
    for (const auto& pem : {keys, pem_of(edwards) + pem_of(rsa)}) {
        EXPECT_EQ(word("RSA-SHA256", signature_by(rsa, bytes), pem), "valid");
        EXPECT_EQ(word("rsa-pss", signature_by(rsa, bytes, true), pem), "valid");
        EXPECT_EQ(word("Ed25519", signature_by(edwards, hash), pem), "valid");
    }
    EXPECT_EQ(word("rsa-sha256", signature_by(rsa, bytes, true), keys), "invalid");
    EXPECT_EQ(word("rsa-pss", signature_by(rsa, bytes), keys), "invalid");
    EXPECT_EQ(word("ed25519", signature_by(edwards, bytes), keys), "invalid") << "of the bytes";
    EXPECT_EQ(word("rsa-sha256", signature_by(rsa, "another"), keys), "invalid");
    EXPECT_EQ(word("rsa-sha256", signature_by(rsa, bytes), pem_of(edwards)), "invalid");
    EXPECT_EQ(word("rsa-sha256", "no base64!", keys), "invalid");
    EXPECT_EQ(word("rsa-sha256", signature_by(rsa, bytes), ""), "not-checked");
    EXPECT_EQ(word("rsa-sha256", "", keys), "not-checked");
    EXPECT_EQ(word("", signature_by(rsa, bytes), keys), "not-checked");
    EXPECT_EQ(word("md5", signature_by(rsa, bytes), keys), "not-checked");
}

// The transit engine's own form: of the bundle, and mostly without an algorithm.
TEST(BackendSignature, OfVaultIsToldAsWhatItIs) {
    const Key rsa(::EVP_RSA_gen(2'048), &EVP_PKEY_free);
    const Key edwards(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
    const std::string bytes = "a bundle";
    const auto digest = crypto::sha256(as_bytes(bytes));
    const std::string_view hash(reinterpret_cast<const char*>(digest.data()), digest.size());
    const auto keys = pem_of(rsa) + pem_of(edwards);
    const auto word = [&](const std::string& algorithm, const std::string& value) {
        return std::string(check_backend_signature({algorithm, "", value}, keys, bytes).word);
    };
    for (const auto* algorithm : {"", "RSA-PSS"}) {
        EXPECT_EQ(word(algorithm, "vault:v1:" + signature_by(rsa, bytes, true)), "valid");
    }
    for (const auto* algorithm : {"", "rsa-sha256"}) {
        EXPECT_EQ(word(algorithm, "vault:v12:" + signature_by(rsa, bytes)), "valid");
    }
    for (const auto* algorithm : {"", "ed25519"}) {
        EXPECT_EQ(word(algorithm, "vault:v1:" + signature_by(edwards, bytes)), "valid");
        EXPECT_EQ(word(algorithm, "vault:v1:" + signature_by(edwards, hash)), "invalid");
    }
    EXPECT_EQ(word("rsa-sha256", "vault:v1:" + signature_by(rsa, bytes, true)), "invalid");
    EXPECT_EQ(word("", "vault:v1:" + signature_by(rsa, "another", true)), "invalid");
    EXPECT_EQ(word("ecdsa-p256", "vault:v1:" + signature_by(rsa, bytes)), "not-checked");
    for (const auto* value : {"vault:v", "vault:v1", "vault:v:AAAA", "vault:vx:AAAA",
                              "vault:v1:", "vault:v1:AAAA:AAAA", "vault:v1:no base64!"}) {
        EXPECT_EQ(word("", value), "invalid") << value;
    }
    EXPECT_EQ(word("", "vaults:v1:" + signature_by(rsa, bytes)), "not-checked");
}

TEST(BackendSignature, KeysAreRsaOrEdwards) {
    EXPECT_FALSE(check_public_keys(""));
    EXPECT_FALSE(check_public_keys("hello"));
    EXPECT_FALSE(check_public_keys("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
    const Key other(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    EXPECT_FALSE(check_public_keys(pem_of(other)));
}

// --- the list of the bulkhead dialect ---

TEST(BulkheadArtifacts, ComeWithTheAnswerToAHeartbeat) {
    const BulkheadDialect dialect;
    const auto judge = dialect.heartbeat({}, {}).judge;
    const auto receipt = [&](std::string body) {
        HttpAnswer answer;
        answer.status = 200;
        answer.body = std::move(body);
        return judge(answer);
    };
    EXPECT_FALSE(receipt("{}")->artifacts) << "nothing is said of them";
    EXPECT_TRUE(receipt(R"({"artifacts":[]})")->artifacts->empty());
    const std::string digest(64, 'a');
    const auto some = receipt(R"({"artifacts":[{"id":"a","sha256":")" + digest +
                              R"(","size":7},{"id":"../b","sha256":")" + digest +
                              R"("},{"id":"c"},{"id":"a","sha256":")" + digest + R"("},7]})");
    ASSERT_TRUE(some);
    ASSERT_EQ(some->artifacts->size(), 1U);
    EXPECT_EQ(some->artifacts->front(),
              (AssignedArtifact{.id = "a", .checksum = digest, .size = 7}));
    EXPECT_EQ(some->declined.size(), 4U);
    EXPECT_FALSE(receipt(R"({"artifacts":{}})"));
    const auto places = dialect.artifacts()->bundle({}, {.id = "a b"}, "https://x");
    EXPECT_EQ(places->front().request.path, "/v1/artifacts/a%20b/bundle");
}

}  // namespace
}  // namespace bulkhead::worker
