#include "common/policy/credentials.hpp"

#include <gmock/gmock.h>

#include "common/policy/check_credentials.hpp"
#include "common/policy/parse.hpp"
#include "tests/common/policy/support.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum CredentialGrant;

constexpr std::string_view kFile = "credentials.policy";

std::vector<CredentialRow> rows(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += "file " + line + "  # why\n";
    Policy policy;
    const auto parsed = parse_file(policy, std::string(kFile), text);
    EXPECT_OK(parsed);
    return policy.credentials;
}

std::string refusal(const std::string& line) {
    Policy policy;
    const auto parsed = parse_file(policy, std::string(kFile), line + "\n");
    return parsed ? "" : parsed.error().what;
}

CredentialGrant grant(const std::string& line, std::string_view path,
                      std::string_view backend = "main", std::string_view directory = "") {
    return credential_grant(rows({line}), backend, path, directory);
}

TEST(CredentialRow, SaysWhereItStandsAndWhy) {
    const auto all = rows({"/etc/bulkhead/tls/NAME/*", "/srv/token backend fleet-1"});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].pattern, "/etc/bulkhead/tls/NAME/*");
    EXPECT_EQ(all[0].backend, "");
    EXPECT_EQ(all[1].pattern, "/srv/token");
    EXPECT_EQ(all[1].backend, "fleet-1");
    EXPECT_EQ(all[1].source.place(), "credentials.policy:2:6");
    EXPECT_EQ(all[1].source.reason, "why");
}

TEST(CredentialRow, EachMistakeIsNamedWithItsPlace) {
    struct Case {
        std::string line, error;
    };
    const Case cases[] = {
        {"file  # why", ":1:5: expected a path or a pattern"},
        {"file token  # why", ":1:6: expected a path that begins with /"},
        {"file etc/token  # why", ":1:6: expected a path that begins with /"},
        {"file $HOME/token  # why", ":1:6: expected a path that begins with /"},
        {"file $CREDENTIALS_DIRECTORY  # why", ":1:6: expected a path that begins with /"},
        {"file $CREDENTIALS_DIRECTORYX/a  # why", ":1:6: expected a path that begins with /"},
        {"file /etc/$CREDENTIALS_DIRECTORY/a  # why", "is all that begins with $"},
        {"file /etc//token  # why", "without empty"},
        {"file /etc/../token  # why", "without empty"},
        {"file /etc/  # why", "without empty"},
        {"file /etc/xNAME  # why", "NAME stands alone between slashes, or before a dot"},
        {"file /etc/NAME-*  # why", "NAME stands alone"},
        {"file /etc/NAME*  # why", "NAME stands alone"},
        {"file /etc/*.NAME  # why", "NAME stands alone"},
        {"file /etc/token backend  # why", ":1:24: expected a backend's name"},
        {"file /etc/token backend A  # why", ":1:25: expected a backend's name"},
        {"file /etc/token backend a b  # why", "unexpected \"b\""},
        {"file /etc/token", "no reason"},
        {"glob /etc/*  # why", "unknown key \"glob\"; known are file"},
    };
    for (const auto& [line, error] : cases) {
        EXPECT_THAT(refusal(line), HasSubstr(error)) << line;
        EXPECT_THAT(refusal(line), testing::StartsWith("credentials.policy:1:")) << line;
    }
    EXPECT_THAT(refusal("file x  # why"), HasSubstr("write: file PATTERN [backend NAME]  # why"));
}

TEST(CredentialGrant, NameIsTheBackendsOwn) {
    const std::string line = "/etc/bulkhead/tls/NAME/*";
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/main/client.key"), any);
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/fleet/client.key"), none);
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/NAME/client.key"), none);
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/main/deeper/client.key"), none);
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/main/.hidden"), none);
    EXPECT_EQ(grant(line, "/etc/bulkhead/tls/main"), none);
}

TEST(CredentialGrant, OneNameIsNotTheBeginOfAnother) {
    EXPECT_EQ(grant("/etc/NAME.*", "/etc/a.token", "a"), any);
    EXPECT_EQ(grant("/etc/NAME.*", "/etc/a-b.token", "a"), none);
    EXPECT_EQ(grant("/etc/NAME.credential", "/etc/a.credential", "a"), any);
    EXPECT_EQ(grant("/etc/NAME.credential", "/etc/b.credential", "a"), none);
}

TEST(CredentialGrant, ARowOfOneBackendIsForNoOther) {
    EXPECT_EQ(grant("/srv/token backend main", "/srv/token", "main"), any);
    EXPECT_EQ(grant("/srv/token backend main", "/srv/token", "fleet"), none);
    EXPECT_EQ(grant("/srv/* backend main", "/srv/token", "main"), any);
}

