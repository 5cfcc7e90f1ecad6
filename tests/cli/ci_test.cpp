// What CI systems and editors read: every format on every outcome, many files, checkouts.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Ci : public testing::Test {
  protected:
    void break_policy() const {
        site_.write("policy/approval.policy", site_.read("policy/approval.policy") +
                                                  "profile wide need 1 of ops valid-for 1d  # x\n");
    }
    void append(const std::string& file, const std::string& text) const {
        site_.write("policy/" + file, site_.read("policy/" + file) + text);
    }
    static json parsed(const Answer& answer) {
        auto document = json::parse(answer.out, nullptr, false);
        EXPECT_FALSE(document.is_discarded()) << answer.out << answer.err;
        EXPECT_EQ(document.value("exit", -1), answer.code);
        return document;
    }
    // Notes may stand before it: of a checkout that lies where others may write, for one.
    static json first_error(const json& document) {
        for (const auto& one : document["findings"])
            if (one["severity"] == "error") return one;
        ADD_FAILURE() << "no error in " << document.dump(2);
        return json::object();
    }
    Answer check(std::vector<std::string> more) const {
        more.insert(more.begin(), {"check-policy", "policy"});
        return site_.bulkhead(more);
    }
    Answer dry_run(std::vector<std::string> more) const {
        return site_.bulkhead(site_.dry_run(std::move(more)));
    }

    Site site_;
};

TEST_F(Ci, CheckPolicySpeaksJsonWhateverComes) {
    EXPECT_EQ(parsed(check({"--json"}))["verdict"], "load");
    break_policy();
    const auto rejected = parsed(check({"--json"}));
    EXPECT_EQ(rejected["verdict"], "reject");
    EXPECT_EQ(rejected["exit"], 1);
    const auto finding = first_error(rejected);
    EXPECT_EQ(finding["file"], "policy/approval.policy");
    EXPECT_EQ(finding["line"], 5);
    EXPECT_EQ(finding["where"], "approval.policy:5");
    append("reads.policy", "no line of ours\n");
    append("host.policy", "requires x  # x\n");
    const auto broken = parsed(check({"--format", "json"}));
    EXPECT_EQ(broken["verdict"], "error");
    EXPECT_EQ(broken["exit"], 2);
    EXPECT_EQ(broken["findings"].size(), 2U) << broken.dump(2);
    for (const auto& one : broken["findings"]) {
        EXPECT_THAT(one["file"].get<std::string>(), testing::StartsWith("policy/"));
        EXPECT_GT(one["line"], 0);
        EXPECT_GT(one["column"], 0);
    }
    for (const auto& wrong : std::vector<std::vector<std::string>>{
             {"--json", "--yaml"}, {"other", "--json"}, {"--json", "--format=gcc"}}) {
        const auto answer = parsed(check(wrong));
        EXPECT_EQ(answer["exit"], 2);
        EXPECT_EQ(answer["schema"], "bulkhead.check-policy/1");
    }
    EXPECT_EQ(parsed(site_.bulkhead({"check-policy", "nowhere", "--json"}))["exit"], 2);
}

// Such as a CI job that gives its directory as it stands in the checkout.
TEST_F(Ci, AFileThatCannotBeReadIsNamedOnceByItsPath) {
    ASSERT_EQ(::chmod(site_.path("policy/host.policy").c_str(), 0666), 0);
    const auto answer = check({"--format", "gcc"});
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.out, testing::StartsWith("policy/host.policy: error: others may write"));
    EXPECT_EQ(std::ranges::count(answer.out, '\n'), 1) << answer.out;
    const auto absent = site_.bulkhead({"check-policy", "nowhere", "--format", "gcc"});
    EXPECT_THAT(absent.out, testing::StartsWith("nowhere: error: there is no such directory"));
    EXPECT_THAT(absent.out, Not(HasSubstr("--policy")));
    EXPECT_THAT(check({"--format", "gcc", "--nothing"}).out,
                testing::StartsWith("bulkhead: error: unknown option"));
}

