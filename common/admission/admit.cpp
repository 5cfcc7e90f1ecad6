#include "common/admission/admit.hpp"

#include <algorithm>
#include <functional>

#include "common/admission/checks.hpp"
#include "common/approval/shebang.hpp"
#include "common/base/text.hpp"
#include "common/policy/pinned_twice.hpp"

namespace bulkhead::admission {

namespace {

using std::string;
using std::string_view;
using enum Reason;

// Adds the arguments in the script's #! line to the verdict, if the line names the manifest's
// interpreter. Another interpreter is only a remark and no refusal, because such jobs were approved
// and ran before version 0.2 read the line.
void take_arguments(const Case& c, Verdict& verdict) {
    auto asked = approval::asked_for(c.script);
    const auto& interpreter = c.manifest.interpreter;
    if (asked && !*asked) return;
    if (asked && approval::same_program((*asked)->program, interpreter)) {
        verdict.arguments = std::move((*asked)->arguments);
        return;
    }
    verdict.remarks.push_back((asked ? "the #! line names " + quoted((*asked)->program, 64) +
                                           ", the manifest " + interpreter
                                     : asked.error().what) +
                              ": run by " + interpreter + " without arguments");
}

// Adds the other checks to `verdict`, which has those of sizes and manifest, and decides.
Verdict decide(const Case& c, Verdict verdict) {
    verdict.manifest = c.manifest;
    verdict.manifest_bytes = c.manifest_bytes;
    verdict.profile = policy::find(c.policy.profiles, c.manifest.profile);
    const auto terms = terms_of(c);
    note(verdict, "revocation", check_revocation(c));
    auto approval = check_approval(terms);
    verdict.signers = std::move(approval.signers);
    verdict.signatures = std::move(approval.signed_by);
    note(verdict, "signatures", std::move(approval.signatures));
    note(verdict, "author", std::move(approval.author));
    note(verdict, "threshold", std::move(approval.threshold));
    const auto profile = c.facts.profiles.find(c.manifest.profile);
    if (profile != c.facts.profiles.end()) verdict.remarks = profile->second.remarks;
    for (const auto& [name, check, of_approved] : kChecks) {
        const bool skip = of_approved && verdict.reason != undecided;
        auto result = skip ? CheckResult{} : check(c);
        if (of_approved && result.reason == admitted && !result.detail.empty()) {
            verdict.remarks.push_back(result.detail);
        }
        note(verdict, name, std::move(result));
    }

    if (verdict.reason == too_early) verdict.early = too_early_by(terms);
    if (settle(verdict, std::move(approval.rule))) take_arguments(c, verdict);
    return verdict;
}

// A manifest that may admit the job.
struct Candidate {
    const policy::Approved* pinned = nullptr;
    string_view bytes;
    const approval::Manifest* manifest = nullptr;
};

struct Search {
    const crypto::Digest& script_digest;
    std::vector<Candidate> candidates{};
    std::optional<approval::Manifest> parsed{};  // a candidate may point to it
};

// The entry of policy for a catalogue job; nullptr if policy has no script of that name.
const policy::Approved* catalogue_entry(const JobBytes& job, const policy::Policy& policy) {
    const auto* entry = policy::find(policy.approved, job.name);
    return entry != nullptr && entry->script ? entry : nullptr;
}

string_view script_of(const JobBytes& job, const policy::Policy& policy) {
    if (job.kind == JobBytes::Kind::script) return job.script;
    const auto* entry = catalogue_entry(job, policy);
    return entry != nullptr ? string_view(*entry->script) : "";
}

CheckResult find_in_catalogue(const JobBytes& job, const policy::Policy& policy, Search& search) {
    const auto* entry = catalogue_entry(job, policy);
    if (entry == nullptr) {
        return {catalogue_unknown, "no job \"" + quoted(job.name, 64) + "\" in the catalogue"};
    }
    search.candidates.push_back({entry, entry->bytes, &entry->manifest});
    return pass();
}

CheckResult read_manifest(const JobBytes& job, const policy::Policy& policy, Search& search) {
    auto parsed = approval::parse_manifest(*job.manifest);
    if (!parsed) return {manifest_malformed, parsed.error().what};
    search.parsed = std::move(*parsed);
    const auto pinned =
        std::find_if(policy.approved.begin(), policy.approved.end(),
                     [&](const auto& row) { return row.second.bytes == *job.manifest; });
    const auto* entry = pinned == policy.approved.end() ? nullptr : &pinned->second;
    search.candidates.push_back({entry, *job.manifest, &*search.parsed});
    return pass();
}

// The candidates for a script that came without a manifest are the pinned manifests with its hash.
CheckResult find_pinned(const policy::Policy& policy, Search& search) {
    for (const auto& [name, entry] : policy.approved) {
        if (entry.manifest.script_sha256 != search.script_digest) continue;
        search.candidates.push_back({&entry, entry.bytes, &entry.manifest});
    }
    if (!search.candidates.empty()) return pass();
    return {not_approved, "it came without a manifest, and policy/approved has none for SHA-256 " +
                              crypto::hex(search.script_digest)};
}

CheckResult find_manifest(const JobBytes& job, const policy::Policy& policy, Search& search) {
    if (job.kind == JobBytes::Kind::catalogue) return find_in_catalogue(job, policy, search);
    return job.manifest ? read_manifest(job, policy, search) : find_pinned(policy, search);
}

// Leaves at most one of several pinned manifests for a bare script. Only those that are for this
// host now count, and approval.policy must say that there may be several of them. The one of the
// weakest profile decides, and its refusal is final: else a backend could use it up, and would be
// given the next one.
CheckResult choose(std::vector<Candidate>& candidates, const policy::Policy& policy,
                   const std::function<Case(const Candidate&)>& case_of) {
    const auto is_elsewhere = [&](const Candidate& one) {
        const auto c = case_of(one);
        const auto terms = terms_of(c);
        return check_target(terms).reason != admitted || check_time(terms).reason != admitted ||
               check_realm(terms).reason != admitted;
    };
    auto here = candidates;
    std::erase_if(here, is_elsewhere);
    if (here.empty()) here = {candidates.front()};
    for (const auto& one : here) {
        for (const auto& other : here) {
            if (&one == &other || policy::may_share_script(policy, *one.pinned, *other.pinned)) {
                continue;
            }
            const auto both = one.pinned->name + ".manifest and approved/" + other.pinned->name;
            candidates.clear();
            return {script_ambiguous, "approved/" + both +
                                          ".manifest pin this script, and no line same-script of "
                                          "approval.policy names both"};
        }
    }
    candidates = {*std::ranges::min_element(here, policy::is_weaker, [&](const Candidate& one) {
        return policy::find(policy.profiles, one.manifest->profile);
    })};
    return pass();
}

Verdict admit_at(UnixTime time, const JobBytes& job, const policy::Policy& policy,
                 const HostFacts& facts, const LedgerView& ledger, UnixTime now) {
    Verdict start;
    start.script = script_of(job, policy);
    start.script_digest = crypto::sha256(as_bytes(start.script));
    Search search{start.script_digest};
    auto sizes = check_sizes(job);
    auto found = sizes.reason == admitted ? find_manifest(job, policy, search) : CheckResult{};
    const auto case_of = [&](const Candidate& one) -> Case {
        return {job,       policy,        facts,        ledger,
                now,       time,          start.script, start.script_digest,
                one.bytes, *one.manifest, one.pinned};
    };
    if (search.candidates.size() > 1) found = choose(search.candidates, policy, case_of);
    note(start, "size", std::move(sizes));
    note(start, "manifest", std::move(found));
    if (!search.candidates.empty()) return decide(case_of(search.candidates.front()), start);
    for (const auto* name : {"revocation", "signatures", "author", "threshold"}) {
        note(start, name, {});
    }
    for (const auto& check : kChecks) note(start, check.name, {});
    return start;
}

}  // namespace

Verdict admit(const JobBytes& job, const policy::Policy& policy, const HostFacts& facts,
              const LedgerView& ledger, UnixTime now) {
    return judge_by_floors(ledger, now, [&](UnixTime time) {
        return admit_at(time, job, policy, facts, ledger, now);
    });
}

Verdict refuse(Reason reason, string_view detail, const Verdict& judged) {
    Verdict verdict;
    verdict.script = judged.script;
    verdict.script_digest = judged.script_digest;
    verdict.reason = reason == admitted ? undecided : reason;
    verdict.detail = quoted(detail, kMaxDetail / 4);
    return verdict;
}

}  // namespace bulkhead::admission
