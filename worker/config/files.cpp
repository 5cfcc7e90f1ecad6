#include "worker/config/files.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/http/pem.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/telemetry.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxPemBytes = 1_MiB;
constexpr std::size_t kMaxTokenBytes = 8_KiB;
constexpr std::string_view kOk = "ok";
constexpr std::string_view kAbsent = "read-absent";
constexpr std::string_view kNotInPolicy = "not-in-policy";
constexpr int kKeptByPolicy = EACCES;  // Error::code of what is kNotInPolicy
constexpr std::string_view kOptions = "options.";
constexpr std::string_view kOriginal = "original.";

enum class Kind { open, secret };

std::unexpected<Error> not_opened(const std::string& path, const OpenedFile& file) {
    if (file.reason == kAbsent) return fail(path + " does not exist", ENOENT);
    if (file.reason == kNotInPolicy) {
        return fail(path +
                        ": no row of policy/credentials.policy has it, so root does not open it; "
                        "move it to /etc/bulkhead/credentials/ and the backend's name, or add a "
                        "row by credentials.policy.d/NAME.lines",
                    kKeptByPolicy);
    }
    return fail(path + ": " + (file.detail.empty() ? file.reason : file.detail));
}

Result<std::string> read_opened(const std::string& path, const OpenedFile& file, std::size_t max,
                                Kind kind) {
    if (file.reason != kOk) return not_opened(path, file);
    struct stat info {};
    if (::fstat(file.fd.get(), &info) != 0) return sys::fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": not a regular file");
    if (kind == Kind::secret && (info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return fail(path + ": everybody can read this secret; chmod o= it");
    }
    return within(path, sys::read_from_start(file.fd, max));
}

Result<std::string> read_certificates(const std::string& path, const OpenedFile& file) {
    auto text = TRY(read_opened(path, file, kMaxPemBytes, Kind::open));
    TRY(within(path, check_certificates(text)));
    return text;
}

Result<Secret> read_key(const std::string& path, const OpenedFile& file) {
    Secret text(TRY(read_opened(path, file, kMaxPemBytes, Kind::secret)));
    if (text.reveal().find("-----BEGIN ") == std::string::npos ||
        text.reveal().find("PRIVATE KEY-----") == std::string::npos) {
        return fail(path + ": holds no PEM PRIVATE KEY");
    }
    return text;
}

// The file holds one line. Editors end it with a line break, which is not part of the secret.
Result<Secret> read_line(const std::string& path, const OpenedFile& file) {
    auto text = TRY(read_opened(path, file, kMaxTokenBytes, Kind::secret));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) return fail(path + ": is empty");
    return Secret(std::move(text));
}

// What an editor or a copy may have added, which check_credential() calls odd characters.
Result<> check_line(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
        return fail("begins with a byte order mark; save it without");
    }
    if (text.find('\n') != text.npos) return fail("holds more than one line");
    if (text.starts_with(' ') || text.ends_with(' ')) {
        return fail("holds a blank before or after the secret; remove it");
    }
    return {};
}

Result<Secret> read_secret(const std::string& path, const OpenedFile& file) {
    auto secret = TRY(read_line(path, file));
    TRY(within(path, check_line(secret.reveal())));
    TRY(within(path, check_credential(secret.reveal())));
    return secret;
}

// "why", with the reason of libcrypto's last error: it may be about the library, not the file.
std::unexpected<Error> refused(std::string why) {
    const auto* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return fail(why + (reason ? std::string(" (libcrypto: ") + reason + ")" : ""));
}

// A program that renews certificate and key writes one file after the other; between the two writes
// they do not belong together.
Result<> check_pair(const std::string& certificate_pem, const Secret& key_pem) {
    using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
    const auto open = [](const std::string& text) {
        return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    };
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(open(certificate_pem).get(), nullptr, nullptr, nullptr), &X509_free);
    // An empty passphrase: given none, PEM_read_bio_PrivateKey(3) asks for one on the terminal.
    char none[] = "";
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(open(key_pem.reveal()).get(), nullptr, nullptr, none),
        &EVP_PKEY_free);
    if (!certificate) return refused("client_certificate_file: not a certificate");
    if (!key) return refused("client_key_file: not a private key without passphrase");
    if (X509_check_private_key(certificate.get(), key.get()) == 1) return {};
    return refused("client_key_file: not the key of client_certificate_file");
}

std::vector<OriginalFile> original_files(const BackendConfig& backend) {
    const auto* const dialect = find_dialect(backend.dialect);
    if (dialect == nullptr || dialect->original_files == nullptr) return {};
    return dialect->original_files(backend.options);
}

class Loader {
  public:
    Loader(BackendConfig& backend, const OpenedFiles& files) : backend_(backend), files_(files) {}

    Result<> load() {
        if (!backend_.ca_file.empty()) {
            backend_.ca_pem =
                TRY(within("ca_file", read_certificates(backend_.ca_file, opened("ca_file"))));
        }
        if (!backend_.client_certificate_file.empty()) {
            auto shown = TRY(read_client_certificate(backend_, opened("client_certificate_file"),
                                                     opened("client_key_file")));
            backend_.client_certificate_pem = std::move(shown.certificate_pem);
            backend_.client_key_pem = std::move(shown.key_pem);
        }
        if (const auto* dialect = find_dialect(backend_.dialect); dialect && dialect->load) {
            const auto origin =
                TRY(dialect->load(backend_.options, reader_of_options(), backend_.credential));
            if (!origin.empty()) backend_.credential_origin = origin;
        }
        TRY(load_credential());
        load_original();
        load_telemetry();
        if (!backend_.proxy_credential_file.empty()) {
            backend_.proxy.login = TRY(read_proxy_login(backend_, opened("proxy_credential_file")));
        }
        if (!backend_.install_token_file.empty()) {
            // Its absence is no error here: operators delete the token once the host is enrolled.
            auto token = read_secret(backend_.install_token_file, opened("install_token_file"));
            if (token) {
                backend_.install_token = std::move(*token);
            } else {
                backend_.install_token_missing = "install_token_file: " + token.error().what;
                const int code = token.error().code;
                backend_.install_token_unusable = code != ENOENT;
            }
        }
        return {};
    }

