// What authors and auditors decide by does not depend on openssl.cnf, and a library that computes
// wrongly ends the program instead of deciding.
#include "tests/support/odd_openssl.hpp"

#include <gmock/gmock.h>

#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;

class OddOpenssl : public ::testing::Test {
  protected:
    // `bulkhead WORDS...` with one more variable.
    Answer with(const std::string& variable, const std::vector<std::string>& words) const {
        std::vector<std::string> all{variable, BULKHEAD_PROGRAM};
        all.insert(all.end(), words.begin(), words.end());
        return run({.words = all, .folder = site_.path(), .program = "/usr/bin/env"});
    }
    std::vector<std::string> new_job() const {
        return {"new-job",  "script.sh", "--profile", "maintain",           "--target",
                "any",      "--author",  "dave",      "--not-before",       "2026-08-25T10:00:00Z",
                "--job-id", "one",       "--policy",  site_.path("policy"), "--reason",
                "CHG-1"};
    }

    Site site_;
};

TEST_F(OddOpenssl, ChangesNoAnswer) {
    site_.write("script.sh", kScript);
    site_.seal("script.sh", "sealed.sh", {"alice", "bob"});
    const auto manifest = site_.bulkhead(new_job());
    ASSERT_EQ(manifest.code, 0) << manifest.err;
    const auto verdict = site_.bulkhead(site_.dry_run({"sealed.sh"}));
    ASSERT_EQ(verdict.code, 0) << verdict.out << verdict.err;
    site_.write("m", manifest.out);
    for (const auto* name : {"alice", "bob"}) {
        site_.write(std::string(name) + ".sig", SigningKey(name).armored(manifest.out));
    }
    const std::vector<std::string> seal{"seal", "script.sh", "m", "alice.sig", "bob.sig"};
    const auto sealed = site_.bulkhead(seal);
    ASSERT_EQ(sealed.code, 0) << sealed.err;
    for (const auto& odd : kOddOpensslFiles) {
        site_.write("odd.cnf", odd.text);
        const auto variable =
            "OPENSSL_CONF=" + (odd.text.empty() ? std::string("/") : site_.path("odd.cnf"));
        EXPECT_EQ(with(variable, new_job()).out, manifest.out) << odd.what;
        EXPECT_EQ(with(variable, site_.dry_run({"sealed.sh"})).out, verdict.out) << odd.what;
        EXPECT_EQ(with(variable, seal).out, sealed.out) << odd.what;
    }
}

TEST_F(OddOpenssl, ALibraryThatComputesWronglyEndsEveryCommand) {
    site_.write("script.sh", kScript);
    for (const auto* how : {"sha256", "sha512", "accept", "refuse", "init"}) {
        for (const auto& words : {new_job(), site_.dry_run({"script.sh"}), {"reasons"}}) {
            std::vector<std::string> all{"LIE_OF_SODIUM=" + std::string(how),
                                         "LD_PRELOAD=" BULKHEAD_LYING_SODIUM, BULKHEAD_PROGRAM};
            all.insert(all.end(), words.begin(), words.end());
            const auto answer =
                run({.words = all, .folder = site_.path(), .program = "/usr/bin/env"});
            EXPECT_EQ(answer.code, 1) << how << ' ' << words[0];
            EXPECT_EQ(answer.out, "") << how << ' ' << words[0];
            EXPECT_THAT(answer.err, HasSubstr("bulkhead: libsodium: ")) << how << ' ' << words[0];
        }
    }
}

}  // namespace
}  // namespace bulkhead::test
