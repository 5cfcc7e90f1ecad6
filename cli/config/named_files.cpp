#include "cli/config/named_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/strong.hpp"
#include "common/policy/credentials.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/walk.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/files.hpp"
#include "worker/host/scanners/certificate.hpp"

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

// Whether certificates that are relied on are valid now. Of a file of authorities one is enough.
void check_certificates(const std::string& where, std::string_view pem, bool authorities,
                        std::vector<ConfigFinding>& findings) {
    if (pem.empty()) return;
    const auto file = worker::parse_certificates(pem);
    const auto now = sys::now();
    std::string wrong;
    std::size_t valid = 0;
    for (const auto which : worker::relied_on(file.certificates)) {
        const auto& one = file.certificates.at(which);
        const bool over = one.not_after <= now;
        if (!over && one.not_before <= now) {
            ++valid;
            continue;
        }
        wrong += (wrong.empty() ? "" : "; ") + std::string("the certificate of \"") + one.subject +
                 "\" " +
                 (over ? "ended at " + format_utc(one.not_after)
                       : "begins at " + format_utc(one.not_before));
    }
    if (wrong.empty()) return;
    const bool useless = !authorities || valid == 0;
    findings.push_back(
        {useless ? Severity::error : Severity::warning,
         where + wrong + "; put " + (authorities ? "valid ones" : "a new one") + " there"});
}

// A host that is enrolled needs no token any more, and whether it is only the agent knows.
void check_enrolment(const worker::BackendConfig& backend, std::vector<ConfigFinding>& findings) {
    const auto* const dialect = worker::find_dialect(backend.dialect);
    const bool has_means = !backend.install_token.empty() || !backend.credential.empty() ||
                           !backend.install_token_missing.empty();
    if (dialect == nullptr || !dialect->enrolls || has_means) return;
    const auto made = dialect->make(backend.options);
    const auto* const enrollment = made->enrollment();
    if (enrollment == nullptr || !enrollment->needs_token()) return;
    findings.push_back(
        {Severity::note, "backend " + backend.name +
                             ": there is no install token, which only a host that is enrolled can "
                             "do without: write one into a file, and name it by "
                             "install_token_file"});
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
                       const std::string& directory, std::vector<ConfigFinding>& findings) {
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
    const auto place = "backend " + backend.name + ": ";
    check_certificates(place + "ca_file: ", backend.ca_pem, true, findings);
    check_certificates(place + "client_certificate_file: ", backend.client_certificate_pem, false,
                       findings);
    check_enrolment(backend, findings);
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
