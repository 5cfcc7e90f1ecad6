// revoked_jobs: the file of the jobs that run no more, whoever approved them.
//
//   manifest SHA256 [kill]  # why
//   job-id ID [kill]        # why
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
    std::optional<crypto::Digest> manifest;  // SHA-256 of its bytes; absent: `job_id` counts
    std::string job_id{};
    bool kill = false;  // those that run are ended, too
    unsigned line = 0;  // of the file, counted from 1
    std::string reason{};

    bool names(const crypto::Digest& of_manifest, std::string_view id) const {
        return manifest ? *manifest == of_manifest : job_id == id;
    }
};

// An error reads "line 2: ...", also for more than kMaxRevokedFile bytes.
Result<std::vector<RevokedJob>> parse_revoked_jobs(std::string_view text);

}  // namespace bulkhead::approval
