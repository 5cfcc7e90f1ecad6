// `bulkhead complete`, and what bash, zsh and fish make of it.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "cli/complete/usage.hpp"
#include "common/base/parse.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

std::string described(const cli::UsageParts& parts) {
    std::string text;
    for (const auto& [name, value] : parts.options) {
        text += name + (value.empty() ? "" : "<" + value + ">") + " ";
    }
    text += ":";
    for (const auto& operand : parts.operands) text += " " + operand;
    return text;
}

TEST(UsageParts, AreWhatHelpHas) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ":"},
        {"FILE...", ": FILE"},
        {"[CODE]", ": CODE"},
        {"SCRIPT --profile PROFILE --target WHERE... [--expires 7d] [-q]",
         "--profile<PROFILE> --target<WHERE> --expires<7d> -q : SCRIPT"},
        {"[--param 'NAME RULE']... --reason TEXT", "--param<NAME RULE> --reason<TEXT> :"},
        {"[--json | --check] [--run-dir DIR | --socket FILE]",
         "--json --check --run-dir<DIR> --socket<FILE> :"},
        {"[--markdown|--schema | --effective [FILE] [--unit NAME|none]]",
         "--markdown --schema --effective --unit<NAME|none> : FILE"},
        {"FILE...|--catalogue NAME [--json]\nor: OBJECT.o [--json]",
         "--catalogue<NAME> --json : FILE OBJECT.o"},
        {"[broker|PROFILE]", ": broker|PROFILE"},
        {"[--json] | remove ID [--reason TEXT]", "--json --reason<TEXT> : remove ID"},
    };
    for (const auto& [usage, parts] : cases) {
        EXPECT_EQ(described(cli::parts_of(usage)), parts) << usage;
    }
    EXPECT_EQ(
        cli::parts_of("SCRIPT [-q] and the other options of new-job\nor: X [--name NAME]").also_of,
        "new-job");
}

class Complete : public ::testing::Test {
  protected:
    Complete() {
        site_.write("policy/host.policy",
                    site_.read("policy/host.policy") + "group web  # tests\n");
        site_.write("policy/approved/disk-report.manifest", "");
        site_.write("policy/approved/disk-report.script", "");
        site_.write("policy/approved/by-hash.manifest", "");
        site_.write("policy/approved/od\xc3\xa4 d;.manifest", "");
        site_.write("run/status/main.sock", "");
        std::filesystem::create_symlink(BULKHEAD_PROGRAM, site_.path("bulkhead"));
    }

    // The ways to go on; those of a policy in this directory.
    std::vector<std::string> ways(std::vector<std::string> words) const {
        words.insert(words.begin(), "complete");
        const auto answer = run({.words = std::move(words), .folder = site_.path()});
        EXPECT_EQ(answer.code, 0);
        EXPECT_EQ(answer.err, "");
        std::vector<std::string> found;
        for (const auto line : split(answer.out, '\n')) {
            if (!line.empty()) found.emplace_back(line.substr(0, line.find('\t')));
        }
        return found;
    }
    std::vector<std::string> with_policy(std::vector<std::string> words) const {
        words.insert(words.begin() + 1, {"--policy", "policy"});
        return ways(words);
    }

    Site site_;
};

TEST_F(Complete, Commands) {
    EXPECT_THAT(ways({""}), IsSupersetOf({"status", "dry-run", "new-job", "help", "version"}));
    EXPECT_THAT(ways({""}), Not(Contains("complete")));
    EXPECT_THAT(ways({"stat"}), ElementsAre("status"));
    EXPECT_THAT(ways({"re"}), ElementsAre("reasons", "resume-jobs", "reload", "reset-clock",
                                          "revoke", "request-reboot"));
    EXPECT_THAT(ways({"--"}), ElementsAre("--help", "--version"));
    EXPECT_THAT(ways({"help", "stat"}), ElementsAre("status"));
    EXPECT_THAT(ways({"no-such-command", ""}), IsEmpty());
    EXPECT_THAT(site_.bulkhead({"complete", "relo"}).out,
                HasSubstr("reload\tas root: have the running agent load the policy\n"));
}

TEST_F(Complete, Options) {
    EXPECT_THAT(ways({"dry-run", "--f"}), ElementsAre("--format"));
    EXPECT_THAT(ways({"status", "--"}),
                ElementsAre("--json", "--check", "--run-dir", "--socket", "--help"));
    EXPECT_THAT(ways({"pin", "--pro"}), ElementsAre("--profile", "--profile-sha256"))
        << "the options of new-job too";
    EXPECT_THAT(ways({"pin", "--manifest"}), ElementsAre("--manifest-only"));
    EXPECT_THAT(ways({"status", ""}), Contains("--json")) << "it takes no operand";
    EXPECT_THAT(ways({"dry-run", "--", "--f"}), ElementsAre(":file")) << "no option behind --";
}