TEST_F(Ci, DryRunSpeaksJsonWhateverComes) {
    EXPECT_EQ(parsed(dry_run({"clean.sh", "--json"}))["verdict"], "refuse");
    EXPECT_EQ(parsed(dry_run({"nowhere.sh", "--json"}))["verdict"], "error");
    EXPECT_EQ(parsed(dry_run({"--json"}))["exit"], 2);
    EXPECT_EQ(parsed(dry_run({"clean.sh", "--json", "--colour"}))["exit"], 2);
    append("reads.policy", "no line of ours\n");
    const auto broken = parsed(dry_run({"clean.sh", "--json"}));
    EXPECT_EQ(broken["exit"], 2);
    EXPECT_EQ(broken["schema"], "bulkhead.dry-run/1");
}

// So that nobody has to guess what a member means.
TEST_F(Ci, EveryMemberIsOnThePage) {
    const auto page = sys::Dir::open(POLICY "/../docs").value().read_file("ci.md", 1 << 20).value();
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    for (const auto& document :
         {parsed(check({"--json"})), parsed(dry_run({"signed.sh", "--json"})),
          parsed(dry_run({"signed.sh", "clean.sh", "--json"})),
          parsed(dry_run({"nowhere", "--json"}))}) {
        for (const auto& [name, value] : document.items()) {
            EXPECT_THAT(page, HasSubstr("`" + name + "`"));
        }
        EXPECT_THAT(page, HasSubstr("`" + document["schema"].get<std::string>() + "`"));
    }
}

