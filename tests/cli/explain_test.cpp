// `bulkhead explain`: each code has a meaning and an action, and a job its facts.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "cli/explain/advice.hpp"
#include "common/admission/reason.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::set<std::string> codes_of(std::span<const cli::Advice> rows) {
    std::set<std::string> codes;
    for (const auto& row : rows) {
        EXPECT_TRUE(codes.insert(std::string(row.code)).second) << row.code << " stands twice";
        EXPECT_GT(row.action.size(), 3U) << row.code << " has no action";
    }
    return codes;
}

// What stands between quotes after one of these patterns, in the sources of root or the worker.
std::set<std::string> in_sources(const std::regex& pattern, const std::string& half = "broker") {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(SOURCE_TREE "/" + half)) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        const auto text = content_of(entry.path());
        for (std::sregex_iterator one(text.begin(), text.end(), pattern), end; one != end; ++one) {
            found.insert((*one)[1]);
        }
    }
    return found;
}

TEST(Explain, EachReasonHasAnAction) {
    const auto known = codes_of(cli::reason_advice());
    for (const auto& row : admission::reasons()) {
        EXPECT_TRUE(known.contains(std::string(row.code)))
            << row.code << ": add a row to kReasons of cli/explain/advice.cpp";
    }
}

// A trouble that is new in broker/ needs a row in kTroubles of cli/explain/advice.cpp.
TEST(Explain, EachTroubleHasAnAction) {
    const auto known = codes_of(cli::trouble_advice());
    const std::regex named(
        R"re((?:troubles\.(?:set|clear)\(|\btell\((?:broker, )?|\bstands\((?:[^;]*?,)?|constexpr std::string_view k\w*(?:Trouble|Lost|RolledBack|Failed|Unwritable) =)\s*"([a-z-]+)")re");
    const auto used = in_sources(named);
    for (const auto* one : {"approval-expiring", "worker-down", "ledger-unwritable"}) {
        EXPECT_TRUE(used.contains(one)) << "the pattern finds them no more: " << one;
    }
    EXPECT_GE(used.size(), 20U) << "the pattern finds them no more";
    for (const auto& code : used)
        EXPECT_TRUE(known.contains(code)) << code << ": add a row to kTroubles";
    for (const auto& row : cli::trouble_advice()) EXPECT_FALSE(row.means.empty()) << row.code;
}

TEST(Explain, EachTroubleOfAWorkerHasAnAction) {
    for (const auto& row : cli::said_advice()) EXPECT_FALSE(row.means.empty()) << row.code;
    const auto known = codes_of(cli::said_advice());
    auto used =
        in_sources(std::regex(R"re(\.code =(?:[^;,"]*\?[^;,"]*)?\s*"([a-z-]+)")re"), "worker");
    for (const auto& other :
         in_sources(std::regex(R"re(\.code =[^;,]*\?[^;,]*:\s*"([a-z-]+)")re"), "worker")) {
        used.insert(other);
    }
    const std::regex duty(R"re(\.tell\((?:all|own),\s*"([a-z-]+)"\))re");
    for (const auto& one : in_sources(duty, "worker")) used.insert(one + "-failing");
    for (const auto* one :
         {"not-enrolled", "output-failing", "certificate-expired", "certificate-expiring"}) {
        EXPECT_TRUE(used.contains(one)) << "the pattern finds them no more: " << one;
    }
    for (const auto& code : used) EXPECT_TRUE(known.contains(code)) << code << ": add it to kSaid";
}

TEST(Explain, EachReasonOfAnEndHasAnAction) {
    const auto known = codes_of(cli::end_advice());
    const std::regex named(
        R"re((?:reason = Code::clipped\(|end_early\([^;]*?|give_up\([^;]*?|stop_all\(|Reason = |reason\.empty\(\)\) end\.reason = Code::clipped\()"([a-z]+(?:-[a-z]+)*)")re");
    for (const auto& code : in_sources(named)) {
        EXPECT_TRUE(known.contains(code))
            << code << ": add a row to kEnds of cli/explain/advice.cpp";
    }
    for (const auto& row : cli::end_advice()) EXPECT_FALSE(row.means.empty()) << row.code;
}

TEST(Explain, EachReasonOfAnUnusableArtifactHasAnAction) {
    const auto known = codes_of(cli::unusable_advice());
    const std::regex named(
        R"re((?:\bunusable\(|\brefuse\(|new_record\("unusable", |string_view kBundle\w+ =\s*)"([a-z]+(?:-[a-z]+)+)")re");
    const auto used = in_sources(named, "worker");
    for (const auto* one : {"foreign-url", "size-mismatch", "approval-malformed",
                            "bundle-incomplete", "bundle-unsafe"}) {
        EXPECT_TRUE(used.contains(one)) << "the pattern finds them no more: " << one;
    }
    EXPECT_EQ(used, known) << "the rows of kUnusable of cli/explain/advice.cpp";
    for (const auto& row : cli::unusable_advice()) EXPECT_FALSE(row.means.empty()) << row.code;
    EXPECT_THAT(run({.words = {"explain", "bundle-unsafe"}}).out,
                HasSubstr("reason of an unusable artifact"));
}

TEST(Explain, ACodeHasItsMeaningAndWhatToDo) {
    auto answer = run({.words = {"explain", "not-approved"}});
    EXPECT_EQ(answer.code, 0);
    EXPECT_THAT(answer.out, HasSubstr("reason of a refusal"));
    EXPECT_THAT(answer.out, HasSubstr("neither signed nor pinned"));
    EXPECT_THAT(answer.out, HasSubstr("bulkhead dry-run"));
    answer = run({.words = {"explain", "intake-suspended"}});
    EXPECT_THAT(answer.out, HasSubstr("reason of a refusal"));
    EXPECT_THAT(answer.out, HasSubstr("trouble"));
}

