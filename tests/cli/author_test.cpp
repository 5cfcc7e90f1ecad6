// The author's path: new-job, sign, seal; and what is said when a step went wrong.
#include <gmock/gmock.h>
#include <unistd.h>

#include "common/approval/manifest.hpp"
#include "common/sys/clock.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Author : public ::testing::Test {
  protected:
    Site site_;
};

TEST_F(Author, GetsAManifestToReadAndSign) {
    const auto made =
        site_.new_job("clean.sh", {"--expires", "2d", "--timeout", "90s", "--output-max", "64KiB",
                                   "--runs", "4/day", "--param", "path enum:/var/cache|/var/tmp",
                                   "--target", "host:web-1"});
    EXPECT_EQ(made.out,
              "bulkhead-job v2\n"
              "job-id disk-clean\n"
              "author dave\n"
              "script-sha256 845b05059b1d39aaddf023ff113358c4d5e271cf312b39372312ab7ade86246f\n"
              "script-size 49\n"
              "interpreter /bin/bash\n"
              "profile maintain\n"
              "param path enum:/var/cache|/var/tmp\n"
              "target group:web\n"
              "target host:web-1\n"
              "not-before 2026-08-25T00:00:00Z\n"
              "not-after 2026-08-27T00:00:00Z\n"
              "timeout 90\n"
              "output-max 65536\n"
              "runs 4/day\n"
              "reason CHG-4711\n"
              "end\n");
    EXPECT_EQ(made.code, 0);
    EXPECT_THAT(made.err, HasSubstr("ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY < M"));
    EXPECT_THAT(made.err, HasSubstr("bulkhead seal clean.sh M"));
}

TEST_F(Author, NamesTheJobAfterTheScriptAndTheDay) {
    site_.write("Disk_Clean.v2.sh", kScript);
    const auto made = site_.bulkhead({"new-job", "Disk_Clean.v2.sh", "--profile", "maintain",
                                      "--target", "any", "--not-before", "2026-08-25T10:00:00Z",
                                      "--author", "dave", "--reason", "CHG-1"});
    EXPECT_THAT(made.out, ContainsRegex("job-id disk-clean-20260825-[0-9a-f]{8}\n"));
    EXPECT_THAT(made.out, HasSubstr("not-after 2026-09-01T10:00:00Z\ntimeout 900\n"
                                    "output-max 1048576\nruns 1\n"));
}

// A host that ran a job never runs another one of its id: what was corrected has to get another,
// and what was made twice by mistake must not run twice.
TEST_F(Author, GetsAJobIdOfWhatTheManifestSays) {
    const auto id = [&](const std::string& time, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"new-job",  "clean.sh", "--profile",    "maintain",
                                       "--target", "group:db", "--author",     "dave",
                                       "--reason", "CHG-1",    "--not-before", time};
        words.insert(words.end(), more.begin(), more.end());
        const auto made = site_.bulkhead(words);
        EXPECT_EQ(made.code, 0) << made.err;
        const auto at = made.out.find("job-id ");
        return made.out.substr(at, made.out.find('\n', at) - at);
    };
    const std::string morning = "2026-08-25T08:00:00Z";
    const auto first = id(morning);
    EXPECT_EQ(id("2026-08-25T18:30:00Z"), first);
    EXPECT_NE(id("2026-08-26T08:00:00Z"), first);
    EXPECT_NE(id(morning, {"--timeout", "20m"}), first);
    EXPECT_NE(id(morning, {"--expires", "6d"}), first);
    EXPECT_NE(id(morning, {"--target", "group:web"}), first);
    EXPECT_NE(id(morning, {"--realm", "lab"}), first);
    site_.write("clean.sh", kScript + "true\n");
    EXPECT_NE(id(morning), first);
    const auto long_name = std::string(80, 'x') + ".sh";
    site_.write(long_name, kScript);
    const auto made = site_.bulkhead({"new-job", long_name, "--profile", "maintain", "--target",
                                      "any", "--author", "dave", "--reason", "r"});
    EXPECT_THAT(made.out, ContainsRegex("job-id x{46}-[0-9]{8}-[0-9a-f]{8}\n")) << made.err;
}

