// The operator's policy over the vendor's.
#include <gmock/gmock.h>

#include "common/policy/check_overrides.hpp"
#include "common/policy/load.hpp"
#include "common/policy/vendor.hpp"
#include "tests/common/policy/support.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace {

const Files& vendor() {
    static const auto files = read_vendor(BULKHEAD_VENDOR_POLICY, Trust::caller).value();
    return files;
}

const std::string& vendors(const std::string& file) { return vendor().texts.at(file); }

// What a fresh host decides.
Files fresh() {
    return {.directory = "/etc/p",
            .trust = Trust::caller,
            .texts = {{"host.policy", "host-id web-1  # test\n"},
                      {"approval.policy", "profile inspect pinned-only  # test\n"}},
            .ignored = {}};
}

Files with(const std::string& file, const std::string& text) {
    auto files = fresh();
    files.texts[file] = text;
    return files;
}

std::string refusal(const Files& operators, const Files& under = vendor()) {
    const auto merged = merge(under, operators);
    return merged ? "" : merged.error().what;
}

std::vector<std::string> told(const Policy& policy) {
    std::vector<std::string> lines;
    for (const auto& one : policy.overrides) lines.push_back(one.file + ": " + in_words(one));
    return lines;
}

std::vector<std::string> older(const Files& operators) {
    std::vector<std::string> lines;
    for (const auto& one :
         check_overrides(merge(vendor(), operators).value(), vendor(), operators)) {
        lines.push_back(one.where + ": " + one.text);
    }
    return lines;
}

std::string without_line(std::string text, const std::string& begin) {
    const auto at = text.find("\n" + begin) + 1;
    return text.erase(at, text.find('\n', at) + 1 - at);
}

}  // namespace

TEST(MergedPolicy, HasTheVendorsFilesWhereTheOperatorDecidedNothing) {
    const auto policy = merge(vendor(), fresh());
    ASSERT_OK(policy);
    EXPECT_EQ(policy->host.id, "web-1");
    EXPECT_NE(find(policy->profiles, "inspect"), nullptr);
    EXPECT_NE(find(policy->seccomp, "worker"), nullptr);
    EXPECT_NE(find(policy->interpreters, "/bin/bash"), nullptr);
    EXPECT_THAT(policy->overrides, IsEmpty());
    EXPECT_EQ(policy->format, 0U);
}

TEST(MergedPolicy, AFileOfTheOperatorsReplacesTheVendorsOfItsName) {
    const auto policy =
        merge(vendor(), with("interpreters.policy", "interpreter /bin/sh  # own\n"));
    ASSERT_OK(policy);
    EXPECT_EQ(policy->interpreters.size(), 1U);
    EXPECT_THAT(told(*policy), ElementsAre("interpreters.policy: replaces what this version has"));
}

TEST(MergedPolicy, AFileThatTheVendorHasNotIsNoOverride) {
    const auto policy =
        merge(vendor(), with("profiles/own.profile", vendors("profiles/inspect.profile")));
    ASSERT_OK(policy);
    EXPECT_NE(find(policy->profiles, "own"), nullptr);
    EXPECT_THAT(policy->overrides, IsEmpty());
}

TEST(MergedPolicy, LinesAddToTheVendorsFileAndToTheOperators) {
    auto files =
        with("reads.policy.d/10-own.lines", "file tls-certificates /etc/own.pem 4KiB  # own\n");
    files.texts["approval.policy.d/diagnose.lines"] = "profile diagnose pinned-only  # own\n";
    const auto policy = merge(vendor(), files);
    ASSERT_OK(policy);
    const auto& row = policy->reads.at("tls-certificates").back();
    EXPECT_EQ(row.target, "/etc/own.pem");
    EXPECT_EQ(row.source.at(), "reads.policy.d/10-own.lines:1");
    EXPECT_TRUE(policy->approvals.contains("diagnose"));
    EXPECT_THAT(told(*policy),
                ElementsAre("approval.policy.d/diagnose.lines: adds to approval.policy",
                            "reads.policy.d/10-own.lines: adds to reads.policy"));
}

