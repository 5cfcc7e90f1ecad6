#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/judge.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxPemBytes = 1_MiB;
constexpr std::size_t kMaxTokenBytes = 8_KiB;

enum class Kind { open, secret };

Result<std::string> read_named(const std::string& path, std::size_t max, Kind kind) {
    // Not to be blocked by a FIFO that was put in its place.
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return sys::fail_errno(path);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return sys::fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": not a regular file");
    if (kind == Kind::secret && (info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return fail(path + ": everybody can read this secret; chmod o= it");
    }
    return within(path, sys::read_to_end(fd, max));
}

Result<std::string> read_pem(const std::string& path, Kind kind, std::string_view label) {
    auto text = TRY(read_named(path, kMaxPemBytes, kind));
    if (text.find("-----BEGIN ") == text.npos || text.find(label) == text.npos) {
        return fail(path + ": holds no PEM " + std::string(label));
    }
    return text;
}

// One line; a trailing line break is an editor's, not the secret's.
Result<Secret> read_secret(const std::string& path) {
    auto text = TRY(read_named(path, kMaxTokenBytes, Kind::secret));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) return fail(path + ": is empty");
    Secret secret(std::move(text));
    TRY(within(path, check_credential(secret.reveal())));
    return secret;
}

// A program that renews them writes one file after the other.
Result<> check_pair(const std::string& certificate_pem, const Secret& key_pem) {
    using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
    const auto open = [](const std::string& text) {
        return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    };
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(open(certificate_pem).get(), nullptr, nullptr, nullptr), &X509_free);
    // An empty passphrase, for else OpenSSL would ask for one on the terminal.
    char none[] = "";
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(open(key_pem.reveal()).get(), nullptr, nullptr, none),
        &EVP_PKEY_free);
    const bool match =
        certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!certificate) return fail("client_certificate_file: not a certificate");
    if (!key) return fail("client_key_file: not a private key without passphrase");
    if (!match) return fail("client_key_file: not the key of client_certificate_file");
    return {};
}

Result<> load(BackendConfig& backend) {
    if (!backend.ca_file.empty()) {
        backend.ca_pem =
            TRY(within("ca_file", read_pem(backend.ca_file, Kind::open, "CERTIFICATE")));
    }
    if (!backend.client_certificate_file.empty()) {
        auto shown = TRY(read_client_certificate(backend));
        backend.client_certificate_pem = std::move(shown.certificate_pem);
        backend.client_key_pem = std::move(shown.key_pem);
    }
    if (const auto* dialect = find_dialect(backend.dialect); dialect && dialect->load) {
        const auto origin = TRY(dialect->load(backend.options, backend.credential));
        if (!origin.empty()) backend.credential_origin = origin;
    }
    if (!backend.credential_file.empty()) {
        auto credential = read_credential_file(backend);
        const bool absent = !credential && credential.error().code == ENOENT;
        if (!credential && !(absent && backend.credential_file_optional)) {
            return std::unexpected(credential.error());
        }
        if (credential) backend.credential = *std::move(credential);
    }
    if (!backend.install_token_file.empty()) {
        // Operators delete it once the host is enrolled, and we empty it.
        auto token = read_secret(backend.install_token_file);
        if (token) backend.install_token = std::move(*token);
        if (!token) backend.install_token_missing = "install_token_file: " + token.error().what;
    }
    return {};
}

}  // namespace

Result<Secret> read_credential_file(const BackendConfig& backend) {
    return within("credential_file", read_secret(backend.credential_file));
}

Result<ClientCertificate> read_client_certificate(const BackendConfig& backend) {
    auto certificate =
        TRY(within("client_certificate_file",
                   read_pem(backend.client_certificate_file, Kind::open, "CERTIFICATE")));
    Secret key(TRY(
        within("client_key_file", read_pem(backend.client_key_file, Kind::secret, "PRIVATE KEY"))));
    TRY(check_pair(certificate, key));
    return ClientCertificate{std::move(certificate), std::move(key)};
}

Result<> load_files(Config& config) {
    std::string all;
    for (auto& backend : config.backends) {
        const auto loaded = within("backend " + backend.name, load(backend));
        if (!loaded) all += (all.empty() ? "" : "\n") + loaded.error().what;
    }
    if (!all.empty()) return fail(all);
    return {};
}

}  // namespace bulkhead::worker
