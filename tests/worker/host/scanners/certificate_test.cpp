// The corpus of certificates/, held against what OpenSSL finds in it (certificates/oracle.txt).
#include "worker/host/scanners/certificate.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "tests/support/files.hpp"
#include "tests/worker/host/scanners/fake_host.hpp"
#include "tests/worker/host/scanners/make_certificate.hpp"

namespace bulkhead::worker {
namespace {

using test::CertificateWish;
using testing::HasSubstr;
using testing::IsEmpty;

const UnixTime kNow = parse_utc("2026-12-30T12:00:00Z").value();

std::string path_of(const std::string& file) { return std::string(CERTIFICATES "/") + file; }

std::set<std::string> corpus() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(CERTIFICATES)) {
        const auto name = entry.path().filename().string();
        if (name != "regenerate" && name != "oracle.txt") names.insert(name);
    }
    return names;
}

CertificateFile parsed(const std::string& file) {
    return parse_certificates(test::content_of(path_of(file)));
}

TEST(CertificateCorpus, IsReadAsOpenSslReadsIt) {
    std::string ours;
    for (const auto& file : corpus()) {
        const auto certificates = parsed(file).certificates;
        if (certificates.empty()) ours += file + " none\n";
        for (std::size_t i = 0; i < certificates.size(); ++i) {
            const auto& one = certificates[i];
            ours += file + " " + std::to_string(i + 1) + " " + format_utc(one.not_before) + " " +
                    format_utc(one.not_after) + " " + one.subject + "\n";
        }
    }
    EXPECT_EQ(ours, test::content_of(path_of("oracle.txt")));
}

// Each finding of a file on 2026-12-30: its type, severity and message without the path.
std::string findings(const std::string& file) {
    test::FakeHost host;
    host.row("tls-certificates", "/x").file("/x", test::content_of(path_of(file)));
    FindingsConfig settings;
    std::string all;
    const auto found = scan_tls(host.context(settings, kNow));
    EXPECT_TRUE(found);
    for (const auto& finding : *found) {
        all += finding.type + " " + std::to_string(static_cast<int>(finding.severity)) + " " +
               finding.message + "\n";
    }
    return all;
}

TEST(CertificateCorpus, WhatIsFineIsNoFinding) {
    for (const auto* file : {"leaf.pem", "chain.pem", "chain-twice.pem", "leaf-and-dh.pem",
                             "leaf-and-garbage.der", "one-long-line.pem", "x509-label.pem"}) {
        EXPECT_EQ(findings(file), "") << file;
    }
}

TEST(CertificateCorpus, TheFirstEndOfAFileIsJudgedWhereverItStands) {
    for (const auto* file :
         {"leaf-soon.der", "trusted.pem", "key-first.pem", "bom.pem", "encrypted-key-first.pem",
          "old-encrypted-key-first.pem", "with-text.pem"}) {
        EXPECT_EQ(findings(file),
                  "tls.expiring 1 The certificate of soon.example in /x expires in 11 days, on "
                  "2027-01-11T00:00:00Z.\n")
            << file;
    }
    for (const auto* file : {"chain-leaf-soon.pem", "haproxy.pem", "crlf.pem"}) {
        EXPECT_EQ(
            findings(file),
            "tls.expiring 1 Certificate 1 of 2 in /x, of soon.example, expires in 11 days, on "
            "2027-01-11T00:00:00Z.\n")
            << file;
    }
    const std::string chain =
        " A chain is as good as its first end: have the file made anew, or "
        "take that certificate out if clients do not need it.\n";
    const std::string second =
        "of Example Issuing Soon, expires in 3 days, on "
        "2027-01-03T00:00:00Z." +
        chain;
    EXPECT_EQ(findings("chain-second-soon.pem"),
              "tls.expiring 2 Certificate 2 of 3 in /x, " + second);
    EXPECT_EQ(findings("chain-trusted.pem"), "tls.expiring 2 Certificate 2 of 2 in /x, " + second);
    EXPECT_EQ(findings("chain-wrong-order.pem"),
              "tls.expiring 2 Certificate 3 of 3 in /x, " + second);
    EXPECT_EQ(findings("chain-cross-root.pem"),
              "tls.expiring 2 Certificate 3 of 4 in /x, of Example Root, expires today, on "
              "2026-12-31T00:00:00Z." +
                  chain);
}

TEST(CertificateCorpus, NamesAreShownAsTheyAreOrNotAtAll) {
    const std::string end = " expires in 11 days, on 2027-01-11T00:00:00Z.";
    EXPECT_THAT(findings("utf8-name.pem"),
                HasSubstr("The certificate of münchen.example ✓ in /x" + end));
    EXPECT_THAT(findings("no-common-name.pem"), HasSubstr("Certificate 1 of 2 in /x" + end));
    EXPECT_EQ(findings("far-end.pem"), "");
}

TEST(CertificateCorpus, ACollectionOfAuthoritiesIsNoChain) {
    EXPECT_EQ(findings("authorities.crt"), "") << "distributions ship some that have ended";
    EXPECT_THAT(findings("authorities-all-ended.crt"),
                HasSubstr("tls.expiring 2 Certificate 11 of 11 in /x, of Authority 11, expired"));
    EXPECT_THAT(findings("chain-and-authorities.crt"),
                HasSubstr("Certificate 2 of 14 in /x, of Example Issuing Soon, expires in 3 days"));
}