TEST_F(Complete, Values) {
    EXPECT_THAT(ways({"dry-run", "--format", ""}),
                ElementsAre("text", "json", "github", "sarif", "gcc"));
    EXPECT_THAT(ways({"dry-run", "--format=s"}), ElementsAre("--format=sarif"));
    EXPECT_THAT(ways({"migrate", "--from", "g"}), ElementsAre("grapheon"));
    EXPECT_THAT(ways({"serve-status", "--shape", ""}), ElementsAre("seed", "local-agent"));
    EXPECT_THAT(ways({"dry-run", "--policy", ""}), ElementsAre(":directory"));
    EXPECT_THAT(ways({"dry-run", "--manifest", ""}), ElementsAre(":file"));
    EXPECT_THAT(ways({"new-job", "--reason", ""}), IsEmpty());
    EXPECT_THAT(ways({"explain", "threshold"}), ElementsAre("threshold-not-met"));
    EXPECT_THAT(ways({"artifacts", "re"}), ElementsAre("remove"));
    EXPECT_THAT(ways({"seal", ""}), ElementsAre(":file"));
}

TEST_F(Complete, NamesOfThisHostsPolicy) {
    EXPECT_THAT(with_policy({"new-job", "--profile", ""}),
                ElementsAre("admin", "diagnose", "inspect", "maintain"));
    EXPECT_THAT(with_policy({"new-job", "--target", ""}), ElementsAre("any", "host:", "group:web"));
    EXPECT_THAT(with_policy({"new-job", "--author", "a"}), ElementsAre("alice"));
    EXPECT_THAT(with_policy({"dry-run", "--catalogue", ""}), ElementsAre("disk-report"));
    EXPECT_THAT(with_policy({"pin", "--name", ""}), ElementsAre("by-hash", "disk-report"))
        << "what a shell would take apart is left out";
    EXPECT_THAT(with_policy({"show-confinement", ""}),
                ElementsAre("broker", "worker", "config-reader", "loader", "upgrade-check", "vet",
                            "admin", "diagnose", "inspect", "maintain"));
    EXPECT_THAT(ways({"leave", "--run-dir", "run", ""}), ElementsAre("main"));
}

TEST_F(Complete, WhatCannotBeReadIsLeftOut) {
    EXPECT_THAT(
        ways({"new-job", "--policy", "/no/such", "--vendor-policy", "/no/such", "--profile", ""}),
        IsEmpty());
    EXPECT_THAT(ways({"stop-job", "--run-dir", "/no/such", ""}), IsEmpty());
    EXPECT_EQ(run({.words = {"complete"}}).code, 0);
    EXPECT_EQ(run({.words = {"complete"}}).out, "");
}

// What is typed before Tab, and the line behind it; the same in each shell but for the blank that
// stands at its end.
const std::pair<const char*, const char*> kTyped[] = {
    {"bulkhead stat", "bulkhead status"},
    {"bulkhead verify-", "bulkhead verify-audit"},
    {"bulkhead help dry", "bulkhead help dry-run"},
    {"bulkhead --v", "bulkhead --version"},
    {"bulkhead nosuch x", "bulkhead nosuch x"},
    {"bulkhead dry-run --assume", "bulkhead dry-run --assume-signed"},
    {"bulkhead pin x --manifest", "bulkhead pin x --manifest-only"},
    {"bulkhead dry-run --format js", "bulkhead dry-run --format json"},
    {"bulkhead dry-run --format=js", "bulkhead dry-run --format=json"},
    {"bulkhead check-policy --format=sa", "bulkhead check-policy --format=sarif"},
    {"bulkhead explain threshold", "bulkhead explain threshold-not-met"},
    {"bulkhead migrate --from lun", "bulkhead migrate --from lunasentri"},
    {"bulkhead new-job --policy policy --profile mai",
     "bulkhead new-job --policy policy --profile maintain"},
    {"bulkhead new-job --policy=policy --profile=mai",
     "bulkhead new-job --policy=policy --profile=maintain"},
    {"bulkhead new-job --policy policy --target gr",
     "bulkhead new-job --policy policy --target group:web"},
    {"bulkhead new-job --policy policy --target group:w",
     "bulkhead new-job --policy policy --target group:web"},
    {"bulkhead new-job --policy policy --author bo",
     "bulkhead new-job --policy policy --author bob"},
    {"bulkhead dry-run --policy policy --catalogue di",
     "bulkhead dry-run --policy policy --catalogue disk-report"},
    {"bulkhead leave --run-dir run ma", "bulkhead leave --run-dir run main"},
    {"bulkhead dry-run --policy pol", "bulkhead dry-run --policy policy/"},
    {"bulkhead dry-run --policy=pol", "bulkhead dry-run --policy=policy/"},
    {"bulkhead dry-run clean.si", "bulkhead dry-run clean.signed"},
    {"bulkhead seal policy/approve", "bulkhead seal policy/approved/"},
};

class Shells : public Complete {
  protected:
    Shells() { site_.write("clean.signed", ""); }

