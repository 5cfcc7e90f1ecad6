// The aegisflux dialect: a registry without authentication, and the registration of a key in two
// requests. Errors are plain text, as in AegisFlux.
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "common/crypto/ed25519.hpp"
#include "common/crypto/sha256.hpp"
#include "tests/backend/dialects/artifacts.hpp"
#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::string_view kName = "aegisflux";
constexpr std::string_view kServerTime = "2026-01-31T23:59:59.123456789Z";  // the agent signs it

const unsigned char* raw(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Answer plain(int status, const std::string& text) {
    return {.status = status, .body = text + "\n", .content_type = "text/plain; charset=utf-8"};
}

/// Decodes base64 with padding (RFC 4648, 4); nullopt if `text` is something else.
std::optional<std::string> decoded(const std::string& text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string octets(text.size() / 4 * 3, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(octets.data());
    if (EVP_DecodeBlock(out, raw(text), static_cast<int>(text.size())) < 0) return std::nullopt;
    octets.resize(octets.size() - static_cast<std::size_t>(std::ranges::count(text, '=')));
    return octets;
}

std::string encoded(const std::string& octets) {
    std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(text.data());
    EVP_EncodeBlock(out, raw(octets), static_cast<int>(octets.size()));
    text.pop_back();
    return text;
}

bool is_signed_by(const std::string& key, const std::string& text, const std::string& signature) {
    std::array<std::byte, 32> point{};
    std::ranges::copy(as_bytes(key), point.begin());  // its length was checked at registration
    return crypto::verify_ed25519(point, as_bytes(text), as_bytes(signature));
}

// --- the registry ---

json list_of(const State& state) {
    const auto shape = state.aegisflux.shape;
    auto list = state.aegisflux.assigned;
    for (const auto& one : assigned_artifacts(state)) {
        list.push_back({{shape == ArtifactShape::ids ? "id" : "artifact_id", one["id"]},
                        {"checksum", one["sha256"]},
                        {"size", one["size"]}});
    }
    if (shape != ArtifactShape::array) return {{"artifacts", list}, {"total", list.size()}};
    return list.empty() ? json() : list;
}

Answer artifacts(const Call& call, Services services) {
    const auto& host = call.captured.at("host");
    const auto list = services.store.change([&](State& state) {
        state.add(Heartbeat{std::string(kName), host, json::object(), system_clock::now()});
        return list_of(state);
    });
    services.narrator.say("poll of " + host);
    return Answer::json(200, list);
}

// The registry of 2025 has bundles at another path.
Answer binary(const Call& call, Services services) {
    return services.store.read([&](const State& state) {
        const bool there = !state.aegisflux.older;
        return there ? bundle_of(state, call.captured.at("id")) : plain(404, "not found");
    });
}

Answer approval(const Call& call, Services services) {
    return services.store.read(
        [&](const State& state) { return approval_of(state, call.captured.at("id")); });
}

// /bundles/ID, or ID.artifact beside it.
Answer older_bundle(const Call& call, Services services) {
    constexpr std::string_view kApproval = ".artifact";
    const auto& name = call.captured.at("name");
    return services.store.read([&](const State& state) {
        if (!state.aegisflux.older) return plain(404, "not found");
        if (!name.ends_with(kApproval)) return bundle_of(state, name);
        return approval_of(state, name.substr(0, name.size() - kApproval.size()));
    });
}

// --- registration ---

Shape init_shape() {
    return object({{"org_id", text()},
                   {"host_id", text()},
                   {"agent_pubkey", text()},
                   {"machine_id_hash", text()},
                   {"agent_version", text()},
                   {"capabilities", any_object()},
                   {"platform", any_object()},
                   {"network", any_object()}});
}

Shape complete_shape() {
    return object({{"registration_id", text()}, {"host_id", text()}, {"signature", text()}});
}

Answer init(const Call& call, Services services) {
    const auto body = json_body(call, init_shape());
    if (!body) return plain(400, "bad json");
    const auto key = decoded((*body)["agent_pubkey"].get<std::string>());
    if (!key || key->size() != 32) return plain(400, "bad pubkey");
    const auto id = random_hex(16);
    const auto nonce = random_hex(16);  // 32 octets
    const auto host = (*body)["host_id"].get<std::string>();
    services.store.change([&](State& state) {
        state.aegisflux.open[id] = {.host_id = host,
                                    .public_key = *key,
                                    .signed_text = nonce + std::string(kServerTime) + host,
                                    .request = *body};
    });
    return Answer::json(
        200, {{"registration_id", id}, {"nonce", encoded(nonce)}, {"server_time", kServerTime}});
}

std::string uid_of(const std::string& public_key) {
    return "agent-" + crypto::hex(crypto::sha256(as_bytes(public_key))).substr(0, 16);
}

// As the actions API of 2026 keeps it: what a record has of organization and host name stays when
// its agent registers again.
void keep_registered(json& record, const std::string& uid, const json& request) {
    if (record.is_null()) {
        record = {{"agent_uid", uid}, {"org_id", request["org_id"]}, {"labels", json::array()}};
    }
    for (const auto* name :
         {"host_id", "machine_id_hash", "agent_version", "capabilities", "platform", "network"}) {
        record[name] = request[name];
    }
}

Answer complete(const Call& call, Services services) {
    const auto body = json_body(call, complete_shape());
    if (!body) return plain(400, "bad json");
    const auto id = (*body)["registration_id"].get<std::string>();
    const auto signature = decoded((*body)["signature"].get<std::string>());
    auto answer = services.store.change([&](State& state) {
        const auto found = state.aegisflux.open.find(id);
        if (found == state.aegisflux.open.end()) return plain(404, "unknown registration");
        if (!signature) return plain(400, "bad signature");
        const auto& registration = found->second;
        if (registration.host_id != (*body)["host_id"] ||
            !is_signed_by(registration.public_key, registration.signed_text, *signature)) {
            return plain(401, "signature verify failed");
        }
        const auto uid =
            state.aegisflux.older ? "agent-" + random_hex(16) : uid_of(registration.public_key);
        auto& enrolment = state.enrolments[uid];
        enrolment.agent_id = uid;
        enrolment.host_id = registration.host_id;
        enrolment.credential = "boot_" + random_hex(16);
        enrolment.request = registration.request;
        ++enrolment.times;
        keep_registered(state.aegisflux.records[uid], uid, registration.request);
        state.aegisflux.open.erase(found);
        return Answer::json(200, {{"agent_uid", uid}, {"bootstrap_token", enrolment.credential}});
    });
    if (answer.status == 200) services.narrator.say("registered " + answer.body);
    return answer;
}

// --- agents ---

Shape heartbeat_shape() {
    return object({{"agent_uid", text()},
                   {"last_seen", timestamp()},
                   optional("org_id", text()),
                   optional("host_id", text()),
                   optional("hostname", text()),
                   optional("machine_id_hash", text()),
                   optional("agent_version", text()),
                   optional("status", text()),
                   optional("capabilities", any_object()),
                   optional("platform", any_object()),
                   optional("network", any_object()),
                   optional("labels", list(text())),
                   optional("note", text())});
}

// A record that is made of a heartbeat has words of the server's own for what that does not say.
json record_of_heartbeat(const json& said) {
    const auto& uid = said["agent_uid"];
    const auto host = said.value("host_id", uid.get<std::string>());
    return {{"agent_uid", uid},
            {"org_id", "default-org"},
            {"host_id", host},
            {"hostname", host},
            {"agent_version", "unknown"},
            {"capabilities", {{"visibility", true}}},
            {"labels", json::array()},
            {"note", "Registered from lab agent heartbeat"}};
}

// An agent that is unknown is looked for by its id among the host ids, else made of what the
// heartbeat says.
Answer heartbeat(const Call& call, Services services) {
    const auto body = json_body(call, heartbeat_shape());
    if (!body) return plain(400, "bad json");
    const auto uid = (*body)["agent_uid"].get<std::string>();
    auto answer = services.store.change([&](State& state) {
        if (state.aegisflux.older) return plain(405, "Method not allowed");
        auto& records = state.aegisflux.records;
        auto found = records.find(uid);
        if (found == records.end()) {
            found = std::ranges::find_if(records, [&uid](const auto& one) {
                return one.second.value("host_id", "") == uid;
            });
        }
        const bool known = found != records.end();
        if (!known) found = records.emplace(uid, record_of_heartbeat(*body)).first;
        found->second.update(*body);
        found->second["agent_uid"] = found->first;
        state.enrolments[found->first].agent_id = found->first;
        state.aegisflux.last_seen[found->first] = (*body)["last_seen"];
        return Answer::json(200, {{"status", known ? "updated" : "registered"},
                                  {"agent_uid", found->first},
                                  {"last_seen", (*body)["last_seen"]}});
    });
    services.narrator.say("heartbeat of " + uid + ": " + answer.body);
    return answer;
}

Answer agent(const Call& call, Services services) {
    const auto& uid = call.captured.at("uid");
    return services.store.change([&](State& state) {
        const auto found = state.enrolments.find(uid);
        if (found == state.enrolments.end()) return plain(404, "Agent not found");
        json record{{"agent_uid", uid}, {"host_id", found->second.host_id}};
        if (const auto& kept = state.aegisflux.records[uid]; kept.is_object()) record.update(kept);
        record["last_seen"] = state.aegisflux.last_seen[uid];
        return Answer::json(200, record);
    });
}

}  // namespace

void add_aegisflux_routes(Router& router, Services services) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, Services)) {
        router.add(method, path, [=](const Call& call) { return handler(call, services); });
    };
    add("GET", "/artifacts/for-host/{host}", artifacts);
    add("GET", "/artifacts/{id}/binary", binary);
    add("GET", "/artifacts/{id}/approval", approval);
    add("GET", "/bundles/{name}", older_bundle);
    add("POST", "/agents/register/init", init);
    add("POST", "/agents/register/complete", complete);
    add("POST", "/agents/heartbeat", heartbeat);
    add("GET", "/agents/{uid}", agent);
}

}  // namespace bulkhead::reference