TEST(CertificateCorpus, WhatIsNotValidYetIsSaid) {
    EXPECT_EQ(findings("not-yet-valid.pem"),
              "tls.not_yet_valid 2 Certificate 1 of 2 in /x, of later.example, is valid from "
              "2027-06-01T00:00:00Z: until then clients refuse it, unless this host's clock is "
              "wrong.\n");
}

TEST(CertificateCorpus, WhatIsNotReadIsNamed) {
    const auto why = [](const std::string& file) {
        const auto text = findings(file);
        return text.starts_with("tls.unreadable 0 /x: ") ? text.substr(21) : "no: " + text;
    };
    const std::string pkcs7 =
        "is a PKCS#7 bundle, which TLS servers do not read; `openssl pkcs7 "
        "-print_certs` takes the certificates out\n";
    EXPECT_EQ(why("chain.p7b"), "line 1 " + pkcs7);
    EXPECT_EQ(why("chain.p7c"), pkcs7);
    EXPECT_EQ(why("chain.p12"), "is a PKCS#12 file, whose certificates are encrypted\n");
    EXPECT_THAT(why("leaf-and-pkcs7.pem"), testing::EndsWith(" " + pkcs7));
    for (const auto* file : {"key-alone.key", "key-alone.der", "encrypted-key-alone.key"}) {
        EXPECT_THAT(why(file), HasSubstr("holds a private key and no certificate")) << file;
    }
    EXPECT_EQ(why("dh-parameters.pem"), "holds no certificate but X9.42 DH PARAMETERS\n");
    EXPECT_EQ(why("request.pem"), "holds no certificate but CERTIFICATE REQUEST\n");
    EXPECT_EQ(why("empty.pem"), "holds no certificate\n");
    EXPECT_EQ(why("text.pem"), "holds no certificate\n");
}

// A server's program stops at such a block as well, or starts without it.
TEST(CertificateCorpus, ADamagedBlockIsNamedByItsLine) {
    const auto lines = std::ranges::count(test::content_of(path_of("leaf.pem")), '\n');
    const auto line = "tls.unreadable 0 /x: line " + std::to_string(lines + 1) + " ";
    EXPECT_EQ(findings("second-indented.pem"),
              line + "has -----BEGIN not at its start, so OpenSSL passes over that block\n");
    for (const auto* file : {"second-damaged.pem", "second-without-end.pem"}) {
        EXPECT_EQ(findings(file), line + "begins a block that is damaged or not whole\n") << file;
    }
    EXPECT_EQ(findings("second-no-certificate.pem"),
              line + "begins a block that is no X.509 certificate\n");
    const std::string more =
        " begins a block with bytes behind its certificate, for which TLS servers may refuse "
        "the file; `openssl x509` writes the certificate without them\n";
    EXPECT_THAT(findings("first-and-more.pem"), HasSubstr("tls.unreadable 0 /x: line 1" + more));
    EXPECT_THAT(findings("trusted-and-more.pem"), HasSubstr("tls.unreadable 0 /x: line 1" + more));
    EXPECT_THAT(findings("second-and-more.pem"),
                HasSubstr("tls.unreadable 0 /x: line " + std::to_string(lines + 1) + more));
    EXPECT_THAT(findings("trusted.pem"), testing::Not(HasSubstr("tls.unreadable")));
    EXPECT_EQ(findings("glued.pem"),
              "tls.unreadable 0 /x: line 1 begins a block that is "
              "damaged or not whole\n");
    EXPECT_THAT(findings("escaped.pem"), HasSubstr("tls.unreadable 0 /x: line 1 "));
}

TEST(Certificate, AnySubjectIsTakenAndCut) {
    const auto first = [](const CertificateWish& wish) {
        return parse_certificates(test::certificate_pem(wish)).certificates.at(0);
    };
    const auto wish = CertificateWish{.common_name = std::string(64, 'x'), .not_after = kNow};
    EXPECT_EQ(first(wish).subject, wish.common_name);
    EXPECT_EQ(first({.common_name = "", .not_after = kNow}).subject, "");
    std::vector<std::string> many;
    for (int i = 0; i < 100; ++i) many.push_back("d" + std::to_string(i) + ".example.com");
    const auto parsed = first({.domains = many, .not_after = kNow});
    EXPECT_EQ(parsed.domains.size(), 32U);
    EXPECT_EQ(parsed.not_after, kNow);
}

TEST(Certificate, DerMayBeCutAnywhere) {
    const auto der = test::certificate_der({.not_after = kNow});
    for (std::size_t size = 0; size < der.size(); ++size) {
        const auto file = parse_certificates(std::string_view(der).substr(0, size));
        EXPECT_THAT(file.certificates, IsEmpty());
        EXPECT_EQ(file.problems.size(), 1U);
    }
}

TEST(Certificate, PemMayBeCutAnywhereAndWhatIsWholeIsJudged) {
    const auto pem = test::content_of(path_of("chain.pem"));
    const auto one = test::content_of(path_of("leaf.pem")).size();
    for (std::size_t size = 0; size < pem.size(); ++size) {
        const auto file = parse_certificates(std::string_view(pem).substr(0, size));
        // The last line needs no line feed, and the first words of a block are none yet.
        EXPECT_EQ(file.certificates.size(), size >= pem.size() - 1 ? 2U
                                            : size >= one - 1      ? 1U
                                                                   : 0U)
            << size;
    }
}

}  // namespace
}  // namespace bulkhead::worker
