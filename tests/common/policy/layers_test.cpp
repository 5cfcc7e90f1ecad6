// The directory of the version's policy and the operator's, and those of 0.1, which held
// everything.
#include <gmock/gmock.h>

#include <cstdio>

#include "common/policy/judge.hpp"
#include "common/policy/load.hpp"
#include "common/policy/vendor.hpp"
#include "tests/common/policy/support.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

const Files& vendor() {
    static const auto files = read_vendor(BULKHEAD_VENDOR_POLICY, Trust::caller).value();
    return files;
}

}  // namespace

class PolicyDirectories : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own files as root does";
        fs::remove_all(own_.path());
        write("host.policy", "host-id web-1  # test\n");
        write("approval.policy", "profile inspect pinned-only  # test\n");
        fs::copy(BULKHEAD_VENDOR_POLICY, vendor_path(), fs::copy_options::recursive);
    }
    std::string vendor_path() const { return own_.top() + "/vendor"; }
    void write(const std::string& file, const std::string& text) const {
        fs::create_directories(fs::path(own_.path(file)).parent_path());
        own_.write(file, text);
    }
    Result<Policy> load() const {
        return merge(TRY(read_vendor(vendor_path(), Trust::root)),
                     TRY(read(own_.path(), Trust::root)));
    }
    std::string refused() const {
        const auto loaded = load();
        return loaded ? "" : loaded.error().what;
    }
    const test::PolicyCopy& own() const { return own_; }

  private:
    test::PolicyCopy own_;
};

TEST_F(PolicyDirectories, AreLoadedAsOne) {
    write("profiles/inspect.profile.d/10-own.lines", "read /opt if-present  # ours\n");
    write("profiles/inspect.profile.d/README.md", "for people\n");
    write("profiles/inspect.profile.d/10-own.lines~", "of an editor\n");
    const auto loaded = load();
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->profiles.at("inspect").paths.back().path, "/opt");
    EXPECT_THAT(loaded->ignored, ElementsAre("profiles/inspect.profile.d/10-own.lines~"));
}

TEST_F(PolicyDirectories, NobodyElseMayOwnOrWriteAFolderOfAddedLines) {
    write("profiles/inspect.profile.d/a.lines", "read /opt if-present  # ours\n");
    for (const std::string part :
         {"profiles/inspect.profile.d", "profiles/inspect.profile.d/a.lines"}) {
        fs::permissions(own().path(part), fs::perms::group_write, fs::perm_options::add);
        EXPECT_THAT(refused(), HasSubstr(own().path(part) + ": others may write to it"));
        fs::permissions(own().path(part), fs::perms::group_write, fs::perm_options::remove);
        ASSERT_EQ(::chown(own().path(part).c_str(), 65534, 0), 0);
        EXPECT_THAT(refused(), HasSubstr(own().path(part) + ": belongs to user 65534"));
        ASSERT_EQ(::chown(own().path(part).c_str(), 0, 0), 0);
        EXPECT_EQ(refused(), "");
    }
    fs::remove_all(own().path("profiles/inspect.profile.d"));
    fs::create_directory_symlink("/opt", own().path("profiles/inspect.profile.d"));
    EXPECT_THAT(refused(), HasSubstr("a symlink is in the path"));
}

TEST_F(PolicyDirectories, ARevocationThatIsPutWhereNobodyReadsItIsRefused) {
    write("revoked_signers.d/bob.lines", "ssh-ed25519 AAAA\n");
    EXPECT_THAT(refused(), HasSubstr("revoked_signers.d: to a file of this form no lines can be "
                                     "added; write them into it"));
}

TEST_F(PolicyDirectories, AnOddNameOfAddedLinesIsRefused) {
    write("host.policy.d/a b.lines", "group web  # ours\n");
    EXPECT_THAT(refused(), HasSubstr("host.policy.d/a b.lines: rename it to [A-Za-z0-9._-]"));
}

TEST_F(PolicyDirectories, TheVendorsIsOfThisVersionOrItSaysWhatToDo) {
    const auto file = vendor_path() + "/vendor.policy";
    std::ofstream(file) << "policy-format 1  # x\nversion 9.9.9  # x\n";
    EXPECT_EQ(refused(), file +
                             ": is of version 9.9.9, and this program is " BULKHEAD_VERSION
                             "; install both from one package, then: systemctl restart bulkhead");
    fs::remove(file);
    EXPECT_EQ(refused(), vendor_path() +
                             ": has no vendor.policy, so it is not what came with this "
                             "program; install the package again, or give "
                             "--vendor-policy DIR");
    fs::remove_all(vendor_path());
    EXPECT_THAT(refused(), testing::AllOf(HasSubstr(vendor_path()), HasSubstr("No such file")));
}

