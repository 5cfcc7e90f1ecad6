#include <sys/socket.h>

#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

httplib::Result health(const ReferenceBackend& backend, const std::string& ca_file) {
    httplib::Client client(backend.url());
    client.set_ca_cert_path(ca_file);
    return client.Get("/health");
}

TEST(Tls, ACallerWhoTrustsTheCaIsServed) {
    ReferenceBackend backend;
    ASSERT_TRUE(backend.start());
    EXPECT_TRUE(health(backend, backend.ca_file()));
    EXPECT_TRUE(backend.pin().starts_with("sha256//"));
}

TEST(Tls, ACallerWhoTrustsAnotherCaTurnsAway) {
    ReferenceBackend backend;
    ASSERT_TRUE(backend.start());
    const auto wrong = backend.wrong_ca_file();
    ASSERT_TRUE(wrong);
    EXPECT_EQ(health(backend, *wrong).error(), httplib::Error::SSLServerVerification);
}

TEST(Tls, AFlawedCertificateIsRefusedByACarefulCaller) {
    using Flaw = CertificateAuthority::Flaw;
    for (const auto flaw : {Flaw::expired, Flaw::not_yet_valid, Flaw::wrong_name}) {
        ReferenceBackend backend({.certificate_flaw = flaw});
        ASSERT_TRUE(backend.start());
        EXPECT_FALSE(health(backend, backend.ca_file()));
    }
}

TEST(Tls, AClientCertificateCanBeDemanded) {
    ReferenceBackend backend({.client_certificates = true});
    ASSERT_TRUE(backend.start());
    EXPECT_FALSE(health(backend, backend.ca_file()));
    httplib::Client client(backend.url(), backend.client_certificate_file(),
                           backend.client_key_file());
    client.set_ca_cert_path(backend.ca_file());
    EXPECT_TRUE(client.Get("/health"));
}

TEST(Tls, WithoutItTheUrlIsPlainAndThereIsNoCaFile) {
    ReferenceBackend backend({.tls = false});
    ASSERT_TRUE(backend.start());
    EXPECT_TRUE(backend.url().starts_with("http://127.0.0.1:"));
    EXPECT_EQ(backend.ca_file(), "");
    EXPECT_TRUE(httplib::Client(backend.url()).Get("/health"));
}

TEST(Tls, SigpipeStaysAsTheTestHadIt) {
    struct sigaction before {};
    sigaction(SIGPIPE, nullptr, &before);
    ReferenceBackend backend;
    ASSERT_TRUE(backend.start());
    struct sigaction after {};
    sigaction(SIGPIPE, nullptr, &after);
    EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(Tls, ATemporaryDirectoryGoesWithTheBackend) {
    std::string directory;
    {
        ReferenceBackend backend;
        ASSERT_TRUE(backend.start());
        directory = backend.directory();
        EXPECT_TRUE(std::filesystem::exists(directory));
    }
    EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace bulkhead::reference
