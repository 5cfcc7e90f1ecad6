// `bulkhead migrate` on whole installations of the other agents, under tests/cli/migrate.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <span>
#include <sstream>

#include "cli/migrate/aegisflux.hpp"
#include "cli/migrate/agents.hpp"
#include "common/sys/clock.hpp"
#include "tests/backend/reference_backend.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

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
    files_.write("etc/aegisflux/agent.env", "AGENT_REGISTRY_URL=https://r\n");
    files_.write("var/lib/aegis/identity.key", "short");
    EXPECT_NE(
        trouble("aegisflux").find("/var/lib/aegis/identity.key: an identity key has 64 bytes"),
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

// --- units, read as systemd reads them (cli_systemd_test has the details)

class Units : public BadInstallation {
  protected:
    void unit(const std::string& lines, const std::string& name = "hyprnode.service") const {
        files_.write("etc/systemd/system/" + name,
                     "[Service]\nEnvironment=HYPRBOX_API_URL=https://a\n" + lines);
    }
    // Writes the migration; the text that was printed.
    std::string written(const std::string& agent = "hyprnode",
                        std::vector<std::string> more = {}) const {
        fs::remove_all(out());
        std::vector<std::string> words{"--from", agent, "--root", files_.path(), "--write", out()};
        words.insert(words.end(), more.begin(), more.end());
        const auto answer = migrate(words);
        EXPECT_EQ(answer.code, 0) << answer.err;
        return answer.out;
    }
    std::string refused(const std::string& agent = "hyprnode") const {
        fs::remove_all(out());
        const auto said = trouble(agent, {"--write", out()});
        EXPECT_FALSE(fs::exists(out())) << "nothing is written";
        return said;
    }
    std::string yaml() const { return content_of(out() / "agent.yaml"); }
    fs::path out() const { return temporary_.path() + "/out"; }

    static constexpr const char* kExec = "ExecStart=/usr/bin/hyprnode\n";
    TempDir temporary_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(Units, SpecifiersHaveTheValuesOfTheTree) {
    files_.write("etc/hostname", "edge-7\n");
    unit(std::string("Environment=HYPRBOX_NODE_ID=%H HYPRBOX_NODE_TOKEN=hbnt_50%%off\n") + kExec);
    written();
    EXPECT_SAYS(yaml(), "node_id: edge-7  # /etc/systemd/system/hyprnode.service:3");
    EXPECT_EQ(content_of(out() / "credential"), "hbnt_50%off\n");
}

TEST_F(Units, ASpecifierThatNoFileKnowsIsRefused) {
    unit(std::string("Environment=HYPRBOX_NODE_ID=%b\n") + kExec);
    EXPECT_SAYS(refused(), "/etc/systemd/system/hyprnode.service:3: %b (the ID of one boot)");
    unit(std::string("Environment=HYPRBOX_NODE_ID=%H\n") + kExec);
    EXPECT_SAYS(refused(), "/etc/systemd/system/hyprnode.service:3: ");
    EXPECT_SAYS(refused(), files_.path() + "/etc/hostname has none");
    files_.write("etc/hostname", "now-it-has\n");
    written();
    EXPECT_SAYS(yaml(), "node_id: now-it-has");
}

TEST_F(Units, VariablesInACommandHaveTheirValues) {
    files_.write("etc/systemd/system/lunasentri-agent.service",
                 "[Service]\nEnvironment=URL=https://ls.example.com KEY=key-0123456789\n"
                 "ExecStart=/usr/bin/lunasentri-agent --server-url ${URL} --api-key $KEY\n");
    written("lunasentri");
    EXPECT_SAYS(yaml(), "url: https://ls.example.com");
    EXPECT_EQ(content_of(out() / "credential"), "key-0123456789\n");
}

TEST_F(Units, WhatSystemdPassedOverIsSaidAndNotTaken) {
    files_.write("etc/hyprbox/hyprnode.env",
                 "export HYPRBOX_NODE_ID=x\nHYPRBOX_NODE_TOKEN=\"ab\\wcd\"\n");
    unit(std::string("EnvironmentFile=/etc/hyprbox/hyprnode.env\n") + kExec);
    EXPECT_SAYS(written(), "hyprnode.env:1: \"export\" makes it no variable for systemd");
    EXPECT_EQ(yaml().find("node_id"), std::string::npos);
    EXPECT_EQ(content_of(out() / "credential"), "ab\\wcd\n");
}

TEST_F(Units, ASecretThatTheNewAgentCannotSendIsRefused) {
    files_.write("etc/hyprbox/hyprnode.env", "HYPRBOX_NODE_TOKEN=\"golden\nHYPRBOX_NODE_ID=x\n");
    unit(std::string("EnvironmentFile=/etc/hyprbox/hyprnode.env\n") + kExec);
    const auto said = refused();
    EXPECT_SAYS(said, "/etc/hyprbox/hyprnode.env:1: HYPRBOX_NODE_TOKEN: holds blanks, line ends");
    EXPECT_EQ(said.find("golden"), said.npos) << said;
}

TEST_F(Units, AFileThatNoUnitNamesHasToBePlain) {
    files_.write("etc/hyprbox/hyprnode.env", "export HYPRBOX_NODE_ID=x\n");
    EXPECT_SAYS(refused(), "/etc/hyprbox/hyprnode.env:1: expected NAME=value");
    unit(kExec);
    EXPECT_SAYS(written(), "/etc/hyprbox/hyprnode.env: the unit does not name it");
}

TEST_F(Units, WhatMayBeMeantOtherwiseIsSaid) {
    files_.write("etc/systemd/system/lunasentri-agent.service",
                 "[Service]\nRootDirectory=/srv/jail\nLoadCredential=key:/etc/key\n"
                 "ExecStart=/usr/bin/lunasentri-agent --server-url https://a $NOWHERE\n");
    const auto said = written("lunasentri");
    EXPECT_SAYS(said, "lunasentri-agent.service:2: RootDirectory= may have shown");
    EXPECT_SAYS(said, "lunasentri-agent.service:3: LoadCredential= gives the old agent");
    EXPECT_SAYS(said, "lunasentri-agent.service:4: a variable that is not set became nothing");
}

TEST_F(Units, AHostNameThatSystemdWouldChangeIsRefused) {
    files_.write("etc/hostname", "-edge_7!\n");
    unit(std::string("Environment=HYPRBOX_NODE_ID=%H\n") + kExec);
    EXPECT_SAYS(refused(), "/etc/hostname holds none of letters");
}

TEST_F(Units, AShellThatStartsTheAgentIsRefused) {
    unit("ExecStart=/bin/sh -c 'exec hyprnode'\n");
    EXPECT_SAYS(refused(), "hyprnode.service:3: sh starts the agent");
    // What it advises is a way out.
    files_.write("etc/systemd/system/hyprnode.service.d/override.conf",
                 std::string("[Service]\nExecStart=\n") + kExec);
    written();
}

TEST_F(Units, AScriptThatStartsTheAgentIsNamed) {
    files_.write("opt/start", "#!/usr/bin/env bash\nexec hyprnode\n");
    unit("ExecStart=/opt/start\n");
    EXPECT_SAYS(written(), "hyprnode.service:3: /opt/start is a shell script");
    files_.write("opt/start", "#!/usr/bin/python3\n");
    EXPECT_EQ(written().find("script;"), std::string::npos);
}

TEST_F(Units, AValueOfTheServiceManagerIsRefused) {
    unit(std::string("PassEnvironment=LANG HYPRBOX_NODE_TOKEN\n") + kExec);
    EXPECT_SAYS(refused(), "hyprnode.service:3: PassEnvironment= hands HYPRBOX_NODE_TOKEN over");
}

TEST_F(Units, AnEnabledInstanceOfATemplateIsFound) {
    unit(std::string("Environment=HYPRBOX_NODE_ID=%i\n") + kExec, "hyprnode@.service");
    EXPECT_SAYS(refused(), "hyprnode@.service: no instance of it is enabled");
    written("hyprnode", {"--file", "/etc/systemd/system/hyprnode@named.service"});
    EXPECT_SAYS(yaml(), "node_id: named");
    const fs::path wants = files_.path() + "/etc/systemd/system/multi-user.target.wants";
    fs::create_directories(wants);
    fs::create_symlink("../hyprnode@.service", wants / "hyprnode@one.service");
    written();
    EXPECT_SAYS(yaml(), "node_id: one");
    fs::create_symlink("../hyprnode@.service", wants / "hyprnode@two.service");
    EXPECT_SAYS(refused(), "more than one unit may run the old agent");
}

TEST_F(Units, OfTwoUnitsTheEnabledOneCounts) {
    unit(std::string("Environment=HYPRBOX_NODE_ID=a\n") + kExec);
    unit(std::string("Environment=HYPRBOX_NODE_ID=b\n") + kExec, "hyprbox-node.service");
    EXPECT_SAYS(refused(), "more than one unit may run the old agent");
    written("hyprnode", {"--file", "/etc/systemd/system/hyprnode.service"});
    EXPECT_SAYS(yaml(), "node_id: a");
    const fs::path wants = files_.path() + "/etc/systemd/system/multi-user.target.wants";
    fs::create_directories(wants);
    fs::create_symlink("../hyprbox-node.service", wants / "hyprbox-node.service");
    EXPECT_SAYS(written(), "only hyprbox-node.service is enabled");
    EXPECT_SAYS(yaml(), "node_id: b");
}

TEST_F(Units, AMaskedUnitIsRefused) {
    files_.write("usr/lib/systemd/system/hyprnode.service",
                 std::string("[Service]\nEnvironment=HYPRBOX_API_URL=https://a\n") + kExec);
    fs::create_directories(files_.path() + "/etc/systemd/system");
    fs::create_symlink("/dev/null", files_.path() + "/etc/systemd/system/hyprnode.service");
    EXPECT_SAYS(refused(), "/etc/systemd/system/hyprnode.service: masks the unit");
    written("hyprnode", {"--file", "/usr/lib/systemd/system/hyprnode.service"});
}

TEST_F(Units, OtherUnitsMayBeBroken) {
    unit(kExec);
    const fs::path units = files_.path() + "/etc/systemd/system";
    fs::create_symlink("loop.service", units / "loop.service");
    fs::create_directories(units / "folder.service");
    files_.write("etc/systemd/system/huge.service", std::string(300 * 1024, '#'));
    written();
}

TEST_F(Units, SymlinksStayInTheTree) {
    files_.write("opt/node.env", "HYPRBOX_NODE_ID=inside\n");
    fs::create_directories(files_.path() + "/etc/hyprbox");
    fs::create_symlink("/opt/node.env", files_.path() + "/etc/hyprbox/hyprnode.env");
    unit(std::string("EnvironmentFile=/etc/hyprbox/hyprnode.env\n") + kExec);
    written();
    EXPECT_SAYS(yaml(), "node_id: inside");
}

TEST_F(Units, OfSeveralCommandsTheOneWithTheAgentsOptionsCounts) {
    files_.write("etc/systemd/system/lunasentri-agent.service",
                 "[Service]\nType=oneshot\nExecStart=/bin/mkdir -p /var/lib/x\n"
                 "ExecStart=/usr/bin/lunasentri-agent --server-url https://a\n");
    const auto said = written("lunasentri");
    EXPECT_SAYS(yaml(), "url: https://a");
    EXPECT_EQ(said.find(" -p "), said.npos) << said;
}

TEST_F(Units, ARelativeSettingsFileIsThatOfItsWorkingDirectory) {
    files_.write("srv/luna/my.yaml", "server_url: https://a\n");
    files_.write("etc/systemd/system/lunasentri-agent.service",
                 "[Service]\nWorkingDirectory=/srv/luna\n"
                 "ExecStart=/usr/bin/lunasentri-agent --config my.yaml\n");
    written("lunasentri");
    EXPECT_SAYS(yaml(), "url: https://a  # /srv/luna/my.yaml:1");
    files_.write("etc/systemd/system/lunasentri-agent.service",
                 "[Service]\nWorkingDirectory=~\n"
                 "ExecStart=/usr/bin/lunasentri-agent --config my.yaml\n");
    EXPECT_SAYS(refused("lunasentri"), "lunasentri-agent.service:3: my.yaml is no absolute path");
}

// --- settings that are not written down

class OldAegisflux : public testing::Test {
  protected:
    std::string told(const std::string& variables) {
        files_.write("etc/aegisflux/agent.env", "AGENT_REGISTRY_URL=https://r\n" + variables);
        const auto answer = migrate({"--from", "aegisflux", "--root", files_.path()});
        EXPECT_EQ(answer.code, 0) << answer.err;
        return answer.out;
    }
    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != text.npos;
    }
    void put_key(const std::string& path) {
        files_.write(path, worker::make_identity_key().reveal());
    }
    Tree files_ = tree({{".keep", ""}});
};

TEST_F(OldAegisflux, RegistrationAndItsKeyAreCarriedOver) {
    put_key("srv/aegis/identity.key");
    const auto said =
        told("ACTIONS_API_URL=https://actions\nORG_ID=team\nAEGIS_DATA_DIR=/srv/aegis\n");
    EXPECT_TRUE(has(said, "    registration_url: https://actions  # ")) << said;
    EXPECT_TRUE(has(said, "    org_id: team  # ")) << said;
    EXPECT_TRUE(has(said, "# /srv/aegis/identity.key\n#   goes to ")) << said;
    EXPECT_FALSE(has(said, "original_state")) << said;
    EXPECT_FALSE(has(said, "no setting")) << said;
}

TEST_F(OldAegisflux, TheDefaultDirectoryHoldsTheKeyThatTheNamedOneLacks) {
    put_key("var/lib/aegis/identity.key");
    const auto said = told("AEGIS_DATA_DIR=/srv/aegis\n");
    EXPECT_TRUE(has(said, "# /var/lib/aegis/identity.key\n#   goes to ")) << said;
    EXPECT_TRUE(has(said, "# options.registration_url was left out")) << said;
}

TEST_F(OldAegisflux, TheIdThatItTookByItselfIsWrittenDown) {
    EXPECT_TRUE(has(told(""), "    host_id: host-unknown  # the old agent's default\n"));
    files_.write("etc/hostname", "web-7\n");
    EXPECT_TRUE(has(told(""), "    host_id: web-7  # /etc/hostname"));
    files_.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    const auto said = told("");
    EXPECT_TRUE(has(said, "    host_id: 0123456789abcdef0123456789abcdef  # /etc/machine-id"))
        << said;
    EXPECT_TRUE(has(said, "its id is host-unknown")) << said;
    EXPECT_TRUE(has(told("AGENT_HOST_ID=h-1\n"), "    host_id: h-1  # "));
    const auto local = told("AGENT_POLL_INTERVAL_SEC=20\nAGENT_ROLLBACK_DELAY_SEC=5\n");
    EXPECT_TRUE(has(local, "    host_id: localhost  # the old agent's default\n")) << local;
    EXPECT_TRUE(has(local, "heartbeat_interval: 20s")) << local;
    EXPECT_FALSE(has(local, "no setting")) << local;
}

TEST_F(OldAegisflux, ASettingThatMeantSomethingElseIsExplained) {
    EXPECT_TRUE(has(told("AGENT_CPU_MAX=5s\n"), "AGENT_CPU_MAX meant 5 percent of a processor"));
    EXPECT_TRUE(has(told("AGENT_CPU_MAX=1500ms\n"), "AGENT_CPU_MAX meant 1.5 percent"));
    EXPECT_TRUE(has(told("AGENT_CPU_MAX=5\n"), "kept its 3 percent"));
    for (const auto* mode : {"permissive", "disabled"}) {
        EXPECT_TRUE(has(told("AGENT_VERIFY=" + std::string(mode) + "\n"),
                        "load what nobody had signed. No setting does that here"));
    }
    EXPECT_FALSE(has(told("AGENT_VERIFY=strict\n"), "nobody had signed"));
    EXPECT_TRUE(has(told("AGENT_HOST_ID=host-unknown\n"), "all of them get the same assignments"));
    EXPECT_FALSE(has(told("AGENT_HOST_ID=h-1\n"), "all of them get the same assignments"));
}

TEST_F(OldAegisflux, SecondsAreReadAsGoReadsThem) {
    EXPECT_TRUE(has(told("AGENT_POLL_INTERVAL_SEC=+20\n"), "heartbeat_interval: 20s"));
    EXPECT_TRUE(has(told("AGENT_POLL_INTERVAL_SEC=20s\n"), "heartbeat_interval: 30s"))
        << "no number: the old agent took its default";
    for (const auto* wrong : {"0", "-5"}) {
        files_.write(
            "etc/aegisflux/agent.env",
            "AGENT_REGISTRY_URL=https://r\nAGENT_POLL_INTERVAL_SEC=" + std::string(wrong) + "\n");
        const auto answer = migrate({"--from", "aegisflux", "--root", files_.path()});
        EXPECT_NE(answer.code, 0) << wrong;
        EXPECT_TRUE(has(answer.err, "write a number of seconds, 1 or more")) << answer.err;
    }
}

TEST_F(OldAegisflux, WhereItAnsweredIsTold) {
    EXPECT_TRUE(has(told("AGENT_HTTP_ADDR=:7070\n"), "ListenStream= and ListenStream=7070;"));
    EXPECT_TRUE(has(told("AGENT_HTTP_PORT=8080\n"), "ListenStream= and ListenStream=8080;"));
    EXPECT_TRUE(has(told("AGENT_HTTP_ADDR=10.0.0.1:9000\n"), "ListenStream=10.0.0.1:9000;"));
    EXPECT_TRUE(has(told("AGENT_HTTP_ADDR=[::1]:9000\n"), "ListenStream=[::1]:9000;"));
    for (const auto* same :
         {"127.0.0.1:7070", "localhost:7070", "web-7:7070", "7070", ":x", ":0"}) {
        EXPECT_FALSE(has(told("AGENT_HTTP_ADDR=" + std::string(same) + "\n"), "ListenStream="))
            << same;
    }
}

TEST(OldNatsServer, ItsUrlIsTakenApartAsGosClientDoes) {
    const auto server = [](const std::string& text) {
        cli::migration::Installation installation;
        installation.found = {{"NATS_URL", text, "/f:1"}};
        return cli::migration::nats_server(installation);
    };
    for (const auto& [text, url] :
         {std::pair("nats://n:4222", "nats://n:4222"), std::pair("n", "nats://n:4222"),
          std::pair("n:5", "nats://n:5"), std::pair("tls://n/", "tls://n:4222"),
          std::pair("nats://[::1]", "nats://[::1]:4222"),
          std::pair("nats://[::1]:5", "nats://[::1]:5"),
          std::pair("nats://a:1,nats://b:2", "nats://a:1"),
          std::pair("nats://u:p@ss@n:5", "nats://n:5"),
          std::pair("nats://s3cret@n:5", "nats://n:5")}) {
        ASSERT_TRUE(server(text)) << text;
        EXPECT_EQ(server(text).value()->url, url) << text;
    }
    EXPECT_EQ(server("nats://u:p@ss@n:5").value()->user, "u");
    EXPECT_EQ(server("nats://u:p@ss@n:5").value()->password.reveal(), "p@ss");
    EXPECT_EQ(server("nats://s3cret@n:5").value()->token.reveal(), "s3cret");
    EXPECT_TRUE(server("nats://a:1,nats://b:2").value()->several);
    for (const auto* wrong : {"ws://n:80", "nats://u:%40@n:5"}) {
        ASSERT_FALSE(server(wrong)) << wrong;
        EXPECT_NE(server(wrong).error().what.find("/f:1: NATS_URL: "), std::string::npos);
        EXPECT_EQ(server(wrong).error().what.find("%40"), std::string::npos) << "a login";
    }
}

// A login in a URL would stand in agent.yaml, which more than root may read.
TEST_F(OldAegisflux, TelemetryGoesOnAndItsLoginHasAFileOfItsOwn) {
    const auto said = told("NATS_URL=tls://agent:s3cret@nats.internal\nAGENT_HOST_ID=h-1\n");
    EXPECT_TRUE(has(said, "  telemetry:\n")) << said;
    EXPECT_TRUE(has(said, "    url: tls://nats.internal:4222  # ")) << said;
    EXPECT_TRUE(has(said, "    user: agent  # ")) << said;
    EXPECT_TRUE(has(said, "    password_file: /etc/bulkhead/credentials/aegisflux/nats-password"))
        << said;
    EXPECT_TRUE(has(said, "connect any 4222  # the NATS server")) << said;
    EXPECT_FALSE(has(said, "s3cret")) << said;
    EXPECT_FALSE(has(said, "NATS_URL has nothing in its place")) << said;
    const auto plain = told(
        "AGENT_NATS_URL=nats://nats.internal:4222,nats://other\n"
        "AGENT_TELEMETRY_SUBJECT=agent.telemetry.edge\n");
    EXPECT_TRUE(has(plain, "    subject: agent.telemetry.edge  # ")) << plain;
    EXPECT_TRUE(has(plain, "allow_plaintext: true")) << plain;
    EXPECT_TRUE(has(plain, "names several servers")) << plain;
    EXPECT_TRUE(has(told(""), "set telemetry.url")) << "its default is said";
}

// What it spoke to is not spoken to by this agent, so a migration without an address would poll one
// that nobody named.
TEST_F(OldAegisflux, TheAgentOfTheWebSocketIsSaidToHaveNothingInItsPlace) {
    files_.write("etc/systemd/system/aegis.service",
                 "[Service]\nEnvironment=AGENT_HOST_ID= AEGIS_MTLS=true\n"
                 "ExecStart=/opt/aegis-agent/aegis-agent --backend-url ws://b:8080/ws/agent\n");
    auto answer = migrate({"--from", "aegisflux", "--root", files_.path()});
    EXPECT_NE(answer.code, 0) << answer.out;
    EXPECT_TRUE(has(answer.err,
                    "aegis.service:3: --backend-url: of the agent that speaks over a "
                    "WebSocket"))
        << answer.err;
    EXPECT_TRUE(has(answer.err, "AGENT_REGISTRY_URL")) << answer.err;
    files_.write("etc/more.env", "AGENT_REGISTRY_URL=https://r\n");
    answer = migrate({"--from", "aegisflux", "--root", files_.path(), "--file", "/etc/more.env"});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_TRUE(has(answer.out, "url: https://r")) << answer.out;
    EXPECT_TRUE(has(answer.out, "What its channels carried")) << answer.out;
    EXPECT_TRUE(has(answer.out, "AEGIS_MTLS has nothing in its place")) << answer.out;
}

// Each variable that one of the agents read is taken over, or named with what becomes of it.
TEST_F(OldAegisflux, NoSettingIsPassedOverInSilence) {
    constexpr std::array kLocalAgents{"AGENT_POLL_INTERVAL_SEC=45",
                                      "AGENT_NATS_URL=nats://n:4222",
                                      "AGENT_VAULT_URL=http://v:8200",
                                      "AGENT_VAULT_TOKEN=t",
                                      "AGENT_PUBLIC_KEY=k",
                                      "AGENT_CACHE_DIR=/tmp/c",
                                      "AGENT_MAX_PROGRAMS=3",
                                      "AGENT_DEFAULT_TTL_SEC=60",
                                      "AGENT_LOG_LEVEL=info",
                                      "AGENT_TELEMETRY_SUBJECT=s",
                                      "AGENT_HTTP_PORT=8080",
                                      "AGENT_HTTP_ADDRESS=x",
                                      "AGENT_ROLLBACK_MAX_ERRORS=1",
                                      "AGENT_ROLLBACK_MAX_VIOLATIONS=1",
                                      "AGENT_ROLLBACK_MAX_CPU_PERCENT=1",
                                      "AGENT_ROLLBACK_MAX_LATENCY_MS=1",
                                      "AGENT_ROLLBACK_MAX_MEMORY_KB=1",
                                      "AGENT_ROLLBACK_VERIFIER_FAILURE=true",
                                      "AGENT_ROLLBACK_CHECK_INTERVAL_SEC=1",
                                      "AGENT_ROLLBACK_DELAY_SEC=1"};
    constexpr std::array kSeeds{"AGENT_POLL_INTERVAL=45s",
                                "NATS_URL=nats://n:4222",
                                "AGENT_HTTP_ADDR=:7071",
                                "AGENT_BUNDLES_DIR=/b",
                                "VAULT_URL=http://v",
                                "VAULT_TOKEN=t",
                                "DEV_PUBLIC_KEY_PATH=/k.pem",
                                "DRIFT_CHECK_INTERVAL=30s",
                                "AGENT_VERIFY=strict",
                                "AGENT_CPU_MAX=3s",
                                "AGENT_POLICY_SUBJECT=s",
                                "AGENT_CGROUP_PATH=/sys/fs/cgroup/aegis",
                                "AGENT_INTERFACE=eth0",
                                "ACTIONS_API_URL=https://a",
                                "ORG_ID=o",
                                "AEGIS_DATA_DIR=/srv/aegis",
                                "AGENT_VERSION=1",
                                "AEGIS_SOMETHING_NEW=1"};
    const auto check = [this](std::span<const char* const> lines) {
        std::string all = "AGENT_HOST_ID=h-1\n";
        for (const std::string line : lines) all += line + "\n";
        const auto said = told(all);
        for (const std::string line : lines) {
            const auto name = line.substr(0, line.find('='));
            EXPECT_TRUE(has(said, ": " + name) || name == "AEGIS_DATA_DIR") << name << '\n' << said;
        }
        return said;
    };
    check(kLocalAgents);
    EXPECT_TRUE(has(check(kSeeds), "AEGIS_SOMETHING_NEW is no setting of this agent"));
}

TEST(OldGrapheon, WithoutAKeyTheEnrollmentKeyIsKept) {
    const auto files = tree({{"etc/grapheon-agent.env",
                              "GRAPHEON_AGENT_SERVER_URL=https://g\n"
                              "GRAPHEON_AGENT_ENROLLMENT_KEY=gaek_golden\n"},
                             {"var/lib/grapheon-agent/agent_uuid", "0b8f5a36\n"},
                             {"var/lib/grapheon-agent/state.json", "{}"}});
    const auto answer = migrate({"--from", "grapheon", "--root", files.path()});
    EXPECT_NE(answer.out.find("credentials/grapheon/install-token"), std::string::npos)
        << answer.out << answer.err;
}

// --- --check

class Check : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(backend_.start()); }
    Answer check(const std::string& agent) {
        return migrate({"--from", agent, "--root", files_.path(), "--check"});
    }
    static constexpr auto* kUuid = "0b8f5a36-3c1e-4b52-9d6a-2f3f1d1c7a10";

    reference::ReferenceBackend backend_{{.api_keys = {{"luna-old", "web-01"}}}};
    Tree files_ = tree({{".keep", ""}});
};

