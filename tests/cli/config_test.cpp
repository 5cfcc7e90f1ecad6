// What operators ask about agent.yaml before they start an agent with it.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/site.hpp"
#include "tests/support/in_run.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CheckConfig : public ::testing::Test {
  protected:
    // No unit of this host counts.
    Answer ask(const std::string& file, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"check-config", file,       "--unit",
                                       "none",         "--policy", site_.path("policy")};
        words.insert(words.end(), more.begin(), more.end());
        return site_.bulkhead(words);
    }
    Answer of(const std::string& text, std::vector<std::string> more = {}) const {
        site_.write("agent.yaml", text);
        return ask("agent.yaml", std::move(more));
    }
    InRun in_run_;  // its files must be root's alone
    Site site_;
};

TEST_F(CheckConfig, AGoodOneIsCalledGood) {
    const auto answer = of("backend: {url: https://be.example}\n");
    EXPECT_EQ(answer.code, 0) << answer.out;
    EXPECT_THAT(answer.out, Not(HasSubstr("error: ")));
}

TEST_F(CheckConfig, WhatIsNoFileIsNamedAndNotWaitedFor) {
    const auto expect = [&](const std::string& file, const std::string& says) {
        const auto answer = ask(file);
        EXPECT_EQ(answer.code, 2) << file;
        EXPECT_THAT(answer.out, HasSubstr(says));
        EXPECT_THAT(answer.out, Not(HasSubstr("url is missing")));
    };
    expect("none.yaml", "none.yaml does not exist; the one that was shipped is ");
    ::mkdir(site_.path("dir").c_str(), 0755);
    expect("dir", "dir: is a directory, and a regular file belongs there");
    ::mkfifo(site_.path("fifo").c_str(), 0644);
    expect("fifo", "fifo: is a FIFO");
    expect("/dev/zero", "/dev/zero: is a device");
    site_.write("big", std::string(10 << 20, '#'));
    expect("big", "big: larger than 1048576 bytes");
}

TEST_F(CheckConfig, AFileThatSaysNothingIsCalledThat) {
    EXPECT_THAT(of("").out, HasSubstr("agent.yaml is empty. backend bulkhead: url is missing"));
    EXPECT_THAT(of("# url: x\n").out, HasSubstr("agent.yaml holds no settings. "));
}

TEST_F(CheckConfig, ASyntaxErrorIsTheOnlyOneThatIsTold) {
    for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
             {"backend:\n\turl: https://x\n", "agent.yaml:2: a tab indents this line"},
             {"log_level: info\nbackend:\n  - url: https://x\n\tname: a\n", "agent.yaml:4: a tab"},
             {"backend\n  url: https://x\n", "agent.yaml:"},
             {"backend: {url: 'https://x\n", "not YAML"},
             {"backend:\n  url: https://x\n  install_token: a: b\n",
              "agent.yaml:3: not YAML: illegal map value; write the value in quotes"},
             {"backend:\n  url\n  credential: a\n", "may lack its colon"},
             {"backend:\n  url: https://x\n  install_token: \"a\n",
              "is its quotation mark closed?"},
             {"[a, b]\n", "expected settings"}}) {
        const auto answer = of(text);
        EXPECT_EQ(answer.code, 2) << answer.out;
        EXPECT_THAT(answer.out, HasSubstr(says)) << text;
        EXPECT_THAT(answer.out, Not(HasSubstr("missing"))) << text;
    }
}

TEST_F(CheckConfig, WhatIsToBeWrittenStandsThereAsItIsWritten) {
    const auto answer = of("backend:\n  url: https://x\n  install_token: a: b\n");
    EXPECT_THAT(answer.out, HasSubstr("as it holds \": \""));
    EXPECT_THAT(answer.out,
                testing::EndsWith("agent.yaml, read with this environment: see above\n"));
}

TEST_F(CheckConfig, NamesThatAreNearlyRightAreSuggested) {
    for (const auto& [key, meant] : std::vector<std::pair<std::string, std::string>>{
             {"ulr", "url"},
             {"rul", "url"},
             {"URL", "url"},
             {"ca-file", "ca_file"},
             {"Install-Token-File", "install_token_file"},
             {"prxoy", "proxy"}}) {
        EXPECT_THAT(of("backend:\n  url: https://x\n  " + key + ": /x\n").out,
                    HasSubstr("did you mean " + meant + "?"))
            << key;
    }
}

TEST_F(CheckConfig, FilesAndPortsAreJudgedAsTheBrokerJudgesThem) {
    site_.ship("credentials.policy");
    const auto answer =
        of("backend:\n  url: https://be.example:9999\n  ca_file: /etc/bulkhead/no-such.pem\n"
           "  install_token_file: /home/op/token\n");
    EXPECT_EQ(answer.code, 1) << answer.out;
    EXPECT_THAT(answer.out, HasSubstr("policy lets the worker connect to no port 9999"));
    EXPECT_THAT(answer.out, HasSubstr("ca_file: /etc/bulkhead/no-such.pem: does not exist"));
    EXPECT_THAT(answer.out, HasSubstr("install_token_file: /home/op/token: no row of "
                                      "credentials.policy holds it"));
}

