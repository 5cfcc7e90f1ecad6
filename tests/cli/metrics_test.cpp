// `bulkhead metrics`: what root and the workers say, in a form that Prometheus reads.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>

#include "cli/metrics/compose.hpp"
#include "cli/metrics/exposition.hpp"
#include "common/sys/clock.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using cli::Exposition;
using cli::StatusJson;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kWritten = 1796000000;  // of the sample
const UnixTime kNow{std::chrono::seconds(kWritten + 20)};

cli::RootFile root_of(StatusJson said) {
    return {.state = cli::RootFile::State::fresh, .why = {}, .said = std::move(said)};
}
StatusJson sample() {
    return cli::parse_bounded(content_of(fs::path(WATCH_SAMPLES) / "broker.json")).value();
}

cli::Asked worker(const std::string& said, const std::string& backend = "main") {
    return {.backend = backend, .answer = cli::parse_bounded(said)};
}

constexpr const char* kSaid =
    R"({"backends":[{"name":"main","dialect":"bulkhead","enrollment":"enrolled","heartbeats":12,
    "spool":{"bytes":116,"limit_bytes":1000},"troubles":[{"code":"heartbeat-failing","why":"503","tries":3}],"last_heartbeat":"2026-11-30T00:26:30Z","heartbeat_trouble":"503",
    "certificates":[{"setting":"client_certificate_file","until":"2026-12-24T00:00:00Z"}],
    "jobs":[{"stdout_bytes":100,"stderr_bytes":11},{"stdout_bytes":5}],"refusals_to_report":1}]})";

// promtool of the package prometheus, which scripts/test fetches and nobody installs.
class Promtool {
  public:
    Promtool() {
        if (std::system("command -v promtool >/dev/null 2>&1") == 0) path_ = "promtool";
        if (!path_.empty() || !fs::is_directory(PROMETHEUS_PACKAGE)) return;
        for (const auto& entry : fs::directory_iterator(PROMETHEUS_PACKAGE)) {
            if (entry.path().extension() != ".deb") continue;
            const auto unpack = "dpkg-deb --fsys-tarfile '" + entry.path().string() +
                                "' | tar -x -C " + place_.path() + " ./usr/bin/promtool";
            if (std::system(unpack.c_str()) == 0) path_ = place_ / "usr/bin/promtool";
        }
    }
    bool absent() const { return path_.empty(); }
    // What it prints, and "accepted" if it exits with 0.
    std::string says(const std::string& arguments) const {
        const auto out = place_ / "answer";
        const auto done = std::system((path_ + " " + arguments + " >" + out + " 2>&1").c_str());
        return content_of(out) + (done == 0 ? "accepted" : "not accepted");
    }
    std::string file(const std::string& text) const {
        std::ofstream(place_ / "text") << text;
        return place_ / "text";
    }

  private:
    TempDir place_;
    std::string path_;
};

// What the OpenMetrics text form says of lines, for what is written here: each sample belongs to
// the family above it, no family or sample comes twice, and the last line is # EOF.
void expect_strict(const std::string& text) {
    std::istringstream lines(text);
    std::string line, family;
    std::set<std::string> families, samples;
    bool ended = false;
    const std::regex sample(
        R"re(([a-z_]+)(\{[a-z]+="([^"\\]|\\["\\])*"(,[a-z]+="([^"\\]|\\["\\])*")*\})? -?[0-9.e+-]+)re");
    while (std::getline(lines, line)) {
        EXPECT_FALSE(ended) << line;
        ended = line == "# EOF";
        if (ended) continue;
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(families.insert(family).second) << family;
            EXPECT_TRUE(line.ends_with(".")) << line;
            continue;
        }
        if (line.starts_with("# TYPE ")) {
            EXPECT_EQ(line, "# TYPE " + family + " gauge");
            continue;
        }
        std::smatch parts;
        ASSERT_TRUE(std::regex_match(line, parts, sample)) << line;
        EXPECT_EQ(parts[1], family);
        EXPECT_TRUE(samples.insert(parts[1].str() + parts[2].str()).second) << line;
    }
    EXPECT_TRUE(ended);
}

