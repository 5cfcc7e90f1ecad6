#include "common/policy/load.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "tests/common/policy/support.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using test::PolicyCopy;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

// Only root can make what only root may have made.
class PolicyDirectory : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own files as root does";
        policy_ = std::make_unique<PolicyCopy>();
        ASSERT_EQ(policy_->refusal(Trust::caller), "");
        policy_->write("host.policy", "host-id web-1  # this machine may have no machine id\n");
        ASSERT_EQ(policy_->refusal(), "");
    }
    const PolicyCopy& policy() const { return *policy_; }

    std::string pin(const std::string& name, const std::string& script, std::size_t size,
                    const std::string& profile = "inspect") const {
        const auto digest = crypto::hex(crypto::sha256(as_bytes(script)));
        policy_->write("approved/" + name + ".manifest",
                       "bulkhead-job v1\njob-id " + name + "\nauthor alice\nscript-sha256 " +
                           digest + "\nscript-size " + std::to_string(size) +
                           "\ninterpreter /bin/bash\nprofile " + profile +
                           "\ntarget any\n"
                           "not-before 2026-01-01T00:00:00Z\nnot-after 2027-01-01T00:00:00Z\n"
                           "timeout 60\noutput-max 4096\nruns 9/day\nreason test\nend\n");
        return digest;
    }

  private:
    std::unique_ptr<PolicyCopy> policy_;
};

std::string output_of(const std::string& command) {
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return out;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}

}  // namespace

TEST_F(PolicyDirectory, IsLoadedWhole) {
    const auto loaded = policy().load();
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->host.id, "web-1");
    EXPECT_EQ(loaded->profiles.size(), 4U);
    EXPECT_NE(find(loaded->seccomp, "worker"), nullptr);
    EXPECT_NE(find(loaded->interpreters, "/bin/bash"), nullptr);
    EXPECT_FALSE(loaded->part("worker").paths.empty());
    EXPECT_TRUE(loaded->signers.signers.empty());
    EXPECT_TRUE(loaded->approved.empty());
    EXPECT_THAT(loaded->ignored, ElementsAre());
}

TEST_F(PolicyDirectory, DigestIsWhatAnAuditorComputesWithSha256sum) {
    pin("hello", "true\n", 5);
    const auto loaded = policy().load();
    ASSERT_OK(loaded);
    const auto computed =
        output_of("cd " + policy().path() +
                  " && find . -type f ! -name '*.md' -printf '%P\\n' | LC_ALL=C sort |"
                  " xargs sha256sum | sha256sum | cut -d' ' -f1");
    EXPECT_EQ(crypto::hex(loaded->digest) + "\n", computed);
}

TEST_F(PolicyDirectory, DigestChangesWithAnyByteOfAnyFile) {
    const auto before = policy().load()->digest;
    policy().append("seccomp/admin.seccomp", "# a comment\n");
    EXPECT_NE(policy().load()->digest, before);
}

TEST_F(PolicyDirectory, MustBeThere) {
    const auto loaded = load(policy().top() + "/nowhere", Trust::root);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().what, AllOf(HasSubstr("/nowhere"), HasSubstr("No such file")));
    const auto dry = load(policy().top() + "/nowhere", Trust::caller);
    ASSERT_FALSE(dry);
    EXPECT_THAT(dry.error().what, HasSubstr("/nowhere"));
}

TEST_F(PolicyDirectory, IsNamedByItsAbsolutePathAndWithoutSymlinks) {
    EXPECT_THAT(load("policy", Trust::root).error().what, HasSubstr("absolute path"));
    fs::create_directory_symlink(policy().path(), policy().top() + "/link");
    const auto linked = load(policy().top() + "/link", Trust::root);
    ASSERT_FALSE(linked);
    EXPECT_THAT(linked.error().what, HasSubstr("a symlink is in the path"));
    EXPECT_TRUE(load(policy().top() + "/link", Trust::caller));
    const auto dotted = load(policy().path() + "/../policy", Trust::root);
    EXPECT_FALSE(dotted);
}

