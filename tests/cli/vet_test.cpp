// What the vetting says of scripts, and that what it starts can do nothing.
#include "cli/vet/vet.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/vet/confined_child.hpp"
#include "cli/vet/param_use.hpp"
#include "common/policy/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/seccomp.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::cli {
namespace {

using admission::CheckOutcome;
using ::testing::HasSubstr;

TEST(Vet, FindsNothingInAGoodScript) {
    const auto vetting = vet("#!/bin/bash\nset -eu\necho \"$HOME\"\n", "/bin/bash");
    EXPECT_EQ(vetting.oddities.size(), 0U);
    EXPECT_EQ(vetting.syntax.outcome, CheckOutcome::passed) << vetting.syntax.why;
    EXPECT_NE(vetting.shellcheck.outcome, CheckOutcome::failed);
}

TEST(Vet, NamesTheLineOfASyntaxError) {
    for (const auto* shell : {"/bin/bash", "/bin/sh"}) {
        const auto syntax = vet("true\nif then\n", shell).syntax;
        EXPECT_EQ(syntax.outcome, CheckOutcome::failed) << syntax.why;
        ASSERT_FALSE(syntax.remarks.empty());
        EXPECT_EQ(syntax.remarks[0].line, 2U);
        EXPECT_THAT(syntax.remarks[0].text, HasSubstr("yntax error"));
    }
}

TEST(Vet, PassesOnWhatShellcheckFinds) {
    const auto shellcheck = vet("#!/bin/bash\necho $1\n", "/bin/bash").shellcheck;
    if (shellcheck.outcome == CheckOutcome::skipped) GTEST_SKIP() << shellcheck.why;
    ASSERT_EQ(shellcheck.remarks.size(), 1U);
    EXPECT_EQ(shellcheck.remarks[0].line, 2U);
    EXPECT_THAT(shellcheck.remarks[0].text, HasSubstr("SC2086"));
}

bool has_faults(const std::string& script, const std::string& interpreter) {
    return !faults_of(vet(script, interpreter)).empty();
}

TEST(Vet, CallsItAFaultWhatAShellTripsOver) {
    for (const std::string& script :
         {std::string("\xef\xbb\xbftrue\n"), std::string("true\r\n"), std::string("a\0b\n", 4),
          std::string("if\n"), std::string("#!/bin/sh -e\ntrue\n"), std::string("#!\ntrue\n"),
          std::string("#!/bin/bash -e -u\ntrue\n")}) {
        EXPECT_TRUE(has_faults(script, "/bin/bash")) << script;
    }
    EXPECT_FALSE(has_faults("true", "/bin/bash")) << "odd, but it runs";
    EXPECT_FALSE(has_faults("#!/usr/bin/env bash\ntrue\n", "/bin/bash"));
    EXPECT_FALSE(has_faults("#!/usr/bin/env -S bash -e -u\ntrue\n", "/bin/bash"));
}

// Python reads such files as they are meant.
TEST(Vet, LeavesToOtherInterpretersWhatTheyCanRead) {
    EXPECT_FALSE(has_faults("\xef\xbb\xbfprint(1)\r\n", "/usr/bin/python3"));
    EXPECT_TRUE(has_faults("#!/usr/bin/python3\r\nprint(1)\r\n", "/usr/bin/python3"))
        << "the kernel looks for a program whose name ends with CR";
}

TEST(Vet, LetsAScriptParseThatSetsExtglobItself) {
    const std::string script = "shopt -s extglob\nrm -- !(keep)\n";
    const auto syntax = check_syntax(script, "/bin/bash");
    EXPECT_EQ(syntax.outcome, CheckOutcome::passed) << syntax.why;
    EXPECT_EQ(check_syntax(script + "if\n", "/bin/bash").outcome, CheckOutcome::failed);
}

TEST(Vet, SaysWhenTheShellIsNotInstalledHere) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can hide a shell from itself";
    const auto said = test::forked([]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("/dev/null", "/usr/bin/dash", nullptr, MS_BIND, nullptr) != 0) {
            return sys::fail_errno("hiding dash").error().what;
        }
        const auto syntax = check_syntax("true\n", "/usr/bin/dash");
        return syntax.outcome == CheckOutcome::skipped ? syntax.why : "it was asked";
    });
    EXPECT_EQ(said, "/usr/bin/dash is not installed on this machine");
}