// The shipped files of CAs hold some that ended; what is relied on is what counts.
TEST_F(CheckConfig, WhatKeepsTheAgentFromItsBackendIsTold) {
    if (::geteuid() != 0) GTEST_SKIP() << "opens files as the broker does";
    EXPECT_THAT(of("backend: {url: https://be.example}\n").out,
                HasSubstr("note: backend bulkhead: there is no install token, which only a host"));
    EXPECT_THAT(of("backend: {url: https://be.example, install_token: t0ken}\n").out,
                Not(HasSubstr("install token")));
    site_.write("policy/credentials.policy", "file " + site_.path() + "/*.pem  # test\n");
    const auto make = [&](const std::string& name, const std::string& days) {
        const auto key = name + ".key.pem";
        const auto made =
            run({.words = {"-c", "openssl req -x509 -newkey ed25519 -nodes -subj /CN=" + name +
                                     " -keyout " + key +
                                     " -out first.pem && openssl x509 "
                                     "-in first.pem -signkey " +
                                     key + " -days " + days + " -out " + name + ".pem"},
                 .folder = site_.path(),
                 .program = "/bin/sh"});
        ASSERT_EQ(made.code, 0) << made.err;
    };
    make("old", "-1");
    make("new", "9");
    const auto judged = [&](const std::string& settings) {
        return of("backend:\n  url: https://be.example\n  install_token: t0ken\n" + settings);
    };
    const auto at = [&](const std::string& name) { return site_.path(name + ".pem"); };
    const auto old = judged("  ca_file: " + at("old") + "\n");
    EXPECT_EQ(old.code, 1) << old.out;
    EXPECT_THAT(old.out, HasSubstr("error: backend bulkhead: ca_file: the certificate of \"old\" "
                                   "ended at "));
    const auto fresh = judged("  ca_file: " + at("new") + "\n");
    EXPECT_EQ(fresh.code, 0) << fresh.out;
    EXPECT_THAT(fresh.out, Not(HasSubstr("certificate")));
    site_.write("both.pem", site_.read("old.pem") + site_.read("new.pem"));
    const auto both = judged("  ca_file: " + at("both") + "\n");
    EXPECT_EQ(both.code, 0) << both.out;
    EXPECT_THAT(both.out, HasSubstr("warning: backend bulkhead: ca_file: the certificate of"));
}

TEST_F(CheckConfig, JsonIsPrintedWhateverComesOfIt) {
    for (const auto* text : {"backend: {url: https://x}\n", "a: [\n", "backend: {ulr: x}\n"}) {
        const auto answer = of(text, {"--json"});
        const auto report = nlohmann::json::parse(answer.out, nullptr, false);
        ASSERT_TRUE(report.is_object()) << answer.out;
        EXPECT_EQ(report["format"], 1);
        const bool bad = std::ranges::any_of(
            report["findings"], [](const auto& one) { return one["severity"] == "error"; });
        EXPECT_EQ(bad, answer.code != 0) << answer.out;
    }
    const auto misspelt = ask("agent.yaml", {"--json", "--unt", "x"});
    EXPECT_EQ(misspelt.code, 2);
    EXPECT_THAT(misspelt.err, HasSubstr("unknown option --unt"));
    EXPECT_THAT(nlohmann::json::parse(misspelt.out)["findings"][0]["text"],
                HasSubstr("unknown option --unt"));
    EXPECT_THAT(ask("agent.yaml", {"--json", "--help"}).out, HasSubstr("usage: "));
    const auto missing = ask("none.yaml", {"--json"});
    EXPECT_EQ(missing.code, 2);
    EXPECT_TRUE(nlohmann::json::accept(missing.out)) << missing.out;
}

TEST_F(CheckConfig, SettingsTellWhatCountsAndWhereItStands) {
    site_.write("agent.yaml",
                "backend:\n  url: https://be.example\n  install_token: gaek_verysecret\n"
                "timeout: 5s\n");
    auto answer = site_.bulkhead({"settings", "--effective", "agent.yaml", "--unit", "none"});
    EXPECT_EQ(answer.code, 2) << "timeout belongs into backend:";
    site_.write("agent.yaml",
                "backend:\n  url: https://be.example\n  install_token: gaek_verysecret\n");
    answer = site_.bulkhead({"settings", "--effective", "agent.yaml", "--unit", "none", "--json"});
    ASSERT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.out, Not(HasSubstr("verysecret")));
    const auto report = nlohmann::json::parse(answer.out);
    const auto row = [&](const std::string& key) {
        for (const auto& one : report["settings"]) {
            if (one["key"] == key) return one;
        }
        return nlohmann::json();
    };
    EXPECT_EQ(row("url")["value"], "https://be.example");
    EXPECT_EQ(row("url")["source"], site_.path("agent.yaml") + ":2");
    EXPECT_EQ(row("install_token")["value"], "(hidden)");
    EXPECT_EQ(row("timeout")["source"], "default");
    EXPECT_EQ(row("spool.max_bytes")["value"], "2GiB");
    EXPECT_THAT(site_.bulkhead({"settings"}).out, HasSubstr("\nspool.max_bytes <"));
}

}  // namespace
}  // namespace bulkhead::test
