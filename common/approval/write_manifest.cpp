#include "common/approval/manifest_rows.hpp"

namespace bulkhead::approval {

std::string in_words(const Target& target) {
    using Kind = Target::Kind;
    if (target.kind == Kind::any) return "any";
    return (target.kind == Kind::host ? "host:" : "group:") + target.label;
}

std::string write_manifest(const Manifest& job) {
    std::string out;
    const auto line = [&](std::string_view key, std::string_view value) {
        out.append(key).append(" ").append(value).append("\n");
    };
    line("bulkhead-job", "v" + std::to_string(job.format));
    line("job-id", job.job_id.value);
    line("author", job.author);
    if (!job.realm.empty()) line("realm", job.realm);
    if (job.epoch) line("epoch", std::to_string(*job.epoch));
    line("script-sha256", crypto::hex(job.script_sha256));
    line("script-size", std::to_string(job.script_size));
    line("interpreter", job.interpreter);
    line("profile", job.profile);
    if (job.profile_sha256) line("profile-sha256", crypto::hex(*job.profile_sha256));
    for (const auto& param : job.params) line("param", param.name + " " + param.rule);
    for (const auto& target : job.targets) line("target", in_words(target));
    line("not-before", format_utc(job.not_before));
    line("not-after", format_utc(job.not_after));
    line("timeout", std::to_string(job.timeout.count()));
    line("output-max", std::to_string(job.output_max));
    line("runs", job.runs.once()
                     ? "1"
                     : std::to_string(job.runs.count) +
                           (job.runs.period == std::chrono::hours(1) ? "/hour" : "/day"));
    if (job.resumes) line("after-reboot", "resume");
    if (!job.odd_bytes.empty()) line("odd-bytes", job.odd_bytes);
    line("reason", job.reason);
    return out + "end\n";
}

}  // namespace bulkhead::approval