TEST(MergedPolicy, AddedLinesMayNotChangeWhatStands) {
    struct {
        const char* file;
        const char* text;
        const char* said;
    } const cases[] = {
        {"profiles/inspect.profile.d/a.lines", "# more\nmemory 4GiB  # greed\n",
         "/etc/p: profiles/inspect.profile.d/a.lines:2:1: \"memory\" stands in "
         "profiles/inspect.profile:"},
        {"seccomp/worker.seccomp.d/a.lines", "default allow  # greed\n",
         "/etc/p: seccomp/worker.seccomp.d/a.lines:1:1: \"default\" stands in "
         "seccomp/worker.seccomp:"},
        {"seccomp/worker.seccomp.d/a.lines", "errno EPERM openat  # less\n",
         "/etc/p: seccomp/worker.seccomp.d/a.lines:1:13: contradicts or repeats "
         "seccomp/worker.seccomp:"},
        {"interpreters.policy.d/a.lines", "interpreter /bin/bash  # again\n",
         "/etc/p: interpreters.policy.d/a.lines:1:13: \"/bin/bash\" has a line already in "
         "interpreters.policy:"},
        {"host.policy.d/a.lines", "host-id web-2  # another\n",
         "/etc/p: host.policy.d/a.lines:1:1: \"host-id\" stands in host.policy:1 already, and "
         "added "
         "lines change nothing; replace that file whole instead"},
        {"interpreters.policy.d/a.lines", "interpreter bash  # malformed\n",
         "/etc/p: interpreters.policy.d/a.lines:1:13: expected an absolute path"},
        {"profiles/nosuch.profile.d/a.lines", "read /etc  # nowhere\n",
         "/etc/p/profiles/nosuch.profile.d/a.lines: there is no profiles/nosuch.profile to add to"},
    };
    for (const auto& [file, text, said] : cases) {
        EXPECT_THAT(refusal(with(file, text)), StartsWith(said)) << file;
    }
}

TEST(MergedPolicy, TwoFilesOfLinesDoNotContradictEachOtherEither) {
    auto files = with("host.policy.d/a.lines", "policy-format 1  # a\n");
    EXPECT_EQ(refusal(files), "");
    files.texts["host.policy.d/b.lines"] = "policy-format 1  # b\n";
    EXPECT_THAT(refusal(files), HasSubstr("host.policy.d/b.lines:1:1: \"policy-format\" stands in "
                                          "host.policy.d/a.lines:1 already"));
}

TEST(MergedPolicy, ALateLineMakesUpForNoneThatAFileItselfMustHave) {
    auto files = with("host.policy", "group web  # no id\n");
    files.texts["host.policy.d/a.lines"] = "host-id web-1  # late\n";
    EXPECT_THAT(refusal(files), HasSubstr("host.policy: the line \"host-id"));
}

TEST(MergedPolicy, DecisionsAreNotTheVendors) {
    auto under = vendor();
    for (const auto* file :
         {"host.policy", "approval.policy", "allowed_signers", "approved/x.manifest"}) {
        auto files = vendor();
        files.texts[file] = "";
        EXPECT_THAT(refusal(fresh(), files),
                    HasSubstr("/" + std::string(file) + ": is a decision of the operator's"));
    }
}

TEST(MergedPolicy, TheVendorsOwnPapersAreNotReadInTheOperatorsPlace) {
    auto files = with("vendor.policy", "policy-format 1  # x\nversion 9.9.9  # x\n");
    files.texts["shipped.digests"] = "";
    const auto policy = merge(vendor(), files);
    ASSERT_OK(policy);
    EXPECT_THAT(policy->ignored, ElementsAre("shipped.digests", "vendor.policy"));
    EXPECT_EQ(policy->digest, merge(vendor(), fresh())->digest);
}

// --- copies

TEST(MergedPolicy, AFileThatThisVersionShipsIsNoOverrideAndDoesNotCount) {
    auto files = fresh();
    for (const auto& [file, text] : vendor().texts) files.texts[file] = text;
    const auto policy = merge(vendor(), files);
    ASSERT_OK(policy);
    EXPECT_EQ(policy->digest, merge(vendor(), fresh())->digest);
    EXPECT_EQ(policy->overrides.size(), vendor().texts.size());
    EXPECT_THAT(told(*policy), testing::Each(HasSubstr(": unchanged copy of " BULKHEAD_VERSION
                                                       ", which is not read: delete it")));
}

TEST(MergedPolicy, AFileThatAnEarlierReleaseShippedIsNoOverride) {
    auto under = vendor();
    const std::string old = "interpreter /bin/ksh  # as of old\n";
    under.texts["shipped.digests"] +=
        crypto::hex(crypto::sha256(as_bytes(old))) + "  0.0.9  interpreters.policy\n";
    auto policy = merge(under, with("interpreters.policy", old));
    ASSERT_OK(policy);
    EXPECT_EQ(find(policy->interpreters, "/bin/ksh"), nullptr);
    EXPECT_THAT(told(*policy),
                ElementsAre("interpreters.policy: unchanged copy of 0.0.9, which is not read: "
                            "delete it"));
    // A byte makes it a decision.
    policy = merge(under, with("interpreters.policy", old + "\n"));
    ASSERT_OK(policy);
    EXPECT_NE(find(policy->interpreters, "/bin/ksh"), nullptr);
    EXPECT_THAT(told(*policy), ElementsAre(HasSubstr("replaces")));
    // And so does another name: nobody shipped it there.
    under.texts["shipped.digests"] +=
        crypto::hex(crypto::sha256(as_bytes(vendors("profiles/inspect.profile")))) +
        "  0.0.9  profiles/admin.profile\n";
    policy = merge(under, with("profiles/own.profile", vendors("profiles/inspect.profile")));
    EXPECT_NE(find(policy->profiles, "own"), nullptr);
}

