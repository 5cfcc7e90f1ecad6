// Each dialect against a backend that speaks it strictly.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/backend/dialects/dialect.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using reference::Misbehaviour;
using reference::ReferenceBackend;
using test::Caller;
using Kind = Failure::Kind;

class BulkheadSpoken : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
    }

    Answer<Enrolled> enroll(std::string token = "token", std::string host = "host-1") {
        return caller_->speak(
            dialect_->enrollment()->enroll({.install_token = Secret(std::move(token)),
                                            .host_id = std::move(host),
                                            .agent_version = "0.1.0",
                                            .system = test::system_info()}));
    }
    void enroll_first() {
        auto enrolled = enroll();
        ASSERT_OK(enrolled);
        identity_ = enrolled->identity;
    }
    const JobDialect& jobs() { return *dialect_->jobs(); }
    Answer<JobNews> next_job(std::chrono::seconds wait = 0s) {
        return caller_->speak(jobs().next_job(identity_, test::system_info(), wait));
    }
    Answer<HeartbeatReceipt> beat() {
        return caller_->speak(dialect_->heartbeat(identity_, test::heartbeat()));
    }

    ReferenceBackend backend_{{.install_tokens = {"token"}, .heartbeat_seconds = 20}};
    std::optional<Caller> caller_;
    std::unique_ptr<const Dialect> dialect_ = find_dialect("bulkhead")->make({});
    Identity identity_;
};

TEST_F(BulkheadSpoken, EnrollsOnceAndAgainAfterALostAnswer) {
    const auto first = enroll();
    ASSERT_OK(first);
    EXPECT_EQ(first->heartbeat_interval, 20s);
    const auto again = enroll();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->identity.agent_id, first->identity.agent_id);
    EXPECT_NE(again->identity.credential.reveal(), first->identity.credential.reveal());
    EXPECT_EQ(enroll("wrong").error().kind, Kind::credential_rejected);
    EXPECT_EQ(enroll("token", "host-2").error().kind, Kind::credential_rejected);
}

TEST_F(BulkheadSpoken, HeartbeatsAreAcceptedWithEverythingAndWithLittle) {
    enroll_first();
    auto heartbeat = test::heartbeat();
    heartbeat.report_system = true;
    auto receipt = caller_->speak(dialect_->heartbeat(identity_, heartbeat));
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->heartbeat_interval, 20s);
    heartbeat.report_system = false;
    heartbeat.audit.reset();
    heartbeat.metrics = {};
    receipt = caller_->speak(dialect_->heartbeat(identity_, heartbeat));
    ASSERT_OK(receipt);
    EXPECT_EQ(backend_.heartbeats().size(), 2U);
}

TEST_F(BulkheadSpoken, ARevokedCredentialIsNoticed) {
    enroll_first();
    ASSERT_TRUE(backend_.revoke("host-1"));
    EXPECT_EQ(beat().error().kind, Kind::credential_rejected);
}

TEST_F(BulkheadSpoken, SpoiltAnswersAreSetbacksAndTheNextBeatIsFine) {
    enroll_first();
    using Spoil = Misbehaviour::Kind;
    for (const auto spoil : {Spoil::cut_before_headers, Spoil::cut_in_body, Spoil::not_json,
                             Spoil::truncated_json, Spoil::wrong_types, Spoil::oversized}) {
        backend_.misbehave({.kind = spoil, .path = "/v1/heartbeat"});
        const auto receipt = beat();
        backend_.behave();
        ASSERT_FALSE(receipt) << name_of(spoil);
        EXPECT_EQ(receipt.error().kind, Kind::retry) << name_of(spoil);
        EXPECT_TRUE(beat()) << name_of(spoil);
    }
    backend_.misbehave({.kind = Spoil::status, .times = 1, .status = 429, .retry_after = "9"});
    EXPECT_EQ(beat().error().retry_after, 9s);
}

