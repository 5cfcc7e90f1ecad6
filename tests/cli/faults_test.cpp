// Scripts that do not do what their authors meant: seal refuses them, the dry run says so beside
// the host's verdict. What new-job says of them is in author_test.cpp.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Faults : public ::testing::Test {
  protected:
    // Makes job.sh, and approved/NAME.manifest of it.
    void pin(const std::string& name, const std::string& profile, const std::string& script) const {
        auto manifest = site_.manifest_by_hand(script, profile);
        const std::string until = "not-after 2026";
        manifest.replace(manifest.find(until), until.size(), "not-after 2096");
        site_.write("policy/approved/" + name + ".manifest", manifest);
        site_.write("job.sh", script);
    }
    json ask() const {
        return json::parse(site_.bulkhead(site_.dry_run({"job.sh", "--json"})).out);
    }

    Site site_;
};

// Its manifest was written by hand, or before such a script was refused.
TEST_F(Faults, KeepAScriptFromBeingSealed) {
    const std::pair<std::string, std::string> cases[] = {
        {"#!/bin/bash\nif\n", "job.sh:3: syntax error"},
        {"#!/bin/bash\r\ntrue\r\n", "job.sh:1: ends with CR LF"},
        {"#!/bin/sh\ntrue\n", "job.sh:1: the #! line names /bin/sh"},
    };
    for (const auto& [script, says] : cases) {
        site_.write("m", site_.manifest_by_hand(script, "maintain"));
        site_.write("job.sh", script);
        const auto sealed = site_.bulkhead({"seal", "job.sh", "m"});
        EXPECT_EQ(sealed.code, 1);
        EXPECT_EQ(sealed.out, "");
        EXPECT_THAT(sealed.err, HasSubstr(says));
    }
}

// The verdict is the host's; a pinned manifest may be of a script that no author would be let seal.
TEST_F(Faults, GivesTheHostsVerdictOnAScriptWithFaults) {
    pin("a", "maintain", "#!/bin/bash -e\ntrue\nif\n");
    const auto report = ask();
    EXPECT_EQ(report["verdict"], "admit");
    EXPECT_EQ(report["command"], json({"/bin/bash", "-e"}));
    EXPECT_EQ(report["faults"][0]["line"], 4);
    const auto answer = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out,
                HasSubstr("verdict       admit\nbut           new-job and seal refuse"));
    EXPECT_THAT(answer.out, HasSubstr("run as      /bin/bash -e SCRIPT\n"));
}

TEST_F(Faults, OfAScriptThatIsPinnedTwiceAreToldBeforeAHostIsAsked) {
    const std::string script = "#!/bin/bash\ntrue\n";
    pin("a", "admin", script);
    pin("b", "inspect", script);
    const auto refused = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.out, HasSubstr("verdict       refuse: script-ambiguous\n"));
    const auto checked = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(checked.code, 0) << "a warning";
    const std::string line = "same-script a b  # why";
    EXPECT_THAT(checked.out, HasSubstr(line));

    // What it says to write mends it.
    site_.write("policy/approval.policy", site_.read("policy/approval.policy") + line + "\n");
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy"}).out,
                ::testing::Not(HasSubstr("same-script")));
    const auto answer = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(answer.code, 0) << answer.out;
    EXPECT_THAT(answer.out, HasSubstr("pinned too, for profile "));
    EXPECT_EQ(ask()["also_pinned"].size(), 1U);
}

// What a signer does not see.
class Unseen : public Faults {
  protected:
    // Adds odd bytes to a script that has none.
    static std::string script(const std::string& odd) {
        return "#!/bin/bash\necho " + odd + "done\n";
    }
    static constexpr auto kBidi = "\xe2\x80\xae";
    const std::string found_ =
        "column 6: U+202E: a bidi control, which shows text in another order than it has";
};

TEST_F(Unseen, IsRefusedByNewJobWithItsPlace) {
    const std::pair<std::string, std::string> cases[] = {
        {kBidi, "job.sh:2: " + found_},
        {"\x1b[1A\x1b[2K", "job.sh:2: column 6: U+001B: begins a sequence"},
        {"\xe2\x80\x8b", "job.sh:2: column 6: U+200B: is not drawn"},
        {"p\xd0\xb0th ", "job.sh:2: column 7: U+0430: looks like a Latin letter"},
        {std::string(250, ' '), "job.sh:2: column 256: U+0020: blanks push text beyond column 200"},
        {"\xfc", "job.sh:2: column 6: byte 0xFC: not UTF-8"},
    };
    for (const auto& [odd, says] : cases) {
        site_.write("job.sh", script(odd));
        const auto made = site_.new_job("job.sh");
        EXPECT_EQ(made.code, 1) << says;
        EXPECT_EQ(made.out, "");
        EXPECT_THAT(made.err, HasSubstr(says));
        EXPECT_THAT(made.err, HasSubstr("if it is meant, say why: --odd-bytes REASON"));
    }
    site_.write("job.sh", script("\xc3\xa4 \xf0\x9f\x98\x80 \xe6\x97\xa5 "));
    EXPECT_EQ(site_.new_job("job.sh").code, 0);
    const auto hidden =
        site_.bulkhead({"new-job", "job.sh", "--profile", "maintain", "--target", "any", "--author",
                        "dave", "--reason", "CHG-1" + std::string(200, ' ') + "and more"});
    EXPECT_EQ(hidden.code, 1);
    EXPECT_THAT(hidden.err, HasSubstr("the manifest:14: column "));
}

