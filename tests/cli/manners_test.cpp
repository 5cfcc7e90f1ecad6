// What every command has in common: help, suggestions, exit statuses, and where its text goes.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <set>

#include "common/base/parse.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;

Answer ask(std::vector<std::string> words) { return run({.words = std::move(words)}); }

// The table of commands, as `bulkhead --help` has it: "  name arguments".
std::vector<std::string> commands() {
    std::vector<std::string> names;
    bool blank = false;
    const auto text = ask({"--help"}).out;
    for (const auto line : split(text, '\n')) {
        if (blank && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
            names.emplace_back(words(line)[0]);
        }
        blank = line.empty();
    }
    return names;
}

// The words in capitals of a usage, such as RULE; those of one letter are digits or units.
std::set<std::string> placeholders(const std::string& usage) {
    std::set<std::string> found;
    std::string word;
    for (const char c : usage + " ") {
        const bool part = (c >= 'A' && c <= 'Z') || (c == '-' && !word.empty());
        if (part) word += c;
        if (part) continue;
        while (word.ends_with('-')) word.pop_back();
        const bool inside = std::islower(static_cast<unsigned char>(c)) != 0;  // "MiB"
        if (word.size() > 1 && !inside) found.insert(word);
        word.clear();
    }
    return found;
}

TEST(Manners, EachCommandExplainsItselfWithAnExample) {
    ASSERT_GT(commands().size(), 20U);
    for (const auto& name : commands()) {
        const auto help = ask({name, "--help"});
        EXPECT_EQ(help.code, 0) << name;
        EXPECT_EQ(help.err, "") << name;
        EXPECT_TRUE(help.out.starts_with("usage: bulkhead\n  " + name)) << help.out;
        EXPECT_THAT(help.out, HasSubstr(name == "status" ? "Exit status, also that of a Nagios"
                                                         : "Exit status: 0 yes or done"))
            << name;
        // An example of several lines is one command.
        const auto example = help.out.find("\nexample:\n  ") + 12;
        const auto end = help.out.find("\n\n", example);
        EXPECT_THAT(help.out.substr(example, end - example), HasSubstr("bulkhead " + name)) << name;
        for (auto at = help.out.find('\n', example); at < end; at = help.out.find('\n', at + 1)) {
            EXPECT_EQ(help.out.substr(at - 2, 2), " \\") << help.out;
        }
        const auto usage = help.out.substr(0, help.out.find("\n      "));
        for (const auto& word : placeholders(usage)) {
            EXPECT_THAT(help.out, HasSubstr("\n  " + word + " ")) << name << ": what is " << word;
        }
        EXPECT_EQ(ask({name, "-h"}).out, help.out) << name;
        EXPECT_EQ(ask({"help", name}).out, help.out) << name;
    }
    const auto rule = ask({"new-job", "SCRIPT", "--profile", "x", "--help"}).out;
    EXPECT_THAT(rule,
                HasSubstr("  RULE        what values a parameter takes: int:1..90, enum:a|b"));
    EXPECT_THAT(rule, HasSubstr("  WHERE       host:ID, group:LABEL"));
    const auto value = ask({"suspend-jobs", "--state", "/absent", "--reason", "--help"});
    EXPECT_EQ(value.code, 2) << "the value of an option";
}

TEST(Manners, HelpAndVersionHaveTheirUsualNames) {
    for (const auto* word : {"-h", "--help", "help"}) {
        EXPECT_EQ(ask({word}).code, 0);
        EXPECT_THAT(ask({word}).out, HasSubstr("usage: bulkhead COMMAND")) << word;
    }
    for (const auto* word : {"help", "version"}) {
        EXPECT_THAT(ask({"help", word}).out, HasSubstr("usage: bulkhead COMMAND")) << word;
    }
    for (const auto* word : {"-V", "--version", "version"}) {
        EXPECT_EQ(ask({word}).out, "bulkhead " BULKHEAD_VERSION "\n") << word;
    }
    EXPECT_EQ(ask({}).code, 2);
    EXPECT_EQ(ask({}).out, "");
}

