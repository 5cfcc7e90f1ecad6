// The checks of an approval: who signed, whether the author did, and whether enough others did.
#include <algorithm>

#include "common/admission/checks.hpp"
#include "common/approval/sshsig.hpp"
#include "common/approval/threshold.hpp"

namespace bulkhead::admission {

using std::string;
using enum Reason;
using approval::Standing;

namespace {

Reason reason_of(Standing standing) {
    switch (standing) {
        case Standing::unknown:
            return signer_unknown;
        case Standing::invalid:
            return signature_invalid;
        case Standing::revoked:
            return signer_revoked;
        case Standing::unclear:
            return signer_unclear;
        case Standing::not_valid:
            return signer_not_valid;
        case Standing::not_in_group:
            return signer_not_in_group;
        case Standing::not_hardware:
            return signer_not_hardware;
        case Standing::not_verified:
            return signer_not_verified;
        case Standing::author:
            return author_does_not_count;
        case Standing::authorship:
        case Standing::good:
            return admitted;
    }
    return undecided;
}

string in_words(Standing standing) {
    if (standing == Standing::good) return "good";
    const bool author = standing == Standing::author || standing == Standing::authorship;
    return author ? "good, the author's" : string(code(reason_of(standing)));
}

// Fails only if a signature is damaged. One that does not count is for the check of the threshold.
CheckResult judge_signatures(const approval::Count& count) {
    auto result = pass();
    for (std::size_t i = 0; i < count.signatures.size(); ++i) {
        const auto& [standing, principals, fingerprint, why] = count.signatures[i];
        if (standing == Standing::invalid) result.reason = signature_invalid;
        result.detail += (i == 0 ? "" : "; ") + std::to_string(i + 1) + ": ";
        if (!fingerprint.empty()) result.detail += principals + " " + fingerprint + " ";
        result.detail += in_words(standing);
        if (!why.empty()) result.detail += " (allowed_signers, " + why + ")";
    }
    return result;
}

CheckResult judge_author(const Terms& terms, const approval::Count& count) {
    const auto& author = terms.author;
    if (!approval::is_listed(terms.policy.signers, author)) {
        return {author_unknown, author + " is no principal of allowed_signers; make it anew with " +
                                    string(terms.new_command) + " --author NAME, of one"};
    }
    if (count.author >= Standing::author) return pass(author + " signed");
    if (count.author == Standing::unknown) {
        return {author_unsigned, author +
                                     " wrote it and has not signed; a signature of the author's is "
                                     "needed beside those of others"};
    }
    const auto lost =
        std::ranges::find(count.signatures, count.author, &approval::Signature::standing);
    const bool why = lost != count.signatures.end() && !lost->why.empty();
    return {reason_of(count.author), author +
                                         "'s signature does not count: " + in_words(count.author) +
                                         (why ? "; allowed_signers, " + lost->why : "")};
}

// Who may still sign, with the author who does not count left out: "; 1 more of: bob, carol".
string wanted(const Terms& terms, const approval::Count& count) {
    const auto& rule = *terms.rule;
    std::size_t people = 0;
    for (std::size_t i = 0; i < rule.needs.size(); ++i)
        people += rule.needs[i].people - count.filled[i];
    const auto able = approval::who_could_sign(
        count, terms.policy.signers,
        electorate_of(terms.policy, rule, terms.author, terms.name_space), terms.time);
    return "; " + std::to_string(people) +
           (able.empty() ? " more, and nobody else can sign it" : " more of: " + some_of(able));
}

CheckResult judge_threshold(const Terms& terms, const approval::Count& count) {
    const auto& rule = *terms.rule;
    string counted;
    bool enough = !rule.needs.empty();
    for (std::size_t i = 0; i < rule.needs.size(); ++i) {
        const auto& [people, group] = rule.needs[i];
        enough = enough && count.filled[i] >= people;
        // Of one group all who signed are counted, of several each once.
        const auto there = rule.needs.size() == 1 ? count.approvers.size() : count.filled[i];
        counted += (i == 0 ? "" : " and ") + std::to_string(there) + " of the " +
                   std::to_string(people) + " needed from " + group;
    }
    counted += string(rule.author_counts ? "" : " beside the author") + " (" +
               joined(count.approvers) + ")";
    if (enough) return pass(counted);
    // If a signature does not count, the reason is why, and not that there are too few.
    const auto lost = std::ranges::find_if(count.signatures, [](const auto& signature) {
        return reason_of(signature.standing) != admitted;
    });
    const bool none = lost == count.signatures.end();
    if (!none && !lost->why.empty()) counted += "; allowed_signers, " + lost->why;
    return {none ? threshold_not_met : reason_of(lost->standing), counted + wanted(terms, count)};
}

// Those that prove something. A worker may send the same signature often, in any armor.
std::vector<SignedBy> valid_ones(const approval::Count& count, std::span<const Bytes> blobs) {
    std::vector<SignedBy> list;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
        const auto& one = count.signatures[i];
        auto text = approval::armored(blobs[i]);
        if (one.standing < Standing::author) continue;
        if (std::ranges::count(list, text, &SignedBy::text) > 0) continue;
        list.push_back({one.principals, one.fingerprint, std::move(text)});
    }
    return list;
}

}  // namespace

