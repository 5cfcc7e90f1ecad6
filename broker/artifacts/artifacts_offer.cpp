// The decision about an offer: admit_artifact() makes it, audit log and evidence have it before a
// loader starts.
#include "broker/artifacts/artifacts.hpp"
#include "common/admission/host_facts.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

using admission::ArtifactVerdict, admission::Reason;

constexpr std::size_t kMostOfList = 2048;  // bytes of the line

admission::ArtifactBytes bytes_of(const ArtifactOffer& offer) {
    return {.elf = offer.elf, .manifest = offer.manifest, .signatures = offer.signatures};
}

// What a verdict's line says of manifest and signatures.
struct Names {
    explicit Names(const ArtifactVerdict& verdict) {
        if (verdict.manifest) id = verdict.manifest->id;
        if (verdict.manifest) manifest = crypto::hex(verdict.manifest->digest);
        for (const auto& one : verdict.signatures) {
            keys.push_back(one.principals + " " + one.fingerprint);
            signatures.push_back(crypto::hex(crypto::sha256(as_bytes(one.text))));
        }
    }
    std::string id, manifest;
    std::vector<std::string> keys, signatures;
};

void refuse(ArtifactVerdict& verdict, Reason reason, const Error& error) {
    verdict.admitted = false;
    verdict.reason = reason;
    verdict.detail = error.what;
}

protocol::OfferReply reply_to(const ArtifactVerdict& verdict) {
    protocol::OfferReply reply;
    reply.decision = verdict.admitted ? protocol::Decision::admitted : protocol::Decision::refused;
    reply.reason = protocol::Code::clipped(admission::code(verdict.reason));
    reply.detail = protocol::Detail::clipped(verdict.detail);
    reply.rule = protocol::Label::clipped(verdict.rule);
    reply.loaded_already = verdict.admitted && verdict.loaded_already;
    if (verdict.manifest) {
        reply.artifact_id.value = decltype(reply.artifact_id.value)::clipped(verdict.manifest->id);
    }
    return reply;
}

}  // namespace

admission::ArtifactFacts Artifacts::facts(const ArtifactOffer& offer) {
    admission::ArtifactFacts facts;
    facts.suspended_by = admission::suspended_by(broker_.policy_directory);
    facts.intake_suspended = !facts.suspended_by.empty() || broker_.draining ||
                             broker_.intake.suspended(offer.backend, broker_.audit);
    if (const auto& why = broker_.intake.held(); !why.empty()) {
        facts.intake_suspended = true;
        facts.suspended_by = why;
    }
    facts.loader_unusable = unusable();
    for (const auto& [id, one] : loaded_) {
        if (pending(id) != nullptr) continue;
        facts.loaded.push_back({.id = id, .manifest = one.approved->manifest.digest});
    }
    const auto add = [&](const Work& work) {
        if (!work.approved) return;
        const auto& manifest = work.approved->manifest;
        if (pending(manifest.id) != &work) return;
        facts.loaded.push_back({.id = manifest.id, .manifest = manifest.digest});
    };
    if (running_) add(*running_);
    for (const auto& work : queue_) add(work);
    if (withdrawn_) facts.withdrawn = withdrawn_->digests();
    return facts;
}

// The verdict of the policy in force, and after a rejected reload also of what is granted now.
ArtifactVerdict Artifacts::judge(const ArtifactOffer& offer) {
    const auto of_host = facts(offer);
    const auto clocks = sys::read_clocks();
    const auto ledger = broker_.ledger.view(clocks);
    auto verdict = admission::admit_artifact(bytes_of(offer), broker_.policy->policy, of_host,
                                             ledger, clocks.now);
    if (!verdict.admitted || broker_.granted_now == nullptr) return verdict;
    auto second = admission::admit_artifact(bytes_of(offer), *broker_.granted_now, of_host, ledger,
                                            clocks.now);
    if (second.admitted && second.manifest->digest != verdict.manifest->digest) {
        refuse(verdict, Reason::not_approved,
               Error{.what = "the policy directory has another manifest for it now"});
        return verdict;
    }
    return second.admitted ? verdict : second;
}

ArtifactVerdict Artifacts::judge_as_admitted(const ApprovedArtifact& artifact) const {
    return judge_again(artifact,
                       {.runs = {}, .clock_floor = artifact.admitted, .birth = UnixTime{}},
                       artifact.admitted);
}

ArtifactVerdict Artifacts::judge_now(const ApprovedArtifact& artifact) const {
    const auto clocks = sys::read_clocks();
    return judge_again(artifact, broker_.ledger.view(clocks), clocks.now);
}

ArtifactVerdict Artifacts::judge_again(const ApprovedArtifact& artifact,
                                       const admission::LedgerView& ledger, UnixTime at) const {
    const auto elf = sys::read_from_start(artifact.elf, approval::kMaxElf);
    admission::ArtifactFacts facts;
    facts.intake_suspended = false;
    facts.loader_unusable = withdrawn_ ? "" : unusable();
    if (withdrawn_) facts.withdrawn = withdrawn_->digests();
    return admission::admit_artifact({.elf = elf ? std::string_view(*elf) : std::string_view(),
                                      .manifest = artifact.manifest_bytes,
                                      .signatures = artifact.signatures},
                                     broker_.as_granted(), facts, ledger, at);
}

std::string Artifacts::suspended(const Bringers& bringers) const {
    auto why = admission::suspended_by(broker_.policy_directory);
    if (why.empty()) why = broker_.intake.held();
    for (const auto& [backend, delivery] : bringers) {
        if (why.empty() && broker_.intake.suspended(backend, broker_.audit)) {
            why = "intake of backend " + backend + " is suspended";
        }
    }
    return why;
}