TEST(Vet, StartsNothingItDoesNotKnow) {
    for (const auto* interpreter : {"/usr/bin/python3", "/tmp/bash", "bash", ""}) {
        EXPECT_EQ(vet("true\n", interpreter).syntax.outcome, CheckOutcome::skipped) << interpreter;
    }
}

TEST(Vet, DoesNotRunTheScript) {
    const test::TempDir folder;
    const auto mark = folder / "ran";
    vet("touch " + mark + "\n$(touch " + mark + ")\n", "/bin/bash");
    EXPECT_NE(::access(mark.c_str(), F_OK), 0);
}

TEST(ParamUse, IsComparedWithWhatTheManifestDeclares) {
    const auto said = [](const std::string& script, const std::vector<std::string>& names) {
        std::vector<approval::ParamRule> rules;
        for (const auto& name : names) {
            rules.push_back(approval::parse_param_rule(name, "int:1..2").value());
        }
        std::string text;
        for (const auto& remark : compare_params(script, "/bin/bash", rules)) {
            text += remark.fault ? "fault " : "";
            text += std::to_string(remark.line) + " " + remark.text.substr(0, 20) + "\n";
        }
        return text;
    };
    EXPECT_EQ(said("a=$JOB_P_a\nb=${JOB_P_b_2:-1} ${#JOB_P_c}\n", {"a", "b_2", "c"}), "");
    EXPECT_EQ(said("a\nb=${JOB_P_b:-1}$JOB_P_b\n", {}), "2 uses JOB_P_b, which \n");
    EXPECT_EQ(said("$JOB_P_A\n", {}), "fault 1 uses JOB_P_A, which \n");
    EXPECT_EQ(said("  # $JOB_P_b\nJOB_P_b=1 $MY_JOB_P_b\n", {}), "");
    EXPECT_EQ(said("true\n", {"a"}), "0 the manifest declare\n");
    EXPECT_EQ(said("os.environ['JOB_P_a']\n", {"a"}), "") << "another language";
    EXPECT_EQ(said("for n in a b; do v=JOB_P_$n; echo ${!v}; done\n", {"a", "b"}), "");
}