TEST_F(BulkheadSpoken, ALongPollWakesUpForAJob) {
    enroll_first();
    std::optional<Answer<JobNews>> news;
    perform<JobNews>(caller_->client(), jobs().next_job(identity_, test::system_info(), 30s),
                     [&news](Answer<JobNews> given) { news = std::move(given); });
    EXPECT_TRUE(beat()) << "on the other kept connection meanwhile";
    EXPECT_FALSE(news);
    ASSERT_TRUE(backend_.queue_job({.script = "echo hi\n", .id = "odd /?#\xc3\xa4"}));
    ASSERT_TRUE(caller_->run_until([&news] { return news.has_value(); }));
    ASSERT_OK(*news);
    EXPECT_EQ((*news)->offer->id.value, "odd /?#\xc3\xa4");
}

TEST_F(BulkheadSpoken, AJobGoesFromOfferToResult) {
    enroll_first();
    ASSERT_TRUE(backend_.queue_job({.script = "echo hi\n", .id = "odd /?#"}));
    ASSERT_TRUE(next_job());
    const auto files = bulkhead::test::tree({{"spool", "hello world"}});
    const sys::Fd fd(::open((files.path() + "/spool").c_str(), O_RDONLY | O_CLOEXEC));
    const auto send = [&](std::uint64_t offset, FileRange range) {
        return caller_->speak(jobs().output(
            identity_, {.delivery_id = {"odd /?#"}, .offset = offset, .data = range}));
    };
    EXPECT_EQ(send(0, {fd.get(), 0, 5})->next_offset, 5U);
    EXPECT_EQ(send(0, {fd.get(), 0, 5})->next_offset, 5U) << "again, without harm";
    EXPECT_EQ(send(9, {fd.get(), 9, 2})->next_offset, 5U) << "a gap";
    EXPECT_EQ(send(5, {fd.get(), 5, 6})->next_offset, 11U);
    EXPECT_EQ(backend_.standard_output("odd /?#"), "hello world");
    const auto after_hole =
        caller_->speak(jobs().output(identity_, {.delivery_id = {"odd /?#"},
                                                 .offset = 100,
                                                 .data = FileRange{fd.get(), 0, 5},
                                                 .skip_from = 11}));
    EXPECT_EQ(after_hole->next_offset, 105U);

    auto result = test::job_result("odd /?#");
    EXPECT_TRUE(caller_->speak(jobs().result(identity_, result)));
    EXPECT_TRUE(caller_->speak(jobs().result(identity_, result))) << "recorded already";
    EXPECT_EQ(caller_->speak(jobs().result(identity_, test::job_result("other"))).error().kind,
              Kind::unknown_job);
    EXPECT_EQ(backend_.job("odd /?#")->result["outcome"], "finished");
}

TEST_F(BulkheadSpoken, CatalogueJobsAndCancelsArrive) {
    enroll_first();
    ASSERT_TRUE(
        backend_.queue_job({.catalogue = "clean", .params = {{"path", "/tmp"}}, .id = "c"}));
    const auto news = next_job();
    ASSERT_OK(news);
    EXPECT_EQ(std::get<CatalogueJob>(news->offer->work).params.at("path"), "/tmp");
    ASSERT_TRUE(backend_.cancel_job("c"));
    EXPECT_EQ(next_job()->cancels, (std::vector<DeliveryId>{{"c"}}));
    EXPECT_TRUE(next_job()->empty());
}

class HyprboxSpoken : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
    }
    const JobDialect& jobs() { return *dialect_->jobs(); }
    Answer<JobNews> next_job() {
        return caller_->speak(jobs().next_job(identity_, test::system_info(), 0s));
    }

    ReferenceBackend backend_{{.tls = false, .node_tokens = {{"hbnt_x", "node-1"}}}};
    std::optional<Caller> caller_;
    std::unique_ptr<const Dialect> dialect_ =
        find_dialect("hyprbox")->make({{"node_id", "node-1"}});
    Identity identity_{.agent_id = "", .credential = Secret("hbnt_x")};
};