// A decision that cannot be recorded must not be carried out. It is recorded when a loader is about
// to have it, not at each offer: a worker that offers two approved manifests of one id by turns
// fills no log.
Result<> Artifacts::record(const Work& work) {
    const auto& approved = *work.approved;
    const auto& manifest = approved.manifest;
    std::vector<std::string> bringers;
    for (const auto& [backend, delivery] : work.bringers) {
        bringers.push_back(backend + " " + delivery.value.str());
    }
    return broker_.audit.event("artifact-offered",
                               {{"artifact", manifest.id},
                                {"manifest", crypto::hex(manifest.digest)},
                                {"elf", crypto::hex(manifest.elf_sha256)},
                                {"elf_bytes", manifest.elf_size},
                                {"policy", crypto::hex(broker_.policy->policy.digest)},
                                {"rule", approved.rule},
                                {"signers", approved.signers},
                                {"deliveries", bringers},
                                {"keys", approved.keys, kMostOfList},
                                {"signatures", approved.signature_digests, kMostOfList}},
                               records::Durable::yes);
}

// Only so many are recorded, the others counted: see AuditQuota.
Result<> Artifacts::record_refusal(const ArtifactOffer& offer, const ArtifactVerdict& verdict) {
    if (!broker_.refused_starts.admits(sys::Clock::now())) return {};
    const Names names(verdict);
    TRY(broker_.audit.event("artifact-refused",
                            {{"reason", admission::code(verdict.reason)},
                             {"artifact", names.id},
                             {"manifest", names.manifest},
                             {"elf", crypto::hex(verdict.elf_digest)},
                             {"elf_bytes", offer.elf.size()},
                             {"policy", crypto::hex(broker_.policy->policy.digest)},
                             {"backend", offer.backend},
                             {"delivery", offer.delivery_id.value.str()},
                             {"keys", names.keys, kMostOfList},
                             {"signatures", names.signatures, kMostOfList},
                             {"left_out", broker_.refused_starts.left_out()},
                             {"detail", verdict.detail}},
                            records::Durable::yes));
    broker_.log.warning("artifact-refused", {{"artifact", names.id},
                                             {"delivery", offer.delivery_id.value.str()},
                                             {"backend", offer.backend},
                                             {"reason", admission::code(verdict.reason)},
                                             {"left_out", broker_.refused_starts.left_out()},
                                             {"why", verdict.detail}});
    broker_.refused_starts.wrote(true);
    return {};
}

// On disk before a loader starts: what was approved, and the policy by which.
Result<> Artifacts::keep(const ArtifactOffer& offer, const ArtifactVerdict& verdict) {
    auto& evidence = broker_.evidence;
    TRY(evidence.keep(broker_.policy->policy));
    TRY(evidence.keep(verdict.manifest_bytes));
    TRY(evidence.keep(offer.elf));
    for (const auto& one : verdict.signatures) TRY(evidence.keep(one.text));
    return {};
}

protocol::OfferReply Artifacts::refused(const std::string& backend,
                                        const protocol::DeliveryId& delivery,
                                        admission::Reason reason, const std::string& detail) {
    ArtifactOffer offer;
    offer.backend = backend;
    offer.delivery_id = delivery;
    ArtifactVerdict verdict;
    refuse(verdict, reason, Error{.what = detail});
    broker_.log.check(record_refusal(offer, verdict), "audit-failed");
    tell_audit(broker_);
    return reply_to(verdict);
}

protocol::OfferReply Artifacts::offer(ArtifactOffer offer) {
    auto verdict = judge(offer);
    auto* const waiting = verdict.manifest ? pending(verdict.manifest->id) : nullptr;
    if (verdict.admitted && verdict.loaded_already) {
        // Whoever brings what is on its way is told how it went.
        auto& bringers = waiting != nullptr ? waiting->bringers
                                            : loaded_.find(verdict.manifest->id)->second.bringers;
        bringers.insert_or_assign(offer.backend, offer.delivery_id);
        verdict.loaded_already = waiting == nullptr;
        return reply_to(verdict);
    }
    auto elf = sys::Fd();
    if (verdict.admitted) {
        auto copy = sys::sealed_memfd("artifact", as_bytes(offer.elf));
        if (!copy) refuse(verdict, Reason::evidence_write_failed, copy.error());
        if (copy) elf = *std::move(copy);
    }
    if (verdict.admitted) {
        const auto kept = keep(offer, verdict);
        if (!kept) refuse(verdict, Reason::evidence_write_failed, kept.error());
    }
    if (!verdict.admitted) {
        broker_.log.check(record_refusal(offer, verdict), "audit-failed");
        tell_audit(broker_);
        return reply_to(verdict);
    }
    auto approved = std::make_shared<ApprovedArtifact>();
    approved->manifest = *verdict.manifest;
    approved->manifest_bytes = verdict.manifest_bytes;
    approved->signatures = offer.signatures;
    approved->elf = std::move(elf);
    approved->rule = verdict.rule;
    const Names names(verdict);
    approved->signers = verdict.signers;
    approved->keys = names.keys;
    approved->signature_digests = names.signatures;
    approved->admitted = sys::now();
    Work work;
    work.approved = std::move(approved);
    work.bringers.emplace(offer.backend, offer.delivery_id);
    enqueue(std::move(work));
    return reply_to(verdict);
}

}  // namespace bulkhead::broker