TEST_F(PolicyDirectory, NobodyElseMayOwnOrWriteAnyPartOfIt) {
    const std::string parts[] = {policy().top(),
                                 policy().path(),
                                 policy().path("profiles"),
                                 policy().path("host.policy"),
                                 policy().path("seccomp/worker.seccomp"),
                                 policy().path("approved")};
    for (const auto& part : parts) {
        const auto mode = fs::status(part).permissions();
        // Of a directory above it nobody is told to take it from those whose it is.
        const bool above = part == policy().top();
        const auto advice = [&](const std::string& command) {
            return above ? "choose a place where only root may" : "run: " + command + " " + part;
        };
        for (const mode_t extra : {S_IWGRP, S_IWOTH}) {
            ::chmod(part.c_str(), static_cast<mode_t>(mode) | extra);
            EXPECT_THAT(policy().refusal(), AllOf(HasSubstr(part + ": others may write to it"),
                                                  HasSubstr(advice("chmod go-w"))));
        }
        ::chmod(part.c_str(), static_cast<mode_t>(mode) | S_IWOTH | S_ISVTX);
        EXPECT_THAT(policy().refusal(), HasSubstr(part + ": others may write to it; choose a"));
        ::chmod(part.c_str(), static_cast<mode_t>(mode));

        ASSERT_EQ(::chown(part.c_str(), kNobody, 0), 0);
        EXPECT_THAT(policy().refusal(), AllOf(HasSubstr(part + ": belongs to user 65534"),
                                              HasSubstr(advice("chown root"))));
        ASSERT_EQ(::chown(part.c_str(), 0, 0), 0);
        EXPECT_EQ(policy().refusal(), "");
    }
}

TEST_F(PolicyDirectory, UnderTmpIsRefusedBecauseOthersMayWriteThere) {
    auto top = (fs::temp_directory_path() / "bulkhead-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(top.data()), nullptr);
    const auto status = fs::status(fs::temp_directory_path()).permissions();
    const auto loaded = load(top, Trust::root);
    fs::remove_all(top);
    if ((status & fs::perms::others_write) == fs::perms::none) GTEST_SKIP() << "private /tmp";
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().what, HasSubstr("others may write to it"));
}

TEST_F(PolicyDirectory, ADryRunTrustsTheCallerAndRootOnly) {
    ASSERT_EQ(::chown(policy().path("host.policy").c_str(), kNobody, 0), 0);
    EXPECT_THAT(policy().refusal(Trust::caller), HasSubstr("belongs to user 65534"));
    ASSERT_EQ(::chown(policy().path("host.policy").c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod(policy().path("host.policy").c_str(), 0664), 0);
    EXPECT_EQ(policy().refusal(Trust::caller), "") << "a usual umask of 002";
    ASSERT_EQ(::chmod(policy().path("host.policy").c_str(), 0666), 0);
    EXPECT_THAT(policy().refusal(Trust::caller), HasSubstr("others may write to it"));
}

TEST_F(PolicyDirectory, ADryRunJudgesTheDirectoryItself) {
    ASSERT_EQ(::chmod(policy().path().c_str(), 0777), 0);
    EXPECT_THAT(policy().refusal(Trust::caller),
                HasSubstr(policy().path() + ": others may write to it"));
}

TEST_F(PolicyDirectory, WhoRunsADryRunMayOwnThePolicyAndNobodyElsesRunTakesIt) {
    for (const auto& entry : fs::recursive_directory_iterator(policy().top())) {
        ASSERT_EQ(::chown(entry.path().c_str(), kNobody, 0), 0);
    }
    EXPECT_THAT(policy().refusal(Trust::caller), HasSubstr("belongs to user 65534"));
    ASSERT_EQ(::seteuid(kNobody), 0);
    const auto own = policy().refusal(Trust::caller);
    const auto roots = policy().refusal(Trust::root);
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(own, "");
    EXPECT_THAT(roots, HasSubstr("belongs to user 65534"));
}

TEST_F(PolicyDirectory, TheRootDirectoryIsJudgedToo) {
    ASSERT_EQ(::chmod(policy().top().c_str(), 0777), 0);
    const auto in_there = [&] {
        if (::chroot(policy().top().c_str()) != 0) ::_exit(2);
        const auto loaded = load("/policy", Trust::root);
        if (loaded) ::_exit(1);
        std::fputs(loaded.error().what.c_str(), stderr);
        ::_exit(0);
    };
    EXPECT_EXIT(in_there(), testing::ExitedWithCode(0), "^/: others may write to it");
}

TEST_F(PolicyDirectory, ASymlinkIsRefusedWhereverItLeads) {
    fs::rename(policy().path("reads.policy"), policy().path("real.md"));
    fs::create_symlink("real.md", policy().path("reads.policy"));
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr("reads.policy"), HasSubstr("a symlink is in the path")));
    fs::remove(policy().path("reads.policy"));
    fs::rename(policy().path("real.md"), policy().path("reads.policy"));

    fs::rename(policy().path("profiles"), policy().top() + "/profiles");
    fs::create_directory_symlink("../profiles", policy().path("profiles"));
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr("profiles"), HasSubstr("a symlink is in the path")));
}