approval::Electorate electorate_of(const policy::Policy& policy, const policy::ApprovalRule& rule,
                                   std::string_view author, std::string_view name_space) {
    approval::Electorate electorate{.quotas = {},
                                    .author = author,
                                    .author_counts = rule.author_counts,
                                    .hardware = rule.hardware,
                                    .verified = rule.verified,
                                    .skew = policy.skew,
                                    .name_space = name_space};
    for (const auto& [people, name] : rule.needs) {
        auto& quota = electorate.quotas.emplace_back(people);
        const auto* group = policy::find(policy.signer_groups, name);
        if (group != nullptr) quota.members = group->principals;
    }
    return electorate;
}

namespace {

// The profiles whose jobs signatures can approve.
std::vector<string> signable(const policy::Policy& policy) {
    std::vector<string> names;
    for (const auto& [name, rule] : policy.approvals) {
        if (!rule.needs.empty()) names.push_back(name);
    }
    return names;
}

}  // namespace

Terms terms_of(const Case& c) {
    const auto& manifest = c.manifest;
    const auto subject = "profile " + manifest.profile;
    return {.policy = c.policy,
            .ledger = c.ledger,
            .now = c.now,
            .time = c.time,
            .rule = policy::find(c.policy.approvals, manifest.profile),
            .subject = subject,
            .unsignable = {profile_not_signable, subject +
                                                     " is for jobs pinned in policy/approved only; "
                                                     "people sign jobs of: " +
                                                     some_of(signable(c.policy))},
            .new_command = "bulkhead new-job",
            .format_option = manifest.format < kFormatOfKeys ? " --format v2" : "",
            .pinned = c.pinned == nullptr ? "" : "approved/" + c.pinned->name + ".manifest",
            .signatures = c.job.signatures,
            .name_space = approval::kNamespace,
            .bytes = c.manifest_bytes,
            .author = manifest.author,
            .realm = manifest.realm,
            .epoch = manifest.epoch,
            .targets = manifest.targets,
            .not_before = manifest.not_before,
            .not_after = manifest.not_after};
}

Approval check_approval(const Terms& terms) {
    Approval result;
    if (!terms.pinned.empty()) {
        result.rule = "pinned " + terms.pinned;
        result.signatures = result.threshold = pass("none needed: " + result.rule);
        result.author = pass(terms.author + ", as the manifest claims: root pinned it");
        return result;
    }
    const auto stop = [&](Reason reason, string detail) {
        result.signatures = {reason, std::move(detail)};
        return result;
    };
    const auto* rule = terms.rule;
    if (rule == nullptr || rule->needs.empty()) {
        result.signatures = terms.unsignable;
        return result;
    }
    const auto needs = policy::in_words(rule->needs);
    if (terms.signatures.empty()) {
        return stop(not_approved, "not pinned and not signed; " + terms.subject + " needs " +
                                      needs + (rule->author_counts ? "" : ", and the author"));
    }
    const auto blobs = approval::dearmor(terms.signatures);
    if (!blobs) return stop(signature_malformed, blobs.error().what);

    auto count = approval::count_approvers(
        terms.bytes, *blobs, terms.policy.signers,
        electorate_of(terms.policy, *rule, terms.author, terms.name_space), terms.time);
    result.signed_by = valid_ones(count, *blobs);
    result.signatures = judge_signatures(count);
    result.author = judge_author(terms, count);
    result.threshold = judge_threshold(terms, count);
    result.rule = "signed: " + needs + " (" + joined(count.approvers) + ")";
    result.signers = std::move(count.approvers);
    return result;
}

}  // namespace bulkhead::admission
