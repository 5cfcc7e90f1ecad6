#include "worker/backend/bulkhead/bulkhead_dialect.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "tests/worker/backend/golden.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/dialect/identifiers.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;

const BulkheadDialect kDialect;
constexpr auto kOurs = R"({"error":{"code":"c","message":"m"}})";
const JobDialect& jobs() { return *kDialect.jobs(); }

template <class T>
Answer<T> judged(const Exchange<T>& exchange, int status, std::string body = "") {
    return exchange.judge({.status = status, .body = std::move(body)});
}

Exchange<Enrolled> enrollment() {
    return kDialect.enroll({.install_token = Secret("bit_token"),
                            .host_id = "host-1",
                            .agent_version = "0.1.0",
                            .system = test::system_info()});
}

TEST(BulkheadEnroll, SaysWhoWeAre) {
    const auto request = enrollment().request;
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/enroll");
    EXPECT_EQ(test::header(request, "Authorization"), "");
    EXPECT_EQ(test::header(request, "Content-Type"), "application/json");
    EXPECT_EQ(test::body(request),
              R"({"install_token":"bit_token","host_id":"host-1","hostname":"web-01",)"
              R"("agent_version":"0.1.0","system":{"os":"Debian GNU/Linux","os_version":"12",)"
              R"("kernel":"6.1.0-25-amd64","architecture":"x86_64","cpu_count":4,)"
              R"("memory_total_bytes":8000000,"boot_time":"2026-11-20T00:00:00Z"}})");
}

TEST(BulkheadEnroll, GivesAnIdentityAndPerhapsAnInterval) {
    const auto enrolled = judged(
        enrollment(), 200, R"({"agent_id":"a-1","credential":"bhc_x","heartbeat_seconds":30})");
    ASSERT_TRUE(enrolled);
    EXPECT_EQ(enrolled->identity.agent_id, "a-1");
    EXPECT_EQ(enrolled->identity.credential.reveal(), "bhc_x");
    EXPECT_EQ(enrolled->heartbeat_interval, 30s);
    EXPECT_FALSE(judged(enrollment(), 200, R"({"agent_id":"a-1","credential":"bhc_x"})")
                     ->heartbeat_interval);
}

TEST(BulkheadEnroll, RefusalsTellWhatToDo) {
    const auto kind = [](int status) { return judged(enrollment(), status).error().kind; };
    EXPECT_EQ(kind(401), Kind::credential_rejected);
    EXPECT_EQ(kind(403), Kind::credential_rejected);
    EXPECT_EQ(kind(409), Kind::refused);
    EXPECT_EQ(kind(400), Kind::refused);
    EXPECT_EQ(kind(302), Kind::retry);
    EXPECT_EQ(kind(204), Kind::retry);
    EXPECT_EQ(kind(503), Kind::retry);
    EXPECT_EQ(
        judged(enrollment(), 403, R"({"error":{"code":"token_used","message":"by another host"}})")
            .error()
            .text,
        "status 403: token_used: by another host");
}

TEST(BulkheadEnroll, AnAnswerThatCannotBeReadIsTriedAgain) {
    for (const auto* body :
         {"", "<html>", "[]", "{}", R"({"agent_id":"a-1"})", R"({"agent_id":1,"credential":"x"})",
          R"({"agent_id":"a","credential":"x\r\nX-Evil: 1"})",
          R"({"agent_id":"a\nb","credential":"x"})", R"({"agent_id":"","credential":"x"})",
          R"({"agent_id":"a","credential":"x","heartbeat_seconds":"soon"})"}) {
        const auto enrolled = judged(enrollment(), 200, body);
        ASSERT_FALSE(enrolled) << body;
        EXPECT_EQ(enrolled.error().kind, Kind::retry) << body;
    }
}

