// Whatever a file holds, the dry run says what is wrong with it in words an author can act on.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kMarker = "#--bulkhead-approval-v1--\n";

class BadInput : public ::testing::Test {
  protected:
    json ask(const std::string& text) const {
        site_.write("job.sh", text);
        const auto answer = site_.bulkhead(site_.dry_run({"job.sh", "--json"}));
        EXPECT_EQ(answer.code, 1) << answer.err;
        return json::parse(answer.out);
    }
    std::string said(const std::string& text) const {
        const auto report = ask(text);
        std::string all =
            report["reason"].get<std::string>() + ": " + report["detail"].get<std::string>();
        for (const auto& remark : report["oddities"]) {
            all += "; line " + remark["line"].dump() + " " + remark["text"].get<std::string>();
        }
        return all;
    }
    // A signed script whose manifest had one piece replaced before it was put on.
    std::string tail_with(const std::string& from, const std::string& to) const {
        auto manifest = site_.new_job("clean.sh").out;
        manifest.replace(manifest.find(from), from.size(), to);
        std::string text = kScript + kMarker;
        for (std::size_t at = 0; at < manifest.size();) {
            const auto end = manifest.find('\n', at);
            text += "#m " + manifest.substr(at, end - at) + "\n";
            at = end == manifest.npos ? manifest.size() : end + 1;
        }
        return text;
    }

    Site site_;
};

struct Case {
    std::string text;
    std::string says;
};

TEST_F(BadInput, InTheScriptIsNamed) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto sealed = site_.read("signed.sh");
    const auto with_tail = [&](const std::string& script) {
        return script + sealed.substr(kScript.size());
    };
    const Case cases[] = {
        {"", "script-empty: the script is empty"},
        {sealed.substr(kScript.size()), "script-empty: the script is empty"},
        {std::string((4 << 20) + 1, '#'),
         "size-exceeded: script bytes: 4194305 of at most 4194304"},
        {"#!/bin/bash\r\ntrue\r\n", "line 1 ends with CR LF"},
        {"true\ntrue\r\n", "line 2 ends with CR LF"},
        {"\xef\xbb\xbf#!/bin/bash\n", "line 1 begins with a byte order mark"},
        {std::string("true\n\0true\n", 11), "line 2 holds a NUL byte"},
        {"true\ntrue", "line 2 has no line end"},
        {"#!/usr/bin/env bash -e\n", "line 1 env takes all that follows it in the #! line"},
        {"#!\n", "line 1 the #! line names no interpreter"},
        {"#!/bin/bash " + std::string(300, 'x') + "\n", "line 1 the #! line does not end within"},
        {with_tail(kScript + "#\n"), "script-size-mismatch: the script has 51 bytes"},
        {with_tail(kScript.substr(0, 47) + "S\n"),
         "script-hash-mismatch: the script's SHA-256 is "},
        // The last line swallowed the marker.
        {with_tail(kScript + "#"), "not-approved: it came without a manifest"},
        {with_tail(kScript + "#"), "line 4 holds the approval marker, but not at its beginning"},
        // A here-document that holds the marker ends the script there.
        {"cat <<X\n" + kMarker + "X\n", "line 3: not a line of the approval tail (#m, then #s)"},
        {"cat <<X\n" + kMarker + "X\n", "job-unusable"},
        {sealed + sealed.substr(kScript.size()), "a second approval tail; keep one"},
        {sealed + "true\n", "not a line of the approval tail"},
        {sealed.substr(0, sealed.size() - 1), "no LF at its end"},
        {kScript + "#--bulkhead-approval-v1--\r\n", "line 4: expected #--bulkhead-approval-v1--"},
        {kScript + kMarker, "the approval tail holds no manifest"},
        {kScript + kMarker + "#m bulkhead-job v1\r\n", "line 5: holds CR"},
        {kScript + kMarker + "#s x\n", "line 5: not a line of the approval tail"},
        {kScript + kMarker + "#m bulkhead-job v1\n",
         "manifest-malformed: line 2: the line \"end\""},
    };
    for (const auto& [text, says] : cases) EXPECT_THAT(said(text), HasSubstr(says));
}

