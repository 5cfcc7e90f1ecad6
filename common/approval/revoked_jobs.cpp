#include "common/approval/revoked_jobs.hpp"

#include <algorithm>

#include "common/approval/manifest.hpp"
#include "common/approval/revoked_signers.hpp"
#include "common/approval/tolerant_lines.hpp"
#include "common/base/text.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

// The digits of sha256sum(1); some programs print them in capitals.
std::optional<crypto::Digest> digest_of(string_view text) {
    std::string digits(text);
    for (auto& c : digits) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto digest = crypto::parse_digest(digits);
    return digest ? std::optional(*digest) : std::nullopt;
}

Result<RevokedJob> parse_line(string_view line) {
    const auto hash = std::min(line.find('#'), line.size());
    const auto parts = words(line.substr(0, hash));
    RevokedJob job{.manifest = {}, .reason = std::string(without_blanks(line.substr(hash)))};
    job.reason.erase(0, job.reason.find_first_not_of("# \t"));
    job.kill = parts.size() == 3 && parts[2] == "kill";
    const bool form = parts.size() == 2 || job.kill;
    if (form && parts[0] == "manifest") job.manifest = digest_of(parts[1]);
    if (form && parts[0] == "job-id" && is_job_id(parts[1])) job.job_id = parts[1];
    if (form && parts[0] == "artifact-id" && is_job_id(parts[1])) job.artifact_id = parts[1];
    if (job.manifest || !job.job_id.empty() || !job.artifact_id.empty()) return job;
    return fail("\"" + quoted(line, 80) +
                "\": write: manifest SHA256 [kill]  # why, or: job-id ID [kill]  # why, or: "
                "artifact-id ID [kill]  # why");
}

}  // namespace

Result<std::vector<RevokedJob>> parse_revoked_jobs(string_view text) {
    if (text.size() > kMaxRevokedFile) return fail("larger than 1 MiB");
    std::vector<RevokedJob> jobs;
    Result<> done;
    each_line(text, [&](string_view line, unsigned number) {
        if (!done) return;
        auto job = parse_line(line);
        if (!job) {
            done = within("line " + std::to_string(number), job.error());
            return;
        }
        job->line = number;
        jobs.push_back(*std::move(job));
    });
    TRY(done);
    return jobs;
}

}  // namespace bulkhead::approval
