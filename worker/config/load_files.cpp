#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/judge.hpp"
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

Result<> load(BackendConfig& backend) {
    if (!backend.ca_file.empty()) {
        backend.ca_pem =
            TRY(within("ca_file", read_pem(backend.ca_file, Kind::open, "CERTIFICATE")));
    }
    if (!backend.client_certificate_file.empty()) {
        backend.client_certificate_pem =
            TRY(within("client_certificate_file",
                       read_pem(backend.client_certificate_file, Kind::open, "CERTIFICATE")));
        backend.client_key_pem = Secret(TRY(within(
            "client_key_file", read_pem(backend.client_key_file, Kind::secret, "PRIVATE KEY"))));
    }
    if (!backend.credential_file.empty()) {
        backend.credential = TRY(within("credential_file", read_secret(backend.credential_file)));
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
