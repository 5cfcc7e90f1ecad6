#include "tests/backend/dialects/artifacts.hpp"

#include "common/crypto/sha256.hpp"

namespace bulkhead::reference {

using nlohmann::json;

namespace {

Answer octets(const std::string& bytes) {
    return {.status = 200, .body = bytes, .content_type = "application/octet-stream"};
}

Answer absent(std::string_view what) {
    return Answer::error(404, "not_found", std::string(what) + ": there is none");
}

}  // namespace

json assigned_artifacts(const State& state) {
    auto list = json::array();
    for (const auto& [id, artifact] : state.artifacts) {
        if (!artifact.assigned) continue;
        list.push_back({{"id", id},
                        {"sha256", crypto::hex(crypto::sha256(as_bytes(artifact.bundle)))},
                        {"size", artifact.bundle.size()}});
    }
    return list;
}

Answer bundle_of(const State& state, const std::string& id) {
    const auto found = state.artifacts.find(id);
    return found == state.artifacts.end() ? absent("bundle") : octets(found->second.bundle);
}

Answer approval_of(const State& state, const std::string& id) {
    const auto found = state.artifacts.find(id);
    const bool there = found != state.artifacts.end() && !found->second.approval.empty();
    return there ? octets(found->second.approval) : absent("approval");
}

Answer take_state(State& state, const std::string& id, const json& body) {
    const auto found = state.artifacts.find(id);
    if (found == state.artifacts.end()) return absent("artifact");
    found->second.states.push_back(body);
    return Answer::empty();
}

}  // namespace bulkhead::reference