TEST_F(Author, IsToldWhatTheHostsWouldRefuse) {
    const std::tuple<std::vector<std::string>, std::string> cases[] = {
        {{"--profile", "maintian"},
         "--profile: a host refuses it as profile-unknown: policy/profiles has no maintian; it "
         "has: admin, inspect, maintain; did you mean maintain?"},
        {{"--profile", "maintain", "--timeout", "99h"},
         "--timeout: a host refuses it as timeout-over-ceiling: profile maintain allows "},
        {{"--profile", "maintain", "--output-max", "1GiB"},
         "--output-max: a host refuses it as output-over-ceiling: profile maintain allows "},
        {{"--profile", "maintain", "--expires", "30d"},
         "not-after is more than 7d after not-before"},
        {{"--profile", "maintain", "--interpreter", "/bin/dash"},
         "--interpreter: a host refuses it as interpreter-not-allowed: /bin/dash is not in "
         "interpreters.policy, which has: /bin/bash"},
    };
    site_.write("bare.sh", "true\n");
    for (const auto& [more, says] : cases) {
        const bool bare = says.contains("interpreter");
        std::vector<std::string> words{"new-job",  bare ? "bare.sh" : "clean.sh",
                                       "--policy", "policy",
                                       "--target", "any",
                                       "--author", "alice",
                                       "--reason", "r"};
        words.insert(words.end(), more.begin(), more.end());
        const auto made = site_.bulkhead(words);
        EXPECT_EQ(made.code, 2) << says;
        EXPECT_EQ(made.out, "") << says;
        EXPECT_THAT(made.err, HasSubstr(says));
    }
    const auto pinned =
        site_.bulkhead({"new-job", "clean.sh", "--policy", "policy", "--target", "any", "--author",
                        "root", "--reason", "r", "--profile", "admin"});
    EXPECT_EQ(pinned.code, 0) << pinned.err;
    EXPECT_THAT(pinned.err, HasSubstr("next: profile admin is for pinned jobs there"));
    EXPECT_THAT(pinned.err, HasSubstr("bulkhead pin"));
}

TEST_F(Author, IsToldWhichParameterTheManifestLacks) {
    site_.write("job.sh", "#!/bin/bash\nset -eu\nfind /tmp -mtime \"+$JOB_P_days\"\n");
    const auto made = site_.new_job("job.sh");
    EXPECT_EQ(made.code, 1);
    EXPECT_EQ(made.out, "");
    EXPECT_THAT(made.err, HasSubstr("job.sh:3: uses JOB_P_days, which the manifest does not "
                                    "declare; add --param 'days RULE', such as 'days int:1..90'"));
    EXPECT_EQ(site_.new_job("job.sh", {"--param", "days int:1..90"}).code, 0);
    site_.write("m", site_.manifest_by_hand(site_.read("job.sh"), "maintain"));
    const auto sealed = site_.bulkhead({"seal", "job.sh", "m"});
    EXPECT_EQ(sealed.code, 1);
    EXPECT_THAT(sealed.err, HasSubstr("job.sh:3: uses JOB_P_days"));
}

TEST_F(Author, MayAskForNoHints) {
    const auto loud = site_.new_job("clean.sh");
    EXPECT_THAT(loud.err, HasSubstr("--manifest M --assume-signed"));
    EXPECT_THAT(loud.err, HasSubstr("ssh-agent"));
    EXPECT_THAT(loud.err, HasSubstr("bulkhead pin"));
    for (const auto* word : {"-q", "--quiet"}) {
        const auto made = site_.new_job("clean.sh", {word});
        EXPECT_EQ(made.err, "");
        EXPECT_EQ(made.out, loud.out);
    }
}

struct Mistake {
    std::vector<std::string> options;
    std::string script;
    int code;
    std::string says;
};