TEST(CredentialGrant, APatternOfEachBackendIsForWhatEverybodyMayRead) {
    EXPECT_EQ(grant("/etc/ssl/certs/*", "/etc/ssl/certs/ca.crt"), everybodys);
    EXPECT_EQ(grant("/etc/bulkhead/install-token", "/etc/bulkhead/install-token"), any);
    const auto both = rows({"/srv/*", "/srv/x backend main"});
    EXPECT_EQ(credential_grant(both, "main", "/srv/x", ""), any);
    EXPECT_EQ(credential_grant(both, "fleet", "/srv/x", ""), everybodys);
}

TEST(CredentialGrant, TheDirectoryOfTheEnvironmentIsNowhereWithoutOne) {
    const std::string line = "$CREDENTIALS_DIRECTORY/NAME.*";
    constexpr std::string_view kPath = "/run/credentials/bulkhead.service/main.token";
    EXPECT_EQ(grant(line, kPath, "main", "/run/credentials/bulkhead.service"), any);
    EXPECT_EQ(grant(line, kPath, "fleet", "/run/credentials/bulkhead.service"), none);
    EXPECT_EQ(grant(line, kPath, "main", "/run/credentials/bulkhead"), none);
    EXPECT_EQ(grant(line, kPath, "main", ""), none);
    EXPECT_EQ(grant(line, "/main.token", "main", ""), none);
    EXPECT_EQ(grant(line, "$CREDENTIALS_DIRECTORY/main.token", "main", ""), none);
    // A * in it is no wildcard.
    EXPECT_EQ(grant(line, "/run/x/main.token", "main", "/run/*"), none);
}

TEST(CredentialGrant, WithoutRowsThereIsNone) {
    EXPECT_EQ(credential_grant({}, "main", "/etc/bulkhead/install-token", ""), none);
}

std::vector<std::string> remarks(const std::vector<std::string>& lines) {
    std::vector<std::string> texts;
    for (const auto& remark : check_credentials(rows(lines))) {
        EXPECT_FALSE(remark.error);
        texts.push_back(remark.where + ": " + remark.text);
    }
    return texts;
}

TEST(CheckCredentials, SecretsOfTheHostAreNoBackends) {
    EXPECT_THAT(
        remarks({"/etc/shadow backend main"}),
        ElementsAre(HasSubstr("credentials.policy:1:6: hands out files such as /etc/shadow")));
    EXPECT_THAT(remarks({"/*/* backend main"}), ElementsAre(HasSubstr("/etc/shadow")));
    EXPECT_THAT(remarks({"/etc/ssl/private/* backend main"}),
                ElementsAre(HasSubstr("/etc/ssl/private/")));
    EXPECT_THAT(remarks({"/etc/*"}), IsEmpty()) << "what everybody may read is no secret";
}

TEST(CheckCredentials, AFileOfEachBackendInAPlaceOfOnesOwn) {
    for (const auto* line : {"/etc/bulkhead/tls/main.key", "/etc/bulkhead/credentials/main/token",
                             "$CREDENTIALS_DIRECTORY/token"}) {
        EXPECT_THAT(remarks({line}), ElementsAre(HasSubstr("each backend's worker"))) << line;
        EXPECT_THAT(remarks({std::string(line) + " backend main"}), IsEmpty()) << line;
    }
}

TEST(CheckCredentials, TheShippedRowsAreNotStrange) {
    Policy policy;
    const auto text = test::content_of(std::string(BULKHEAD_POLICY) + "/credentials.policy");
    ASSERT_TRUE(parse_file(policy, std::string(kFile), text));
    EXPECT_THAT(check_credentials(policy.credentials), IsEmpty());
    const auto of = [&](std::string_view path, std::string_view backend = "main") {
        return credential_grant(policy.credentials, backend, path, "/run/credentials/x.service");
    };
    EXPECT_EQ(of("/etc/bulkhead/credentials/main/token"), any);
    EXPECT_EQ(of("/etc/bulkhead/credentials/main/token", "fleet"), none);
    EXPECT_EQ(of("/etc/bulkhead/tls/main.credential"), any);
    EXPECT_EQ(of("/etc/bulkhead/tls/main.credential", "fleet"), none);
    EXPECT_EQ(of("/run/credentials/x.service/main.token"), any);
    EXPECT_EQ(of("/run/credentials/x.service/main.token", "fleet"), none);
    EXPECT_EQ(of("/etc/ssl/certs/ca-certificates.crt"), everybodys);
    EXPECT_EQ(of("/etc/bulkhead/ca.pem"), everybodys);
    EXPECT_EQ(of("/etc/bulkhead/tls/client.key"), none);
    EXPECT_EQ(of("/etc/shadow"), none);
    EXPECT_EQ(of("/etc/bulkhead/agent.yaml"), none);
    EXPECT_EQ(of("/etc/bulkhead/policy/host.policy"), none);
}

}  // namespace
}  // namespace bulkhead::policy
