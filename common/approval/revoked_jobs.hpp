// revoked_jobs: the file of the jobs and artifacts that run no more, whoever approved them.
//
//   manifest SHA256 [kill]  # why    of a job or an artifact
//   job-id ID [kill]        # why
//   artifact-id ID [kill]   # why
// What is loaded of a revoked artifact is unloaded, with or without "kill".
// Blank lines, comments, CR LF and a missing reason are no fault. A line of another form could
// withdraw something, so it is an error.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::approval {

struct RevokedJob {
    // SHA-256 of its bytes; absent: one of the ids counts, and the other is empty.
    std::optional<crypto::Digest> manifest;
    std::string job_id{};
    std::string artifact_id{};
    bool kill = false;  // those that run are ended, too
    unsigned line = 0;  // of the file, counted from 1
    std::string reason{};

    bool names(const crypto::Digest& of_manifest, std::string_view id) const {
        return manifest ? *manifest == of_manifest : job_id == id && !id.empty();
    }
    bool names_artifact(const crypto::Digest& of_manifest, std::string_view id) const {
        return manifest ? *manifest == of_manifest : artifact_id == id && !id.empty();
    }
};

// An error reads "line 2: ...", also for more than kMaxRevokedFile bytes.
Result<std::vector<RevokedJob>> parse_revoked_jobs(std::string_view text);

}  // namespace bulkhead::approval