TEST_F(Author, IsToldWhatToDoAboutAMistake) {
    const Mistake mistakes[] = {
        {{"--expires", "soon"}, kScript, 2, "--expires: not a duration; write 30s, 5m, 1h or 7d"},
        {{"--expires", "0s"}, kScript, 2, "--expires: at least 1s"},
        {{"--timeout", "15"}, kScript, 2, "--timeout: not a duration"},
        {{"--output-max", "1MB"}, kScript, 2, "--output-max: write 65536, 64KiB, 1MiB or 1GiB"},
        {{"--runs", "often"}, kScript, 2, "--runs: expected 1, n/day or n/hour"},
        {{"--target", "web-1"}, kScript, 2, "--target: expected host:ID, group:LABEL or any"},
        {{"--param", "path"}, kScript, 2, "--param: expected \"NAME RULE\" as one word"},
        {{"--param", "path any:"},
         kScript,
         2,
         "--param: expected int:, enum:, word, path:, text: or text-raw:"},
        {{"--interpreter", "bash"}, kScript, 2, "--interpreter: expected an absolute path"},
        {{"--author", "x"}, kScript, 2, "--author is given twice"},
        {{"--format", "v3"}, kScript, 2, "--format takes v2, or v1 for hosts of version 0.1"},
        {{"--format", "v1", "--realm", "prod"}, kScript, 2, "v1 can name no realm, epoch or"},
        {{"--format", "v1", "--epoch", "1"}, kScript, 2, "leave out --format v1"},
        {{"--realm", "a b"}, kScript, 2, "--realm: expected [A-Za-z0-9]"},
        {{"--epoch", "-1"}, kScript, 2, "--epoch: expected a number, as in host.policy"},
        {{"--epoch", "1000000001"}, kScript, 2, "--epoch: expected a number"},
        {{"--profile-sha256"}, kScript, 2, "--profile-sha256 needs --policy DIR"},
        {{"--nonsense"}, kScript, 2, "unknown option --nonsense"},
        {{"--odd-bytes", "f\xc3\xbcr"}, kScript, 2, "--odd-bytes: column 2: byte \\xc3 is not"},
        {{"--target", "host:a\nb"}, kScript, 2, "--target: column 7: byte \\x0a is not"},
        {{}, "", 1, "clean.sh: the script is empty"},
        {{}, "#!/bin/bash\ntrue", 1, "clean.sh: the last line has no line end; add one"},
        {{}, "true\n", 2, "the script has no #! line; say what runs it: --interpreter /bin/bash"},
        {{"--policy", "absent"}, "#!/usr/bin/env bash\n", 2, "/absent: there is no such directory"},
        {{}, "#!/usr/bin/env bash\n", 2, "--interpreter /bin/bash, or give --policy DIR"},
        {{"--policy", "policy"}, "#!/usr/bin/env fish\n", 2, "interpreters.policy lists no fish"},
        {{}, "#!/usr/bin/env bash -e\n", 1, "clean.sh:1: env takes all that follows it"},
        {{}, "#!/bin/bash\r\ntrue\r\n", 1, "clean.sh:1: ends with CR LF"},
        {{}, "#!/bin/bash\ntrue\r\n", 1, "clean.sh:2: ends with CR LF"},
        {{}, "\xef\xbb\xbf#!/bin/bash\n", 1, "clean.sh:1: begins with a byte order mark"},
        {{}, std::string("#!/bin/bash\n\0\n", 14), 1, "clean.sh:2: holds a NUL byte"},
        {{}, "#!/bin/bash\ntrue\nif then\n", 1, "clean.sh:3: syntax error near"},
        {{}, "#!/bin/bash\ntrue\nif then\n", 1, "/bin/bash -n says so"},
        {{"--interpreter", "/bin/bash"}, "if\n", 1, "clean.sh:2: syntax error"},
        {{"--interpreter", "/bin/bash"},
         "#!/bin/sh -e\ntrue\n",
         1,
         "clean.sh:1: the #! line names /bin/sh, but the job is run by /bin/bash"},
        {{}, std::string((4 << 20) + 1, '\n'), 1, "4194305 bytes; a script has at most 4 MiB"},
        {{}, "true\n#--bulkhead-approval-v1--\n#m bulkhead-job v1\n", 1, "has an approval already"},
    };
    for (const auto& [options, script, code, says] : mistakes) {
        site_.write("clean.sh", script);
        const auto made = site_.new_job("clean.sh", options);
        EXPECT_EQ(made.code, code) << says;
        EXPECT_EQ(made.out, "") << says;
        EXPECT_THAT(made.err, HasSubstr(says));
    }
}

