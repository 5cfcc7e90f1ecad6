// Findings as each dialect writes them, and against backends that are strict about it.
#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using reference::ReferenceBackend;
using Kind = Failure::Kind;

std::vector<Finding> two_findings() {
    return {{.type = "tls.expiring",
             .key = "/etc/letsencrypt/live/example.com/fullchain.pem",
             .severity = Severity::critical,
             .title = "TLS certificate expires in 3 days",
             .message = "soon",
             .metadata = {{"daysLeft", std::int64_t{3}}, {"subject", std::string("example.com")}},
             .related = {"domain:example.com"}},
            {.type = "disk.space",
             .key = "/",
             .severity = Severity::info,
             .title = "full",
             .message = "99 \xff",
             .metadata = {{"usedPercent", 91.5}},
             .related = {}}};
}

std::unique_ptr<const Dialect> dialect(std::string_view name, DialectOptions options = {}) {
    return find_dialect(name)->make(options);
}

Exchange<> report(const Dialect& dialect, const std::vector<Finding>& findings) {
    return dialect.findings()->findings(test::identity(), test::system_info(), findings);
}

TEST(BulkheadFindings, AreWrittenAsTheContractSays) {
    const auto request = report(*dialect("bulkhead"), two_findings()).request;
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/findings");
    EXPECT_EQ(
        test::body(request),
        R"({"agent_id":"agent-1","findings":[{"type":"tls.expiring",)"
        R"("key":"/etc/letsencrypt/live/example.com/fullchain.pem","severity":"critical",)"
        R"("title":"TLS certificate expires in 3 days","message":"soon",)"
        R"("metadata":{"daysLeft":3,"subject":"example.com"},"related":["domain:example.com"]},)"
        R"({"type":"disk.space","key":"/","severity":"info","title":"full","message":"99 \ufffd",)"
        R"("metadata":{"usedPercent":91.5},"related":[]}]})");
}

TEST(HyprboxFindings, CarryTheNodeAndItsOwnWords) {
    const auto request =
        report(*dialect("hyprbox", {{"node_id", "prod-1"}}), {two_findings()[0]}).request;
    EXPECT_EQ(request.path, "/api/findings");
    EXPECT_EQ(test::header(request, "Authorization"), "Bearer bhc_secret");
    EXPECT_EQ(test::body(request),
              R"({"nodeId":"prod-1","findings":[{"type":"tls.expiring",)"
              R"("key":"/etc/letsencrypt/live/example.com/fullchain.pem","severity":"CRITICAL",)"
              R"("title":"TLS certificate expires in 3 days","message":"soon",)"
              R"("metadata":{"daysLeft":3,"subject":"example.com"},)"
              R"("relatedEntities":["domain:example.com"]}]})");
    const auto elsewhere = dialect("hyprbox", {{"findings_path", "/v2/findings"}});
    EXPECT_EQ(report(*elsewhere, {}).request.path, "/v2/findings");
    const auto named = dialect("hyprbox", {{"findings_member", "items"}});
    EXPECT_EQ(test::body(report(*named, {}).request), R"({"nodeId":"web-01","items":[]})");
}

TEST(FindingsDialects, SayWhetherAnEmptyReportMeansSomething) {
    EXPECT_TRUE(dialect("bulkhead")->findings()->takes_whole_set());
    EXPECT_FALSE(dialect("hyprbox")->findings()->takes_whole_set());
}

TEST(FindingsDialects, JudgeEachStatus) {
    for (const auto* name : {"bulkhead", "hyprbox"}) {
        const auto exchange = report(*dialect(name), {});
        const auto kind = [&](int status) {
            return exchange.judge({.status = status}).error().kind;
        };
        EXPECT_TRUE(exchange.judge({.status = 200})) << name;
        EXPECT_TRUE(exchange.judge({.status = 204})) << name;
        EXPECT_EQ(kind(400), Kind::refused) << name;
        EXPECT_EQ(kind(401), Kind::credential_rejected) << name;
        EXPECT_EQ(kind(403), Kind::credential_rejected) << name;
        EXPECT_EQ(kind(404), Kind::refused) << name;
        EXPECT_EQ(kind(429), Kind::retry) << name;
        EXPECT_EQ(kind(503), Kind::retry) << name;
    }
}

TEST(FindingsSpoken, BulkheadsBackendTakesThemAndForgetsWhatIsResolved) {
    ReferenceBackend backend{{.install_tokens = {"token"}}};
    ASSERT_TRUE(backend.start());
    test::Caller caller(test::settings_for(backend));
    const auto spoken = dialect("bulkhead");
    const auto enrolled =
        caller.speak(spoken->enrollment()->enroll({.install_token = Secret("token"),
                                                   .host_id = "h",
                                                   .agent_version = "0.1.0",
                                                   .system = test::system_info()}));
    ASSERT_OK(enrolled);
    const auto send = [&](const std::vector<Finding>& findings) {
        const auto verdict = caller.speak(
            spoken->findings()->findings(enrolled->identity, test::system_info(), findings));
        EXPECT_OK(verdict);
    };
    send(two_findings());
    EXPECT_EQ(backend.findings().size(), 2U);
    send({two_findings()[0]});
    EXPECT_EQ(backend.findings().size(), 1U);
    send({});
    EXPECT_TRUE(backend.findings().empty());
}

TEST(FindingsSpoken, HyprboxTakesThemFromATokenOfThatNodeOnly) {
    ReferenceBackend backend{{.node_tokens = {{"pinned", "prod-1"}, {"fleet", ""}}}};
    ASSERT_TRUE(backend.start());
    test::Caller caller(test::settings_for(backend));
    const auto spoken = dialect("hyprbox", {{"node_id", "prod-1"}});
    const auto send = [&](const std::string& token) {
        return caller.speak(spoken->findings()->findings(
            {.agent_id = "", .credential = Secret(token)}, test::system_info(), two_findings()));
    };
    const auto taken = send("pinned");
    EXPECT_OK(taken);
    EXPECT_EQ(backend.findings().size(), 2U);
    EXPECT_EQ(send("fleet").error().kind, Kind::credential_rejected);
}

}  // namespace
}  // namespace bulkhead::worker