TEST(BulkheadHeartbeat, CarriesEverythingThatIsKnown) {
    auto beat = test::heartbeat();
    const auto request = kDialect.heartbeat(test::identity(), beat).request;
    EXPECT_EQ(request.path, "/v1/heartbeat");
    EXPECT_EQ(test::header(request, "Authorization"), "Bearer bhc_secret");
    EXPECT_EQ(
        test::body(request),
        R"({"agent_id":"agent-1","sequence":7,"sent_at":"2026-11-22T01:02:03Z",)"
        R"("agent_version":"0.1.0","host_id":"host-1","policy_digest":")" +
            std::string(64, 'a') + R"(","walls_digest":")" + std::string(64, 'd') +
            R"(","ceiling_digest":")" + std::string(64, 'c') +
            R"(","restart_needed":true,"confinement":{"landlock_abi":4,"missing":["mdwe"]},"audit":{"size":12,"head":")" +
            std::string(64, 'b') + R"("},"ledger":{"size":9,"head":")" + std::string(64, 'e') +
            R"("},"troubles":[{"code":"ledger-lost","since":"2026-11-22T01:02:03Z",)"
            R"("why":"it is gone"}],"health":{"verdict":"trouble","troubles":[{"code":"ledger-lost",)"
            R"("since":"2026-11-22T01:02:03Z","why":"it is gone","says":"root"},)"
            R"({"code":"jobs-failing","since":"2026-11-22T01:02:03Z","why":"503",)"
            R"("says":"worker","tries":3}]},"policy_on_disk":{"state":"in-force"},"metrics":{"cpu_percent":12.5,"memory":{"total_bytes":1000,"used_bytes":400,)"
            R"("available_bytes":600,"used_percent":40},"swap":{"total_bytes":50,"used_bytes":5},)"
            R"("disk":{"path":"/","total_bytes":200,"used_bytes":110,"used_percent":55,)"
            R"("inodes_used_percent":1.5},"load":[0.1,0.2,0.3],"uptime_seconds":99,"interfaces":[)"
            R"({"name":"eth0","rx_bytes":1,"tx_bytes":2,"rx_packets":3,"tx_packets":4,)"
            R"("rx_errors":5,"tx_errors":6}],"interfaces_left_out":3,)"
            R"("limits":{"memory_bytes":512,"cpus":null}},"jobs":{"running":["job-1"],"unreported":2}})");
}

TEST(BulkheadHeartbeat, SystemInfoGoesWhenItIsDue) {
    auto beat = test::heartbeat();
    const auto has_system = [&beat] {
        return test::body(kDialect.heartbeat(test::identity(), beat).request).find("\"system\"") !=
               std::string::npos;
    };
    EXPECT_FALSE(has_system());
    beat.report_system = true;
    EXPECT_TRUE(has_system());
    const auto body = [&beat] {
        return test::body(kDialect.heartbeat(test::identity(), beat).request);
    };
    EXPECT_EQ(body().find("\"hardware\""), std::string::npos);
    beat.system.hardware = {.vendor = "ACME", .model = {}, .serial = "S-1", .uuid = {}};
    EXPECT_NE(body().find(R"("hardware":{"vendor":"ACME","serial":"S-1"})"), std::string::npos);
}

TEST(BulkheadHeartbeat, AReadingThatFailedIsAbsent) {
    auto beat = test::heartbeat();
    beat.metrics = {};
    beat.audit.reset();
    const auto text = test::body(kDialect.heartbeat(test::identity(), beat).request);
    EXPECT_NE(text.find(R"("metrics":{})"), text.npos);
    EXPECT_EQ(text.find("audit"), text.npos);
}