TEST_F(Author, NeedsNotSayWhereEnvWouldFindTheShell) {
    const std::pair<std::string, std::string> cases[] = {
        {"interpreter /bin/bash  # a\n", "/bin/bash"},
        {"interpreter /usr/bin/bash  # a\ninterpreter /bin/bash  # b\n", "/usr/bin/bash"},
        {"interpreter /bin/bash  # a\ninterpreter /usr/bin/bash  # b\n", "/bin/bash"},
    };
    site_.write("clean.sh", "#!/usr/bin/env -S bash -eu\ntrue\n");
    for (const auto& [list, path] : cases) {
        site_.write("policy/interpreters.policy", list);
        const auto made = site_.new_job("clean.sh", {"--policy", "policy"});
        EXPECT_THAT(made.out, HasSubstr("\ninterpreter " + path + "\n")) << made.err;
        EXPECT_THAT(made.err, HasSubstr("note: the #! line leaves it to env"));
    }
    site_.write("policy/interpreters.policy",
                "interpreter /bin/bash  # a\ninterpreter /opt/bin/bash  # b\n");
    const auto made = site_.new_job("clean.sh", {"--policy", "policy"});
    EXPECT_EQ(made.code, 2);
    EXPECT_THAT(made.err, HasSubstr("lists /bin/bash and /opt/bin/bash for the #! line's bash"));
}

TEST_F(Author, IsToldWhatWasNotChecked) {
    site_.write("job.py", "#!/usr/bin/python3\nprint(1)\n");
    const auto made = site_.new_job("job.py");
    EXPECT_EQ(made.code, 0);
    EXPECT_THAT(made.err, HasSubstr("note: job.py: its syntax was not checked: /usr/bin/python3"));
}

// Where nobody can answer, nobody is asked, and a login name is not the name of who signs.
TEST_F(Author, HasToNameHimselfWhereThereIsNoTerminal) {
    const std::vector<std::string> words{"new-job",  "clean.sh", "--profile", "maintain",
                                         "--target", "any",      "--reason",  "CHG-1"};
    const auto made = site_.bulkhead(words);
    EXPECT_EQ(made.code, 2);
    EXPECT_EQ(made.out, "");
    EXPECT_THAT(made.err, HasSubstr("who is the author? --author NAME, as in allowed_signers"));
    // script(1) gives it a terminal. Root is no person, so that its name is not offered.
    auto command = std::string(BULKHEAD_PROGRAM);
    for (const auto& word : words) command += " " + word;
    const auto shown = run({.words = {"-qec", command, "/dev/null"},
                            .folder = site_.path(),
                            .program = "/usr/bin/script"});
    const bool root = ::geteuid() == 0;
    EXPECT_EQ(shown.code, root ? 2 : 0) << shown.out;
    EXPECT_THAT(shown.out, HasSubstr(root ? "who is the author?" : "note: the author is "));
}

// So that a host whose clock is behind the author's takes the job at once.
TEST_F(Author, DatesBackByTheSkewOfThePolicy) {
    site_.write("policy/approval.policy",
                "profile maintain need 1 of ops valid-for 7d  # test\n"
                "signers ops alice  # test\nskew 5m  # test\n");
    const auto from = sys::now();
    const auto made = site_.bulkhead({"new-job", "clean.sh", "--profile", "maintain", "--target",
                                      "any", "--policy", "policy", "--author", "alice", "--expires",
                                      "7d", "--reason", "test"});
    const auto manifest = approval::parse_manifest(made.out);
    ASSERT_TRUE(manifest) << made.err;
    EXPECT_GE(manifest->not_before, from - std::chrono::minutes(5));
    EXPECT_LE(manifest->not_before, sys::now() - std::chrono::minutes(5));
    EXPECT_EQ(manifest->not_after - manifest->not_before, std::chrono::hours(24 * 7))
        << "no longer than policy allows";
    EXPECT_THAT(site_.new_job("clean.sh", {"--policy", "policy"}).out,
                HasSubstr("\nnot-before 2026-08-25T00:00:00Z\n"))
        << "what is asked for stands";
}

TEST_F(Author, IsComparedWithTheSignersOfThePolicy) {
    const std::vector<std::string> words{"new-job",  "clean.sh", "--profile", "maintain",
                                         "--target", "any",      "--policy",  "policy",
                                         "--reason", "CHG-1",    "--author"};
    const auto by = [&](const std::string& author) {
        auto more = words;
        more.push_back(author);
        return site_.bulkhead(more);
    };
    EXPECT_EQ(by("alice").code, 0);
    for (const auto* name : {"Alice", "alice@example.com", "root"}) {
        EXPECT_EQ(by(name).code, 2);
        EXPECT_THAT(by(name).err, HasSubstr("policy/allowed_signers there"));
    }
    // Where all jobs are pinned the author is only a name.
    site_.write("policy/approval.policy", "profile maintain pinned-only  # test\n");
    EXPECT_EQ(by("root").code, 0);
}

