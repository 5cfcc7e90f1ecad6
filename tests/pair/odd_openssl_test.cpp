// An openssl.cnf(5) under which libcrypto computes nothing, or wrongly: root decides as always, and
// a worker that cannot speak TLS says so. A libsodium that computes wrongly decides nothing.
#include "tests/support/odd_openssl.hpp"

#include <sys/stat.h>

#include "common/crypto/sha256.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

class OddOpenssl : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        pin({.name = "hello", .script = "#!/bin/bash\necho hello\n"});
    }
    // The path of such a file.
    std::string file_of(const OddOpensslFile& odd) {
        if (odd.text.empty()) return "/";
        place().write("odd.cnf", odd.text);
        return place() / "odd.cnf";
    }
};

TEST_F(OddOpenssl, IsNothingToRoot) {
    for (const auto& odd : kOddOpensslFiles) {
        start({}, {{"OPENSSL_CONF", file_of(odd)}});
        const auto result = run_job({.script = "#!/bin/bash\necho hello\n"});
        EXPECT_EQ(result["outcome"], "finished") << odd.what;
        EXPECT_EQ(stop(), 0) << odd.what;
    }
    for (const auto& verdict : audit("verdict")) {
        EXPECT_EQ(verdict["script"],
                  crypto::hex(crypto::sha256(as_bytes("#!/bin/bash\necho hello\n"))));
    }
}

TEST_F(OddOpenssl, LeavesAWorkerThatWorksOrSaysWhyItEnds) {
    for (const auto& odd : kOddOpensslFiles) {
        const auto before = heartbeats().size();
        const auto file = place() / "worker.cnf";
        place().write("worker.cnf", odd.text);
        ::chmod(file.c_str(), odd.text.empty() ? 0 : 0644);
        place().write("agent.log", "");
        start_under({"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                     "mount --bind \"$0\" /etc/ssl/openssl.cnf && exec \"$@\"", file});
        if (odd.computes) {
            EXPECT_TRUE(wait_for_heartbeats(1)) << odd.what;
        } else {
            EXPECT_TRUE(wait_for_log("libcrypto cannot be used for TLS (")) << odd.what;
        }
        EXPECT_EQ(stop(), 0) << odd.what;
        EXPECT_EQ(heartbeats().size() > before, odd.computes) << odd.what;
    }
}

TEST_F(OddOpenssl, ALibraryThatComputesWronglyEndsBrokerAndWorker) {
    for (const auto* how : {"sha256", "sha512", "accept", "refuse", "init"}) {
        start({}, {{"LD_PRELOAD", BULKHEAD_LYING_SODIUM}, {"LIE_OF_SODIUM", how}});
        EXPECT_EQ(stop(0), 1) << how;
        const auto file = place() / (std::string("worker.") + how);
        Program worker(
            {.words = {BULKHEAD_WORKER},
             .environment = {{"LD_PRELOAD", BULKHEAD_LYING_SODIUM}, {"LIE_OF_SODIUM", how}},
             .output = file});
        EXPECT_EQ(worker.wait(kPatience), 1) << how;
        EXPECT_NE(content_of(file).find("\"libsodium: "), std::string::npos) << content_of(file);
    }
    EXPECT_TRUE(wait_for_log("\"libsodium: ", 5));
    EXPECT_FALSE(place().exists("state/broker/ledger"));
    EXPECT_TRUE(backend().requests().empty());
}

}  // namespace
}  // namespace bulkhead::test