class ExplainJob : public ::testing::Test {
  protected:
    Answer explain(const std::string& word) {
        return run({.words = {"explain", word, "--log-dir", place_.path()}});
    }
    nlohmann::json as_json(const std::string& word, int code) {
        const auto answer = run({.words = {"explain", "--json", word, "--log-dir", place_.path()}});
        EXPECT_EQ(answer.code, code) << word << answer.err;
        auto document = nlohmann::json::parse(answer.out, nullptr, false);
        EXPECT_TRUE(document.is_object()) << word << answer.out;
        EXPECT_EQ(document["format"], 1);
        EXPECT_EQ(document["asked"], word);
        return document;
    }
    Tree place_ = tree(
        {{"audit.log",
          R"({"seq":1,"time":"2026-11-30T00:00:00Z","event":"verdict","decision":"admit","reason":"admitted","job":"clean","delivery":"d-1","backend":"main","profile":"maintain","rule":"2 of ops","signers":["alice","bob"],"detail":""}
{"seq":2,"time":"2026-11-30T00:00:00Z","event":"job-started","number":7,"job":"clean","delivery":"d-1","profile":"maintain","signers":["alice","bob"]}
{"seq":3,"time":"2026-11-30T00:10:00Z","event":"job-ended","number":7,"job":"clean","outcome":"timed-out","exit":0,"signal":15,"reason":"timed-out"}
{"seq":4,"time":"2026-11-30T00:20:00Z","event":"job-started","number":8,"job":"touch","delivery":"d-3","profile":"inspect"}
{"seq":5,"time":"2026-11-30T00:20:01Z","event":"job-ended","number":8,"job":"touch","outcome":"finished","exit":1,"signal":0,"reason":""}
{"seq":6,"time":"2026-11-30T01:00:00Z","event":"verdict","decision":"refuse","reason":"job-already-run","job":"clean","delivery":"d-2","backend":"main","detail":"clean runs once\u001b[31m"}
)"}});
};

TEST_F(ExplainJob, ANumberHasTheFactsOfItsVerdictAndItsEnd) {
    const auto answer = explain("7");
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* part : {"number 7", "alice", "2 of ops", "timed-out", "approve more time"}) {
        EXPECT_THAT(answer.out, HasSubstr(part));
    }
}

TEST_F(ExplainJob, ADeliveryThatWasRefusedHasItsReasonAndWhatItTakes) {
    const auto answer = explain("d-2");
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* part :
         {"refused at 2026-11-30T01:00:00Z", "job-already-run", "clean runs once", "--job-id"}) {
        EXPECT_THAT(answer.out, HasSubstr(part));
    }
    EXPECT_THAT(answer.out, Not(HasSubstr("\x1b")));
    EXPECT_THAT(explain("clean").out, HasSubstr("job-already-run")) << "the job id has both";
}

TEST_F(ExplainJob, OneThatFailedMayHaveMetItsProfile) {
    EXPECT_THAT(explain("8").out, HasSubstr("bulkhead show-confinement inspect"));
    EXPECT_THAT(explain("7").out, Not(HasSubstr("show-confinement"))) << "it timed out";
    EXPECT_THAT(as_json("d-3", 0)["jobs"][0]["perhaps"].get<std::string>(),
                HasSubstr("docs/jobs.md"));
}

TEST_F(ExplainJob, ProgramsAreToldTheSameAsJson) {
    const auto code = as_json("intake-suspended", 0)["code"];
    ASSERT_EQ(code.size(), 2U) << code.dump();
    EXPECT_EQ(code[0]["kind"], "reason of a refusal");
    EXPECT_EQ(code[1]["kind"], "trouble");
    EXPECT_FALSE(code[0]["do"].get<std::string>().empty());

    const auto both = as_json("clean", 0);
    ASSERT_EQ(both["jobs"].size(), 1U) << both.dump();
    const auto& job = both["jobs"][0];
    EXPECT_EQ(job["number"], 7);
    EXPECT_EQ(job["outcome"], "timed-out, timed-out");
    EXPECT_EQ(job["signers"], nlohmann::json::array({"alice", "bob"}));
    EXPECT_EQ(job["rule"], "2 of ops");
    EXPECT_EQ(both["refusal"]["reason"], "job-already-run");
    EXPECT_EQ(both["refusal"]["explanations"].size(), 1U);
    EXPECT_EQ(both["refusal"]["detail"], "clean runs once\x1b[31m") << "as it is, escaped";

    const auto unknown = as_json("not-aproved", 1);
    EXPECT_TRUE(unknown["code"].empty());
    EXPECT_TRUE(unknown["jobs"].empty());
    EXPECT_THAT(unknown["error"].get<std::string>(), HasSubstr("did you mean not-approved?"));
}

TEST_F(ExplainJob, AnUnknownWordHasASuggestion) {
    const auto answer = explain("not-aproved");
    EXPECT_EQ(answer.code, 1);
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr("did you mean not-approved?"));
    EXPECT_THAT(explain("99").err, HasSubstr("nor a job number"));
    place_.remove("audit.log");
    EXPECT_THAT(explain("99").err, HasSubstr("nor can the audit log be read"));
    EXPECT_EQ(run({.words = {"explain"}}).code, 2);
}

}  // namespace
}  // namespace bulkhead::test
