// `bulkhead migrate` on whole installations of the other agents, under tests/cli/migrate.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/migrate/agents.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

Answer migrate(std::vector<std::string> words) {
    words.insert(words.begin(), "migrate");
    return run({.words = std::move(words)});
}

const fs::path kGolden = GOLDEN_MIGRATIONS;

class Migration : public testing::TestWithParam<const char*> {
  protected:
    fs::path folder() const { return kGolden / GetParam(); }
    Answer migrate_it(std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"--from", GetParam(), "--root", folder() / "root"};
        words.insert(words.end(), more.begin(), more.end());
        return migrate(words);
    }
    // Every regular file that was written, by its name below the directory.
    std::vector<std::string> written() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(out())) {
            if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), out()));
        }
        std::ranges::sort(names);
        return names;
    }
    fs::path out() const { return temporary_.path() + "/out"; }

    TempDir temporary_;
};

TEST_P(Migration, PrintsWhatReplacesIt) {
    const auto answer = migrate_it();
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_EQ(answer.out, content_of(folder() / "expected.txt"));
}

TEST_P(Migration, PrintsNoSecret) {
    for (const auto& words : {std::vector<std::string>{}, {"--write", out().string()}}) {
        const auto answer = migrate_it(words);
        ASSERT_EQ(answer.code, 0) << answer.err;
        for (const auto* secret : {"golden", "bHVuYS1n", "0123456789abcdef"}) {
            EXPECT_EQ((answer.out + answer.err).find(secret), std::string::npos) << secret;
        }
    }
    EXPECT_EQ(content_of(out() / "agent.yaml").find("golden"), std::string::npos);
}

TEST_P(Migration, WritesFilesThatOnlyTheirOwnerReads) {
    ASSERT_EQ(migrate_it({"--write", out()}).code, 0);
    std::istringstream expected(content_of(folder() / "files.txt"));
    std::vector<std::string> names;
    for (std::string name; std::getline(expected, name);) names.push_back(name);
    EXPECT_EQ(written(), names);
    for (const auto& name : written()) {
        struct stat info {};
        ASSERT_EQ(::stat((out() / name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 07777, 0600U) << name;
    }
}

TEST_P(Migration, OverwritesNothing) {
    ASSERT_EQ(migrate_it({"--write", out()}).code, 0);
    std::ofstream(out() / "agent.yaml") << "mine";
    const auto again = migrate_it({"--write", out()});
    EXPECT_EQ(again.code, 1);
    EXPECT_NE(again.err.find("exists already"), std::string::npos) << again.err;
    EXPECT_EQ(content_of(out() / "agent.yaml"), "mine");
}

// What is written there will be installed by root.
TEST_P(Migration, WritesNowhereThatAnotherUserCouldChange) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to make files of another user";
    const auto refused = [&](const fs::path& to, const std::string& why) {
        const auto answer = migrate_it({"--write", to});
        EXPECT_EQ(answer.code, 1) << to;
        EXPECT_NE(answer.err.find(why), std::string::npos) << answer.err;
    };
    const fs::path top = temporary_.path();
    const auto theirs = top / "theirs";
    fs::create_directories(theirs / "mine");
    fs::create_directories(top / "elsewhere");
    fs::permissions(theirs / "mine", fs::perms(0700));
    ASSERT_EQ(::chown(theirs.c_str(), kNobody, kNobody), 0);
    refused(theirs, "others may use this directory");
    refused(theirs / "mine", theirs.string() + ": belongs to user 65534");
    refused(theirs / "new", theirs.string() + ": belongs to user 65534");
    EXPECT_FALSE(fs::exists(theirs / "new"));
    fs::create_directory_symlink(top / "elsewhere", top / "link");
    refused(top / "link", "a symlink is in the path");
    fs::permissions(top / "elsewhere", fs::perms(0755));
    refused(top / "elsewhere", "others may use this directory");
    fs::permissions(top / "elsewhere", fs::perms(0700));
    fs::create_directory_symlink(theirs, top / "elsewhere/state");
    refused(top / "elsewhere", "state: exists already");
    fs::remove(top / "elsewhere/state");
    EXPECT_EQ(migrate_it({"--write", top / "elsewhere"}).code, 0) << "empty, and root's alone";
}

TEST_P(Migration, WhatItWritesIsAConfiguration) {
    ASSERT_EQ(migrate_it({"--write", out()}).code, 0);
    const auto config = worker::parse_config(
        {.file_name = "agent.yaml", .file = content_of(out() / "agent.yaml"), .arguments = {}});
    ASSERT_OK(config);
    EXPECT_EQ(config->backends.size(), 1U);
    EXPECT_TRUE(config->remarks.empty());
}

INSTANTIATE_TEST_SUITE_P(Agents, Migration,
                         testing::Values("hyprnode", "lunasentri", "grapheon", "ravenxcope",
                                         "aegisflux"),
                         [](const auto& agent) { return std::string(agent.param); });

// --- what is missing or wrong

class BadInstallation : public testing::Test {
  protected:
    std::string trouble(const std::string& agent, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"--from", agent, "--root", files_.path()};
        words.insert(words.end(), more.begin(), more.end());
        const auto answer = migrate(words);
        EXPECT_NE(answer.code, 0);
        EXPECT_EQ(answer.out, "");
        return answer.err;
    }
    Tree files_ = tree({{".keep", ""}});
};