TEST_F(PolicyDirectory, WhatIsNotAFileIsRefusedWithoutWaiting) {
    fs::remove(policy().path("reads.policy"));
    ASSERT_EQ(::mkfifo(policy().path("reads.policy").c_str(), 0600), 0);
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr("reads.policy"), HasSubstr("not a regular file")));
}

TEST_F(PolicyDirectory, WhatNeedsAMountNamespaceIsRefusedWithoutOne) {
    auto text = test::content_of(policy().path("profiles/inspect.profile"));
    const std::string apart = "namespaces mount ";
    ASSERT_NE(text.find(apart), text.npos);
    text.replace(text.find(apart), apart.size(), "namespaces ");
    policy().write("profiles/inspect.profile", text);
    EXPECT_THAT(policy().refusal(), HasSubstr("need \"namespaces mount\""));
}

TEST_F(PolicyDirectory, APrivateTmpAndThePidNamespaceEachNeedAMountNamespace) {
    const auto text = test::content_of(policy().path("profiles/inspect.profile"));
    const auto with = [&](const std::string& namespaces, const std::string& private_tmp) {
        auto changed = text;
        for (const auto& line : {namespaces, private_tmp}) {
            const auto at = changed.find("\n" + line.substr(0, line.find(' ') + 1)) + 1;
            changed.replace(at, changed.find('#', at) - at, line + "  ");
        }
        policy().write("profiles/inspect.profile", changed);
        return policy().refusal();
    };
    EXPECT_EQ(with("namespaces none", "private-tmp no"), "");
    EXPECT_EQ(with("namespaces mount pid", "private-tmp yes"), "");
    for (const auto& [namespaces, tmp] : {std::pair{"namespaces pid", "private-tmp no"},
                                          std::pair{"namespaces none", "private-tmp yes"}}) {
        EXPECT_THAT(
            with(namespaces, tmp),
            testing::ContainsRegex("profiles/inspect.profile:[1-9][0-9]*: private-tmp and"));
    }
}

TEST_F(PolicyDirectory, AMissingFileIsNamed) {
    for (const auto* file :
         {"host.policy", "approval.policy", "interpreters.policy", "reads.policy",
          "profiles/worker.profile", "profiles/broker.profile", "profiles/config-reader.profile",
          "profiles/vet.profile", "broker.libs"}) {
        const auto text = test::content_of(policy().path(file));
        fs::remove(policy().path(file));
        EXPECT_THAT(policy().refusal(), HasSubstr(std::string(file) + ": missing; take"));
        policy().write(file, text);
    }
    for (const std::string list : {"broker", "worker", "inspect"}) {
        const auto file = "seccomp/" + list + ".seccomp";
        const auto text = test::content_of(policy().path(file));
        fs::remove(policy().path(file));
        EXPECT_THAT(policy().refusal(), HasSubstr(list + ".profile:"));
        EXPECT_THAT(policy().refusal(), HasSubstr("there is no " + file));
        policy().write(file, text);
    }
}