TEST_F(Unseen, IsSaidInTheManifestWhereItIsMeant) {
    site_.write("job.sh", script(kBidi));
    const auto made = site_.new_job("job.sh", {"--odd-bytes", "an Arabic menu"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("odd-bytes an Arabic menu\n"));
    site_.write("m", made.out);
    EXPECT_EQ(site_.bulkhead({"seal", "job.sh", "m"}).code, 0);
    const auto needless = site_.new_job("clean.sh", {"--odd-bytes", "none"});
    EXPECT_EQ(needless.code, 2);
    EXPECT_THAT(needless.err, HasSubstr("nothing in clean.sh is odd, so leave it out"));
}

TEST_F(Unseen, IsRefusedBySealWhereTheManifestDoesNotSaySo) {
    site_.write("job.sh", script(kBidi));
    site_.write("m", site_.manifest_by_hand(script(kBidi), "maintain"));
    const auto sealed = site_.bulkhead({"seal", "job.sh", "m"});
    EXPECT_EQ(sealed.code, 1);
    EXPECT_EQ(sealed.out, "");
    EXPECT_THAT(sealed.err, HasSubstr("job.sh:2: " + found_));
    EXPECT_THAT(sealed.err, HasSubstr("bulkhead new-job --odd-bytes REASON"));
}

TEST_F(Unseen, IsNamedByTheDryRun) {
    pin("a", "maintain", script(kBidi));
    auto answer = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr("new-job and seal refuse this script"));
    EXPECT_THAT(answer.out, HasSubstr("line 2: " + found_.substr(0, 40)));
    auto report = ask();
    EXPECT_EQ(report["oddities"][0]["line"], 2);
    EXPECT_EQ(report["oddities"][0]["column"], 6);
    EXPECT_EQ(report["oddities"][0]["code_point"], "U+202E");
    EXPECT_EQ(report["faults"].size(), 1U);

    auto manifest = site_.read("policy/approved/a.manifest");
    manifest.replace(manifest.find("v1"), 2, "v2");
    site_.write("policy/approved/a.manifest", manifest);
    EXPECT_EQ(ask()["reason"], "odd-bytes");
    manifest.replace(manifest.find("reason "), 7, "odd-bytes an Arabic menu\nreason ");
    site_.write("policy/approved/a.manifest", manifest);
    report = ask();
    EXPECT_EQ(report["verdict"], "admit");
    EXPECT_EQ(report["oddities"].size(), 1U) << "named all the same";
    EXPECT_EQ(report["faults"].size(), 0U);
}

TEST_F(Faults, OfParametersAreNamed) {
    site_.write("job.sh", "#!/bin/bash\n# $JOB_P_comment\nfind /tmp -mtime \"+$JOB_P_days\"\n");
    const auto made = site_.new_job("job.sh", {"--param", "age int:1..9"});
    EXPECT_EQ(made.code, 1);
    EXPECT_THAT(made.err,
                HasSubstr("new-job: job.sh:3: uses JOB_P_days, which the manifest does not "
                          "declare; add --param 'days RULE'"));
    EXPECT_THAT(made.err, HasSubstr("note: job.sh: the manifest declares parameter age, which the "
                                    "script does not use as JOB_P_age\n"));
    EXPECT_THAT(made.err, ::testing::Not(HasSubstr("comment")));
    pin("a", "maintain", "#!/bin/bash\necho \"${JOB_P_days:-3}\"\n");
    EXPECT_THAT(site_.bulkhead(site_.dry_run({"job.sh"})).out,
                HasSubstr("line 2: uses JOB_P_days"));
    EXPECT_EQ(ask()["faults"].size(), 0U);
    pin("a", "maintain", "#!/bin/bash\necho \"$JOB_P_days\"\n");
    EXPECT_EQ(ask()["faults"][0]["line"], 2);
    EXPECT_EQ(ask()["verdict"], "admit") << "a host does not read scripts";
    EXPECT_EQ(site_.bulkhead(site_.dry_run({"job.sh"})).code, 1);
}

}  // namespace
}  // namespace bulkhead::test
