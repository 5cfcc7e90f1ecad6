// The files that a backend's settings name: certificates and secrets. The broker opens them, by the
// setting's key; what they hold is read and judged here.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.hpp"
#include "common/sys/fd.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

struct NamedFile {
    std::string key;  // "ca_file", "options.config_file"
    std::string path;
    bool may_be_absent = false;
};
// The files that are named, in a fixed order.
std::vector<NamedFile> named_files(const BackendConfig& backend);

// A file as the broker opened it, or why it did not.
struct OpenedFile {
    std::string reason;  // "ok", or a reason code
    sys::Fd fd;
    std::string detail = {};  // for people
};
using OpenedFiles = std::map<std::string, OpenedFile, std::less<>>;

// Reads the files into `backend`. A file that may be absent may also be one that policy does not
// let root open: then only a default may have named it, and the broker has logged it. Another that
// policy does not let root open, as after its row was withdrawn, is no error either: it is
// BackendConfig::shut. A policy that has it again is in force after a reload.
Result<> load_files(BackendConfig& backend, const OpenedFiles& files);

// The file's one line, as a credential is checked; its whole text; its certificates (PEM). Errors
// begin with the path.
Result<Secret> read_secret_line(const std::string& path, const OpenedFile& file);
Result<Secret> read_secret_text(const std::string& path, const OpenedFile& file);
Result<std::string> read_authorities(const std::string& path, const OpenedFile& file);

// Reads a credential file that was opened again. An error of code ENOENT: there is none.
Result<Secret> read_credential(const BackendConfig& backend, const OpenedFile& file);
// As Proxy::login; the file holds user:password.
Result<Secret> read_proxy_login(const BackendConfig& backend, const OpenedFile& file);
struct ClientCertificate {
    std::string certificate_pem;
    Secret key_pem;
};
// The certificate and its key must belong together.
Result<ClientCertificate> read_client_certificate(const BackendConfig& backend,
                                                  const OpenedFile& certificate,
                                                  const OpenedFile& key);

}  // namespace bulkhead::worker