TEST_F(PolicyDirectory, PartsOfTheAgentAreProfilesAndNoJobs) {
    const auto loaded = load(policy().path(""), Trust::root);
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->parts.size(), 6U);
    for (const auto& [name, part] : loaded->parts) {
        EXPECT_EQ(find(loaded->profiles, name), nullptr) << name;
        EXPECT_NE(find(loaded->seccomp, part.seccomp), nullptr) << name;
    }
    EXPECT_EQ(loaded->part("worker").limits.memory, 256_MiB);
    EXPECT_EQ(capability_names(loaded->part("broker").in_force), "CAP_KILL");
    EXPECT_EQ(&loaded->ceiling(), find(loaded->seccomp, "broker"));
}

// What an upgrade finds in /etc.
TEST_F(PolicyDirectory, RowsOfAnOldWorkerLandlockTakeThePlaceOfTheWorkersProfile) {
    policy().write("worker.landlock", "read /srv/own  # ours\ntcp-connect 9443  # ours\n");
    const auto loaded = load(policy().path(""), Trust::root);
    ASSERT_OK(loaded);
    const auto& worker = loaded->part("worker");
    ASSERT_EQ(worker.paths.size(), 1U);
    EXPECT_EQ(worker.paths[0].path, "/srv/own");
    EXPECT_THAT(worker.ports, ElementsAre(9443));
    EXPECT_EQ(worker.limits.pids, 128U);
}

TEST_F(PolicyDirectory, SignersAndPinnedJobsMayBeAbsent) {
    fs::remove_all(policy().path("approved"));
    fs::remove(policy().path("allowed_signers"));
    EXPECT_EQ(policy().refusal(), "");
}

TEST_F(PolicyDirectory, AFileTooLargeIsNotReadToItsEnd) {
    policy().append("reads.policy", "# " + std::string(70'000, 'x') + "\n");
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr("reads.policy"), HasSubstr("larger than 65536 bytes")));
}

TEST_F(PolicyDirectory, AllFilesTogetherAreBounded) {
    const std::string script(approval::kMaxScript, '#');
    for (const auto* name : {"a", "b", "c"}) {
        pin(name, script, script.size());
        policy().write(std::string("approved/") + name + ".script", script);
    }
    EXPECT_EQ(policy().refusal(), "");
    pin("d", script, script.size());
    policy().write("approved/d.script", script);
    EXPECT_THAT(policy().refusal(), HasSubstr("more than 1000 files or 16 MiB"));
}

TEST_F(PolicyDirectory, AThousandFilesAreTheMost) {
    const auto shipped = policy().load()->file_list;
    const auto rest = 1000 - std::count(shipped.begin(), shipped.end(), '\n');
    const auto add = [&](long number) {
        policy().write("seccomp/n" + std::to_string(number) + ".seccomp", "default kill  # x\n");
    };
    for (long i = 0; i < rest; ++i) add(i);
    EXPECT_EQ(policy().refusal(), "");
    add(rest);
    EXPECT_THAT(policy().refusal(), HasSubstr("more than 1000 files or 16 MiB"));
}

TEST_F(PolicyDirectory, AnyMalformedLineRefusesTheWhole) {
    policy().append("profiles/admin.profile", "shell /bin/bash  # unknown\n");
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr(policy().path()), HasSubstr("profiles/admin.profile:"),
                      HasSubstr(":1: unknown key \"shell\"")));
}