    // What it prints, a line for each of kTyped.
    void expect_completed(const std::string& out) {
        std::vector<std::string> lines;
        for (const auto line : split(out, '\n')) {
            const auto mark = line.find("line<");
            if (mark == line.npos || !line.ends_with('>')) continue;
            auto typed = std::string(line.substr(mark + 5, line.size() - mark - 6));
            while (typed.ends_with(' ')) typed.pop_back();
            lines.push_back(std::move(typed));
        }
        ASSERT_EQ(lines.size(), std::size(kTyped)) << out;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            EXPECT_EQ(lines[i], kTyped[i].second) << kTyped[i].first;
        }
    }

    Answer shell(const std::string& program, std::vector<std::string> words,
                 const std::string& input = "") {
        return run({.words = std::move(words),
                    .input = input,
                    .folder = site_.path(),
                    .program = program});
    }
    std::string path_variable() const { return "PATH=" + site_.path() + ":$PATH\n"; }
};

class Bash : public Shells, public ::testing::WithParamInterface<bool> {};

// A real readline: what is typed comes from a pipe, and Ctrl-G shows the line as it is then.
TEST_P(Bash, GoesOnAsItIsTold) {
    const std::string library = "/usr/share/bash-completion/bash_completion";
    if (GetParam() && ::access(library.c_str(), R_OK) != 0) {
        GTEST_SKIP() << "bash-completion is not installed";
    }
    site_.write("rc", path_variable() + (GetParam() ? ". " + library + "\n" : "") +
                          ". " SHELLS
                          "/bulkhead.bash\n"
                          "PS1=; bind 'set enable-bracketed-paste off'\n"
                          "show() { printf 'line<%s>\\n' \"$READLINE_LINE\"; READLINE_LINE=; }\n"
                          "bind -x '\"\\C-g\": show'\n");
    std::string typed;
    for (const auto& [before, after] : kTyped) typed += std::string(before) + "\t\x07";
    expect_completed(
        shell("/bin/bash", {"--rcfile", "rc", "--noprofile", "-i"}, typed + "exit\n").out);
}
INSTANTIATE_TEST_SUITE_P(WithAndWithoutItsLibrary, Bash, ::testing::Values(true, false),
                         [](const auto& one) { return one.param ? "with" : "without"; });

TEST_F(Shells, ZshGoesOnAsItIsTold) {
    if (::access("/usr/bin/zsh", X_OK) != 0) GTEST_SKIP() << "zsh is not installed";
    // Its line editor wants a terminal.
    std::string typed;
    for (const auto& [before, after] : kTyped) typed += "'" + std::string(before) + "' ";
    site_.write("drive", R"(zmodload zsh/zpty
zpty -b z env )" + ("PATH=" + site_.path() + ":/usr/bin:/bin") +
                             R"( TERM=dumb zsh -f -i
seen=
await() {
    local piece
    until [[ $seen == *READY\>* ]]; do zpty -r -t z piece && seen+=$piece || sleep 0.01; done
    seen=${seen#*READY\>}
}
zpty -w z 'PS1="READY"\>; fpath=()" SHELLS
                             R"( $fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep
show() { print -r -- "line<$BUFFER>" >>out; BUFFER=; zle accept-line }
zle -N show; bindkey "^G" show; bindkey "^I" complete-word'
for i in 1 2 3; do await; done
for line in )" + typed + R"(; do zpty -w -n z "$line"$'\t\x07'; await; done
zpty -d z
)");
    const auto answer = shell("/usr/bin/timeout", {"200", "/usr/bin/zsh", "-f", "drive"});
    EXPECT_EQ(answer.code, 0) << answer.err;
    expect_completed(site_.read("out"));
}

TEST_F(Shells, FishGoesOnAsItIsTold) {
    if (::access("/usr/bin/fish", X_OK) != 0) GTEST_SKIP() << "fish is not installed";
    std::string script =
        "set -x PATH " + site_.path() + " $PATH; source " SHELLS "/bulkhead.fish\n";
    for (const auto& [before, after] : kTyped) {
        script += "echo begin; complete -C '" + std::string(before) + "'\n";
    }
    const auto answer =
        shell("/usr/bin/env", {"HOME=" + site_.path(), "fish", "--no-config", "-c", script});
    // It prints what the last word may become.
    std::vector<std::vector<std::string>> all;
    for (const auto line : split(answer.out, '\n')) {
        if (line == "begin")
            all.emplace_back();
        else if (!line.empty())
            all.back().emplace_back(line.substr(0, line.find('\t')));
    }
    ASSERT_EQ(all.size(), std::size(kTyped)) << answer.out << answer.err;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string after = kTyped[i].second;
        const auto word = after.substr(after.rfind(' ') + 1);
        if (after == kTyped[i].first) {
            EXPECT_THAT(all[i], IsEmpty()) << after;
        } else {
            EXPECT_THAT(all[i], Contains(word)) << kTyped[i].first;
        }
    }
}

}  // namespace
}  // namespace bulkhead::test