TEST_F(Ci, FindingsAreWrittenForEditorsAndGithub) {
    break_policy();
    EXPECT_THAT(check({"--format", "gcc"}).out,
                HasSubstr("policy/approval.policy:5: error: there is no profiles/wide.profile "
                          "[policy-error]\n"));
    EXPECT_THAT(check({"--format", "github"}).out,
                HasSubstr("::error file=policy/approval.policy,line=5,title=policy-error::there "
                          "is no profiles/wide.profile\n"));
    site_.write("odd,100%.sh", "#!/bin/bash\nif\n");
    const auto github = dry_run({"odd,100%.sh", "--format", "github"}).out;
    EXPECT_THAT(github, HasSubstr("::error file=odd%2C100%25.sh,line="));
    // What stands in a script does not reach the terminal.
    site_.write("bell.sh", "#!/bin/bash\necho $x\x1b]0;\a\n");
    EXPECT_THAT(dry_run({"bell.sh", "--format", "gcc"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(Ci, SarifHasWhatItsReadersNeed) {
    site_.write("odd.sh", "#!/bin/bash\necho $x\nif\n");
    break_policy();
    append("host.policy", "requires x  # x\n");
    for (const auto& answer :
         {check({"--format", "sarif"}), dry_run({"odd.sh", "--format", "sarif"})}) {
        const auto document = json::parse(answer.out);
        EXPECT_EQ(document["version"], "2.1.0");
        EXPECT_THAT(document["$schema"].get<std::string>(), HasSubstr("sarif-2.1.0"));
        ASSERT_EQ(document["runs"].size(), 1U);
        const auto& run = document["runs"][0];
        const auto& rules = run["tool"]["driver"]["rules"];
        EXPECT_EQ(run["tool"]["driver"]["name"], "bulkhead");
        ASSERT_FALSE(run["results"].empty());
        for (const auto& result : run["results"]) {
            EXPECT_THAT((std::vector<std::string>{"note", "warning", "error"}),
                        testing::Contains(result["level"].get<std::string>()));
            EXPECT_EQ(rules.at(result["ruleIndex"].get<std::size_t>())["id"], result["ruleId"]);
            EXPECT_FALSE(result["message"]["text"].get<std::string>().empty());
            const auto& place = result["locations"][0]["physicalLocation"];
            EXPECT_FALSE(place["artifactLocation"]["uri"].get<std::string>().empty());
            if (place.contains("region")) {
                EXPECT_GE(place["region"]["startLine"], 1);
            }
        }
    }
}

TEST_F(Ci, OfManyFilesTheWorstCounts) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    EXPECT_EQ(dry_run({"signed.sh", "signed.sh"}).code, 0);
    EXPECT_EQ(dry_run({"signed.sh", "clean.sh"}).code, 1);
    const auto answer = parsed(dry_run({"signed.sh", "clean.sh", "nowhere.sh", "--json"}));
    EXPECT_EQ(answer["exit"], 2);
    ASSERT_EQ(answer["reports"].size(), 3U);
    EXPECT_EQ(answer["reports"][0]["verdict"], "admit");
    EXPECT_EQ(answer["reports"][1]["exit"], 1);
    EXPECT_EQ(answer["reports"][2]["verdict"], "error");
    EXPECT_THAT(dry_run({"signed.sh", "clean.sh"}).out, HasSubstr("== clean.sh\n"));
}

TEST_F(Ci, AJobIsAskedAboutBeforeItIsSigned) {
    const auto manifest = site_.new_job("clean.sh");
    ASSERT_EQ(manifest.code, 0) << manifest.err;
    site_.write("clean.manifest", manifest.out);
    const auto ask = [&](std::vector<std::string> more) {
        more.insert(more.end(), {"--assume-signed", "--json"});
        return parsed(dry_run(more));
    };
    const auto fits = ask({"clean.sh", "--manifest", "clean.manifest"});
    EXPECT_EQ(fits["verdict"], "refuse");
    EXPECT_EQ(fits["exit"], 0) << fits.dump(2);
    EXPECT_EQ(fits["assumed_signed"]["text"], "signatures by 2 of ops and by its author, dave");
    const auto bare = ask({"clean.sh"});
    EXPECT_EQ(bare["exit"], 0);
    EXPECT_THAT(bare["assumed_signed"]["text"].get<std::string>(),
                HasSubstr("of this script nothing but itself was looked at"));
    EXPECT_EQ(dry_run({"clean.sh", "--manifest", "clean.manifest"}).code, 1) << "not assumed";

    // What signatures do not mend.
    site_.write("other.sh", "#!/bin/bash\ntrue\n");
    const auto other = ask({"other.sh", "--manifest", "clean.manifest"});
    EXPECT_EQ(other["exit"], 1);
    EXPECT_THAT(other["assumed_signed"]["text"].get<std::string>(),
                HasSubstr("script-size-mismatch"));
    auto rules = site_.read("policy/approval.policy");
    site_.write("policy/approval.policy",
                rules.replace(rules.find("need 2 of ops valid-for 7d"), 26, "pinned-only"));
    EXPECT_THAT(ask({"clean.sh", "--manifest", "clean.manifest"})["assumed_signed"]["text"]
                    .get<std::string>(),
                HasSubstr("profile-not-signable"));
}

TEST_F(Ci, AParameterWithoutAValueIsAskedForOrAssumed) {
    const std::string script = "#!/bin/bash\nprintf '%s\\n' \"$JOB_P_package\"\n";
    site_.write("param.sh", script);
    site_.seal("param.sh", "signed.sh", {"alice", "bob"}, {"--param", "package word"});
    const auto refused = parsed(dry_run({"signed.sh", "--json"}));
    EXPECT_EQ(refused["reason"], "parameter-missing");
    EXPECT_THAT(refused["next"].dump(), HasSubstr("--param package=VALUE"));
    EXPECT_EQ(dry_run({"signed.sh", "--param", "package=vim"}).code, 0);
    const auto assumed = parsed(dry_run({"signed.sh", "--assume-signed", "--json"}));
    EXPECT_EQ(assumed["exit"], 0) << assumed["assumed_signed"];
    EXPECT_THAT(assumed["assumed_signed"]["text"].get<std::string>(),
                HasSubstr("a fitting value of package"));
}

TEST_F(Ci, ACheckThatPassedHasNoReason) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto report = parsed(dry_run({"signed.sh", "--json"}));
    for (const auto& check : report["checks"]) {
        if (check["outcome"] == "passed") {
            EXPECT_TRUE(check["reason"].is_null()) << check;
        }
    }
    EXPECT_TRUE(report["sandbox"]["system_calls"].contains("rules"));
    const auto brief = parsed(dry_run({"signed.sh", "--json", "--brief"}));
    EXPECT_FALSE(brief["sandbox"]["system_calls"].contains("rules"));
    EXPECT_FALSE(brief["sandbox"]["ceiling"].contains("rules"));
}

TEST_F(Ci, ARemarkOfShellcheckHasFields) {
    if (::access("/usr/bin/shellcheck", X_OK) != 0) GTEST_SKIP() << "no shellcheck";
    site_.write("odd.sh", "#!/bin/bash\nrm -rf $HOME/x\n");
    const auto report = parsed(dry_run({"odd.sh", "--json"}));
    const auto& remark = report["shellcheck"]["remarks"].at(0);
    EXPECT_EQ(remark["code"], "SC2086");
    EXPECT_EQ(remark["level"], "info");
    EXPECT_EQ(remark["file"], "odd.sh");
    EXPECT_EQ(remark["line"], 2);
    EXPECT_EQ(remark["column"], 8);
}

// A checkout is nobody's policy, and its owner is not to be changed for the sake of this.
TEST_F(Ci, WhoseTheFilesAreIsANote) {
    if (::geteuid() != 0) GTEST_SKIP() << "gives files away";
    ASSERT_EQ(run({.words = {"-R", "65534", site_.path("policy")}, .program = "/bin/chown"}).code,
              0);
    for (const auto user : {std::optional<unsigned>(), std::optional<unsigned>(kNobody)}) {
        const auto answer = run({.words = {"check-policy", "policy", "--vendor-policy", "vendor"},
                                 .folder = site_.path(),
                                 .user = user});
        EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
        EXPECT_THAT(answer.out, HasSubstr("note: a host would not load it where it lies: "));
        EXPECT_THAT(answer.out, HasSubstr("install it to /etc/bulkhead/policy"));
        EXPECT_THAT(answer.out, Not(HasSubstr("run: ch")));
        EXPECT_EQ(
            run({.words = {"check-policy", "policy", "--vendor-policy", "vendor", "--as-installed"},
                 .folder = site_.path(),
                 .user = user})
                .code,
            1);
    }
}

TEST_F(Ci, ASymlinkIsNamedWithItsDirectory) {
    std::filesystem::create_directory(site_.path("policy/approved"));
    ASSERT_EQ(::symlink("../host.policy", site_.path("policy/approved/x.manifest").c_str()), 0);
    const auto answer = check({});
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.err, HasSubstr("policy/approved: open x.manifest: a symlink"));
}

// What .pre-commit-hooks.yaml says to call works.
TEST_F(Ci, TheHooksCallWhatThereIs) {
    const auto text =
        sys::Dir::open(POLICY "/..").value().read_file(".pre-commit-hooks.yaml", 1 << 20).value();
    std::vector<int> codes;
    for (const auto line : split(text, '\n')) {
        constexpr std::string_view kEntry = "  entry: bulkhead ";
        if (!line.starts_with(kEntry)) continue;
        std::vector<std::string> call;
        for (const auto word : words(line.substr(kEntry.size()))) call.emplace_back(word);
        if (call[0] == "dry-run") call.insert(call.end(), {"clean.sh", "clean.sh"});
        call.insert(call.end(), {"--vendor-policy", "vendor"});
        const auto answer = run({.words = call, .folder = site_.path()});
        codes.push_back(answer.code);
        EXPECT_EQ(answer.code, 0) << line << answer.out << answer.err;
    }
    EXPECT_THAT(codes, ElementsAre(0, 0));
}

}  // namespace
}  // namespace bulkhead::test
