#include "worker/backend/aegisflux/aegisflux_enroll.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/json/bpf_support_json.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMaxAnswerBytes = 64_KiB;
constexpr std::size_t kMaxText = 512;

// The first line of the body, at most 512 bytes: AegisFlux sends errors as plain text.
std::string reason_of(const HttpAnswer& answer) {
    return answer.body.substr(0, std::min(answer.body.find('\n'), kMaxText));
}

HttpRequest post(const AegisfluxOptions& options, std::string_view path, std::string body) {
    return {.method = "POST",
            .path = options.registration_url + std::string(path),
            .headers = {{"Content-Type", Secret("application/json")}},
            .body = std::move(body),
            .max_answer_bytes = kMaxAnswerBytes};
}

struct Challenge {
    std::string registration_id;
    std::string nonce;        // decoded
    std::string server_time;  // as received: its text is part of what is signed
};

Result<Challenge> read_challenge(const HttpAnswer& answer) {
    const auto body = TRY(JsonValue::parse(answer.body));
    const auto id = TRY(body.member("registration_id"));
    const auto nonce = TRY(body.member("nonce"));
    const auto time = TRY(body.member("server_time"));
    const auto encoded = TRY(nonce.text(kMaxText));
    const auto octets = TRY(within("nonce", parse_base64(encoded)));
    // A shorter nonce may repeat, and an old signature would then be valid for it.
    if (octets.size() < 16) return fail("nonce: shorter than 16 octets");
    Challenge challenge{.registration_id = TRY(id.text(kMaxText)),
                        .nonce = {reinterpret_cast<const char*>(octets.data()), octets.size()},
                        .server_time = TRY(time.text(kMaxText))};
    return challenge;
}

Result<Enrolled> read_enrolled(const HttpAnswer& answer) {
    const auto body = TRY(JsonValue::parse(answer.body));
    const auto uid = TRY(body.member("agent_uid"));
    const auto token = TRY(body.member("bootstrap_token"));
    Enrolled enrolled;
    enrolled.identity.agent_id = TRY(uid.text(128));
    TRY(check_agent_id(enrolled.identity.agent_id));
    enrolled.identity.credential = Secret(TRY(token.text(4096)));
    TRY(check_credential(enrolled.identity.credential.reveal()));
    return enrolled;
}

Answer<Enrolled> judge_complete(const HttpAnswer& answer) {
    // The backend does not know the registration, or no longer: the next try begins a new one.
    if (answer.status == 404) {
        return failure(Failure::Kind::retry,
                       "status 404: the registration was lost: " + quoted(reason_of(answer)));
    }
    if (answer.status != 200) return judge_failure(answer, reason_of(answer));
    auto enrolled = read_enrolled(answer);
    if (!enrolled) return judge_unreadable(enrolled.error());
    return std::move(*enrolled);
}

Result<Exchange<Enrolled>> complete(const AegisfluxOptions& options, const std::string& host_id,
                                    const Secret& key, const Challenge& challenge) {
    const auto signature = sign_as(key, challenge.nonce + challenge.server_time + host_id);
    JsonWriter json;
    json.begin_object()
        .put("registration_id", challenge.registration_id)
        .put("host_id", host_id)
        .put("signature", to_base64(signature))
        .end();
    return Exchange<Enrolled>{
        .request = post(options, "/agents/register/complete", std::move(json).take()),
        .judge = &judge_complete};
}

void put_interface(JsonWriter& json, const Link& link, const std::vector<Address>& addresses) {
    json.begin_object(link.name).put("mac", link.mac).begin_array("addrs");
    for (const auto& address : addresses) {
        if (address.interface != link.index) continue;
        json.add(address.ip.text() + "/" + std::to_string(address.prefix_length));
    }
    json.end().end();
}

// The interfaces that are up, as the original agent tells them. In "addrs" addresses are without
// prefix length, because the backend finds a host by comparing the whole text.
void put_network(JsonWriter& json, const Inventory& inventory) {
    const auto addresses = inventory.addresses.value_or(std::vector<Address>{});
    json.begin_object("network").begin_object("ifaces");
    for (const auto& link : inventory.links.value_or(std::vector<Link>{})) {
        if (link.is_up()) put_interface(json, link, addresses);
    }
    json.end().begin_array("addrs");
    for (const auto& address : addresses) {
        if (address.scope != RT_SCOPE_HOST) json.add(address.ip.text());
    }
    json.end().end();
}

std::string init_body(const AegisfluxOptions& options, const std::string& host_id,
                      const EnrollRequest& request) {
    JsonWriter json;
    json.begin_object()
        .put("org_id", options.org_id)
        .put("host_id", host_id)
        .put("agent_pubkey", to_base64(public_part(request.key)))
        // The hash is that of policy's host id, not of the machine id, which must not be exposed on
        // a network: machine-id(5) asks for a hash that is keyed by the application.
        .put("machine_id_hash", "sha256:" + crypto::hex(crypto::sha256(as_bytes(request.host_id))))
        .put("agent_version", request.agent_version);
    json.begin_object("capabilities");
    if (request.bpf_support) put_bpf_support(json, *request.bpf_support, request.system);
    json.end();
    json.begin_object("platform")
        .put("os", "linux")
        .put("arch", request.system.go_architecture)
        .put("hostname", request.system.hostname)
        .put("kernel_version", request.system.kernel_release)
        .put("distribution", request.system.os.id)
        .put("version", request.system.os.version_id)
        .end();
    put_network(json, request.inventory);
    json.end();
    return std::move(json).take();
}

}  // namespace

Result<Secret> AegisfluxEnroll::make_key() const { return make_identity_key(); }

Result<> AegisfluxEnroll::check_key(const Secret& key) const { return check_identity_key(key); }

// The original agent takes the key of its data directory, and without one that of the default
// directory.
Result<Adopted> AegisfluxEnroll::adopt(const OriginalIdentity& files) const {
    for (const auto* name : {"identity.key", "default.key"}) {
        const auto found = files.find(name);
        if (found == files.end()) continue;
        TRY(within(name, check_identity_key(found->second)));
        return Adopted{.agent_id = {}, .key = Secret(found->second.reveal()), .credential = {}};
    }
    return Adopted{};
}

bool AegisfluxEnroll::renews(const Identity& identity, const Secret& key) const {
    return identity.agent_id == agent_uid_of(key);
}

Exchange<Enrolled> AegisfluxEnroll::enroll(const EnrollRequest& request) const {
    const auto host_id = options_.host_id.empty() ? request.host_id : options_.host_id;
    return {
        .request = post(options_, "/agents/register/init", init_body(options_, host_id, request)),
        .judge = [options = options_, host_id,
                  key = request.key](const HttpAnswer& answer) -> Answer<Enrolled> {
            if (answer.status != 200) return judge_failure(answer, reason_of(answer));
            const auto challenge = read_challenge(answer);
            if (!challenge) return judge_unreadable(challenge.error());
            auto second = complete(options, host_id, key, *challenge);
            if (!second) return failure(Failure::Kind::retry, second.error().what);
            Enrolled unfinished;
            unfinished.next = [second = *std::move(second)] { return second; };
            return unfinished;
        }};
}

}  // namespace bulkhead::worker
