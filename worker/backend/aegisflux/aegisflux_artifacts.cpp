#include "worker/backend/aegisflux/aegisflux_artifacts.hpp"

#include "worker/backend/aegisflux/backend_signature.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::chrono::seconds kFetchTime{120};

Exchange<Found> ask(std::string path, std::uint64_t max) {
    return {.request = {.path = std::move(path), .timeout = kFetchTime, .max_answer_bytes = max},
            .judge = [](const HttpAnswer& answer) {
                // Errors are text; those of bpf-registry are JSON on one line.
                return judge_found(answer, answer.body.substr(0, answer.body.find('\n')));
            }};
}

std::string usual_place(const AssignedArtifact& artifact) {
    return "/artifacts/" + percent_encoded(artifact.id);
}
std::string older_place(const AssignedArtifact& artifact) {
    return "/bundles/" + percent_encoded(artifact.id);
}

}  // namespace

Result<std::vector<Exchange<Found>>> AegisfluxArtifacts::bundle(const Identity&,
                                                                const AssignedArtifact& artifact,
                                                                std::string_view base_url) const {
    std::vector<Exchange<Found>> places;
    if (artifact.bundle_url.empty()) {
        places.push_back(ask(usual_place(artifact) + "/binary", kMaxBundle));
        places.push_back(ask(older_place(artifact), kMaxBundle));
    } else {
        auto path = TRY(
            within("bundle_url", path_at(artifact.bundle_url, base_url, options_.artifact_url)));
        places.push_back(ask(std::move(path), kMaxBundle));
    }
    return places;
}

Result<Exchange<Found>> AegisfluxArtifacts::approval(const Identity&,
                                                     const AssignedArtifact& artifact,
                                                     std::string_view base_url,
                                                     std::size_t place) const {
    if (!artifact.approval_url.empty()) {
        return ask(TRY(within("approval_url",
                              path_at(artifact.approval_url, base_url, options_.artifact_url))),
                   kMaxApproval);
    }
    if (!artifact.bundle_url.empty()) {
        // A query belongs to the bundle, as a signature of its URL does.
        const auto plain = artifact.bundle_url.substr(0, artifact.bundle_url.find('?'));
        return ask(TRY(within("bundle_url",
                              path_at(plain + ".artifact", base_url, options_.artifact_url))),
                   kMaxApproval);
    }
    return ask(
        place == 0 ? usual_place(artifact) + "/approval" : older_place(artifact) + ".artifact",
        kMaxApproval);
}

SignatureCheck AegisfluxArtifacts::check_signature(const AssignedArtifact& artifact,
                                                   std::string_view bundle) const {
    return check_backend_signature(artifact.signature, options_.verify_keys, bundle);
}

}  // namespace bulkhead::worker
