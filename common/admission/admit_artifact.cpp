#include "common/admission/admit_artifact.hpp"

#include <algorithm>
#include <array>

#include "common/admission/checks.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/text.hpp"

namespace bulkhead::admission {

namespace {

using std::string;
using std::string_view;
using enum Reason;

string text_of(std::uint64_t number) { return std::to_string(number); }

// Everything that a check uses.
struct ArtifactCase {
    const ArtifactBytes& artifact;
    const ArtifactFacts& facts;
    const crypto::Digest& elf_digest;
    const approval::ArtifactManifest& manifest;
    const policy::ArtifactRules& rules;
    Terms terms;
};

// A manifest that may admit the artifact.
struct Candidate {
    const policy::ApprovedArtifact* pinned = nullptr;
    string_view bytes;
    const approval::ArtifactManifest* manifest = nullptr;
};

struct Search {
    const crypto::Digest& elf_digest;
    std::vector<Candidate> candidates{};
    std::optional<approval::ArtifactManifest> parsed{};  // a candidate may point to it
};

CheckResult check_sizes(const ArtifactBytes& artifact) {
    const auto manifest = artifact.manifest.value_or("").size();
    if (artifact.elf.empty()) return {object_empty, "the object file is empty"};
    if (artifact.elf.size() > approval::kMaxElf) {
        return over_size("object bytes", artifact.elf.size(), approval::kMaxElf);
    }
    if (manifest > approval::kMaxManifest) {
        return over_size("manifest bytes", manifest, approval::kMaxManifest);
    }
    if (artifact.signatures.size() > approval::kMaxSignatureText) {
        return over_size("signature bytes", artifact.signatures.size(),
                         approval::kMaxSignatureText);
    }
    return pass();
}

CheckResult read_manifest(string_view bytes, const policy::Policy& policy, Search& search) {
    auto parsed = approval::parse_artifact_manifest(bytes);
    if (!parsed) return {manifest_malformed, parsed.error().what};
    search.parsed = std::move(*parsed);
    Candidate found{nullptr, bytes, &*search.parsed};
    for (const auto& [name, entry] : policy.approved_artifacts) {
        if (entry.bytes == bytes) found.pinned = &entry;
    }
    search.candidates.push_back(found);
    return pass();
}

// The candidates for an object that came without a manifest are the pinned manifests with its hash.
CheckResult find_manifest(const ArtifactBytes& artifact, const policy::Policy& policy,
                          Search& search) {
    if (artifact.manifest) return read_manifest(*artifact.manifest, policy, search);
    for (const auto& [name, entry] : policy.approved_artifacts) {
        if (entry.manifest.elf_sha256 != search.elf_digest) continue;
        search.candidates.push_back({&entry, entry.bytes, &entry.manifest});
    }
    if (!search.candidates.empty()) return pass();
    return {not_approved,
            "it came without a manifest, and policy/approved has no .artifact for SHA-256 " +
                crypto::hex(search.elf_digest)};
}

// What an artifact is judged by, whichever manifest is its own.
struct Setting {
    const ArtifactBytes& artifact;
    const policy::Policy& policy;
    const ArtifactFacts& facts;
    const LedgerView& ledger;
    UnixTime now;
    UnixTime time;
};

Terms terms_of(const Setting& in, const Candidate& one) {
    const auto& manifest = *one.manifest;
    const auto& rule = in.policy.artifact_approval;
    return {.policy = in.policy,
            .ledger = in.ledger,
            .now = in.now,
            .time = in.time,
            .rule = rule ? &*rule : nullptr,
            .subject = "the line artifacts",
            .unsignable = {artifacts_not_signable,
                           rule ? rule->source.at() +
                                      ": artifacts are for those pinned in policy/approved only"
                                : "approval.policy has no line artifacts, so those pinned in "
                                  "policy/approved alone are loaded"},
            .new_command = "bulkhead new-artifact",
            .format_option = "",
            .pinned = one.pinned == nullptr ? "" : "approved/" + one.pinned->name + ".artifact",
            .signatures = in.artifact.signatures,
            .name_space = approval::kArtifactNamespace,
            .bytes = one.bytes,
            .author = manifest.author,
            .realm = manifest.realm,
            .epoch = manifest.epoch,
            .targets = manifest.targets,
            .not_before = manifest.not_before,
            .not_after = manifest.not_after};
}

// Leaves at most one of several pinned manifests for a bare object: the only one that is for this
// host now, or if none is, the first.
CheckResult choose(const Setting& in, std::vector<Candidate>& candidates) {
    const auto is_elsewhere = [&](const Candidate& one) {
        const auto terms = terms_of(in, one);
        return check_target(terms).reason != admitted || check_time(terms).reason != admitted ||
               check_realm(terms).reason != admitted;
    };
    auto here = candidates;
    std::erase_if(here, is_elsewhere);
    if (here.size() < 2) {
        candidates = {here.empty() ? candidates.front() : here.front()};
        return pass();
    }
    candidates.clear();
    return {artifact_ambiguous, "approved/" + here[0].pinned->name + ".artifact and approved/" +
                                    here[1].pinned->name +
                                    ".artifact pin this object for this host now; take one out"};
}

CheckResult check_enabled(const policy::Policy& policy) {
    if (policy.artifacts) return pass();
    return {artifacts_not_enabled, kNoRules};
}

CheckResult check_revocation(const ArtifactCase& c) {
    for (const auto& row : c.terms.policy.revoked_jobs) {
        if (!row.names_artifact(c.manifest.digest, c.manifest.id)) continue;
        return {artifact_revoked, about_revoked(row)};
    }
    return pass();
}

CheckResult check_object(const ArtifactCase& c) {
    if (c.artifact.elf.size() != c.manifest.elf_size) {
        return {object_size_mismatch, "the object has " + text_of(c.artifact.elf.size()) +
                                          " bytes, the manifest says " +
                                          text_of(c.manifest.elf_size)};
    }
    const auto digest = crypto::hex(c.elf_digest);
    if (c.elf_digest != c.manifest.elf_sha256) {
        return {object_hash_mismatch, "the object's SHA-256 is " + digest};
    }
    return pass("SHA-256 " + digest);
}

// The patterns of a type in artifacts.policy, or with `none` the types there are lines of.
std::vector<string> allowed(const policy::ArtifactRules& rules, approval::ProgramType type) {
    std::vector<string> list;
    for (const auto& row : rules.allowed) {
        const bool types = type == approval::ProgramType::none;
        auto word = types ? string(approval::name_of(row.type)) : row.pattern;
        if (!types && row.type != type) continue;
        if (std::ranges::count(list, word) == 0) list.push_back(std::move(word));
    }
    return list;
}

CheckResult check_programs(const ArtifactCase& c) {
    for (const auto& program : c.manifest.programs) {
        const string type(approval::name_of(program.type));
        const auto what = "program " + program.name + " " + type + " " + program.attach;
        if (!policy::allows(c.rules, program.type)) {
            return {program_type_not_allowed,
                    what + ": artifacts.policy has no line allow " + type +
                        "; it allows: " + some_of(allowed(c.rules, approval::ProgramType::none))};
        }
        if (!policy::allows(c.rules, program)) {
            return {attach_not_allowed, what + ": artifacts.policy allows " + type +
                                            " on: " + some_of(allowed(c.rules, program.type))};
        }
    }
    const auto count = c.manifest.programs.size();
    return pass(text_of(count) + (count == 1 ? " program" : " programs"));
}

CheckResult check_limits(const ArtifactCase& c) {
    if (c.manifest.ttl > c.rules.max_ttl) {
        return {ttl_over_ceiling, "ttl " + approval::in_words(c.manifest.ttl) +
                                      "; artifacts.policy allows " +
                                      approval::in_words(c.rules.max_ttl)};
    }
    if (c.manifest.max_cpu_percent > c.rules.max_cpu_percent) {
        return {cpu_over_ceiling, "max-cpu-percent " + text_of(c.manifest.max_cpu_percent) +
                                      "; artifacts.policy allows " +
                                      text_of(c.rules.max_cpu_percent)};
    }
    if (c.manifest.pin && !c.rules.pins_allowed) {
        return {pin_not_allowed, "pin yes; artifacts.policy has no line \"pins allowed\""};
    }
    return pass("ttl " + approval::in_words(c.manifest.ttl));
}

CheckResult check_memory(const ArtifactCase& c) {
    if (c.terms.ledger.memory != Memory::rolled_back) return pass();
    return {ledger_rolled_back,
            "the ledger is older than what the audit log says, so times cannot be told; restore "
            "it, or run as root: bulkhead accept-lost-ledger"};
}

CheckResult check_withdrawn(const ArtifactCase& c) {
    if (std::ranges::count(c.facts.withdrawn, c.manifest.digest) == 0) return pass();
    return {artifact_withdrawn,
            "the artifact of this manifest was removed here by an operator or rolled back by its "
            "guard; if it is to be loaded again, have it approved anew: bulkhead new-artifact"};
}

CheckResult check_loader(const ArtifactCase& c) {
    const auto& why = c.facts.loader_unusable;
    return why.empty() ? pass() : CheckResult{loader_unusable, why};
}

CheckResult check_intake(const ArtifactCase& c) {
    if (c.facts.intake_suspended) {
        const auto& why = c.facts.suspended_by;
        return {intake_suspended, "intake is suspended" + (why.empty() ? "" : ": " + why)};
    }
    const auto others = std::ranges::count_if(
        c.facts.loaded, [&](const auto& one) { return one.id != c.manifest.id; });
    if (others >= c.rules.max_artifacts) {
        return {too_many_artifacts, text_of(static_cast<std::uint64_t>(others)) +
                                        " are loaded; artifacts.policy allows " +
                                        text_of(c.rules.max_artifacts)};
    }
    return pass();
}

template <CheckResult (*Check)(const Terms&)>
CheckResult on_terms(const ArtifactCase& c) {
    return Check(c.terms);
}

struct NamedCheck {
    string_view name;
    CheckResult (*check)(const ArtifactCase&);
};
// After "enabled", "size", "manifest", "revocation", "signatures", "author" and "threshold".
constexpr std::array kChecks{
    NamedCheck{"bounds", on_terms<check_terms>}, NamedCheck{"object", check_object},
    NamedCheck{"realm", on_terms<check_realm>},  NamedCheck{"target", on_terms<check_target>},
    NamedCheck{"time", on_terms<check_time>},    NamedCheck{"memory", check_memory},
    NamedCheck{"programs", check_programs},      NamedCheck{"limits", check_limits},
    NamedCheck{"withdrawn", check_withdrawn},    NamedCheck{"loader", check_loader},
    NamedCheck{"intake", check_intake},
};

ArtifactVerdict decide(const ArtifactCase& c, ArtifactVerdict verdict) {
    verdict.manifest = c.manifest;
    verdict.manifest_bytes = c.terms.bytes;
    note(verdict, "revocation", check_revocation(c));
    auto approval = check_approval(c.terms);
    verdict.signers = std::move(approval.signers);
    verdict.signatures = std::move(approval.signed_by);
    note(verdict, "signatures", std::move(approval.signatures));
    note(verdict, "author", std::move(approval.author));
    note(verdict, "threshold", std::move(approval.threshold));
    for (const auto& [name, check] : kChecks) note(verdict, name, check(c));
    if (settle(verdict, std::move(approval.rule))) {
        verdict.loaded_already = std::ranges::any_of(c.facts.loaded, [&](const auto& one) {
            return one.id == c.manifest.id && one.manifest == c.manifest.digest;
        });
    }
    return verdict;
}

ArtifactVerdict admit_at(const Setting& in) {
    ArtifactVerdict start;
    start.elf_digest = crypto::sha256(as_bytes(in.artifact.elf));
    Search search{start.elf_digest};
    note(start, "enabled", check_enabled(in.policy));
    auto sizes = check_sizes(in.artifact);
    auto found =
        sizes.reason == admitted ? find_manifest(in.artifact, in.policy, search) : CheckResult{};
    if (search.candidates.size() > 1) found = choose(in, search.candidates);
    note(start, "size", std::move(sizes));
    note(start, "manifest", std::move(found));
    static const policy::ArtifactRules kNone{};
    if (!search.candidates.empty()) {
        const auto& one = search.candidates.front();
        return decide({in.artifact, in.facts, start.elf_digest, *one.manifest,
                       in.policy.artifacts ? *in.policy.artifacts : kNone, terms_of(in, one)},
                      start);
    }
    for (const auto* name : {"revocation", "signatures", "author", "threshold"}) {
        note(start, name, {});
    }
    for (const auto& check : kChecks) note(start, check.name, {});
    return start;
}

}  // namespace

ArtifactVerdict admit_artifact(const ArtifactBytes& artifact, const policy::Policy& policy,
                               const ArtifactFacts& facts, const LedgerView& ledger, UnixTime now) {
    return judge_by_floors(ledger, now, [&](UnixTime time) {
        return admit_at({artifact, policy, facts, ledger, now, time});
    });
}

}  // namespace bulkhead::admission