  private:
    const OpenedFile& opened(const std::string& key) const {
        static const OpenedFile kNone{.reason = std::string(kAbsent), .fd = {}};
        const auto found = files_.find(key);
        return found == files_.end() ? kNone : found->second;
    }

    void load_original() {
        for (const auto& [name, path, secret] : original_files(backend_)) {
            const auto& file = opened(std::string(kOriginal) + std::string(name));
            if (file.reason == kAbsent) continue;
            auto content =
                read_opened(path, file, kMaxTokenBytes, secret ? Kind::secret : Kind::open);
            if (content) backend_.original[std::string(name)] = Secret(*std::move(content));
            if (!content) backend_.original_trouble = content.error().what;
        }
    }

    void load_telemetry() {
        auto& telemetry = backend_.telemetry;
        auto files = read_telemetry_files(telemetry, [this](const std::string& key) {
            const auto& file = opened(key);
            auto copy = file.fd ? file.fd.duplicate() : Result<sys::Fd>(sys::Fd());
            return OpenedFile{.reason = file.reason,
                              .fd = copy ? *std::move(copy) : sys::Fd(),
                              .detail = file.detail};
        });
        if (files) telemetry.files = *std::move(files);
        if (!files) telemetry.trouble = files.error().what;
    }

    Result<> load_credential() {
        if (backend_.credential_file.empty()) return {};
        auto credential = read_credential(backend_, opened("credential_file"));
        if (credential) {
            backend_.credential = *std::move(credential);
            return {};
        }
        const int code = credential.error().code;
        if (!backend_.credential_file_optional || (code != ENOENT && code != kKeptByPolicy)) {
            return std::unexpected(credential.error());
        }
        return {};
    }

    ReadOptionFile reader_of_options() {
        return [this](std::string_view option, bool secret) -> Result<std::string> {
            const auto& path = backend_.options.find(option)->second;
            if (path.empty()) return "";
            auto text = read_opened(path, opened(std::string(kOptions) + std::string(option)),
                                    64_KiB, secret ? Kind::secret : Kind::open);
            const int code = text ? 0 : text.error().code;
            return code == ENOENT || code == kKeptByPolicy ? "" : text;
        };
    }

    BackendConfig& backend_;
    const OpenedFiles& files_;
};

}  // namespace

std::vector<NamedFile> named_files(const BackendConfig& backend) {
    std::vector<NamedFile> all{
        {"ca_file", backend.ca_file, false},
        {"client_certificate_file", backend.client_certificate_file, false},
        {"client_key_file", backend.client_key_file, false},
        {"credential_file", backend.credential_file, backend.credential_file_optional},
        {"install_token_file", backend.install_token_file, true},
        {"proxy_credential_file", backend.proxy_credential_file, false},
    };
    if (const auto* dialect = find_dialect(backend.dialect)) {
        for (const auto& option : dialect->options) {
            if (option.type.kind != ValueType::Kind::path) continue;
            const auto given = backend.options.find(option.name);
            if (given == backend.options.end()) continue;
            all.push_back({std::string(kOptions) + std::string(option.name), given->second, true});
        }
    }
    for (const auto& file : original_files(backend)) {
        all.push_back({std::string(kOriginal) + std::string(file.name), file.path, true});
    }
    std::ranges::move(telemetry_files(backend.telemetry), std::back_inserter(all));
    std::erase_if(all, [](const NamedFile& file) { return file.path.empty(); });
    return all;
}

Result<Secret> read_secret_line(const std::string& path, const OpenedFile& file) {
    return read_secret(path, file);
}

Result<Secret> read_secret_text(const std::string& path, const OpenedFile& file) {
    return Secret(TRY(read_opened(path, file, 64_KiB, Kind::secret)));
}

Result<std::string> read_authorities(const std::string& path, const OpenedFile& file) {
    return read_certificates(path, file);
}

Result<Secret> read_credential(const BackendConfig& backend, const OpenedFile& file) {
    return within("credential_file", read_secret(backend.credential_file, file));
}

Result<Secret> read_proxy_login(const BackendConfig& backend, const OpenedFile& file) {
    const auto& path = backend.proxy_credential_file;
    const auto line = TRY(within("proxy_credential_file", read_line(path, file)));
    TRY(within("proxy_credential_file: " + path, check_line(line.reveal())));
    return within("proxy_credential_file: " + path, proxy_login_of_line(line.reveal()));
}

Result<ClientCertificate> read_client_certificate(const BackendConfig& backend,
                                                  const OpenedFile& certificate,
                                                  const OpenedFile& key) {
    auto pem = TRY(within("client_certificate_file",
                          read_certificates(backend.client_certificate_file, certificate)));
    auto key_pem = TRY(within("client_key_file", read_key(backend.client_key_file, key)));
    TRY(check_pair(pem, key_pem));
    return ClientCertificate{std::move(pem), std::move(key_pem)};
}

Result<> load_files(BackendConfig& backend, const OpenedFiles& files) {
    auto done = within("backend " + backend.name, Loader(backend, files).load());
    if (done || done.error().code != kKeptByPolicy) return done;
    backend.shut = std::move(done).error().what;
    return {};
}

}  // namespace bulkhead::worker