TEST(Manners, AMisspeltWordIsSuggested) {
    const std::tuple<std::vector<std::string>, std::string, std::string> cases[] = {
        {{"revoek"}, "no command \"revoek\"; did you mean revoke?", "see bulkhead --help"},
        {{"new_job"}, "did you mean new-job?", ""},
        {{"verison"}, "did you mean version?", ""},
        {{"help", "dryrun"}, "did you mean dry-run?", ""},
        {{"dry-run", "--polciy", "x", "f"}, "unknown option --polciy; did you mean --policy?", ""},
        {{"new-job", "f", "--profil=x"}, "unknown option --profil; did you mean --profile?", ""},
        {{"reasons", "threshold-not-meet"}, "did you mean threshold-not-met?", ""},
    };
    for (const auto& [words, says, too] : cases) {
        const auto answer = ask(words);
        EXPECT_EQ(answer.code, 2) << says;
        EXPECT_EQ(answer.out, "") << says;
        EXPECT_THAT(answer.err, HasSubstr(says));
        EXPECT_THAT(answer.err, HasSubstr(too));
    }
    const auto odd = ask({"\x1b[31mx"});
    EXPECT_THAT(odd.err, HasSubstr("no command \"\\x1b[31mx\"; see bulkhead --help"));
}

TEST(Manners, OperandsThatAreTooManyAreNamed) {
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"new-artifact", "a.o", "--pin", "yes"}, "give one object file, not 2: a.o, yes"},
        {{"new-job", "a.sh", "b.sh", "c\n"}, "give one script, not 3: a.sh, b.sh, c\\x0a"},
        {{"unseal"}, "give one file that seal wrote"},
        {{"check-policy", "a", "b"}, "give one directory, not 2: a, b"},
    };
    for (const auto& [words, says] : cases) {
        const auto answer = ask(words);
        EXPECT_EQ(answer.code, 2) << says;
        EXPECT_THAT(answer.err, HasSubstr(says));
    }
}

TEST(Manners, AnUnknownOptionIsAWrongCallOfEachCommand) {
    for (const auto& name : commands()) {
        const auto answer = ask({name, "--no-such-option"});
        EXPECT_EQ(answer.code, 2) << name << answer.err;
        EXPECT_EQ(answer.out, "") << name;
        EXPECT_THAT(answer.err, HasSubstr("bulkhead " + name + ": ")) << name;
    }
}

TEST(Manners, AFileThatIsNotThereIsAWrongCallOfEachCommand) {
    const Site site;
    const std::string no = "/no/such/file";
    const std::vector<std::vector<std::string>> calls{
        {"new-job", no, "--profile", "maintain", "--target", "any", "--reason", "r"},
        {"pin", no, "--policy", "policy", "--profile", "maintain", "--target", "any", "--reason",
         "r"},
        {"seal", no, no},
        {"seal", "clean.sh", no},
        {"unseal", no},
        {"dry-run", no, "--policy", "policy"},
        {"dry-run", "clean.sh", "--policy", no},
        {"new-job", "clean.sh", "--policy", no, "--profile", "x", "--target", "any"},
        {"pin", "clean.sh", "--policy", no, "--profile", "x", "--target", "any"},
        {"check-policy", no},
        {"show-confinement", "--policy", no},
        {"verify-audit", no},
        {"revoke", no},
        {"migrate", "--from", "hyprnode", "--file", no},
        {"dry-run", "clean.sh", "--policy", "policy", "--state", no},
        {"jobs", "--log-dir", no},
        {"stop-job", "1", "--state", no},
        {"suspend-jobs", "--state", no},
        {"resume-jobs", "--state", no},
        {"accept-lost-ledger", "--state", no},
        {"prove", "1", "--log-dir", no},
        {"reload", "--state", no},
        {"reset-clock", "--state", no},
        {"reset-clock", "--log-dir", no},
        {"leave", "--state", no},
        {"explain", "1", "--log-dir", no},
    };
    for (const auto& words : calls) {
        const auto answer = site.bulkhead(words);
        EXPECT_EQ(answer.code, 2) << words[0] << " " << words[1] << ": " << answer.err;
        EXPECT_EQ(answer.out, "") << words[0];
        EXPECT_THAT(answer.err, HasSubstr(no)) << words[0];
    }
}

TEST(Manners, WhoMayNotFailsAlikeInEachCommand) {
    if (::geteuid() != 0) GTEST_SKIP() << "becomes nobody";
    const TempDir state;
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"stop-job", "1"}, {"suspend-jobs"}, {"resume-jobs"}, {"accept-lost-ledger"}}) {
        auto all = words;
        all.insert(all.end(), {"--state", state.path()});
        const auto answer = run({.words = all, .user = kNobody});
        EXPECT_EQ(answer.code, 1) << words[0];
        EXPECT_EQ(answer.out, "") << words[0];
        EXPECT_THAT(answer.err, HasSubstr("only root may")) << words[0];
    }
}