TEST_F(PolicyDirectories, TheVendorsIsRootsAlone) {
    const auto file = vendor_path() + "/reads.policy";
    ASSERT_EQ(::chown(file.c_str(), 65534, 0), 0);
    EXPECT_THAT(refused(), HasSubstr(file + ": belongs to user 65534"));
}

// The lines of policy/README.md, run by a shell.
TEST_F(PolicyDirectories, TheDigestIsWhatTheRecipeOfTheAuditorsPageComputes) {
    write("interpreters.policy", "interpreter /bin/sh  # ours\n");
    write("profiles/inspect.profile.d/10-own.lines", "read /opt if-present  # ours\n");
    write("reads.policy", vendor().texts.at("reads.policy"));
    // As an earlier release shipped it.
    const std::string old = "library libc.so.6  # of old\n";
    write("broker.libs", old);
    std::ofstream(vendor_path() + "/shipped.digests", std::ios::app)
        << crypto::hex(crypto::sha256(as_bytes(old))) << "  0.0.9  broker.libs\n";
    const auto page = test::content_of(BULKHEAD_POLICY "/README.md");
    const std::string first = "    vendor=/usr/share/bulkhead/policy\n";
    const auto begin = page.find(first);
    ASSERT_NE(begin, page.npos);
    auto recipe = page.substr(begin, page.find("\n\n", begin) - begin);
    for (const auto& [from, to] :
         {std::pair{std::string("/usr/share/bulkhead/policy"), vendor_path()},
          std::pair{std::string("/etc/bulkhead/policy"), own().path()}}) {
        ASSERT_NE(recipe.find(from), recipe.npos);
        recipe.replace(recipe.find(from), from.size(), to);
    }
    std::string out;
    FILE* pipe = ::popen(recipe.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    EXPECT_EQ(::pclose(pipe), 0);
    const auto loaded = load();
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->overrides.size(), 4U);
    EXPECT_EQ(out, crypto::hex(loaded->digest) + "  -\n");
}

// --- 0.1's directories, which held everything

class OldPolicy : public testing::TestWithParam<const char*> {};

TEST_P(OldPolicy, LoadsOverThisVersions) {
    const auto files = read(std::string(OLD_POLICIES "/") + GetParam(), Trust::caller);
    ASSERT_OK(files);
    const auto policy = merge(vendor(), *files);
    ASSERT_OK(policy);
    EXPECT_OK(require_sound(*policy));
    for (const auto& one : policy->overrides) EXPECT_EQ(one.kind, Override::Kind::copy) << one.file;
    // Nothing of it counts but what was decided.
    Files decided{
        .directory = files->directory, .trust = Trust::caller, .texts = {}, .ignored = {}};
    for (const auto* file : {"host.policy", "approval.policy"}) {
        decided.texts[file] = files->texts.at(file);
    }
    EXPECT_EQ(policy->digest, merge(vendor(), decided)->digest);
}

TEST_P(OldPolicy, LoadsWithChangesInEachOfItsFiles) {
    auto files = read(std::string(OLD_POLICIES "/") + GetParam(), Trust::caller).value();
    for (auto& [file, text] : files.texts) text += "# a change\n";
    const auto policy = merge(vendor(), files);
    ASSERT_OK(policy);
    EXPECT_EQ(policy->overrides.size(), files.texts.size() - 2);
    for (const auto& one : policy->overrides) EXPECT_EQ(one.kind, Override::Kind::replaces);
    // What the worker has come to need since is named, and a line is enough.
    const auto said = require_sound(*policy);
    ASSERT_FALSE(said);
    EXPECT_THAT(
        said.error().what,
        HasSubstr("seccomp/worker.seccomp:4: allows no fchmodat, without which the worker"));
    files.texts["seccomp/worker.seccomp.d/a.lines"] = "allow fchmodat  # as this version does\n";
    EXPECT_OK(require_sound(*merge(vendor(), files)));
}

INSTANTIATE_TEST_SUITE_P(, OldPolicy, testing::Values("0.1-first", "0.1"), [](const auto& name) {
    return name.param == std::string_view("0.1") ? "WithJobsWalls" : "First";
});
