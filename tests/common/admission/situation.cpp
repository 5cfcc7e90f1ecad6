#include "tests/common/admission/situation.hpp"

#include <algorithm>
#include <stdexcept>

namespace bulkhead::test {

using namespace std::chrono_literals;
using admission::JobBytes;

namespace {

crypto::Digest digest_of(std::string_view text) { return crypto::sha256(as_bytes(text)); }

}  // namespace

Situation::Situation() {
    job.job_id.value = "disk-clean";
    job.author = "carol";
    job.interpreter = "/bin/bash";
    job.profile = "maintain";
    job.targets.push_back({approval::Target::Kind::group, "web-eu"});
    job.not_before = at("2026-08-22T00:00:00Z");
    job.not_after = at("2026-08-29T00:00:00Z");
    job.timeout = 900s;
    job.output_max = 1048576;
    job.reason = "CHG-4711";

    policy.host.id = "web-1";
    policy.host.groups = {"web-eu", "debian"};
    policy.interpreters["/bin/bash"] = {};
    auto& maintain = policy.profiles["maintain"];
    maintain.max_timeout = 3600s;
    maintain.max_output = 4194304;
    policy.profiles["inspect"] = maintain;
    policy.approvals["maintain"] = {.needs = {{2, "ops"}}, .max_validity = 30 * 24h};
    policy.signer_groups["ops"].principals = {"alice", "bob", "carol"};
    for (const auto* name : {"alice", "bob", "carol", "dave"}) {
        policy.signers.signers.push_back(
            {.principals = {name}, .key = SigningKey(name).public_key()});
    }
    facts = {.intake_suspended = false, .running_jobs = 0, .max_running_jobs = 4};
    facts.interpreters["/bin/bash"] = {true, ""};
    facts.profiles["maintain"] = {};
    facts.profiles["inspect"] = {};
}

std::string Situation::manifest() const {
    auto with_script = job;
    with_script.script_sha256 = digest_of(script);
    with_script.script_size = script.size();
    return approval::write_manifest(with_script);
}

void Situation::pin(const std::string& name, bool with_script) {
    policy::Approved entry{.name = name, .bytes = manifest()};
    auto parsed = approval::parse_manifest(entry.bytes);
    if (!parsed) throw std::runtime_error(parsed.error().what);
    entry.manifest = *parsed;
    if (with_script) entry.script = script;
    policy.approved[name] = entry;
}

void Situation::sign(std::vector<std::string> people) {
    if (std::ranges::count(people, job.author) == 0) people.push_back(job.author);
    sign_without_author(people);
}

void Situation::sign_without_author(const std::vector<std::string>& people) {
    for (const auto& name : people) signatures += SigningKey(name).armored(manifest());
}

admission::Verdict Situation::run(JobBytes bytes) const {
    bytes.params = params;
    bytes.delivery_digest = digest_of(delivery);
    return admission::admit(bytes, policy, facts,
                            {.runs = runs,
                             .clock_floor = clock_floor,
                             .unsure_floor = unsure_floor,
                             .birth = birth,
                             .after_loss = after_loss,
                             .memory = memory,
                             .dropped_once = dropped_once,
                             .dropped_quota = dropped_quota,
                             .full = ledger_full,
                             .full_for_repeatable = full_for_repeatable},
                            now);
}

admission::Verdict Situation::admit() const {
    const auto text = manifest();
    return run({.script = script, .manifest = text, .signatures = signatures});
}

admission::Verdict Situation::admit_pinned_script() const { return run({.script = script}); }

admission::Verdict Situation::admit_from_catalogue(const std::string& name) const {
    return run({.kind = JobBytes::Kind::catalogue, .name = name});
}

void Situation::started(std::string_view time, std::string_view delivery_id) {
    runs.push_back({.manifest = digest_of(manifest()),
                    .job_key = admission::job_key(job.profile, job.job_id.value),
                    .delivery_digest = digest_of(delivery_id),
                    .started = at(time),
                    .not_after = job.not_after});
}

std::string_view code(const admission::Verdict& verdict) {
    // Admitted is said in two places; a test that reads one of them must not be fooled.
    if (verdict.admitted != (verdict.reason == admission::Reason::admitted)) return "contradiction";
    return admission::code(verdict.reason);
}

const admission::Check& check(const admission::Verdict& verdict, std::string_view name) {
    const auto found = std::find_if(verdict.checks.begin(), verdict.checks.end(),
                                    [&](const auto& one) { return one.name == name; });
    if (found == verdict.checks.end()) throw std::runtime_error("no such check");
    return *found;
}

}  // namespace bulkhead::test