TEST(BulkheadHeartbeat, TellsNoMoreInterfacesThanTheContractAllows) {
    auto beat = test::heartbeat();
    beat.metrics.interfaces->resize(5000);
    const auto text = test::body(kDialect.heartbeat(test::identity(), beat).request);
    std::size_t count = 0;
    for (auto at = text.find("\"name\""); at != text.npos; at = text.find("\"name\"", at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 1024U);
    EXPECT_NE(text.find(R"("interfaces_left_out":3979)"), text.npos) << "3 by the settings";
}

TEST(BulkheadHeartbeat, TheBackendMayChangeThePaceWithinBounds) {
    const auto exchange = kDialect.heartbeat(test::identity(), test::heartbeat());
    const auto asked = [&exchange](std::string body) {
        return judged(exchange, 200, std::move(body))->heartbeat_interval;
    };
    EXPECT_FALSE(judged(exchange, 204)->heartbeat_interval);
    EXPECT_FALSE(asked("{}"));
    EXPECT_EQ(asked(R"({"heartbeat_seconds":45})"), 45s);
    EXPECT_EQ(asked(R"({"heartbeat_seconds":0})"), 1s);
    EXPECT_EQ(asked(R"({"heartbeat_seconds":9223372036854775807})"), 3600s);
}

TEST(BulkheadHeartbeat, APageForPeopleIsNoDelivery) {
    const auto exchange = kDialect.heartbeat(test::identity(), test::heartbeat());
    EXPECT_EQ(judged(exchange, 200, "<html>log in</html>").error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 200, "[]").error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 200, R"({"heartbeat_seconds":"soon"})").error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 401).error().kind, Kind::credential_rejected);
    EXPECT_EQ(judged(exchange, 404).error().kind, Kind::refused);
}

Answer<JobNews> news(std::string body, int status = 200) {
    return judged(jobs().next_job(test::identity(), test::system_info(), 50s), status,
                  std::move(body));
}

TEST(BulkheadNextJob, WaitsAtTheBackendAndALittleLongerHere) {
    const auto request = jobs().next_job(test::identity(), test::system_info(), 50s).request;
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/v1/jobs/next?wait=50");
    EXPECT_GT(request.timeout, 50s);
    EXPECT_GT(request.max_answer_bytes, 4_MiB) << "a script of 4 MiB and its escapes";
}

TEST(BulkheadNextJob, BringsScriptsCatalogueJobsAndCancels) {
    EXPECT_TRUE(news("", 204)->empty());
    const auto script = news(R"({"job":{"id":"j/1","script":"echo hi\n"}})");
    EXPECT_EQ(script->offer->id.value, "j/1");
    EXPECT_EQ(std::get<ScriptJob>(script->offer->work).script, "echo hi\n");
    const auto catalogue =
        news(R"({"job":{"id":"2","catalogue":"clean","params":{"path":"/tmp","n":"5"}}})");
    const auto& work = std::get<CatalogueJob>(catalogue->offer->work);
    EXPECT_EQ(work.name, "clean");
    EXPECT_EQ(work.params, (std::map<std::string, std::string>{{"n", "5"}, {"path", "/tmp"}}));
    EXPECT_EQ(news(R"({"cancel":["a","b"]})")->cancels, (std::vector<DeliveryId>{{"a"}, {"b"}}));
}

TEST(BulkheadNextJob, AJobThatCannotBeUsedButHasAnIdIsAnOfferToRefuse) {
    const auto reason = [](std::string body) {
        const auto answer = news(std::move(body));
        if (!answer || !answer->offer) return std::string("no offer");
        const auto* unusable = std::get_if<UnusableJob>(&answer->offer->work);
        return unusable == nullptr ? "usable" : unusable->reason;
    };
    EXPECT_EQ(reason(R"({"job":{"id":"1"}})"), "job: neither a script nor a catalogue name");
    EXPECT_EQ(reason(R"({"job":{"id":"1","script":"a","catalogue":"b"}})"),
              "job: both a script and a catalogue name");
    EXPECT_EQ(reason(R"({"job":{"id":"1","script":7}})"), "job.script: expected text");
    EXPECT_EQ(reason(R"({"job":{"id":"1","script":"a\u0000b"}})"), "job.script: holds a NUL");
    EXPECT_EQ(reason(R"({"job":{"id":"1","catalogue":"c","params":{"n":5}}})"),
              "job.params.n: expected text");
    EXPECT_EQ(reason(R"({"job":{"id":"1","catalogue":"c","params":[]}})"),
              "job.params: expected an object");
    EXPECT_EQ(
        reason(R"({"job":{"id":"1","script":")" + std::string(kMaxScriptBytes + 1, 'x') + "\"}}"),
        "job.script: longer than 4194304 bytes");
    EXPECT_EQ(reason(R"({"job":{"id":"1","script":")" + std::string(kMaxScriptBytes, 'x') + "\"}}"),
              "usable");
}