TEST_F(Author, BindsTheJobToRealmEpochAndProfile) {
    EXPECT_THAT(site_.new_job("clean.sh", {"--realm", "lab", "--epoch", "4"}).out,
                HasSubstr("\nauthor dave\nrealm lab\nepoch 4\nscript-sha256 "));
    EXPECT_THAT(site_.new_job("clean.sh", {"--format", "v1"}).out,
                ::testing::StartsWith("bulkhead-job v1\n"));
    site_.write("policy/host.policy", "host-id web-1  # x\nrealm prod  # x\nepoch 9  # x\n");
    const auto made = site_.new_job("clean.sh", {"--policy", "policy", "--profile-sha256"});
    EXPECT_THAT(made.out, HasSubstr("\nauthor dave\nrealm prod\nepoch 9\nscript-sha256 "));
    // The digest that policy/README.md tells an auditor to compute.
    const auto stock = run({.words = {"-c",
                                      "cd policy && sha256sum profiles/maintain.profile "
                                      "seccomp/broker.seccomp seccomp/job.seccomp | sha256sum | "
                                      "cut -c1-64"},
                            .folder = site_.path(),
                            .program = "/bin/sh"});
    EXPECT_THAT(made.out, HasSubstr("\nprofile maintain\nprofile-sha256 " + stock.out));
    EXPECT_THAT(site_.new_job("clean.sh", {"--policy", "policy", "--realm", "lab"}).out,
                HasSubstr("realm lab\nepoch 9\n"));
    EXPECT_THAT(site_.new_job("clean.sh", {"--policy", "policy", "--format", "v1"}).err,
                HasSubstr("and this policy or your options name one; leave out --format v1"));
}

TEST_F(Author, HasToSayWhereAndInWhichProfileTheJobRuns) {
    EXPECT_THAT(site_
                    .bulkhead({"new-job", "clean.sh", "--profile", "maintain", "--author", "dave",
                               "--reason", "r"})
                    .err,
                HasSubstr("where may it run? --target host:ID"));
    EXPECT_THAT(site_.bulkhead({"new-job", "clean.sh", "--target", "any"}).err,
                HasSubstr("--profile NAME"));
    EXPECT_EQ(site_.bulkhead({"new-job", "absent.sh", "--profile", "maintain"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"new-job"}).code, 2);
}

TEST_F(Author, SealsAFileThatIsStillTheScript) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto sealed = site_.read("signed.sh");
    EXPECT_TRUE(sealed.starts_with(kScript + "#--bulkhead-approval-v1--\n#m bulkhead-job v2\n"));
    EXPECT_TRUE(sealed.ends_with("#s -----END SSH SIGNATURE-----\n"));
}

TEST_F(Author, LearnsAtSealingThatTheScriptWasChanged) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    site_.write("clean.sh", kScript + "# one more\n");
    const auto sealed = site_.bulkhead({"seal", "clean.sh", "signed.sh.m", "signed.sh.alice.sig"});
    EXPECT_EQ(sealed.code, 1);
    EXPECT_EQ(sealed.out, "");
    EXPECT_THAT(sealed.err, HasSubstr("clean.sh is not the script of signed.sh.m"));
    EXPECT_THAT(sealed.err, HasSubstr("make a new manifest with bulkhead new-job"));
}

// clear_refs can only be written: the kernel answers EINVAL to who reads it. The caller named it.
TEST_F(Author, AFileThatCannotBeReadIsAWrongCall) {
    const auto failed = site_.bulkhead({"seal", "/proc/self/clear_refs", "/etc/hostname"});
    EXPECT_THAT(failed.err, HasSubstr("Invalid argument"));
    EXPECT_EQ(failed.code, 2);
    EXPECT_EQ(site_.bulkhead({"seal", "clean.sh"}).code, 2);
}