TEST(Metrics, TellWhatRootKnowsAndWhatAWorkerSaysApart) {
    const auto text = cli::compose_metrics(root_of(sample()), {worker(kSaid)}, kNow);
    expect_strict(text);
    for (const auto* line :
         {"bulkhead_up 1",
          "bulkhead_build_info{version=\"1.0.0\"} 1",
          "bulkhead_policy_loaded_timestamp_seconds 1795990001",
          "bulkhead_policy_on_disk{state=\"rejected\"} 1",
          "bulkhead_policy_on_disk{state=\"in-force\"} 0",
          "bulkhead_intake_suspended 1",
          "bulkhead_clock_behind_seconds{grade=\"trusted\"} 0",
          "bulkhead_clock_behind_seconds{grade=\"untrusted\"} 40",
          "bulkhead_audit_lines 420",
          "bulkhead_audit_gap 0",
          "bulkhead_missing_walls 2",
          "bulkhead_missing_wall{wall=\"landlock\"} 1",
          "bulkhead_worker_restarts{backend=\"main\"} 2",
          "bulkhead_jobs_running 1",
          "bulkhead_jobs_ended{reason=\"timed-out\"} 1",
          "bulkhead_jobs_refused{reason=\"not-approved\"} 3",
          "bulkhead_expiry_timestamp_seconds{what=\"signer\",name=\"alice\"} 1796100000",
          "bulkhead_trouble_since_timestamp_seconds{code=\"policy-rejected\"} 1795999000",
          "bulkhead_worker_answers{backend=\"main\"} 1",
          "bulkhead_worker_says_enrolled{backend=\"main\"} 1",
          "bulkhead_worker_says_failures{backend=\"main\",duty=\"heartbeat\"} 3",
          "bulkhead_worker_says_failing{backend=\"main\",duty=\"heartbeat\"} 1",
          "bulkhead_worker_says_failing{backend=\"main\",duty=\"jobs\"} 0",
          "bulkhead_worker_says_spool_bytes{backend=\"main\"} 116"}) {
        EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
    }
    EXPECT_THAT(text, HasSubstr("expiry_timestamp_seconds{backend=\"main\",setting=\"client_"));
}

TEST(Metrics, WhatIsNotKnownIsAbsentAndNot0) {
    const auto bare = StatusJson{{"format", 1}, {"written", kWritten}, {"tick", 30}};
    const auto text =
        cli::compose_metrics(root_of(bare), {worker(R"({"backends":[{"name":"main"}]})")}, kNow);
    expect_strict(text);
    for (const auto* name :
         {"audit", "clock", "ledger", "policy", "walls", "jobs_running", "jobs_ended", "troubles",
          "says_enrolled", "says_heartbeats", "last_heartbeat", "spool", "restart"}) {
        EXPECT_THAT(text, Not(HasSubstr(name))) << name;
    }
}

TEST(Metrics, WithoutAnAgentAllThatIsSaidIsThatItIsNotUp) {
    EXPECT_THAT(cli::compose_metrics(cli::RootFile{}, {}, kNow),
                testing::EndsWith("gauge\nbulkhead_up 0\n# EOF\n"));
    auto silent = root_of(sample());
    silent.state = cli::RootFile::State::silent;
    const auto text = cli::compose_metrics(silent, {worker(kSaid)}, kNow);
    EXPECT_THAT(text, HasSubstr("\nbulkhead_up 0\n"));
    EXPECT_THAT(text, HasSubstr("\nbulkhead_status_written_timestamp_seconds 1796000000\n"));
    EXPECT_THAT(text, Not(HasSubstr("audit")));
    expect_strict(text);
}

TEST(Metrics, AWorkerCannotSpeakForRootNorForAnotherNorAddSeriesWithoutEnd) {
    const std::string hostile =
        R"({"backends":[{"name":"other","heartbeats":1},{"name":"main","heartbeats":[1],"last_heartbeat":
        "yesterday","enrollment":"x\"} 1\nbulkhead_up 0","certificates":[{"setting":"a\n","until":"2026-12-24T00:00:00Z"}],
        "jobs":[{"stdout_bytes":-5},{"stdout_bytes":"7"},7],"spool":{"bytes":"7"},"jobs_trouble":["x"]}],
        "bulkhead_up":0})";
    const auto text =
        cli::compose_metrics(root_of(sample()), {worker(hostile), worker("[]", "silent")}, kNow);
    expect_strict(text);
    EXPECT_THAT(text, HasSubstr("\nbulkhead_up 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("other\"")));
    EXPECT_THAT(text, HasSubstr("bulkhead_worker_says_enrolled{backend=\"main\"} 0\n"));
    EXPECT_THAT(text, Not(HasSubstr("certificate_expiry")));
    EXPECT_THAT(text, HasSubstr("bulkhead_worker_answers{backend=\"silent\"} 0\n"));
}

TEST(Metrics, LabelsAreBoundedInNumberAndLengthAndEscaped) {
    auto root = sample();
    auto many = StatusJson::object();
    for (int i = 0; i < 200; ++i) many["reason-" + std::to_string(i)] = 1;
    root["jobs"]["refusals"] = many;
    root["walls"]["missing"] = {std::string(5000, 'x'), std::string(6000, 'x'), "a\"b\\c\nd\x7f"};
    const auto text = cli::compose_metrics(root_of(root), {}, kNow);
    expect_strict(text);
    EXPECT_THAT(text, HasSubstr("reason-127"));
    EXPECT_THAT(text, Not(HasSubstr("reason-128")));
    EXPECT_THAT(text, HasSubstr("\nbulkhead_samples_left_out 72\n"));
    EXPECT_THAT(text,
                HasSubstr("{wall=\"" + std::string(Exposition::kLongestLabel, 'x') + "\"} 1"));
    EXPECT_THAT(text, HasSubstr(R"({wall="a\"b\\c?d?"} 1)"));
}