// What a shell certainly expands is a fault; wherever it may be otherwise, it is none.
TEST(ParamUse, IsAFaultOnlyWhereItIsCertain) {
    const auto fault = [](const std::string& script, const std::string& shell = "/bin/bash") {
        unsigned line = 0;
        for (const auto& remark : compare_params(script, shell, {})) {
            if (remark.fault) line = remark.line;
        }
        return line;
    };
    const std::pair<unsigned, std::string> certain[] = {
        {1, "find -mtime +$JOB_P_x\n"},
        {2, "true\necho \"${JOB_P_x}\"\n"},
        {1, "echo ${#JOB_P_x} ${JOB_P_x%.log}\n"},
        {1, "echo \"$(ls \"$JOB_P_x\")\"\n"},
        {1, "a=`ls $JOB_P_x`\n"},
        {1, ": \"${JOB_P_x:?}\"\n"},
        {1, "n=$((JOB_P_y + $JOB_P_x))\n"},
        {2, "cat <<END\n$JOB_P_x\nEND\n"},
        {4, "cat <<-'END'\n\t'\n\tEND\necho $JOB_P_x\n"},
        {2, "# it's a comment\necho $JOB_P_x\n"},
        {1, "echo it\\'s $JOB_P_x\n"},
        {1, "echo $'it\\'s' $JOB_P_x\n"},
        {1, "echo \"it's\" $JOB_P_x\n"},
        {1, "echo a#b $JOB_P_x\n"},
        {1, "case $1 in a) echo $JOB_P_x;; esac\n"},
        {4, "cat <<A <<B\nA\nB\n$JOB_P_x\n"},
        {1, "cat <<< $JOB_P_x\n"},
        {2, "((1<<2))\necho $JOB_P_x\n"},
        {2, "cat <<EOF\n# Report $JOB_P_x\nEOF\n"},
        {1, "echo \"by JOB_P_x: $JOB_P_x\"\n"},
    };
    for (const auto& [line, script] : certain) {
        EXPECT_EQ(fault(script), line) << script;
    }
    for (const std::string script : {
             "echo ${JOB_P_x:-1}\n",
             "echo ${JOB_P_x-}\n",
             ": ${JOB_P_x:=5}\necho $JOB_P_x\n",
             "[ -n \"${JOB_P_x+set}\" ] && echo $JOB_P_x\n",
             "[[ -v JOB_P_x ]] && echo $JOB_P_x\n",
             "JOB_P_x=1\necho $JOB_P_x\n",
             "read -r JOB_P_x < f\necho $JOB_P_x\n",
             "for JOB_P_x in a b; do echo $JOB_P_x; done\n",
             "eval 'JOB_P_x=1'\necho $JOB_P_x\n",
             "printf -v JOB_P_x 1\necho $JOB_P_x\n",
             "eval \"JOB_P_x=1\"; echo $JOB_P_x\n",
             "[[ -v \"JOB_P_x\" ]] && echo $JOB_P_x\n",
             "test -v 'JOB_P_x' && echo $JOB_P_x\n",
             "printf -v \"JOB_P_x\" 1\necho $JOB_P_x\n",
             "read -r \"JOB_P_x\" < f\necho $JOB_P_x\n",
             "n=x\ndeclare \"JOB_P_$n=1\"\necho $JOB_P_x\n",
             "n=x\nread -r JOB_P_$n < f\necho $JOB_P_x\n",
             "n=x\nexport \"JOB_P_\"$n=1\necho $JOB_P_x\n",
             "# $JOB_P_x\n",
             "true # $JOB_P_x\n",
             "echo '$JOB_P_x'\n",
             "echo '\n$JOB_P_x\n'\n",
             "echo \\$JOB_P_x \"\\$JOB_P_x\"\n",
             "echo $$JOB_P_x\n",
             "env | grep JOB_P_\n",
             "cat <<'END'\n$JOB_P_x\nEND\n",
             "cat <<\\END\n$JOB_P_x\nEND\n",
             "cat <<-\"END\"\n\t$JOB_P_x\n\tEND\n",
             "echo ${!JOB_P_@}\n",
             "echo ${MY_JOB_P_x}\n",
             "echo '\n$JOB_P_x\n",     // a quote that does not end
             "cat <<END\n$JOB_P_x\n",  // a here-document that does not
             "x=$(case a in a) echo 1;; esac; echo '$JOB_P_x')\n",
         }) {
        EXPECT_EQ(fault(script), 0U) << script;
    }
    EXPECT_EQ(fault("print(f\"$JOB_P_x\", os.environ['JOB_P_x'])\n", "/usr/bin/python3"), 0U);
    EXPECT_EQ(fault("print $JOB_P_x, $ENV{JOB_P_x};\n", "/usr/bin/perl"), 0U);
    EXPECT_EQ(compare_params("os.environ['JOB_P_x']\n", "/usr/bin/python3", {}).size(), 1U);
}

// What the script hands to another program may be expanded there.
TEST(ParamUse, RemarksWhatAnotherProgramMayExpand) {
    for (const std::string script : {
             "printenv JOB_P_x\n",
             "awk 'BEGIN { print ENVIRON[\"JOB_P_x\"] }'\n",
             "awk \"BEGIN { print ENVIRON[\\\"JOB_P_x\\\"] }\"\n",
             "python3 <<'EOF'\nprint(os.environ['JOB_P_x'])\nEOF\n",
             "bash -c $'echo \"$JOB_P_x\"'\n",
             "case $(case a in a) echo;; esac) in a) cat <<E\n# $JOB_P_x\nE\n;; esac\n",
         }) {
        const auto remarks = compare_params(script, "/bin/bash", {});
        ASSERT_EQ(remarks.size(), 1U) << script;
        EXPECT_FALSE(remarks[0].fault) << script;
        EXPECT_GT(remarks[0].line, 0U) << script;
        EXPECT_EQ(
            compare_params(script, "/bin/bash", {*approval::parse_param_rule("x", "int:1..9")})
                .size(),
            0U)
            << script;
    }
    for (const std::string script : {"JOB_P_x=1 true\n", "true # JOB_P_x and $JOB_P_x\n"}) {
        EXPECT_EQ(compare_params(script, "/bin/bash", {}).size(), 0U) << script;
    }
}

