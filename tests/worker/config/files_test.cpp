#include "worker/config/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

// A pair that belongs together and opens nothing.
constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdDCCARugAwIBAgIUbO1UdCDuUlOwE5TpefChEeJCYQEwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIxMDQyNDNaGA8yMTI2MTAyOTEwNDI0\n"
    "M1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA+O\n"
    "UmG0r+Qgi0Vt8HDtnKlDX2uMsHSXn1XfiQcVmQ2BaWBEgx2yaWNnkaGpE7iaJRsv\n"
    "lcau0yM4h8Rra0EjR9KjUzBRMB0GA1UdDgQWBBSSmcxVTSNYINicXvY7S+cfO9dh\n"
    "ZTAfBgNVHSMEGDAWgBSSmcxVTSNYINicXvY7S+cfO9dhZTAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0cAMEQCIEqrSkVAvRoR576CDTDUA2TDFK/iNC0prFkO\n"
    "g1mnH7+7AiAhcFmTKhnc07tNrnbbdiG97mHBsxOyHQz9VGGhUw7kDQ==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV4h2KGj1YA7XhORC\n"
    "vw07oBQdHuRTsSEr5Cj1siB4S/KhRANCAAQPjlJhtK/kIItFbfBw7ZypQ19rjLB0\n"
    "l59V34kHFZkNgWlgRIMdsmljZ5GhqRO4miUbL5XGrtMjOIfEa2tBI0fS\n"
    "-----END PRIVATE KEY-----\n";

// As the broker opens them, but wherever they lie.
OpenedFiles open_all(const BackendConfig& backend) {
    OpenedFiles files;
    for (const auto& named : named_files(backend)) {
        sys::Fd fd(::open(named.path.c_str(), O_RDONLY | O_CLOEXEC));
        files[named.key] = {.reason = fd ? "ok" : "read-absent", .fd = std::move(fd)};
    }
    return files;
}