TEST(BulkheadNextJob, AnAnswerWithoutAUsableIdIsTriedAgain) {
    for (const auto* body :
         {"", "{}", "[]", "null", R"({"job":[]})", R"({"job":{}})", R"({"job":{"id":7}})",
          R"({"job":{"id":""}})", R"({"job":{"id":".."}})", R"({"job":{"id":"a\nb"}})",
          R"({"cancel":"a"})", R"({"cancel":[7]})"}) {
        const auto answer = news(body);
        ASSERT_FALSE(answer) << body;
        EXPECT_EQ(answer.error().kind, Kind::retry) << body;
    }
}

TEST(BulkheadOutput, GoesByOffsetAndNamesWhatWasDropped) {
    const auto request = jobs()
                             .output(test::identity(), {.delivery_id = {"a/../b"},
                                                        .stream = Stream::stderr_,
                                                        .offset = 700,
                                                        .data = FileRange{5, 100, 50},
                                                        .skip_from = 600})
                             .request;
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.path, "/v1/jobs/a%2F..%2Fb/output/stderr?offset=700");
    EXPECT_EQ(test::header(request, "Content-Type"), "application/octet-stream");
    EXPECT_EQ(test::header(request, "Bulkhead-Skip-From"), "600");
    const auto& range = std::get<FileRange>(request.body);
    EXPECT_EQ(range.offset, 100U);
    EXPECT_EQ(range.length, 50U);
}

TEST(BulkheadOutput, BothAGapAndASuccessSayWhereToGoOn) {
    const auto exchange =
        jobs().output(test::identity(), {.delivery_id = {"1"}, .data = FileRange{}});
    EXPECT_EQ(judged(exchange, 200, R"({"next_offset":10})")->next_offset, 10U);
    EXPECT_EQ(judged(exchange, 409, R"({"next_offset":4})")->next_offset, 4U);
    EXPECT_EQ(judged(exchange, 500).error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 200, R"({"next_offset":-1})").error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 200, R"({"next_offset":1.5})").error().kind, Kind::retry);
    EXPECT_EQ(judged(exchange, 200, "").error().kind, Kind::retry);
}

TEST(BulkheadResult, SaysHowItWentAndMayBeTold) {
    auto result = test::job_result("1");
    const auto exchange = jobs().result(test::identity(), result);
    EXPECT_EQ(exchange.request.path, "/v1/jobs/1/result");
    EXPECT_EQ(test::body(exchange.request),
              R"({"outcome":"finished","exit_code":0,"signal":null,"reason":"ok","detail":"",)"
              R"("rule":"","wall_ms":10,"cpu_ms":5,"max_rss_bytes":4096,"oom_killed":false,)"
              R"("stdout":{"bytes":3,"sha256":")" +
                  std::string(64, 'c') + R"(","dropped":0},"stderr":{"bytes":0,"sha256":")" +
                  std::string(64, 'd') + R"(","dropped":0}})");
    EXPECT_TRUE(judged(exchange, 200));
    EXPECT_TRUE(judged(exchange, 204));
    EXPECT_TRUE(judged(exchange, 200, "{}"));
    EXPECT_EQ(judged(exchange, 200, "<html>").error().kind, Kind::retry) << "not our backend";
    EXPECT_TRUE(judged(exchange, 409, kOurs)) << "recorded already";
    EXPECT_EQ(judged(exchange, 503).error().kind, Kind::retry);
}

