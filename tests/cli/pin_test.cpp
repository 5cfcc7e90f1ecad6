// bulkhead pin, and the way back from a sealed file: unseal, and seal with one more signature.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Pin : public ::testing::Test {
  protected:
    std::vector<std::string> words(std::vector<std::string> more = {}) const {
        std::vector<std::string> all{"pin", "clean.sh", "--profile", "admin",    "--target",
                                     "any", "--reason", "CHG-1",     "--policy", "policy"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Answer pin(std::vector<std::string> more = {}) const {
        return site_.bulkhead(words(std::move(more)));
    }
    bool exists(const std::string& name) const {
        return ::access(site_.path(name).c_str(), F_OK) == 0;
    }

    Site site_;
};

TEST_F(Pin, WritesManifestAndScript) {
    ::umask(077);
    const auto done = pin();
    ::umask(022);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("/policy/approved/clean.manifest"));
    EXPECT_THAT(done.out, ContainsRegex("job clean-[0-9]{8}-[0-9a-f]{8}, profile admin"));
    EXPECT_THAT(done.err, HasSubstr("bulkhead reload"));
    EXPECT_EQ(site_.read("policy/approved/clean.script"), kScript);
    EXPECT_THAT(site_.read("policy/approved/clean.manifest"), HasSubstr("\nreason CHG-1\nend\n"));
    for (const auto* name : {"policy/approved/clean.script", "policy/approved/clean.manifest"}) {
        struct stat info {};
        ASSERT_EQ(::stat(site_.path(name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 07777, 0644U) << name;
        EXPECT_EQ(info.st_uid, ::geteuid()) << name;
    }
    struct stat folder {};
    ::stat(site_.path("policy/approved").c_str(), &folder);
    EXPECT_EQ(folder.st_mode & 07777, 0755U);
    EXPECT_FALSE(exists("policy/approved/clean.script.new"));
    EXPECT_FALSE(exists("policy/approved/clean.manifest.new"));
    const auto asked = site_.bulkhead(
        {"dry-run", "--policy", "policy", "--vendor-policy", "vendor", "--catalogue", "clean"});
    EXPECT_EQ(asked.code, 0) << asked.out;
    EXPECT_EQ(pin({"--name", "quiet", "-q", "--manifest-only", "--job-id", "q"}).code, 1)
        << "two pins of one script";
}

TEST_F(Pin, LeavesTheScriptToTheBackendIfAsked) {
    const auto done = pin({"--manifest-only", "-q", "--name", "clean-disk"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.err, "");
    EXPECT_TRUE(exists("policy/approved/clean-disk.manifest"));
    EXPECT_FALSE(exists("policy/approved/clean-disk.script"));
}

TEST_F(Pin, ReplacesOnlyIfItIsTold) {
    ASSERT_EQ(pin().code, 0);
    const auto before = site_.read("policy/approved/clean.manifest");
    site_.write("clean.sh", kScript + "true\n");
    const auto refused = pin();
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("is there already; choose another --name, or replace it"));
    EXPECT_EQ(site_.read("policy/approved/clean.manifest"), before);
    EXPECT_EQ(site_.read("policy/approved/clean.script"), kScript);
    const auto done = pin({"--replace"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("replaced "));
    EXPECT_EQ(site_.read("policy/approved/clean.script"), kScript + "true\n");
    EXPECT_NE(site_.read("policy/approved/clean.manifest"), before);
    EXPECT_NE(site_.bulkhead({"check-policy", "policy"}).code, 2) << "it loads";
}

// Its author wrote it there, as one does for a first job.
TEST_F(Pin, TakesAScriptThatLiesWhereItBelongs) {
    site_.write("policy/approved/report.script", kScript);
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy"}).code, 2);
    auto call = words();
    call[1] = "policy/approved/report.script";
    const auto done = site_.bulkhead(call);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("pinned "));
    EXPECT_NE(site_.bulkhead({"check-policy", "policy"}).code, 2) << "it loads";
}

// A kill between the two renames leaves files that do not fit each other.
TEST_F(Pin, EndsWhatAnInterruptedCallBegan) {
    ASSERT_EQ(pin().code, 0);
    const auto manifest = site_.read("policy/approved/clean.manifest");
    ASSERT_EQ(::unlink(site_.path("policy/approved/clean.manifest").c_str()), 0);
    site_.write("policy/approved/clean.manifest.new", manifest);
    const auto judged = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(judged.code, 2);
    EXPECT_THAT(judged.err, HasSubstr("approved/clean.script: there is no manifest of that name "
                                      "beside it; remove it, or pin it again"));
    EXPECT_EQ(pin({"--name", "other", "--job-id", "o"}).code, 2) << "the files of another name";
    ASSERT_EQ(pin().code, 0);
    EXPECT_FALSE(exists("policy/approved/clean.manifest.new"));

    site_.write("policy/approved/clean.script", kScript + "true\n");
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy"}).code, 2);
    const auto refused = pin();
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("is there already; choose another --name, or replace it"));
    const auto done = pin({"--replace"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("replaced "));
    EXPECT_NE(site_.bulkhead({"check-policy", "policy"}).code, 2) << "it loads";
}

TEST_F(Pin, TakesNoJobIdThatAnotherPinHas) {
    ASSERT_EQ(pin({"--job-id", "same"}).code, 0);
    site_.write("clean.sh", kScript + "true\n");
    const auto refused = pin({"--name", "other", "--job-id", "same"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("approved/other.manifest: has profile and job-id of "
                                       "approved/clean.manifest"));
    EXPECT_FALSE(exists("policy/approved/other.manifest"));
}

TEST_F(Pin, WritesNothingThatWouldNotLoadOrBeAnError) {
    ASSERT_EQ(pin({"-q"}).code, 0);
    const std::tuple<std::vector<std::string>, int, std::string> cases[] = {
        {{"--name", "Bad/name"}, 2, "--name: expected [a-z0-9]"},
        {{"--name", "../x"}, 2, "--name: expected [a-z0-9]"},
        {{"--name", "twice"}, 1, "pins the script of approved/clean.manifest"},
        {{"--name", "x", "--timeout", "99h"}, 2, "--timeout: a host refuses it as"},
    };
    for (const auto& [more, code, says] : cases) {
        const auto refused = pin(more);
        EXPECT_EQ(refused.code, code) << says << refused.err;
        EXPECT_EQ(refused.out, "");
        EXPECT_THAT(refused.err, HasSubstr(says));
    }
    EXPECT_FALSE(exists("policy/approved/twice.manifest"));
    EXPECT_FALSE(exists("policy/approved/x.script"));
    site_.write("policy/host.policy", "nonsense  # x\n");
    EXPECT_EQ(pin({"--name", "y"}).code, 2);
    EXPECT_FALSE(exists("policy/approved/y.script"));
}

TEST_F(Pin, NeedsAReasonAndNoAuthor) {
    auto call = words();
    call.erase(call.begin() + 6, call.begin() + 8);
    const auto refused = site_.bulkhead(call);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("why does it run? --reason TEXT"));
}

class Unseal : public ::testing::Test {
  protected:
    Site site_;
};

TEST_F(Unseal, WritesThePartsByTheNamesOfTheirSigners) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    ASSERT_EQ(::mkdir(site_.path("to").c_str(), 0755), 0);
    const auto done = site_.bulkhead({"unseal", "signed.sh", "--to", "to", "--policy", "policy"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out,
              "to/signed.sh.script\nto/signed.sh.manifest\nto/signed.sh.manifest.alice.sig\n"
              "to/signed.sh.manifest.bob.sig\nto/signed.sh.manifest.dave.sig\n");
    EXPECT_EQ(site_.read("to/signed.sh.script"), kScript);
    EXPECT_EQ(site_.read("to/signed.sh.manifest"), site_.read("signed.sh.m"));
    EXPECT_EQ(site_.read("to/signed.sh.manifest.bob.sig"), site_.read("signed.sh.bob.sig"));
    const auto again = site_.bulkhead(
        {"seal", "to/signed.sh.script", "to/signed.sh.manifest", "to/signed.sh.manifest.alice.sig",
         "to/signed.sh.manifest.bob.sig", "to/signed.sh.manifest.dave.sig"});
    EXPECT_EQ(again.out, site_.read("signed.sh"));
}

TEST_F(Unseal, OverwritesNothingAndLeavesNothingHalfDone) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    site_.write("signed.sh.manifest", "mine");
    const auto refused = site_.bulkhead({"unseal", "signed.sh"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("./signed.sh.manifest: is there already"));
    EXPECT_EQ(site_.read("signed.sh.manifest"), "mine");
    EXPECT_NE(::access(site_.path("signed.sh.script").c_str(), F_OK), 0);
    ::unlink(site_.path("signed.sh.manifest").c_str());
    ASSERT_EQ(::symlink("clean.sh", site_.path("signed.sh.manifest").c_str()), 0);
    EXPECT_EQ(site_.bulkhead({"unseal", "signed.sh"}).code, 1);
    EXPECT_EQ(site_.read("clean.sh"), kScript);
    ::unlink(site_.path("signed.sh.manifest").c_str());

    EXPECT_EQ(site_.bulkhead({"unseal", "clean.sh"}).code, 1);
    EXPECT_THAT(site_.bulkhead({"unseal", "clean.sh"}).err, HasSubstr("it is no signed script"));
    EXPECT_EQ(site_.bulkhead({"unseal", "signed.sh", "--to", "absent"}).code, 2);
    const auto piped = site_.bulkhead({"unseal", "-", "--no-signatures"}, site_.read("signed.sh"));
    EXPECT_EQ(piped.out, "signed.script\nsigned.manifest\n") << piped.err;
}

// A principal of allowed_signers may hold any character; an unknown key has no name.
TEST_F(Unseal, NamesAFileAndNoPath) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    site_.write("policy/allowed_signers", "../../x/y " + SigningKey("alice").line() + "\n");
    const auto done = site_.bulkhead({"unseal", "signed.sh", "--policy", "policy"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("\nsigned.sh.manifest._._.._x_y.sig\n"));
    EXPECT_THAT(done.out, ContainsRegex("\nsigned.sh.manifest.key-[A-Za-z0-9_]{8}.sig\n"));
}

class SealMore : public Unseal {};

TEST_F(SealMore, AddsToWhatIsThere) {
    site_.seal("clean.sh", "whole.sh", {"alice", "bob"});
    const auto whole = site_.read("whole.sh");
    const auto first = site_.bulkhead({"seal", "clean.sh", "whole.sh.m", "whole.sh.alice.sig"});
    site_.write("one.sh", first.out);
    const auto two = site_.bulkhead(
        {"seal", "-q", "one.sh", "whole.sh.bob.sig", "whole.sh.alice.sig", "whole.sh.dave.sig"});
    EXPECT_EQ(two.code, 0) << two.err;
    EXPECT_EQ(two.err, "");
    EXPECT_EQ(two.out, whole) << "alice's stands once";

    EXPECT_EQ(site_.bulkhead({"seal", "one.sh"}).code, 2);
    site_.write("other", SigningKey("bob").armored("something else"));
    const auto odd = site_.bulkhead({"seal", "one.sh", "other"});
    EXPECT_EQ(odd.code, 1);
    EXPECT_EQ(odd.out, "");
    EXPECT_THAT(odd.err, HasSubstr("other: is a signature by SHA256:"));
    const auto manifest = site_.bulkhead({"seal", "one.sh", "whole.sh.m", "whole.sh.bob.sig"});
    EXPECT_EQ(manifest.code, 1);
    EXPECT_THAT(manifest.err, Not(HasSubstr("is not the script of")));
}

}  // namespace
}  // namespace bulkhead::test