TEST(Metrics, PromtoolAcceptsThemAndTheExampleRules) {
    const Promtool promtool;
    if (promtool.absent())
        GTEST_SKIP() << "no promtool here; scripts/test fetches package prometheus";
    const auto whole = cli::compose_metrics(root_of(sample()), {worker(kSaid)}, kNow);
    for (const auto& text : {whole, cli::compose_metrics(cli::RootFile{}, {}, kNow)}) {
        EXPECT_EQ(promtool.says("check metrics <" + promtool.file(text)), "accepted");
    }
    EXPECT_THAT(promtool.says(std::string("check rules ") + ALERT_RULES), HasSubstr("accepted"));
    EXPECT_THAT(promtool.says("check metrics <" + promtool.file("a b c\n")),
                HasSubstr("not accepted"));
}

// A rule about a metric that nobody writes never fires.
TEST(Metrics, TheExampleRulesNameMetricsThatExist) {
    auto root = sample();
    for (int i = 0; i < 200; ++i) root["jobs"]["refusals"]["reason-" + std::to_string(i)] = 1;
    const auto text = cli::compose_metrics(root_of(root), {worker(kSaid)}, kNow);
    const auto rules = content_of(ALERT_RULES);
    const std::regex name("bulkhead_[a-z_]+");
    for (std::sregex_iterator one(rules.begin(), rules.end(), name), end; one != end; ++one) {
        EXPECT_THAT(text, HasSubstr("# TYPE " + one->str() + " gauge\n"));
    }
}

// The command itself, with files as root writes them.
class MetricsOf : public ::testing::Test {
  protected:
    void write_fresh() {
        auto root = sample();
        const auto clocks = sys::read_clocks();
        root["written"] = clocks.now.time_since_epoch().count();
        root["up"] = clocks.up.count();
        root["pid"] = ::getpid();
        place_.write("run/broker.json", root.dump());
    }
    Answer metrics(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"metrics", "--run-dir", place_.path() + "/run"});
        return run({.words = std::move(more)});
    }
    Tree place_ = tree({{"run/none", ""}, {"out/none", ""}});
};

TEST_F(MetricsOf, NoAgentIsNotUp) {
    const auto answer = metrics();
    EXPECT_EQ(answer.code, 0);
    EXPECT_THAT(answer.out, HasSubstr("\nbulkhead_up 0\n# EOF\n"));
}

TEST_F(MetricsOf, AFileForTheCollectorIsWholeAndEverybodysToRead) {
    write_fresh();
    const auto file = place_.path() + "/out/bulkhead.prom";
    ASSERT_EQ(metrics({"--textfile", file}).code, 0);
    const auto text = content_of(file);
    expect_strict(text);
    EXPECT_THAT(text, HasSubstr("\nbulkhead_up 1\n"));
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0644U);
    const auto inode = info.st_ino;
    ASSERT_EQ(metrics({"--textfile", file}).code, 0);
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_NE(info.st_ino, inode) << "another file took its name";
    EXPECT_EQ(metrics({"--textfile", file + ".txt"}).code, 2);
    EXPECT_EQ(metrics({"--textfile", place_.path() + "/nowhere/bulkhead.prom"}).code, 1);
}

TEST_F(MetricsOf, AFileThatRootDidNotWriteIsAnErrorAndNothingIsPrinted) {
    write_fresh();
    const auto file = place_.path() + "/run/broker.json";
    fs::permissions(file, fs::perms(0666));
    auto answer = metrics();
    EXPECT_EQ(answer.code, 1);
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr("can be written by others"));
    fs::permissions(file, fs::perms(0640));
    for (const auto* text : {"", "[]", "{\"format\":2}", "{\"format\":\"1\"}", "{"}) {
        place_.write("run/broker.json", text);
        EXPECT_EQ(metrics().code, 1) << text;
    }
    place_.write("run/broker.json", std::string((1 << 20) + 1, ' '));
    EXPECT_EQ(metrics().code, 1);
    place_.remove("run/broker.json");
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(metrics().code, 1) << "and nobody waits";
    place_.remove("run/broker.json");
    place_.link("run/broker.json", "/etc/passwd");
    EXPECT_EQ(metrics().code, 1);
}

}  // namespace
}  // namespace bulkhead::test
