#include "worker/backend/aegisflux/aegisflux_dialect.hpp"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <nlohmann/json.hpp>

#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/aegisflux/artifact_list.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;

std::string golden(const std::string& name) {
    const auto path = std::filesystem::path(BULKHEAD_GOLDEN) / "aegisflux" / name;
    EXPECT_TRUE(std::filesystem::is_regular_file(path)) << name;
    auto text = bulkhead::test::content_of(path);
    if (name.ends_with(".request.json") && text.ends_with('\n')) text.pop_back();
    return text;
}

AegisfluxDialect dialect(DialectOptions options = {}) {
    return AegisfluxDialect(AegisfluxOptions::from(options));
}
DialectOptions registering() {
    return {{"registration_url", "https://actions.example.com/"}, {"org_id", "acme"}};
}

template <class T>
Answer<T> judged(const Exchange<T>& exchange, int status, std::string body = "") {
    return exchange.judge({.status = status, .body = std::move(body)});
}

// The first test vector of RFC 8032, section 7.1.
Secret rfc_key() {
    const auto octets = parse_hex(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    return Secret(std::string(reinterpret_cast<const char*>(octets->data()), octets->size()));
}

EnrollRequest request() {
    EnrollRequest request{
        .host_id = "host-1", .agent_version = "0.1.0", .system = test::system_info()};
    request.key = rfc_key();
    request.bpf_support = BpfSupport{.btf = true,
                                     .features = {{"kprobe", true}, {"tracepoint", true}},
                                     .hooks = {{"security", false}},
                                     .limits = {{"unprivileged_bpf_disabled", "2"}},
                                     .read_at = *parse_utc("2026-11-22T01:02:03Z")};
    request.inventory.addresses = {
        {.ip = *IpAddress::parse("127.0.0.1"),
         .prefix_length = 8,
         .scope = RT_SCOPE_HOST,
         .interface = 1},
        {.ip = *IpAddress::parse("192.0.2.9"), .prefix_length = 24, .interface = 2},
        {.ip = *IpAddress::parse("2001:db8::9"), .prefix_length = 64, .interface = 2}};
    request.inventory.links = {
        {.index = 1, .name = "lo", .flags = IFF_UP | IFF_LOOPBACK, .kind = "", .mac = ""},
        {.index = 2, .name = "eth0", .flags = IFF_UP, .kind = "", .mac = "02:fc:00:00:00:05"},
        {.index = 3, .name = "eth1", .flags = 0, .kind = "", .mac = "02:fc:00:00:00:06"}};
    return request;
}

// --- the key ---

TEST(AegisfluxKey, SignsAsTheStandardSays) {
    const auto signature = sign_as(rfc_key(), "");
    EXPECT_EQ(to_hex(signature),
              "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
              "39701cf9b46b"
              "d25bf5f0595bbe24655141438e7a100b");
}

TEST(AegisfluxKey, ANewOneIsWholeAndUnlikeTheLast) {
    const auto one = make_identity_key();
    const auto two = make_identity_key();
    EXPECT_TRUE(check_identity_key(one));
    EXPECT_NE(one.reveal(), two.reveal());
    auto damaged = one.reveal();
    damaged[40] = static_cast<char>(damaged[40] ^ 1);
    EXPECT_FALSE(check_identity_key(Secret(damaged)));
    EXPECT_FALSE(check_identity_key(Secret(damaged.substr(0, 32))));
    EXPECT_FALSE(check_identity_key(Secret()));
}

// --- registration ---

TEST(AegisfluxRegistration, HappensOnlyWhereItHasAnAddress) {
    EXPECT_EQ(dialect().enrollment(), nullptr);
    EXPECT_FALSE(dialect().traits().wants_credential);
    const auto registers = dialect(registering());
    ASSERT_NE(registers.enrollment(), nullptr);
    EXPECT_FALSE(registers.enrollment()->needs_token());
}

TEST(AegisfluxRegistration, TakesTwoSteps) {
    const auto aegisflux = dialect(registering());
    const auto first = aegisflux.enrollment()->enroll(request());
    EXPECT_EQ(first.request.method, "POST");
    EXPECT_EQ(first.request.path, "https://actions.example.com/agents/register/init");
    EXPECT_EQ(test::body(first.request), golden("register-init.request.json"));
    const auto challenged = judged(first, 200, golden("register-init.answer.json"));
    ASSERT_OK(challenged);
    ASSERT_TRUE(challenged->next);
    const auto second = challenged->next();
    EXPECT_EQ(second.request.path, "https://actions.example.com/agents/register/complete");
    EXPECT_EQ(test::body(second.request), golden("register-complete.request.json"));
    const auto enrolled = judged(second, 200, golden("register-complete.answer.json"));
    ASSERT_OK(enrolled);
    EXPECT_FALSE(enrolled->next);
    EXPECT_EQ(enrolled->identity.agent_id, "agent-21fe31dfa154a261");
    EXPECT_EQ(enrolled->identity.credential.reveal(), "bootstrap-1");
}

TEST(AegisfluxRegistration, EachRefusalHasItsMeaning) {
    const auto aegisflux = dialect(registering());
    const auto first = aegisflux.enrollment()->enroll(request());
    EXPECT_EQ(judged(first, 400, "bad pubkey\n").error().text, "status 400: bad pubkey");
    EXPECT_EQ(judged(first, 400, "bad pubkey\n").error().kind, Kind::refused);
    EXPECT_EQ(judged(first, 503).error().kind, Kind::retry);
    const auto second = judged(first, 200, golden("register-init.answer.json"))->next();
    EXPECT_EQ(judged(second, 401, "signature verify failed\n").error().kind,
              Kind::credential_rejected);
    EXPECT_EQ(judged(second, 404, "unknown registration\n").error().kind, Kind::retry)
        << "the next try begins anew";
    EXPECT_EQ(judged(second, 400, "bad signature\n").error().kind, Kind::refused);
    EXPECT_EQ(judged(second, 500).error().kind, Kind::retry);
}

TEST(AegisfluxRegistration, WhatCannotBeReadIsTriedAgain) {
    const auto aegisflux = dialect(registering());
    const auto first = aegisflux.enrollment()->enroll(request());
    for (const auto* body :
         {"", "<html>", "{}", R"({"registration_id":"r","nonce":"AAAA","server_time":"t"})",
          R"({"registration_id":"r","nonce":"?","server_time":"t"})"}) {
        const auto verdict = judged(first, 200, body);
        ASSERT_FALSE(verdict) << body;
        EXPECT_EQ(verdict.error().kind, Kind::retry) << body;
    }
    const auto second = judged(first, 200, golden("register-init.answer.json"))->next();
    for (const auto* body : {"", "{}", R"({"agent_uid":"a","bootstrap_token":""})",
                             R"({"agent_uid":"a","bootstrap_token":"x\ny"})",
                             R"({"agent_uid":"","bootstrap_token":"x"})"}) {
        EXPECT_FALSE(judged(second, 200, body)) << body;
    }
}

TEST(AegisfluxRegistration, TheHostIdOfTheOptionsIsWhatIsSigned) {
    auto options = registering();
    options["host_id"] = "other";
    const auto aegisflux = dialect(options);
    const auto first = aegisflux.enrollment()->enroll(request());
    EXPECT_NE(test::body(first.request).find(R"("host_id":"other")"), std::string::npos);
    const auto second = judged(first, 200, golden("register-init.answer.json"))->next();
    EXPECT_NE(test::body(second.request), golden("register-complete.request.json"));
    EXPECT_NE(test::body(second.request).find(R"("host_id":"other")"), std::string::npos);
}

nlohmann::json capabilities_of(const EnrollRequest& asked) {
    const auto aegisflux = dialect(registering());
    return nlohmann::json::parse(
        test::body(aegisflux.enrollment()->enroll(asked).request))["capabilities"];
}

TEST(AegisfluxCapabilities, WithoutATrialNothingCanBeLoaded) {
    const auto said = capabilities_of(request());
    for (const auto* name :
         {"ebpf", "bpf", "tc", "cgroup", "cgroup_connect", "lsm_bpf", "loads_programs"}) {
        EXPECT_EQ(said[name], false) << name;
    }
    EXPECT_EQ(said["bpf_features"]["kprobe"], true) << "by the kernel's files";
    EXPECT_FALSE(said.contains("unattachable"));
}

TEST(AegisfluxCapabilities, WhatWasAttachedIsWhatIsTold) {
    auto asked = request();
    asked.bpf_support->trials.emplace();
    *asked.bpf_support->trials = {{"xdp", {true, ""}},
                                  {"tc-ingress", {true, ""}},
                                  {"cgroup-connect4", {true, ""}},
                                  {"kprobe", {false, "attach: Permission denied"}},
                                  {"lsm", {false, "load: Operation not permitted"}}};
    const auto said = capabilities_of(asked);
    for (const auto* name : {"ebpf", "bpf", "tc", "cgroup", "cgroup_connect", "loads_programs"}) {
        EXPECT_EQ(said[name], true) << name;
    }
    EXPECT_EQ(said["lsm_bpf"], false);
    const nlohmann::json features = {
        {"cgroup", true}, {"cgroup-connect4", true}, {"kprobe", false}, {"lsm", false},
        {"tc", true},     {"tc-ingress", true},      {"xdp", true}};
    EXPECT_EQ(said["bpf_features"], features) << "not what the kernel has by its files";
    EXPECT_EQ(said["unattachable"]["kprobe"], "attach: Permission denied");
    for (auto& [name, trial] : *asked.bpf_support->trials) trial.works = false;
    EXPECT_EQ(capabilities_of(asked)["ebpf"], false);
    EXPECT_EQ(capabilities_of(asked)["loads_programs"], false);
}

// --- the poll ---

TEST(AegisfluxPoll, NamesTheHostSafely) {
    const auto request = dialect().heartbeat({}, test::heartbeat()).request;
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/artifacts/for-host/host-1");
    EXPECT_TRUE(request.headers.empty());
    EXPECT_EQ(dialect({{"host_id", "../x y"}}).heartbeat({}, test::heartbeat()).request.path,
              "/artifacts/for-host/..%2Fx%20y");
    EXPECT_EQ(dialect().traits().heartbeat_interval, 10s);
}

HeartbeatReceipt polled(std::string body) {
    const auto receipt = judged(dialect().heartbeat({}, test::heartbeat()), 200, std::move(body));
    EXPECT_OK(receipt);
    return receipt ? *receipt : HeartbeatReceipt{};
}

std::vector<AssignedArtifact> assigned(std::string body) {
    return polled(std::move(body)).artifacts.value_or(std::vector<AssignedArtifact>{});
}

TEST(AegisfluxPoll, ReadsWhatIsAssignedInAllThreeShapes) {
    const auto named = assigned(golden("artifacts-named.answer.json"));
    ASSERT_EQ(named.size(), 2U);
    EXPECT_EQ(named[0].id, "trace-connect");
    EXPECT_EQ(named[0].checksum,
              "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    EXPECT_EQ(named[0].bundle_url, "https://registry.example.com/bundles/trace-connect");
    EXPECT_EQ(named[0].signature, (BackendSignature{"RSA-PSS", "k1", "c2lnbmF0dXJl"}));
    EXPECT_EQ(named[1].id, "bare");
    EXPECT_EQ(named[1].checksum, "");
    const auto ids = assigned(golden("artifacts-ids.answer.json"));
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_EQ(ids[0].id, "6b1f0c5e-3f8a-4b55-9c58-0f0f6d1c2a3b");
    EXPECT_EQ(ids[0].size, 4'096U);
    EXPECT_EQ(ids[0].version, "1.0.0 2026-01-31T23:59:59Z");
    const auto array = assigned(golden("artifacts-array.answer.json"));
    ASSERT_EQ(array.size(), 1U);
    EXPECT_EQ(array[0].id, "a1");
}

TEST(AegisfluxPoll, WhatApproversSignIsNotTheRegistrys) {
    const auto receipt =
        polled(R"([{"artifact_id":"a","ttl_sec":60,"parameters":{"limit":"1"}},)"
               R"({"artifact_id":"b","metadata":{"ttl":"60"},"parameters":{}},)"
               R"({"artifact_id":"c","metadata":{"note":"x"},"parameters":null}])");
    EXPECT_EQ(receipt.artifacts->size(), 3U);
    ASSERT_EQ(receipt.declined.size(), 3U);
    EXPECT_EQ(receipt.declined[0].what, "ttl of the artifact a");
    EXPECT_EQ(receipt.declined[1].what, "parameters of the artifact a");
    EXPECT_EQ(receipt.declined[2].what, "ttl of the artifact b");
    for (const auto& one : receipt.declined) EXPECT_EQ(one.reason, "in-the-manifest");
}

TEST(AegisfluxPoll, AMemberOfAnotherTypeDeclinesItsArtifact) {
    for (const auto* member :
         {R"("checksum":"abc")", R"("checksum":7)", R"("size":-1)", R"("size":"4")",
          R"("bundle_url":["x"])", R"("signature":{})", R"("version":1)"}) {
        const auto receipt =
            polled(R"([{"artifact_id":"a",)" + std::string(member) + R"(},{"artifact_id":"b"}])");
        EXPECT_EQ(receipt.artifacts->size(), 1U) << member;
        ASSERT_EQ(receipt.declined.size(), 1U) << member;
        EXPECT_EQ(receipt.declined[0].reason, "bad-artifact") << member;
    }
    const auto upper =
        assigned(R"([{"artifact_id":"a","checksum":"sha256:)" + std::string(64, 'A') + R"("}])");
    ASSERT_EQ(upper.size(), 1U);
    EXPECT_EQ(upper[0].checksum, std::string(64, 'a'));
}

TEST(AegisfluxPoll, TakesSixtyFourAndEachOnce) {
    std::string list;
    for (int i = 0; i < 65; ++i) {
        list += R"({"artifact_id":"a)" + std::to_string(i) + R"("},)";
    }
    const auto receipt = polled("[" + list + R"({"id":"a3"}])");
    EXPECT_EQ(receipt.artifacts->size(), kMaxAssigned);
    ASSERT_EQ(receipt.declined.size(), 2U);
    EXPECT_EQ(receipt.declined[0].reason, "too-many-artifacts");
    EXPECT_EQ(receipt.declined[1].reason, "bad-artifact-id");
}

TEST(AegisfluxPoll, NothingAssignedHasManyForms) {
    for (const auto* body : {"null", "null\n", "[]", " []\n", R"({"artifacts":[],"total":0})",
                             R"({"artifacts":null,"total":0})", R"({"total":0})"}) {
        EXPECT_TRUE(assigned(body).empty()) << body;
    }
    const auto exchange = dialect().heartbeat({}, test::heartbeat());
    const auto absent = judged(exchange, 404, "404 page not found\n");
    ASSERT_TRUE(absent);
    EXPECT_TRUE(absent->artifacts && absent->artifacts->empty()) << "nothing is assigned any more";
}

TEST(AegisfluxPoll, AnIdThatIsNoneIsToldAndNothingElse) {
    const auto receipt = polled(
        R"([{"artifact_id":"../../etc/passwd"},{"artifact_id":".x"},{"id":""},{"name":"x"},7,)"
        R"({"artifact_id":"a\u0000b"},{"artifact_id":"good"}])");
    const auto& odd = receipt.declined;
    ASSERT_EQ(odd.size(), 6U);
    for (const auto& one : odd) EXPECT_EQ(one.reason, "bad-artifact-id") << one.what;
    EXPECT_EQ(odd[0].what, "artifact ../../etc/passwd");
    ASSERT_EQ(receipt.artifacts->size(), 1U);
    EXPECT_EQ(receipt.artifacts->front().id, "good");
}

TEST(AegisfluxPoll, AnythingElseIsAskedAgain) {
    const auto exchange = dialect().heartbeat({}, test::heartbeat());
    for (const int status : {201, 204, 301, 400, 401, 403, 429, 500, 503}) {
        EXPECT_EQ(judged(exchange, status).error().kind, Kind::retry) << status;
    }
    for (const auto* body :
         {"", "{}", "7", "\"x\"", "[", R"({"artifacts":{}})", R"({"error":"x"})"}) {
        const auto verdict = judged(exchange, 200, body);
        ASSERT_FALSE(verdict) << body;
        EXPECT_EQ(verdict.error().kind, Kind::retry) << body;
    }
}

TEST(ArtifactId, IsAFileNameAndNothingMore) {
    for (const auto* id : {"a", "A1._-", "trace-connect"}) EXPECT_TRUE(check_artifact_id(id)) << id;
    for (const auto* id : {"", ".", "..", ".a", "a/b", "a b", "\xc3\xa4", "a\n"}) {
        EXPECT_FALSE(check_artifact_id(id)) << id;
    }
    EXPECT_FALSE(check_artifact_id(std::string(129, 'a')));
}

TEST(AegisfluxOptions, EveryDefaultPassesItsOwnCheck) {
    for (const auto& row : AegisfluxOptions::rows())
        EXPECT_TRUE(row.accepts(row.fallback)) << row.name;
    EXPECT_FALSE(AegisfluxOptions::rows()[1].accepts("actions.example.com"));
}

}  // namespace
}  // namespace bulkhead::worker