TEST_F(PolicyDirectory, FilesThatNobodyReadsAreListedAndNotDigested) {
    const auto before = policy().load()->digest;
    policy().write("host.policy.dpkg-old", "host-id old  # left by an upgrade\n");
    policy().write("profiles/notes.md", "any text\n");
    policy().write("seccomp/extra.list", "any text\n");
    // Not another way into policy/approved.
    fs::create_directory(policy().path("profiles/approved"));
    policy().write("profiles/approved/x.manifest", "any text\n");
    const auto loaded = policy().load();
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->digest, before);
    EXPECT_THAT(loaded->ignored,
                ElementsAre("host.policy.dpkg-old", "profiles/approved", "seccomp/extra.list"));
}

TEST_F(PolicyDirectory, APinnedScriptMustBeTheOneItsManifestNames) {
    const auto digest = pin("hello", "echo hello\n", 11);
    auto loaded = policy().load();
    ASSERT_OK(loaded);
    EXPECT_FALSE(loaded->approved.at("hello").script);
    EXPECT_EQ(loaded->approved.at("hello").manifest.job_id.value, "hello");
    EXPECT_EQ(loaded->approved.at("hello").bytes,
              test::content_of(policy().path("approved/hello.manifest")));

    policy().write("approved/hello.script", "echo hello\n");
    loaded = policy().load();
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->approved.at("hello").script, "echo hello\n");

    policy().write("approved/hello.script", "echo hullo\n");
    EXPECT_THAT(policy().refusal(),
                AllOf(HasSubstr("approved/hello.script and "
                                "approved/hello.manifest: the script's SHA-256"),
                      HasSubstr("script-sha256 says " + digest)));
    policy().write("approved/hello.script", "echo hello");
    EXPECT_THAT(policy().refusal(), HasSubstr("the script has 10 bytes, script-size says 11"));
    fs::remove(policy().path("approved/hello.manifest"));
    EXPECT_THAT(policy().refusal(), HasSubstr("there is no manifest of that name"));
}

TEST_F(PolicyDirectory, TheHostIdCanComeFromTheMachineId) {
    policy().write("host.policy", "host-id from-machine-id  # shipped\n");
    const auto id = test::content_of("/etc/machine-id");
    if (id.size() < 32) {
        EXPECT_THAT(policy().refusal(), HasSubstr("write: host-id NAME"));
        const auto dry = policy().load(Trust::caller);
        ASSERT_TRUE(dry);
        EXPECT_EQ(dry->host.id, "");
        return;
    }
    const auto expected =
        output_of("printf 'bulkhead-host%s' \"$(cat /etc/machine-id)\" | sha256sum | cut -c1-16");
    EXPECT_EQ(policy().load()->host.id + "\n", "m-" + expected);
}

TEST_F(PolicyDirectory, AFileThatMayBeMeantToWithdrawIsRefusedUnlessItIsABackup) {
    for (const auto* name : {"revoked-signers", "Revoked_signers", "revoked_signer", "revoked_jbos",
                             "jobs.disabled.txt", "revoked_signers.new", ".revoked_signers.swp"}) {
        policy().write(name, "");
        EXPECT_THAT(policy().refusal(), HasSubstr(std::string(name) + ": nobody reads a file"));
        fs::remove(policy().path(name));
    }
    policy().write("revoked_signers~", "");
    EXPECT_THAT(policy().refusal(), HasSubstr("call it revoked_signers")) << "alone";
    policy().write("revoked_signers", "");
    policy().write("approval.policy.bak", "");
    policy().write("jobs.disabled", "");
    const auto loaded = policy().load();
    ASSERT_OK(loaded);
    EXPECT_THAT(loaded->ignored,
                ElementsAre("approval.policy.bak", "jobs.disabled", "revoked_signers~"));
}