TEST_F(HyprboxSpoken, HeartbeatsAndAWrongToken) {
    const auto receipt = caller_->speak(dialect_->heartbeat(identity_, test::heartbeat()));
    ASSERT_OK(receipt);
    EXPECT_EQ(backend_.heartbeats().back().who, "node-1");
    identity_.credential = Secret("wrong");
    EXPECT_EQ(caller_->speak(dialect_->heartbeat(identity_, test::heartbeat())).error().kind,
              Kind::credential_rejected);
}

TEST_F(HyprboxSpoken, AJobGoesFromClaimToCompletion) {
    ASSERT_TRUE(backend_.queue_job({.dialect = "hyprbox", .script = "echo hi", .id = "7"}));
    const auto news = next_job();
    ASSERT_OK(news);
    EXPECT_EQ(std::get<ScriptJob>(news->offer->work).script, "echo hi");
    EXPECT_TRUE(next_job()->empty());
    const auto sent = caller_->speak(jobs().output(
        identity_, {.delivery_id = {"7"}, .offset = 0, .data = std::string("hi\xff\n")}));
    ASSERT_OK(sent);
    EXPECT_EQ(sent->next_offset, 4U);
    auto result = test::job_result("7");
    result.last_output = "bye\n";
    EXPECT_TRUE(caller_->speak(jobs().result(identity_, result)));
    EXPECT_EQ(backend_.standard_output("7"), "hi\xef\xbf\xbd\nbye\n");
    EXPECT_EQ(backend_.job("7")->result["status"], "SUCCEEDED");
    EXPECT_EQ(caller_->speak(jobs().result(identity_, result)).error().kind, Kind::unknown_job);
}

TEST_F(HyprboxSpoken, ARefusedJobIsCompletedWithAReason) {
    ASSERT_TRUE(backend_.queue_job({.dialect = "hyprbox", .script = "rm -rf /", .id = "8"}));
    ASSERT_TRUE(next_job());
    auto result = test::job_result("8");
    result.outcome = JobOutcome::refused;
    result.exit_code.reset();
    result.reason = "not_approved";
    EXPECT_TRUE(caller_->speak(jobs().result(identity_, result)));
    EXPECT_EQ(backend_.job("8")->result["status"], "FAILED");
    EXPECT_NE(backend_.job("8")->result["errorMsg"].get<std::string>().find("not_approved"),
              std::string::npos);
}

TEST(TwoSides, TheReferenceBackendHasEachDialect) {
    const auto names = dialect_names();
    EXPECT_EQ(std::size(reference::kDialects), names.size());
    for (const auto& dialect : reference::kDialects) {
        EXPECT_EQ(std::ranges::count(names, dialect.name), 1) << dialect.name;
    }
}

TEST(TwoDialects, DoNotDisturbEachOther) {
    ReferenceBackend other({.tls = false, .node_tokens = {{"hbnt_x", "web-01"}}});
    ASSERT_TRUE(other.start());
    const auto bulkhead = find_dialect("bulkhead")->make({});
    const auto hyprbox = find_dialect("hyprbox")->make({});
    Caller caller(test::settings_for(other));
    auto dead = HttpClient::create(caller.loop(), {.base_url = "https://127.0.0.1:1"});
    ASSERT_TRUE(dead);
    bool failed = false;
    perform<HeartbeatReceipt>(*dead, bulkhead->heartbeat(test::identity(), test::heartbeat()),
                              [&failed](const Answer<HeartbeatReceipt>& verdict) {
                                  failed = !verdict && verdict.error().kind == Kind::retry;
                              });
    EXPECT_TRUE(caller.speak(
        hyprbox->heartbeat({.agent_id = "", .credential = Secret("hbnt_x")}, test::heartbeat())));
    EXPECT_TRUE(caller.run_until([&failed] { return failed; }));
}

}  // namespace
}  // namespace bulkhead::worker
