// A delivery has one verdict in the audit log, whatever the disk does.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "common/sys/clock.hpp"
#include "tests/cli/live_broker.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

const std::string kScript = "#!/bin/bash\n:\n";

// While it lives, no file grows beyond this.
class SmallFiles {
  public:
    explicit SmallFiles(std::uint64_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~SmallFiles() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

std::vector<json> verdicts_in(const std::vector<json>& events) {
    std::vector<json> list;
    for (const auto& one : events) {
        if (one["event"] == "verdict") list.push_back(one);
    }
    return list;
}

class OneVerdict : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "the broker is root";
        auto profile = site_.read("policy/profiles/maintain.profile");
        for (const auto& [from, to] :
             {std::pair<std::string, std::string>{"network none ", "network host "},
              {"namespaces mount pid", "namespaces none"},
              {"private-tmp yes", "private-tmp no"},
              {"CAP_DAC_OVERRIDE CAP_FOWNER", "none"}}) {
            profile.replace(profile.find(from), from.size(), to);
        }
        site_.write("policy/profiles/maintain.profile", profile);
        approval::Manifest job;
        job.author = "alice";
        job.interpreter = "/bin/bash";
        job.profile = "maintain";
        job.targets.push_back({approval::Target::Kind::any, ""});
        job.not_before = sys::now() - std::chrono::hours(1);
        job.not_after = sys::now() + std::chrono::hours(24);
        job.timeout = std::chrono::seconds(60);
        job.output_max = 4096;
        job.runs = {1000, std::chrono::hours(1)};
        job.reason = "pinned";
        for (const auto* name : {"a", "b"}) {
            job.params.push_back(approval::parse_param_rule(name, "text:512:0-9a-z/.\"").value());
        }
        job.job_id.value = "pinned";
        job.script_sha256 = crypto::sha256(as_bytes(kScript));
        job.script_size = kScript.size();
        site_.write("policy/approved/pinned.manifest", approval::write_manifest(job));
        broker_.emplace(site_.path("policy"));
    }
    std::vector<json> ask(const std::string& delivery, const std::string& a = "1",
                          const std::string& b = "2") {
        reply_ = broker_->ask(
            {.delivery = delivery, .text = kScript, .params = {{"a", a}, {"b", b}}}, events_);
        return events_;
    }

    Site site_;
    std::optional<LiveBroker> broker_;
    std::string reply_;
    std::vector<json> events_;
};

TEST_F(OneVerdict, OfAStartThatTheLedgerDidNotTake) {
    for (int i = 0; i < 12; ++i) ask("before-" + std::to_string(i));
    ASSERT_EQ(reply_, "admitted");
    broker_->begin_another_log();
    const SmallFiles small(broker_->ledger_bytes());
    const auto events = ask("one");
    EXPECT_EQ(reply_, "ledger-write-failed");
    ASSERT_EQ(verdicts_in(events).size(), 1U) << json(events).dump(2);
    EXPECT_EQ(verdicts_in(events)[0]["decision"], "admit");
    ASSERT_EQ(events.back()["event"], "start-failed");
    EXPECT_EQ(events.back()["delivery"], "one");
    EXPECT_EQ(events.back()["reason"], "ledger-write-failed");
    EXPECT_EQ(broker_->running(), 0U);
    ask("two");
    EXPECT_EQ(reply_, "ledger-full") << "nothing starts until the ledger was read afresh";
}

TEST_F(OneVerdict, OfAStartWhoseEvidenceCouldNotBeKept) {
    ask("before");
    ASSERT_EQ(reply_, "admitted");
    const auto script = crypto::hex(crypto::sha256(as_bytes(kScript)));
    broker_->lose_evidence(script);
    const auto events = ask("one");
    EXPECT_EQ(reply_, "evidence-write-failed");
    ASSERT_EQ(verdicts_in(events).size(), 1U) << json(events).dump(2);
    EXPECT_EQ(events.back()["decision"], "refuse");
    EXPECT_TRUE(broker_->trouble("evidence-unwritable"));
    broker_->let_evidence_be(script);
    ask("two");
    EXPECT_EQ(reply_, "admitted");
    EXPECT_FALSE(broker_->trouble("evidence-unwritable"));
}

TEST_F(OneVerdict, HasWhatTheBackendChoseAndWhatRan) {
    const auto verdict = verdicts_in(ask("one", "../../etc/x", "a b\"c"));
    EXPECT_EQ(reply_, "parameter-invalid");
    ASSERT_EQ(verdict.size(), 1U);
    EXPECT_EQ(verdict[0]["params"], (json{"a=../../etc/x", "b=a b\\x22c"}));
    const auto admitted = verdicts_in(ask("two", "../../etc/x"))[0];
    EXPECT_EQ(admitted["params"], (json{"a=../../etc/x", "b=2"}));
    EXPECT_EQ(admitted["params_sha256"],
              crypto::hex(crypto::sha256(as_bytes("a=../../etc/x\nb=2\n"))));
    EXPECT_EQ(admitted["script_bytes"], kScript.size());
    EXPECT_EQ(admitted["script"], crypto::hex(crypto::sha256(as_bytes(kScript))));
    EXPECT_EQ(admitted["policy"], broker_->policy_digest());
}

// Five bytes of the log for each quote.
TEST_F(OneVerdict, IsPrecededByWholeParametersThatDoNotFitIntoItsLine) {
    const std::string odd(512, '"');
    const auto events = ask("one", odd, std::string(512, 'x'));
    ASSERT_EQ(reply_, "admitted");
    ASSERT_GE(events.size(), 3U);
    std::string quotes;
    for (int i = 0; i < 512; ++i) quotes += "\\x22";
    EXPECT_EQ(events[0]["event"], "parameter");
    EXPECT_EQ(events[0]["name"], "a");
    EXPECT_EQ(events[0]["value"], quotes);
    EXPECT_EQ(events[1]["value"], std::string(512, 'x'));
    EXPECT_EQ(events[1]["delivery"], "one");
    EXPECT_THAT(verdicts_in(events)[0]["params"][0].get<std::string>(), testing::EndsWith("..."));
}

}  // namespace
}  // namespace bulkhead::test