TEST_F(BadInstallation, NothingThereSaysWhatWasLookedFor) {
    const auto said = trouble("hyprnode");
    EXPECT_NE(said.find("/etc/hyprbox/hyprnode.env"), said.npos) << said;
    EXPECT_NE(said.find("--file"), said.npos) << said;
}

TEST_F(BadInstallation, ABadLineIsNamedWithItsFile) {
    files_.write("etc/hyprbox/hyprnode.env", "HYPRBOX_API_URL=https://a\nwhat is this\n");
    EXPECT_NE(trouble("hyprnode").find("/etc/hyprbox/hyprnode.env:2: expected NAME=value"),
              std::string::npos);
}

TEST_F(BadInstallation, ABadValueIsNamedWithItsVariable) {
    files_.write("etc/hyprbox/hyprnode.env",
                 "HYPRBOX_API_URL=https://a\n\nHYPRBOX_INTERVAL=often\n");
    EXPECT_NE(
        trouble("hyprnode").find("/etc/hyprbox/hyprnode.env:3: HYPRBOX_INTERVAL: not a duration"),
        std::string::npos);
    files_.write("etc/hyprbox/hyprnode.env", "HYPRBOX_API_URL=https://a\nHYPRBOX_INTERVAL=72h\n");
    EXPECT_NE(
        trouble("hyprnode").find("/etc/hyprbox/hyprnode.env:2: HYPRBOX_INTERVAL: must be 1s..24h"),
        std::string::npos)
        << trouble("hyprnode");
}

TEST_F(BadInstallation, AQuoteThatIsNotClosed) {
    files_.write("etc/hyprbox/hyprnode.env", "HYPRBOX_NODE_TOKEN=\"golden_secret\n");
    const auto said = trouble("hyprnode");
    EXPECT_NE(said.find("hyprnode.env:1: HYPRBOX_NODE_TOKEN: the quotes"), said.npos) << said;
    EXPECT_EQ(said.find("golden"), said.npos) << "not even in an error";
}

TEST_F(BadInstallation, AnAbsentEnvironmentFileIsNamedWithItsUnit) {
    files_.write("etc/systemd/system/hyprnode.service",
                 "[Service]\n# a comment\nEnvironmentFile=/etc/gone.env\n");
    EXPECT_NE(
        trouble("hyprnode").find("/etc/systemd/system/hyprnode.service:3: names /etc/gone.env"),
        std::string::npos);
}

TEST_F(BadInstallation, AKeyThatIsNoneIsNotCarriedOver) {
    files_.write("etc/aegis/agent.env", "AGENT_REGISTRY_URL=https://r\n");
    files_.write("var/lib/aegis/identity.key", "short");
    EXPECT_NE(trouble("aegisflux").find("/var/lib/aegis/identity.key: expected 64 bytes"),
              std::string::npos);
}

TEST_F(BadInstallation, AnUnknownAgentIsAWrongCall) {
    EXPECT_EQ(migrate({"--from", "nagios"}).code, 2);
    EXPECT_EQ(migrate({}).code, 2);
    EXPECT_EQ(migrate({"--from", "hyprnode", "extra"}).code, 2);
}

TEST_F(BadInstallation, FilesCanBeNamed) {
    files_.write("opt/x/node.env", "HYPRBOX_API_URL=https://a\n");
    const auto answer =
        migrate({"--from", "hyprnode", "--root", files_.path(), "--file", "/opt/x/node.env"});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_NE(answer.out.find("url: https://a  # /opt/x/node.env:1: HYPRBOX_API_URL"),
              std::string::npos)
        << answer.out;
}

// The ports that no line is printed for are those that policy has.
TEST(ShippedPorts, AreThoseOfTheShippedPolicy) {
    std::istringstream lines(content_of(fs::path(POLICY) / "profiles/worker.profile"));
    std::set<int> ports;
    for (std::string word; lines >> word;) {
        int port = 0;
        if (word == "connect" && lines >> word >> port && word == "any") ports.insert(port);
    }
    EXPECT_EQ(ports, (std::set<int>{443, 3128, 8080, 8443}));
}

TEST(OldAgents, ThereIsOneForEachDialectButOurOwn) {
    const auto usage = run({.words = {"migrate", "--help"}}).out;
    std::set<std::string_view> spoken;
    for (const auto& agent : cli::migration::old_agents()) {
        spoken.insert(agent.dialect);
        EXPECT_NE(usage.find(agent.name), usage.npos) << usage;
    }
    for (const auto name : worker::dialect_names()) {
        EXPECT_EQ(spoken.contains(name), name != "bulkhead") << name;
    }
}

}  // namespace
}  // namespace bulkhead::test