TEST(MergedPolicy, AMalformedListOfDigestsIsRefused) {
    auto under = vendor();
    under.texts["shipped.digests"] = "# x\nabc  0.1.0  reads.policy\n";
    EXPECT_THAT(refusal(fresh(), under), HasSubstr("shipped.digests:2: expected SHA256 RELEASE"));
}

// --- older than what they replace

TEST(MergedPolicy, AListThatLacksACallOfTheVendorsIsNamedWithIt) {
    const std::string file = "seccomp/inspect.seccomp";
    auto text = vendors(file);
    const auto at = text.find(" epoll_wait");
    ASSERT_NE(at, text.npos);
    auto files = with(file, text.erase(at, std::string_view(" epoll_wait").size()));
    EXPECT_THAT(older(files), ElementsAre(file +
                                          ": lacks lines that this version's file has: "
                                          "epoll_wait; if it was written for an older "
                                          "version, take that file and add yours by " +
                                          file + ".d/NAME.lines"));
    files.texts[file + ".d/a.lines"] = "allow epoll_wait  # again\n";
    EXPECT_THAT(older(files), IsEmpty());
}

TEST(MergedPolicy, AFileThatLacksAKeyOfTheVendorsIsNamedWithIt) {
    auto text = vendors("reads.policy");
    while (text.find("\nbuiltin") != text.npos) text = without_line(text, "builtin");
    EXPECT_THAT(older(with("reads.policy", text)),
                ElementsAre(StartsWith("reads.policy: lacks lines that this version's file has: "
                                       "builtin;")));
    EXPECT_THAT(older(with("reads.policy", vendors("reads.policy") + "# own\n")), IsEmpty());
}

TEST(MergedPolicy, WhatIsBuiltInAndChangedIsSaidToChangeNothing) {
    for (const std::string file : {"profiles/vet.profile", "seccomp/vet.seccomp"}) {
        EXPECT_THAT(older(with(file, vendors(file) + "# own\n")),
                    ElementsAre(StartsWith(file + ": changes nothing")));
    }
    EXPECT_THAT(older(with("profiles/vet.profile.d/a.lines", "read /etc/hosts  # names\n")),
                ElementsAre(StartsWith("profiles/vet.profile.d/a.lines: changes nothing")));
}

TEST(MergedPolicy, RowsOfAnOldWorkerLandlockTakeThePlaceOfTheWorkersAndAreNamed) {
    auto files =
        with("worker.landlock", "read /srv if-present  # ours\ntcp-connect 9443  # ours\n");
    const auto policy = merge(vendor(), files);
    ASSERT_OK(policy);
    EXPECT_EQ(policy->part("worker").paths.size(), 1U);
    EXPECT_EQ(policy->part("worker").ports, std::vector<std::uint16_t>{9443});
    EXPECT_THAT(older(files), ElementsAre(StartsWith("worker.landlock: is of 0.1, and read for")));
    files.texts["profiles/worker.profile.d/a.lines"] = "tcp-connect 9444  # ours\n";
    EXPECT_EQ(
        refusal(files),
        "/etc/p/worker.landlock: takes the place of rows of profiles/worker.profile, to which "
        "profiles/worker.profile.d/a.lines speaks, too; put what is yours there and delete it");
}

// --- versions and formats

TEST(MergedPolicy, IsOfAFormatThatIsRead) {
    const auto format = [](const std::string& number) {
        return with("host.policy", "policy-format " + number + "  # test\nnew-key x  # unknown\n");
    };
    EXPECT_THAT(refusal(format("3")),
                StartsWith("/etc/p: host.policy:1:15: written for a later version of Bulkhead: "
                           "this one reads formats 0 to 2"));
    EXPECT_THAT(refusal(format("2")), HasSubstr("unknown key"));
    for (const unsigned number : {0U, 1U, 2U}) {
        const auto line = "policy-format " + std::to_string(number) + "  # x\n";
        const auto policy = merge(vendor(), with("host.policy", line + "host-id a  # x\n"));
        ASSERT_OK(policy);
        EXPECT_EQ(policy->format, number);
    }
}

TEST(MergedPolicy, OfALaterFormatIsToldSoWhateverElseIsUnknownInIt) {
    auto files = with("host.policy", "policy-format 3  # x\nhost-id a  # x\n");
    files.texts["approval.policy"] = "quorum 3  # of a later version\n";
    EXPECT_THAT(refusal(files), HasSubstr("written for a later version"));
}