TEST_F(Check, GrapheonTellsTheAgentItKnowsAndItsReportsGoOn) {
    backend_.change([](reference::State& state) {
        state.grapheon.agents[kUuid] = {.id = 3, .standing = "active", .api_key = "gpak_old"};
    });
    files_.write("srv/ca.pem", content_of(backend_.ca_file()));
    files_.write("etc/grapheon-agent.env", "GRAPHEON_AGENT_SERVER_URL=" + backend_.url() +
                                               "\nGRAPHEON_AGENT_CA_FILE=/srv/ca.pem\n");
    files_.write("var/lib/grapheon-agent/agent_uuid", std::string(kUuid) + "\n");
    files_.write("var/lib/grapheon-agent/api_key", "gpak_old\n");
    const auto known = check("grapheon");
    EXPECT_EQ(known.code, 0) << known.err;
    EXPECT_EQ(known.out, "the backend knows this host as agent 3 and takes its reports\n");
    const auto sent = backend_.inventories().at(0).body;
    EXPECT_FALSE(sent.contains("sequence_number"));
    EXPECT_EQ(sent["full_snapshot"], false);
    EXPECT_EQ(backend_.requests().size(), 2U) << "a poll that it does not know, and nothing else";

    // Where there are polls a check-in would end what an administrator has asked for.
    backend_.change([](reference::State& state) { state.grapheon.polls = true; });
    EXPECT_EQ(check("grapheon").out, known.out);
    EXPECT_EQ(backend_.requests().size(), 3U);
    EXPECT_EQ(backend_.inventories().size(), 1U);

    files_.write("var/lib/grapheon-agent/api_key", "gpak_other\n");
    const auto unknown = check("grapheon");
    EXPECT_EQ(unknown.code, 1);
    EXPECT_NE(unknown.out.find("rotated"), unknown.out.npos) << unknown.out;
    EXPECT_EQ(unknown.out.find("gpak_other"), unknown.out.npos);
    backend_.stop();
    const auto away = check("grapheon");
    EXPECT_EQ(away.code, 3);
    EXPECT_NE(away.out.find("nothing was learnt"), away.out.npos) << away.out;
}

