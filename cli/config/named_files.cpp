#include "cli/config/named_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/strong.hpp"
#include "common/policy/credentials.hpp"
#include "common/sys/walk.hpp"
#include "worker/config/files.hpp"

namespace bulkhead::cli {

namespace {

using worker::NamedFile;
using worker::OpenedFile;

// As broker/reads opens it. A reason of "" means that this user may not see what the broker would.
OpenedFile open_as_broker(const NamedFile& file, const std::string& backend,
                          std::span<const policy::CredentialRow> rows,
                          const std::string& directory) {
    const auto refused = [&](std::string_view reason, const std::string& more = "") {
        auto detail = policy::credential_refusal(backend, file.path, reason);
        if (!more.empty()) detail += ": " + more;
        return OpenedFile{.reason = std::string(reason), .fd = {}, .detail = std::move(detail)};
    };
    if (!policy::is_plain_path(file.path)) return refused("path-not-plain");
    const auto grant = policy::credential_grant(rows, backend, file.path, directory);
    if (grant == policy::CredentialGrant::none) return refused("not-in-policy");
    const auto found = sys::walk(file.path, "");
    const int code = found ? 0 : found.error().code;
    if (code == ENOENT || code == ENOTDIR) return refused("read-absent");
    if (code == EPERM)
        return refused("read-not-roots", policy::who_could_change(found.error().what));
    if (code == ELOOP) return refused("read-link");
    struct stat info {};
    if (!found || ::fstat(found->get(), &info) != 0) return {.reason = "", .fd = {}};
    if (!S_ISREG(info.st_mode) || (info.st_mode & 06000) != 0) return refused("read-not-regular");
    const bool everybodys = grant == policy::CredentialGrant::everybodys;
    if (everybodys && (info.st_mode & 004) == 0) return refused("read-not-public");
    const auto most = policy::most_bytes_of_credential(file.key);
    if (static_cast<std::uint64_t>(info.st_size) > most) return refused("read-too-large");
    auto fd = sys::reopen(*found, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return {.reason = "", .fd = {}};
    return {.reason = "ok", .fd = *std::move(fd)};
}

}  // namespace

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::note:
            return "note";
    }
    return "error";
}

void check_named_files(worker::BackendConfig& backend, std::span<const policy::CredentialRow> rows,
                       const std::string& directory, std::vector<Finding>& findings) {
    worker::OpenedFiles opened;
    const auto before = findings.size();
    for (const auto& file : worker::named_files(backend)) {
        auto found = open_as_broker(file, backend.name, rows, directory);
        const auto where = "backend " + backend.name + ": " + file.key + ": ";
        if (found.reason.empty()) {
            findings.push_back({Severity::note, where + file.path +
                                                    ": not checked, because this user may not "
                                                    "read it; run the command as root"});
        } else if (found.reason == "read-absent" && !directory.empty() &&
                   file.path.starts_with(directory + "/")) {
            findings.push_back({Severity::note, where + file.path +
                                                    ": not checked, because the service manager "
                                                    "makes it when it starts the agent"});
            found.reason.clear();
        } else if (found.reason != "ok" && !(file.may_be_absent && found.reason == "read-absent")) {
            findings.push_back({Severity::error, where + found.detail});
        }
        opened.emplace(file.key, std::move(found));
    }
    // What could not be opened has been told above.
    if (findings.size() > before) return;
    const auto loaded = worker::load_files(backend, opened);
    if (!loaded) findings.push_back({Severity::error, loaded.error().what});
    if (!backend.original_trouble.empty()) {
        findings.push_back(
            {Severity::warning, "backend " + backend.name + ": " + backend.original_trouble});
    }
    if (!backend.install_token_missing.empty()) {
        const bool unusable = backend.install_token_unusable;
        findings.push_back({unusable ? Severity::error : Severity::note,
                            "backend " + backend.name + ": " + backend.install_token_missing +
                                (unusable ? ""
                                          : ", which only a host that is enrolled can do "
                                            "without")});
    }
}

}  // namespace bulkhead::cli