TEST_F(PolicyDirectory, WhatItGrantsIsReadWhateverIsWrongWithTheRest) {
    pin("gone", "true\n", 5);
    policy().write("approved/gone.script", "true\n");
    const auto before = policy().load();
    ASSERT_OK(before);
    fs::remove(policy().path("approved/gone.manifest"));
    policy().append("reads.policy", "no line of ours\n");
    policy().write("profiles/admin.profile", "");
    fs::permissions(policy().path("profiles/inspect.profile"), fs::perms(0666));
    policy().write("revoked_jobs", "job-id bad kill  # test\n");
    const auto now = read_grants({}, policy().path(), Trust::root, *before);
    EXPECT_EQ(now.fault, "");
    EXPECT_TRUE(now.grants.approved.empty()) << "nor is the script that was left behind";
    EXPECT_EQ(now.grants.revoked_jobs.size(), 1U);
    EXPECT_EQ(now.grants.host.id, "web-1");
    EXPECT_THAT(now.changed,
                ElementsAre(testing::StartsWith("revoked_jobs "), "approved/gone.manifest gone"));
}

TEST_F(PolicyDirectory, ADeletedProfileTakesItsGrantsWithIt) {
    policy().write("profiles/mine.profile",
                   test::content_of(policy().path("profiles/inspect.profile")));
    policy().append("approval.policy", "profile mine pinned-only  # test\n");
    pin("job", "true\n", 5, "mine");
    const auto before = policy().load();
    ASSERT_OK(before);
    const auto now = [&] { return read_grants({}, policy().path(), Trust::root, *before); };
    EXPECT_EQ(now().grants.approved.size(), 1U);
    fs::permissions(policy().path("profiles/mine.profile"), fs::perms(0666));
    EXPECT_EQ(now().grants.approved.size(), 1U) << "it is there";
    EXPECT_THAT(now().changed, testing::IsEmpty());
    fs::remove(policy().path("profiles/mine.profile"));
    EXPECT_TRUE(now().grants.approved.empty());
    EXPECT_FALSE(now().grants.approvals.contains("mine"));
    EXPECT_EQ(now().fault, "");
    EXPECT_THAT(now().changed, ElementsAre("profiles/mine.profile gone"));
}

TEST_F(PolicyDirectory, RowsForReadsThatItHasNoMoreAreWithdrawn) {
    policy().append("credentials.policy", "file /srv/token backend b  # test\n");
    policy().append("reads.policy",
                    "file extra /srv/one 4KiB  # test\n"
                    "file extra /srv/two 4KiB  # test\n");
    policy().append("profiles/worker.profile", "connect 10.0.0.1 99  # test\n");
    const auto before = policy().load();
    ASSERT_OK(before);
    const auto after = [&](std::vector<std::string> expected) {
        auto policy = *before;
        EXPECT_EQ(withdraw_rows(policy, {}, this->policy().path()), expected);
        return policy;
    };
    const auto change = [&](const std::string& file, const std::string& from,
                            const std::string& to) {
        auto text = test::content_of(policy().path(file));
        ASSERT_NE(text.find(from), text.npos);
        policy().write(file, text.replace(text.find(from), from.size(), to));
    };
    EXPECT_EQ(after({}).part("worker").ports, before->part("worker").ports);
    // Another reason, another mode and a slip beside it withdraw nothing.
    change("credentials.policy", "backend b  # test", " backend  b   # another");
    policy().append("credentials.policy", "no line of ours\n");
    fs::permissions(policy().path("credentials.policy"), fs::perms(0666));
    after({});
    change("credentials.policy", "file /srv/token", "fille /srv/token");
    change("reads.policy", "file extra /srv/one 4KiB  # test\n", "");
    const auto less = after({"credentials.policy: file /srv/token backend b gone",
                             "reads.policy: file extra /srv/one 4KiB gone"});
    EXPECT_EQ(less.credentials.size() + 1, before->credentials.size());
    EXPECT_EQ(less.reads.at("extra").size(), 1U);
    change("reads.policy", "file extra /srv/two", "builtin socket-owners 4KiB # x");
    change("profiles/worker.profile", "connect 10.0.0.1 99  # test\n", "no line of ours\n");
    EXPECT_FALSE(find(after({"credentials.policy: file /srv/token backend b gone",
                             "reads.policy: file extra /srv/one 4KiB gone",
                             "reads.policy: file extra /srv/two 4KiB gone"})
                          .reads,
                      "extra"));
    change("profiles/worker.profile", "no line of ours\n", "");
    const auto ports = after({"credentials.policy: file /srv/token backend b gone",
                              "reads.policy: file extra /srv/one 4KiB gone",
                              "reads.policy: file extra /srv/two 4KiB gone",
                              "profiles/worker.profile: connect 10.0.0.1 99 gone"})
                           .part("worker")
                           .ports;
    EXPECT_EQ(std::ranges::count(ports, 99), 0);
    fs::remove_all(policy().path());
    auto rest = *before;
    withdraw_rows(rest, {}, policy().path());
    EXPECT_TRUE(rest.credentials.empty() && rest.reads.empty() && rest.builtins.empty());
    EXPECT_EQ(rest.part("worker").ports, before->part("worker").ports);
}