// Of processes that have `word` on their command line and a socket open: user id, whether a session
// of its own, and standard input.
std::set<std::string> with_sockets(const std::string& word) {
    std::set<std::string> found;
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc", error)) {
        if (content_of(process.path() / "cmdline").find(word) == std::string::npos) continue;
        const auto status = content_of(process.path() / "status");
        const auto ids = status.find("Uid:\t") + 5;
        std::error_code gone;  // the process
        fs::directory_iterator fd(process.path() / "fd", gone);
        for (; !gone && fd != fs::directory_iterator(); fd.increment(gone)) {
            if (!fs::read_symlink(fd->path(), gone).string().starts_with("socket:")) continue;
            const auto pid = std::stoi(process.path().filename());
            const auto input = fs::read_symlink(process.path() / "fd/0", gone).string();
            if (gone) break;
            found.insert(status.substr(ids, status.find('\t', ids) - ids) +
                         (::getsid(pid) == pid ? " apart " : " in a session ") + input);
        }
    }
    return found;
}

TEST_F(Check, WhatMeetsTheNetworkIsNobody) {
    if (::geteuid() != 0) GTEST_SKIP() << "another caller asks as itself";
    reference::ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    plain.misbehave(
        {.path = "/agent/metrics", .times = 1, .delay = std::chrono::seconds(2), .status = 401});
    files_.write("etc/lunasentri/agent.yaml",
                 "server_url: " + plain.url() + "\napi_key: luna-old\n");
    auto asked = std::async(std::launch::async, [this] { return check("lunasentri").code; });
    std::set<std::string> found;
    while (asked.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
        found.merge(with_sockets(files_.path()));
    }
    EXPECT_EQ(asked.get(), 1);
    EXPECT_EQ(found, std::set<std::string>{std::to_string(kNobody) + " apart /dev/null"});
}