class LoadFiles : public testing::Test {
  protected:
    std::string put(std::string_view name, std::string_view content, mode_t mode = 0640) {
        files_.write(name, content);
        const auto path = files_.path() + "/" + std::string(name);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    BackendConfig backend_{.name = "main", .dialect = "bulkhead"};
    bulkhead::test::Tree files_ = bulkhead::test::tree({});

    std::string trouble() { return trouble(open_all(backend_)); }
    std::string trouble(const OpenedFiles& files) {
        const auto loaded = load_files(backend_, files);
        return loaded ? "" : loaded.error().what;
    }
};

TEST_F(LoadFiles, WithoutAnyThereIsNothingToDo) { EXPECT_EQ(trouble(), ""); }

TEST_F(LoadFiles, KeepsTheContents) {
    backend_.ca_file = put("ca.pem", kCertificate, 0644);
    backend_.client_certificate_file = put("c.pem", kCertificate, 0644);
    backend_.client_key_file = put("c.key", kKey);
    backend_.credential_file = put("credential", "secret\n");
    backend_.install_token_file = put("token", "bit_x\r\n");
    ASSERT_EQ(trouble(), "");
    EXPECT_EQ(backend_.ca_pem, kCertificate);
    EXPECT_EQ(backend_.client_certificate_pem, kCertificate);
    EXPECT_EQ(backend_.client_key_pem.reveal(), kKey);
    EXPECT_EQ(backend_.credential.reveal(), "secret");
    EXPECT_EQ(backend_.install_token.reveal(), "bit_x");
}

TEST_F(LoadFiles, ACredentialFileThatMayComeLaterMayBeAbsent) {
    backend_.credential_file = files_.path() + "/absent";
    EXPECT_EQ(trouble(),
              "backend main: credential_file: " + backend_.credential_file + " does not exist");
    backend_.credential_file_optional = true;
    EXPECT_EQ(trouble(), "");
    EXPECT_TRUE(backend_.credential.empty());
    backend_.credential_file = put("credential", "se cret");
    EXPECT_NE(trouble(), "") << "what is there must be good";
}

TEST_F(LoadFiles, AMissingOrWrongAuthorityIsFatal) {
    backend_.ca_file = files_.path() + "/absent";
    EXPECT_EQ(trouble(), "backend main: ca_file: " + backend_.ca_file + " does not exist");
    backend_.ca_file = put("ca.pem", "not PEM");
    EXPECT_NE(trouble().find("holds no PEM CERTIFICATE"), std::string::npos);
    backend_.ca_file = put("key.pem", kKey);
    EXPECT_NE(trouble().find("holds no PEM CERTIFICATE"), std::string::npos);
    backend_.ca_file = files_.path();
    EXPECT_NE(trouble().find("not a regular file"), std::string::npos);
    backend_.ca_file = put("large", std::string(2'000'000, 'x'));
    EXPECT_NE(trouble(), "");
}

TEST_F(LoadFiles, ACertificateAndAKeyThatDoNotBelongTogetherAreFatal) {
    backend_.client_certificate_file = put("c.pem", kCertificate, 0644);
    backend_.client_key_file =
        put("c.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    EXPECT_NE(trouble().find("not a private key without passphrase"), std::string::npos);
    backend_.client_certificate_file =
        put("c.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0644);
    EXPECT_NE(trouble().find("not a certificate"), std::string::npos);
}

TEST_F(LoadFiles, AnAuthorityIsParsedAtTheStart) {
    backend_.ca_file = put("ca.pem", std::string(kCertificate) + "  " + std::string(kCertificate));
    EXPECT_EQ(trouble(), "backend main: ca_file: " + backend_.ca_file +
                             ": block 2, line 11: it is indented; remove the blanks before each of "
                             "its lines");
    backend_.ca_file.clear();
    backend_.client_certificate_file =
        put("c.pem", std::string(kCertificate) + "-----BEGIN CERTIFICATE-----\nAAAA\n", 0644);
    backend_.client_key_file = put("c.key", kKey);
    EXPECT_EQ(trouble(),
              "backend main: client_certificate_file: " + backend_.client_certificate_file +
                  ": block 2, line 11: it has no line -----END CERTIFICATE-----");
}

TEST_F(LoadFiles, TheLoginAtAProxyIsOneLine) {
    backend_.proxy.url = "http://p:1";
    backend_.proxy_credential_file = put("proxy", "bob:p@ss wo%41rd\r\n");
    ASSERT_EQ(trouble(), "");
    EXPECT_EQ(parse_proxy_login(backend_.proxy.login.reveal())->password.reveal(), "p@ss wo%41rd");
    for (const auto* odd : {"bob", ":x", "", "bob:hunter2\nx", "bob:hunter2 ",
                            "\xef\xbb\xbf"
                            "bob:hunter2"}) {
        backend_.proxy_credential_file = put("proxy", odd);
        EXPECT_TRUE(trouble().starts_with(
            "backend main: proxy_credential_file: " + backend_.proxy_credential_file + ": "))
            << trouble();
        EXPECT_EQ(trouble().find("hunter2"), std::string::npos) << trouble();
    }
    backend_.proxy_credential_file = put("proxy", "bob:hunter2", 0644);
    EXPECT_NE(trouble().find("everybody can read this secret"), std::string::npos);
}

TEST_F(LoadFiles, ASecretThatEverybodyCanReadIsFatal) {
    backend_.credential_file = put("credential", "secret", 0644);
    EXPECT_NE(trouble().find("everybody can read this secret"), std::string::npos);
    backend_.credential_file = put("credential", "secret", 0600);
    EXPECT_EQ(trouble(), "");
}

TEST_F(LoadFiles, ASecretThatCannotStandInAHeaderIsFatal) {
    for (const auto* content : {"", "\n", "two\nlines\n", "a b"}) {
        backend_.credential_file = put("credential", content);
        EXPECT_NE(trouble(), "") << content;
    }
}

TEST_F(LoadFiles, AnInstallTokenThatIsGoneIsRememberedAndNotFatal) {
    backend_.install_token_file = files_.path() + "/absent";
    EXPECT_EQ(trouble(), "");
    EXPECT_TRUE(backend_.install_token.empty());
    EXPECT_EQ(backend_.install_token_missing,
              "install_token_file: " + files_.path() + "/absent does not exist");
    EXPECT_FALSE(backend_.install_token_unusable);
    for (const auto& [content, why] :
         std::map<std::string, std::string>{{"", "is empty"},
                                            {"\xef\xbb\xbf"
                                             "bit_x",
                                             "begins with a byte order mark"},
                                            {"bit_x \n", "a blank before or after the secret"},
                                            {"\nbit_x", "more than one line"}}) {
        backend_.install_token_file = put("token", content);
        EXPECT_EQ(trouble(), "");
        EXPECT_NE(backend_.install_token_missing.find(why), std::string::npos)
            << backend_.install_token_missing;
        EXPECT_TRUE(backend_.install_token_unusable);
    }
}

TEST_F(LoadFiles, WhatPolicyKeepsFromUsShutsTheBackendUnlessItMayBeAbsent) {
    backend_.credential_file = "/elsewhere/credential";
    OpenedFiles files;
    files["credential_file"] = {.reason = "not-in-policy", .fd = {}};
    EXPECT_EQ(trouble(files), "") << "the worker is to say it";
    EXPECT_EQ(backend_.shut,
              "backend main: credential_file: /elsewhere/credential: no row of "
              "policy/credentials.policy has it, so root does not open it; move it to "
              "/etc/bulkhead/credentials/ and the backend's name, or add a row by "
              "credentials.policy.d/NAME.lines");
    backend_.shut.clear();
    backend_.credential_file_optional = true;
    EXPECT_EQ(trouble(files), "");
    EXPECT_EQ(backend_.shut, "");
    files["credential_file"].reason = "read-not-roots";
    EXPECT_EQ(trouble(files),
              "backend main: credential_file: /elsewhere/credential: read-not-roots")
        << "what is there must be good";
}

TEST_F(LoadFiles, ASensorsFilesAreReadByTheirOptions) {
    backend_.dialect = "ravenxcope";
    backend_.options = {{"sensor_id", "s-1"},
                        {"config_file", put("agent.env", "SENSOR_TOKEN=durable\n")},
                        {"host_hostname_file", put("name", "prod-1\n")},
                        {"host_os_release_file", "/elsewhere"},
                        {"hostname", ""},
                        {"os_info", ""}};
    auto files = open_all(backend_);
    files["options.host_os_release_file"].reason = "not-in-policy";
    ASSERT_EQ(trouble(files), "");
    EXPECT_EQ(backend_.credential.reveal(), "durable");
    EXPECT_EQ(backend_.options["hostname"], "prod-1");
    EXPECT_EQ(backend_.options["os_info"], "");
}

TEST(NamedFiles, AreThoseOfTheSettingsAndOfTheDialectsOptions) {
    BackendConfig backend{.dialect = "ravenxcope",
                          .ca_file = "/ca",
                          .credential_file = "/c",
                          .credential_file_optional = true,
                          .options = {{"config_file", "/env"}, {"host_hostname_file", ""}}};
    std::string all;
    for (const auto& file : named_files(backend)) {
        all += file.key + "=" + file.path + (file.may_be_absent ? "? " : " ");
    }
    EXPECT_EQ(all, "ca_file=/ca credential_file=/c? options.config_file=/env? ");
}

TEST_F(LoadFiles, TheIdentityOfTheReplacedAgentIsReadWhereItIs) {
    const auto uuid = put("agent_uuid", "0b8f5a36\n", 0600);
    backend_.dialect = "grapheon";
    backend_.options["original_state"] = files_.path();
    ASSERT_EQ(trouble(), "");
    EXPECT_EQ(backend_.original.size(), 1U);
    EXPECT_EQ(backend_.original.at("agent_uuid").reveal(), "0b8f5a36\n");
    EXPECT_EQ(backend_.original_trouble, "");
    OpenedFiles refused;
    refused["original.api_key"] = {.reason = "not-in-policy", .fd = {}};
    ASSERT_EQ(trouble(refused), "") << "only who registers has to know";
    EXPECT_NE(backend_.original_trouble.find("credentials.policy.d"), std::string::npos)
        << backend_.original_trouble;
    backend_.options["original_state"] = "";
    for (const auto& named : named_files(backend_)) EXPECT_FALSE(named.key.starts_with("original"));
}

}  // namespace
}  // namespace bulkhead::worker