TEST_F(PolicyDirectory, WhatCannotBeReadOfItsGrantsIsAFaultAndTheRestIsRead) {
    const auto before = policy().load();
    ASSERT_OK(before);
    policy().write("revoked_jobs", "job-id bad kill  # test\n");
    const auto fault = [&] {
        const auto now = read_grants({}, policy().path(), Trust::root, *before);
        EXPECT_EQ(now.grants.revoked_jobs.size(), 1U);
        return now.fault;
    };
    EXPECT_EQ(fault(), "");
    policy().write("revoked_signers", "bob\n");
    EXPECT_THAT(fault(), HasSubstr("revoked_signers:1: "));
    policy().write("revoked_signers", "");
    fs::permissions(policy().path("revoked_signers"), fs::perms(0666));
    EXPECT_THAT(fault(), HasSubstr("revoked_signers: others may write to it"));
    fs::remove(policy().path("revoked_signers"));
    fs::permissions(policy().path("approved"), fs::perms(0777));
    EXPECT_THAT(fault(), HasSubstr("approved: others may write to it"));
    fs::permissions(policy().path("approved"), fs::perms(0755));
    fs::create_symlink("nowhere", policy().path("allowed_signers"));
    EXPECT_THAT(fault(), HasSubstr("allowed_signers"));
    fs::remove(policy().path("allowed_signers"));
    fs::remove(policy().path("approval.policy"));
    EXPECT_THAT(fault(), HasSubstr("approval.policy: missing"));
}

TEST_F(PolicyDirectory, OfTheHostWhatDecidesIsReadWhateverElseIsWrong) {
    policy().write("host.policy", "host-id web-1  # test\ngroup web  # test\n");
    auto before = policy().load();
    ASSERT_OK(before);
    before->host.epoch = 1;
    std::string fault;
    const auto host = [&](const std::string& text) {
        policy().write("host.policy", text);
        const auto now = read_grants({}, policy().path(), Trust::root, *before);
        fault = now.fault;
        return now.grants.host;
    };
    const std::string id = "host-id web-1  # test\n";
    EXPECT_EQ(host("nonsense\n" + id + "epoch 8  # test\nrequire  # what?\n").epoch, 8U);
    EXPECT_EQ(fault, "");
    EXPECT_TRUE(host(id + "nonsense\n").groups.empty()) << "it was taken away";
    EXPECT_EQ(fault, "");
    for (const std::string wrong : {"epoch 8x  # test\n", "epohc 8  # test\n",
                                    "Realm prod  # test\n", "policy-format two  # test\n"}) {
        EXPECT_EQ(host(id + wrong).epoch, 1U) << wrong;
        EXPECT_THAT(fault, HasSubstr("host.policy:2")) << wrong;
    }
    EXPECT_EQ(host("nonsense\n").id, "web-1");
    EXPECT_THAT(fault, HasSubstr("host-id")) << "it is gone";
}