TEST_F(Check, LunasentriTellsWhetherTheKeyIsGoodAndStoresNothing) {
    reference::ReferenceBackend plain({.tls = false, .api_keys = {{"luna-old", "web-01"}}});
    ASSERT_TRUE(plain.start());
    const auto put = [&](const std::string& key) {
        files_.write("etc/lunasentri/agent.yaml",
                     "server_url: " + plain.url() + "\napi_key: " + key + "\n");
    };
    put("luna-old");
    const auto known = check("lunasentri");
    EXPECT_EQ(known.code, 0) << known.out << known.err;
    EXPECT_TRUE(plain.heartbeats().empty());
    put("luna-new");
    EXPECT_EQ(check("lunasentri").code, 1);
    put("luna-old");
    plain.misbehave({.kind = reference::Misbehaviour::Kind::gateway, .status = 400});
    EXPECT_EQ(check("lunasentri").code, 3) << "a page that says 400 knows nobody";
}

TEST_F(Check, AegisfluxTellsWhenItSawTheAgent) {
    reference::ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    const auto key = worker::make_identity_key();
    const auto uid = worker::agent_uid_of(key);
    files_.write("var/lib/aegis/identity.key", key.reveal());
    files_.write("etc/aegisflux/agent.env",
                 "AGENT_REGISTRY_URL=" + plain.url() + "\nACTIONS_API_URL=" + plain.url() + "\n");
    const auto unknown = check("aegisflux");
    EXPECT_EQ(unknown.code, 1) << unknown.err;
    EXPECT_NE(unknown.out.find("does not know " + uid), unknown.out.npos) << unknown.out;
    EXPECT_TRUE(plain.enrolments().empty());
    plain.change([&](reference::State& state) {
        state.enrolments[uid].agent_id = uid;
        const auto then = sys::now() - std::chrono::minutes(4);
        auto time = format_utc(then);
        state.aegisflux.last_seen[uid] = time.insert(19, ".123456789");
    });
    const auto known = check("aegisflux");
    EXPECT_EQ(known.code, 0) << known.err;
    EXPECT_EQ(known.out, "the backend knows this host as " + uid + ", last seen 4 min ago\n");
    plain.misbehave({.kind = reference::Misbehaviour::Kind::wrong_types, .path = "/agents/"});
    EXPECT_EQ(check("aegisflux").code, 3) << "a record of nobody's";
}

