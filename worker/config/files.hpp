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
// In the order of their keys here; none without a path.
std::vector<NamedFile> named_files(const BackendConfig& backend);

// As the broker found it.
struct OpenedFile {
    std::string reason;  // "ok", or why not
    sys::Fd fd;
    std::string detail = {};  // for people
};
using OpenedFiles = std::map<std::string, OpenedFile, std::less<>>;

// Takes over what they hold. A file that may be absent may also be kept from us by policy: the
// broker has said so, and it may be named by a default alone.
Result<> load_files(BackendConfig& backend, const OpenedFiles& files);

// One of them, opened again. An error with code ENOENT: it is not there.
Result<Secret> read_credential(const BackendConfig& backend, const OpenedFile& file);
struct ClientCertificate {
    std::string certificate_pem;
    Secret key_pem;
};
// The certificate and its key must belong together.
Result<ClientCertificate> read_client_certificate(const BackendConfig& backend,
                                                  const OpenedFile& certificate,
                                                  const OpenedFile& key);

}  // namespace bulkhead::worker