TEST(Manners, ALogOfRootsIsNoWrongCallOfACommandOfRoots) {
    if (::geteuid() != 0) GTEST_SKIP() << "becomes nobody";
    const TempDir log;
    ASSERT_EQ(::chmod(log.path().c_str(), 0700), 0);
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"stop-job", "1"}, {"reset-clock"}, {"prove", "1"}}) {
        auto all = words;
        all.insert(all.end(), {"--log-dir", log.path()});
        const auto answer = run({.words = all, .user = kNobody});
        EXPECT_EQ(answer.code, 1) << words[0] << answer.err;
        EXPECT_EQ(answer.out, "") << words[0];
        EXPECT_THAT(answer.err, HasSubstr("only root may")) << words[0];
    }
}

TEST(Manners, ALogThatMayNotBeReadIsAWrongCallOfEachCommand) {
    if (::geteuid() != 0) GTEST_SKIP() << "becomes nobody";
    const TempDir log;
    ASSERT_TRUE(log.open().write_atomic("audit.log", "", 0600));
    ASSERT_EQ(::chmod(log.path().c_str(), 0700), 0);
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"jobs", "--log-dir"}, {"explain", "1", "--log-dir"}, {"verify-audit"}}) {
        auto all = words;
        all.push_back(log.path());
        const auto answer = run({.words = all, .user = kNobody});
        EXPECT_EQ(answer.code, 2) << words[0] << answer.err;
        EXPECT_EQ(answer.out, "") << words[0];
        EXPECT_THAT(answer.err, HasSubstr(log.path() + ": Permission denied")) << words[0];
    }
}

TEST(Manners, WhatIsNotKnownFailsAlikeInEachCommand) {
    const TempDir empty;
    ASSERT_TRUE(empty.open().write_atomic("audit.log", "", 0600));
    for (const auto* name : {"stop-job", "prove"}) {
        const auto answer = ask({name, "17", "--log-dir", empty.path()});
        EXPECT_EQ(answer.code, 1) << name << answer.err;
        EXPECT_EQ(answer.out, "") << name;
        EXPECT_THAT(answer.err, HasSubstr("17")) << name;
    }
}

// A cron job's mail or a pipeline would take half an answer for the whole.
TEST(Manners, WhatCannotBePrintedFails) {
    const Site site;
    site.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto tool = std::string(BULKHEAD_PROGRAM);
    const std::string vendor = " --policy policy --vendor-policy vendor";
    for (const auto& call :
         {std::string("--help"), std::string("--version"), std::string("status --help"),
          std::string("reasons"), std::string("settings"), std::string("describe-protocol"),
          "dry-run signed.sh --at 2026-08-25T12:00:00Z" + vendor,
          "show-confinement worker" + vendor,
          std::string("seal clean.sh signed.sh.m signed.sh.alice.sig"),
          std::string("new-job clean.sh --profile maintain --target any --author dave --reason r"),
          std::string("unseal signed.sh")}) {
        for (const auto* redirection : {" >/dev/full", " >&-"}) {
            const auto answer = run({.words = {"-c", tool + " " + call + redirection},
                                     .folder = site.path(),
                                     .program = "/bin/sh"});
            EXPECT_EQ(answer.code, 1) << call << redirection << answer.err;
        }
        const auto whole =
            run({.words = {"-c", tool + " " + call}, .folder = site.path(), .program = "/bin/sh"});
        EXPECT_EQ(whole.code, 0) << call << whole.err;
        ::unlink(site.path("signed.sh.script").c_str());
    }
}

// Who reads only the status would do it again.
TEST(Manners, WhatIsDoneAndCannotBePrintedSaysSo) {
    const Site site;
    const auto tool = std::string(BULKHEAD_PROGRAM);
    const auto pinned =
        run({.words = {"-c", tool + " pin clean.sh --profile admin --target any --reason r "
                                    "--policy policy >/dev/full"},
             .folder = site.path(),
             .program = "/bin/sh"});
    EXPECT_EQ(pinned.code, 1);
    EXPECT_THAT(pinned.err, HasSubstr("it is done, and could not be told: standard output: "));
    EXPECT_EQ(::access(site.path("policy/approved/clean.manifest").c_str(), F_OK), 0);
    const auto status =
        run({.words = {"-c", tool + " status --run-dir " + site.path() + " >/dev/full"},
             .program = "/bin/sh"});
    EXPECT_EQ(status.code, 1);
    EXPECT_THAT(status.err, HasSubstr("bulkhead status: standard output: No space left"));
}

TEST(Manners, AReasonCodeIsExplained) {
    EXPECT_EQ(ask({"reasons", "threshold-not-met"}).out.substr(0, 19), "threshold-not-met: ");
    EXPECT_THAT(ask({"reasons"}).out, HasSubstr("| `threshold-not-met` |"));
    EXPECT_EQ(ask({"reasons", "a", "b"}).code, 2);
}

}  // namespace
}  // namespace bulkhead::test