TEST_F(Check, ABackendThatCannotBeAskedIsSaidToBeOne) {
    files_.write("etc/hyprbox/hyprnode.env",
                 "HYPRBOX_API_URL=" + backend_.url() + "\nHYPRBOX_NODE_TOKEN=golden\n");
    const auto answer = check("hyprnode");
    EXPECT_EQ(answer.code, 3);
    EXPECT_NE(answer.out.find("no request that tells who a host is"), answer.out.npos)
        << answer.out;
    EXPECT_TRUE(backend_.requests().empty());
}

TEST(Migrate, RepeatsNoSecretInAnError) {
    struct Row {
        std::string agent, file, content;
    };
    const Row rows[] = {
        {"hyprnode", "etc/hyprbox/hyprnode.env",
         "HYPRBOX_API_URL=https://bob:Planted@h.test\nHYPRBOX_NODE_TOKEN=ok\n"},
        {"hyprnode", "etc/hyprbox/hyprnode.env",
         "HYPRBOX_API_URL=https://h.test\nHYPRBOX_NODE_TOKEN=Planted token\n"},
        {"hyprnode", "etc/hyprbox/hyprnode.env",
         "HYPRBOX_API_URL=https://h.test\nHYPRBOX_NODE_TOKEN=\"Planted\n"},
        {"hyprnode", "etc/systemd/system/hyprnode.service",
         "[Service]\nEnvironment=HYPRBOX_NODE_TOKEN=Planted%b HYPRBOX_API_URL=https://h.test\n"
         "ExecStart=/usr/bin/hyprnode\n"},
        {"hyprnode", "etc/systemd/system/hyprnode.service",
         "[Service]\nExecStart=/usr/bin/hyprnode --token Planted%z\n"},
        {"lunasentri", "etc/lunasentri/agent.yaml",
         "server_url: https://u:Planted@h.test\napi_key: Planted\n"},
        {"lunasentri", "etc/lunasentri/agent.yaml",
         "server_url: https://h.test\napi_key: \"Planted\n"},
        {"grapheon", "var/lib/grapheon-agent/api_key", "Planted key\n"},
    };
    for (const auto& row : rows) {
        const auto files = tree({{row.file, row.content}});
        const auto answer = migrate({"--from", row.agent, "--root", files.path()});
        EXPECT_EQ(answer.code, 1) << row.content;
        EXPECT_FALSE(answer.err.empty()) << row.content;
        EXPECT_EQ((answer.out + answer.err).find("Planted"), std::string::npos) << answer.err;
    }
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