TEST_F(Author, LearnsAtSealingThatASignatureIsOfSomethingElse) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    const auto manifest = site_.read("signed.sh.m");
    const SigningKey alice("alice");
    const std::pair<std::string, std::string> cases[] = {
        {alice.armored(manifest + " "), "but not of this manifest"},
        {armor(alice.sign(manifest, {.name_space = "file"})), "not made with -n bulkhead-job-v1"},
        {armor(alice.sign(manifest, {.hash = "sha256"})), "not made with -n bulkhead-job-v1"},
        {alice.line() + "\n", "expected -----BEGIN SSH SIGNATURE-----"},
        {"", "no signature in it"},
        {alice.private_file(), "expected -----BEGIN SSH SIGNATURE-----"},
    };
    for (const auto& [text, says] : cases) {
        site_.write("odd.sig", text);
        const auto sealed = site_.bulkhead({"seal", "clean.sh", "signed.sh.m", "odd.sig"});
        EXPECT_EQ(sealed.code, 1) << says;
        EXPECT_EQ(sealed.out, "") << says;
        EXPECT_THAT(sealed.err, HasSubstr("odd.sig: "));
        EXPECT_THAT(sealed.err, HasSubstr(says));
    }
}

TEST_F(Author, MaySealASignatureWithoutItsLastLineEnd) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto whole = site_.read("signed.sh");
    const std::vector<std::string> names{"signed.sh.alice.sig", "signed.sh.bob.sig",
                                         "signed.sh.dave.sig"};
    for (const auto& name : names) {
        const auto text = site_.read(name);
        site_.write(name, text.substr(0, text.size() - 1));
    }
    const auto sealed =
        site_.bulkhead({"seal", "clean.sh", "signed.sh.m", names[0], names[1], names[2]});
    EXPECT_EQ(sealed.code, 0) << sealed.err;
    EXPECT_EQ(sealed.out, whole);
}

TEST_F(Author, IsToldWhichLineOfASignatureWasSpoilt) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    const auto good = site_.read("signed.sh.alice.sig");
    const auto second = good.find('\n');
    const auto with = [&](std::size_t at, const std::string& piece) {
        return good.substr(0, at) + piece + good.substr(at);
    };
    const std::pair<std::string, std::string> cases[] = {
        {with(second, "\r"), "odd.sig:1: ends with CR LF; take it off: sed -i 's/\\r$//' odd.sig"},
        {with(second, " "), "odd.sig:1: has blanks at its begin or end"},
        {with(second, "\n"), "odd.sig:2: is empty"},
        {"\n" + good, "odd.sig:1: is empty"},
        {good + "\n", "odd.sig:7: is empty"},
        {" " + good, "odd.sig:1: has blanks"},
        {"\xef\xbb\xbf" + good, "odd.sig:1: begins with a byte order mark"},
        {"\xff\xfe-", "odd.sig:1: is UTF-16"},
    };
    for (const auto& [text, says] : cases) {
        site_.write("odd.sig", text);
        const auto sealed = site_.bulkhead({"seal", "clean.sh", "signed.sh.m", "odd.sig"});
        EXPECT_EQ(sealed.code, 1) << says;
        EXPECT_THAT(sealed.err, HasSubstr(says));
        const auto mend = sealed.err.find("sed -i ");
        if (mend == std::string::npos) continue;
        const auto command = sealed.err.substr(mend, sealed.err.find('\n', mend) - mend);
        run({.words = {"-c", command}, .folder = site_.path(), .program = "/bin/sh"});
        EXPECT_EQ(site_.read("odd.sig"), good) << command;
    }
}

TEST_F(Author, LearnsWhichLineOfAManifestIsMalformed) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    auto manifest = site_.read("signed.sh.m");
    manifest.replace(manifest.find("2026-09-01"), 10, "9999-09-01");
    site_.write("signed.sh.m", manifest);
    const auto sealed = site_.bulkhead({"seal", "clean.sh", "signed.sh.m", "signed.sh.alice.sig"});
    EXPECT_THAT(sealed.err, HasSubstr("signed.sh.m: line 10: not-after: year outside 1970..9998"));
}

TEST_F(Author, IsToldThatAFileWithoutSignaturesNeedsAPin) {
    site_.write("m", site_.new_job("clean.sh").out);
    const auto sealed = site_.bulkhead({"seal", "clean.sh", "m"});
    EXPECT_EQ(sealed.code, 0);
    EXPECT_THAT(sealed.err, HasSubstr("policy/approved"));
}

}  // namespace
}  // namespace bulkhead::test