TEST_F(BadInput, InTheManifestIsNamedWithItsLine) {
    const auto nine = std::string(20, '9');
    const Case cases[] = {
        {tail_with("author dave\n", "author dave \n"), "line 3: trailing blank"},
        {tail_with("author dave\n", "author  dave\n"), "line 3: author: more than one blank"},
        {tail_with("author dave\n", "author\n"), "line 3: author: empty"},
        {tail_with("author dave\n", ""), "line 3: author: missing"},
        {tail_with("author dave\n", "author dave\nauthor dave\n"), "line 4: author: "},
        {tail_with("author dave\n", "colour red\n"), "line 3: unknown key \"colour\""},
        {tail_with("author dave\n", "author d\xc3\xa4ve\n"), "line 3: column 9: byte \\xc3"},
        {tail_with("author dave\n", std::string("author d\0ve\n", 12)),
         "line 3: column 9: byte \\x00"},
        {tail_with("bulkhead-job",
                   "\xef\xbb\xbf"
                   "bulkhead-job"),
         "line 1: begins with a byte order"},
        {tail_with("timeout 900", "timeout " + nine), "timeout: outside 1..604800"},
        {tail_with("timeout 900", "timeout 0900"), "timeout: not a plain decimal number"},
        {tail_with("script-size 49", "script-size -1"), "script-size: "},
        {tail_with("08-25T00:00:00Z", "06-30T23:59:60Z"),
         "line 9: not-before: no such time of day"},
        {tail_with("2026-09-01", "9999-09-01"), "line 10: not-after: year outside 1970..9998"},
        {tail_with("2026-09-01", "2026-02-30"), "line 10: not-after: no such day"},
        {tail_with("2026-09-01", "2026-08-01"), "line 10: not-after: not later than not-before"},
        {tail_with("end\n", "end\nend\n"), "line 16: text after end"},
        {tail_with("end\n", ""), "line 15: the line \"end\" is missing"},
        {tail_with("reason CHG-4711", "reason " + std::string(1100, 'x')),
         "longer than 1024 bytes"},
        {tail_with("job-id disk-clean", "job-id Disk"), "line 2: job-id: expected [a-z0-9]"},
        {tail_with("target group:web", "target web"), "target: expected host:ID, group:LABEL"},
    };
    for (const auto& [text, says] : cases) {
        EXPECT_THAT(said(text), HasSubstr("manifest-malformed: "));
        EXPECT_THAT(said(text), HasSubstr(says));
    }
}

// Wherever others could have changed what the policy says, that place is named.
TEST_F(BadInput, InThePermissionsOfThePolicyIsNamed) {
    for (const auto* place : {"policy", "policy/host.policy", "policy/profiles",
                              "policy/profiles/maintain.profile", "policy/allowed_signers"}) {
        struct stat before {};
        ::stat(site_.path(place).c_str(), &before);
        ::chmod(site_.path(place).c_str(), before.st_mode | S_IWOTH);
        const auto answer = site_.bulkhead(site_.dry_run({"clean.sh"}));
        EXPECT_EQ(answer.code, 2) << place;
        EXPECT_THAT(answer.err, HasSubstr(std::string(place) + ": others may write to it"));
        ::chmod(site_.path(place).c_str(), before.st_mode);
    }
}

TEST_F(BadInput, InWhatStandsAboveThePolicyIsNamedToo) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root's own directories are judged up to /";
    ::chmod(site_.path().c_str(), 0777);
    const auto answer = site_.bulkhead(site_.dry_run({"clean.sh"}));
    EXPECT_THAT(answer.out, HasSubstr("a host would not load this directory where it lies: /"));
    EXPECT_THAT(answer.out, HasSubstr(": others may write to it"));
    const auto checked = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(checked.code, 0);
    EXPECT_THAT(checked.out, HasSubstr("note: a host would not load it where it lies: "));
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy", "--as-installed"}).code, 1);
}

TEST_F(BadInput, ASymlinkInThePolicyIsNotFollowed) {
    ::rename(site_.path("policy/host.policy").c_str(), site_.path("host").c_str());
    ASSERT_EQ(::symlink("../host", site_.path("policy/host.policy").c_str()), 0);
    const auto answer = site_.bulkhead(site_.dry_run({"clean.sh"}));
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.err, HasSubstr("host.policy"));
}

}  // namespace
}  // namespace bulkhead::test