TEST(ParamUse, TakesAnyScriptInTime) {
    std::string nested;
    for (int i = 0; i < 100'000; ++i) nested += "$(cat <<X\n";
    const auto deep = std::string(2'000'000, '(') + std::string(2'000'000, '`');
    std::string many;
    for (int i = 0; i < 200'000; ++i) many += "$JOB_P_a" + std::to_string(i) + "\n";
    for (const auto& script : {nested, deep, many, std::string(4'000'000, '$')}) {
        EXPECT_LE(compare_params(script, "/bin/sh", {}).size(), 50U);
    }
}

// Each of these would succeed in an ordinary shell; `&& echo yes` would then say so.
TEST(ConfinedChild, CannotDoWhatAnOrdinaryProcessCan) {
    const test::TempDir folder;
    std::vector<std::string> attempts{
        "echo text > " + (folder / "file") + " && echo yes",
        "echo text > /tmp/bulkhead-vet-test && echo yes",
        "/bin/true && echo yes",
        "(echo yes)",
        "x=$(echo yes); echo \"$x\"",
        "exec 5<>/dev/tcp/127.0.0.1/9 && echo yes",
        "kill -0 $PPID && echo yes",
        "read -r line && echo yes",
        "echo text >&4 && echo yes",
    };
    if (sandbox::landlock_abi() > 0) {
        attempts.emplace_back("read -r line < /etc/passwd && echo yes");
        attempts.emplace_back("read -r line < /proc/self/status && echo yes");
    }
    for (const auto& attempt : attempts) {
        const auto ran = run_confined({"/bin/bash", kScriptPath}, attempt + "\n");
        ASSERT_OK(ran);
        EXPECT_THAT(ran->output, ::testing::Not(HasSubstr("yes"))) << attempt;
    }
}

TEST(ConfinedChild, IsNotRootAndHasNoCapability) {
    const auto ran = run_confined({"/bin/bash", kScriptPath}, "echo \"uid $EUID\"\n");
    ASSERT_OK(ran);
    EXPECT_THAT(ran->output,
                HasSubstr("uid " + std::to_string(::geteuid() == 0 ? 65534 : ::geteuid())));
}

// As in a container whose filter cannot look into clone3(2).
TEST(ConfinedChild, RunsWhereClone3IsRefused) {
    EXPECT_EQ(test::forked([]() -> std::string {
                  const auto list = policy::parse_seccomp(
                      "container", "default allow  # test\nerrno ENOSYS clone3  # test\n");
                  const auto filter = sandbox::compile(*list);
                  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                  if (!filter || !sandbox::install(*filter)) return "no filter";
                  const auto ran = run_confined({"/bin/bash", kScriptPath}, "echo ran\n");
                  return ran ? ran->output : ran.error().what;
              }),
              "ran\n");
}

TEST(ConfinedChild, HasABoundOnWhatItSays) {
    const auto ran = run_confined({"/bin/bash", kScriptPath},
                                  "for ((i = 0; i < 40000; ++i)); do echo 0123456789; done\n");
    ASSERT_OK(ran);
    EXPECT_EQ(ran->exit_code, 0);
    EXPECT_LE(ran->output.size(), std::size_t{260} << 10);
}

TEST(ConfinedChild, IsKilledWhenItsTimeIsOver) {
    const auto ran = run_confined({"/bin/bash", kScriptPath}, "while :; do :; done\n",
                                  std::chrono::milliseconds(200));
    ASSERT_OK(ran);
    EXPECT_EQ(ran->exit_code, -1);
}

}  // namespace
}  // namespace bulkhead::cli