TEST(BulkheadResult, TellsWhatWasLeftBehindAndWhatItRanWithout) {
    auto result = test::job_result("1");
    result.left_behind = 2;
    result.left_names = "sleep, nginx";
    result.rebooted = true;
    result.remarks = "sees no other process";
    const auto body = test::body(jobs().result(test::identity(), result).request);
    EXPECT_NE(body.find(R"("left_behind":2,"left_behind_names":"sleep, nginx","rebooted":true,)"
                        R"("remarks":"sees no other process",)"),
              std::string::npos)
        << body;
}

TEST(BulkheadResult, TellsThatOutputIsIncompleteAndOfWhichStream) {
    auto result = test::job_result("1");
    const auto body = [&] { return test::body(jobs().result(test::identity(), result).request); };
    EXPECT_EQ(body().find("complete"), std::string::npos) << "older backends do not know it";
    result.incomplete = kOutputLost;
    result.err.incomplete = true;
    EXPECT_NE(body().find(R"("complete":false,"incomplete":"output-lost","stdout":{)"),
              std::string::npos)
        << body();
    const auto text = body();
    EXPECT_EQ(text.find("complete\":false", text.find("stdout")),
              text.find("complete\":false", text.find("stderr")));
}

// The 404 of a proxy whose backend is away for a moment must not cost a result.
TEST(BulkheadReport, OnlyTheBackendsOwnWordIsFinal) {
    const auto output =
        jobs().output(test::identity(), {.delivery_id = {"1"}, .data = FileRange{}});
    const auto result = jobs().result(test::identity(), test::job_result("1"));
    const std::map<int, Kind> ours{{400, Kind::refused},
                                   {404, Kind::unknown_job},
                                   {405, Kind::refused},
                                   {413, Kind::too_large},
                                   {415, Kind::refused}};
    for (const auto& [status, kind] : ours) {
        EXPECT_EQ(judged(output, status, kOurs).error().kind, kind) << status;
        EXPECT_EQ(judged(result, status, kOurs).error().kind, kind) << status;
    }
    for (const int status : {400, 404, 405, 409, 413, 415}) {
        for (const auto* body : {"", "default backend - 404", R"({"error":"no such route"})",
                                 R"({"error":{"message":"x"}})", R"({"message":"x"})"}) {
            EXPECT_EQ(judged(output, status, body).error().kind, Kind::retry) << status << body;
            EXPECT_EQ(judged(result, status, body).error().kind, Kind::retry) << status << body;
        }
    }
    for (const int status : {401, 403}) {
        EXPECT_EQ(judged(output, status).error().kind, Kind::credential_rejected);
        EXPECT_EQ(judged(result, status).error().kind, Kind::credential_rejected);
    }
}

Exchange<InventoryReceipt> inventory_report(bool first) {
    Inventory all;
    all.links = {{.index = 2, .name = "eth0", .kind = "", .mac = "02:fc:00:00:00:05"}};
    all.addresses = {{.ip = *IpAddress::parse("192.0.2.9"), .prefix_length = 24, .interface = 2}};
    all.sockets = {{.state = TCP_LISTEN, .local_port = 22}};
    const auto& dialect = *kDialect.inventory();
    return dialect.report(test::identity(), {.sequence = 3,
                                             .first = first,
                                             .agent_version = "0.1.0",
                                             .system = {},
                                             .elements = dialect.elements(all).rows});
}

TEST(BulkheadInventory, SaysWhatIsNewAndListenersAsTheyAre) {
    const auto request = inventory_report(false).request;
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/inventory");
    EXPECT_EQ(test::header(request, "Authorization"), "Bearer bhc_secret");
    EXPECT_EQ(test::header(request, "Content-Type"), "application/json");
    EXPECT_EQ(test::body(request), test::golden("bulkhead/inventory.request.json"));
    EXPECT_NE(test::body(inventory_report(true).request).find(R"("full":true)"), std::string::npos);
}

TEST(BulkheadInventory, EveryAnswerHasItsMeaning) {
    test::expect_judged_as("bulkhead/inventory_answers.txt", inventory_report(false));
}

}  // namespace
}  // namespace bulkhead::worker
