// eBPF artifacts that a backend assigns to this host: what it says of them, where it has them, and
// what is told about them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/dialect/answer.hpp"

namespace bulkhead::worker {

struct Identity;

// By the backend itself, of its own key. It admits nothing: only approvals of operators do.
struct BackendSignature {
    std::string algorithm;
    std::string key_id;
    std::string value;  // base64
    bool given() const { return !value.empty(); }
    bool operator==(const BackendSignature&) const = default;
};

struct AssignedArtifact {
    std::string id;  // the backend's, as check_artifact_id() accepts it
    // Whatever the backend says of the bytes: it changes with them, if the backend is right.
    std::string checksum;               // SHA-256 of the bundle, 64 lower-case hex digits; or empty
    std::optional<std::uint64_t> size;  // of the bundle, bytes
    std::string version;                // any text; or empty
    std::string bundle_url;             // elsewhere than usual; or empty
    std::string approval_url;           // the same, of the approval
    BackendSignature signature;

    bool operator==(const AssignedArtifact&) const = default;
};

inline constexpr std::uint64_t kMaxBundle = 8_MiB;     // as it is sent
inline constexpr std::uint64_t kMaxApproval = 32_KiB;  // twice approval::kMaxManifest

// At most so many are looked at; the policy of a host allows 16.
inline constexpr std::size_t kMaxAssigned = 64;

// Accepts 1..128 characters of [A-Za-z0-9._-] without a leading dot: such an id can name a file.
Result<> check_artifact_id(std::string_view id);
// Takes 64 hex digits, after "sha256:" or alone.
Result<std::string> read_checksum(std::string_view text);

// The HttpRequest::path for a URL that a backend names: a path, or a whole URL of the same scheme,
// host and port as `base_url`, or as `other_url`, which may be empty. Errors: any other server, a
// fragment, blanks; a query where `base_url` has a path that the URL does not begin with, or at
// `other_url`.
Result<std::string> path_at(std::string_view url, std::string_view base_url,
                            std::string_view other_url);

// A place where the backend may have a bundle or an approval.
struct Found {
    bool there = false;
    std::string bytes;
};
// 404, 405 and 410 say that it is not there.
Answer<Found> judge_found(const HttpAnswer& answer, std::string_view said);

// What came of an artifact, for the backend.
struct ArtifactReport {
    std::string id;          // the backend's
    std::string state;       // "loaded", "expired", "refused"...: words of ArtifactState, and
                             // "refused" and "unusable" before it came so far
    std::string reason;      // a stable code, or "ok"
    std::string detail;      // for people
    std::string signature;   // the backend's own: "valid", "invalid", "not-checked"
    std::string elf_sha256;  // 64 hex digits; empty: not known
    std::string manifest;    // the same, of what was approved
    UnixTime since{};
    std::optional<UnixTime> expires;
    std::uint64_t programs = 0;
    std::uint64_t run_count = 0;
    std::uint64_t run_time_ns = 0;
    std::uint64_t cpu_millipercent = 0;
    std::uint64_t drops = 0;
    bool pinned = false;
};

struct SignatureCheck {
    std::string_view word = "not-checked";  // or "valid", "invalid"
    std::string why;
};

// A backend that assigns artifacts: HeartbeatReceipt::artifacts says which.
class ArtifactDialect {
  public:
    virtual ~ArtifactDialect() = default;
    // `base_url` is that of the backend. Where the bundle may be, in the order in which it is asked
    // for: the next where it is not there. Errors: bundle_url is not one that this host asks.
    virtual Result<std::vector<Exchange<Found>>> bundle(const Identity& identity,
                                                        const AssignedArtifact& artifact,
                                                        std::string_view base_url) const = 0;
    // Where the approval is, of a bundle without, that was found at the given place of bundle().
    virtual Result<Exchange<Found>> approval(const Identity& identity,
                                             const AssignedArtifact& artifact,
                                             std::string_view base_url,
                                             std::size_t place) const = 0;
    // Of the bundle's bytes; only told.
    virtual SignatureCheck check_signature(const AssignedArtifact& artifact,
                                           std::string_view bundle) const {
        (void)artifact, (void)bundle;
        return {};
    }
    // nullopt: this backend has no place for it.
    virtual std::optional<Exchange<>> report(const Identity& identity,
                                             const ArtifactReport& report) const {
        (void)identity, (void)report;
        return std::nullopt;
    }
};

}  // namespace bulkhead::worker
