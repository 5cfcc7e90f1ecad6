#include "common/approval/manifest.hpp"

#include <gmock/gmock.h>

#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

const std::string kGolden =
    "bulkhead-job v1\n"
    "job-id disk-clean-2026-08-22\n"
    "author alice\n"
    "script-sha256 6ed80219c35b66e09a0b4bd1bc25ef6edd9ff7fe05b2b7ac8bdbd1f0a1c5ff1e\n"
    "script-size 21\n"
    "interpreter /bin/bash\n"
    "profile maintain\n"
    "param path enum:/var/cache|/var/tmp\n"
    "param days int:-1..90\n"
    "target group:web-eu\n"
    "target host:db-1.example\n"
    "not-before 2026-08-22T00:00:00Z\n"
    "not-after 2026-08-29T00:00:00Z\n"
    "timeout 900\n"
    "output-max 1048576\n"
    "runs 1\n"
    "reason CHG-4711, disk full on web-eu\n"
    "end\n";

std::string replaced(std::string_view from, std::string_view to) {
    auto text = kGolden;
    const auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Manifest, OneThatGoesOnAfterARestartSaysSo) {
    EXPECT_FALSE(parse_manifest(kGolden)->resumes);
    const auto text = replaced("runs 1\n", "runs 1\nafter-reboot resume\n");
    const auto job = parse_manifest(text);
    ASSERT_OK(job);
    EXPECT_TRUE(job->resumes);
    EXPECT_EQ(write_manifest(*job), text);
    EXPECT_FALSE(parse_manifest(replaced("runs 1\n", "runs 1\nafter-reboot again\n")));
    EXPECT_FALSE(parse_manifest(replaced("runs 1\n", "after-reboot resume\nruns 1\n")));
}

// The keys of format v2 and the line in front of each.
const std::pair<std::string, std::string> kKeysOfV2[] = {
    {"author alice\n", "realm prod-eu\n"},
    {"author alice\n", "epoch 12\n"},
    {"profile maintain\n", "profile-sha256 " + std::string(64, 'a') + "\n"},
    {"runs 1\n", "odd-bytes a table with tabs\n"},
};

std::string of_v2(std::string text) {
    text.replace(text.find("bulkhead-job v1"), 15, "bulkhead-job v2");
    return text;
}

TEST(Manifest, OfFormatV2SaysWhereItCountsAndWhatItWasApprovedFor) {
    auto text = of_v2(kGolden);
    EXPECT_OK(parse_manifest(text));
    for (const auto& [before, line] : kKeysOfV2) {
        const auto one = replaced(before, before + line);
        EXPECT_OK(parse_manifest(of_v2(one))) << line;
        EXPECT_FALSE(parse_manifest(one)) << line;                                     // of v1
        EXPECT_FALSE(parse_manifest(of_v2(replaced(before, line + before)))) << line;  // before it
        EXPECT_FALSE(parse_manifest(of_v2(replaced(before, before + line + line)))) << line;
    }
    text = of_v2(replaced("author alice\n", "author alice\nrealm prod-eu\nepoch 12\n"));
    const auto job = parse_manifest(text);
    ASSERT_OK(job);
    EXPECT_EQ(job->format, 2U);
    EXPECT_EQ(job->realm, "prod-eu");
    EXPECT_THAT(job->epoch, testing::Optional(12U));
    EXPECT_EQ(write_manifest(*job), text);
    for (const auto* wrong : {"epoch -1\n", "epoch 01\n", "epoch 1000000001\n", "epoch x\n",
                              "realm a b\n", "realm -a\n", "epoch 1\nrealm a\n"}) {
        const auto with = "author alice\n" + std::string(wrong);
        EXPECT_FALSE(parse_manifest(of_v2(replaced("author alice\n", with)))) << wrong;
    }
}

TEST(Manifest, TheGoldenOneGivesEveryValue) {
    const auto job = parse_manifest(kGolden);
    ASSERT_OK(job);
    EXPECT_EQ(job->job_id.value, "disk-clean-2026-08-22");
    EXPECT_EQ(job->author, "alice");
    EXPECT_EQ(crypto::hex(job->script_sha256),
              "6ed80219c35b66e09a0b4bd1bc25ef6edd9ff7fe05b2b7ac8bdbd1f0a1c5ff1e");
    EXPECT_EQ(job->script_size, 21U);
    EXPECT_EQ(job->interpreter, "/bin/bash");
    EXPECT_EQ(job->profile, "maintain");
    ASSERT_EQ(job->params.size(), 2U);
    EXPECT_EQ(job->params[0].name, "path");
    EXPECT_THAT(job->params[0].choices, testing::ElementsAre("/var/cache", "/var/tmp"));
    EXPECT_EQ(job->params[1].min, -1);
    EXPECT_EQ(job->params[1].max, 90);
    ASSERT_EQ(job->targets.size(), 2U);
    EXPECT_EQ(job->targets[0].kind, Target::Kind::group);
    EXPECT_EQ(job->targets[0].label, "web-eu");
    EXPECT_EQ(job->targets[1].kind, Target::Kind::host);
    EXPECT_EQ(format_utc(job->not_before), "2026-08-22T00:00:00Z");
    EXPECT_EQ(format_utc(job->not_after), "2026-08-29T00:00:00Z");
    EXPECT_EQ(job->timeout, std::chrono::minutes(15));
    EXPECT_EQ(job->output_max, 1048576U);
    EXPECT_TRUE(job->runs.once());
    EXPECT_EQ(job->reason, "CHG-4711, disk full on web-eu");
    EXPECT_EQ(job->digest, crypto::sha256(as_bytes(kGolden)));
}

TEST(Manifest, WhatIsWrittenIsWhatWasRead) {
    for (const auto& text :
         {kGolden, replaced("runs 1\n", "runs 4/day\n"), replaced("runs 1\n", "runs 2/hour\n"),
          replaced("target group:web-eu\ntarget host:db-1.example\n", "target any\n"),
          replaced("param days int:-1..90\n", "param user text:64:a-z0-9._-\n")}) {
        const auto job = parse_manifest(text);
        ASSERT_OK(job);
        EXPECT_EQ(write_manifest(*job), text);
    }
}

TEST(Manifest, RepeatableJobsCountPerDayOrHour) {
    const auto daily = parse_manifest(replaced("runs 1\n", "runs 1/day\n"));
    ASSERT_TRUE(daily);
    EXPECT_FALSE(daily->runs.once());
    EXPECT_EQ(daily->runs.count, 1U);
    EXPECT_EQ(daily->runs.period, std::chrono::hours(24));
    EXPECT_EQ(parse_manifest(replaced("runs 1\n", "runs 3/hour\n"))->runs.period,
              std::chrono::hours(1));
}

struct Malformed {
    std::string_view from;
    std::string_view to;
    std::string_view error;
};

// Each entry damages the golden manifest in one way; the error names the line and the reason.
const std::vector<Malformed> kMalformed{
    {"bulkhead-job v1\n", "bulkhead-job v3\n", "line 1: bulkhead-job: expected v1 or v2"},
    {"author alice\n", "author alice\nrealm prod\n",
     "line 4: realm: needs a manifest of format v2"},
    {"bulkhead-job v1\n",
     "\xef\xbb\xbf"
     "bulkhead-job v1\n",
     "line 1: begins with a byte order mark"},
    {"bulkhead-job v1\n", "", "line 1: bulkhead-job: missing"},
    {"bulkhead-job v1\n", "\nbulkhead-job v1\n", "line 1: empty line"},
    {"bulkhead-job v1\n", "bulkhead-job v1\r\n",
     "line 1: ends with CR LF; lines end with LF alone"},
    {"bulkhead-job v1\n", "bulkhead-job v1\r",
     "line 1: column 16: byte \\x0d is not printable ASCII"},
    {"author alice\n", "author alice \n", "line 3: trailing blank"},
    {"author alice\n", "author alice\t\n", "line 3: column 13: byte \\x09 is not printable ASCII"},
    {"author alice\n", "author al\xc3\xafs\n",
     "line 3: column 10: byte \\xc3 is not printable ASCII"},
    {"author alice\n", "author al\x1f\n", "line 3: column 10: byte \\x1f is not printable ASCII"},
    {"author alice\n", "author al\x7f\n", "line 3: column 10: byte \\x7f is not printable ASCII"},
    {"author alice\n", "author  alice\n", "line 3: author: more than one blank"},
    {"author alice\n", "author\n", "line 3: author: empty"},
    {"author alice\n", "author \n", "line 3: trailing blank"},
    {"author alice\n", " author alice\n", "line 3: unknown key \"\""},
    {"author alice\n", "Author alice\n", "line 3: unknown key \"Author\""},
    {"author alice\n", "author alice smith\n",
     "line 3: author: expected [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"},
    {"author alice\n", "author *\n", "line 3: author: expected [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"},
    {"author alice\n", "author alice\nauthor alice\n", "line 4: author: doubled"},
    {"author alice\n", "", "line 3: author: missing"},
    {"job-id disk-clean-2026-08-22\nauthor alice\n", "author alice\njob-id disk-clean-2026-08-22\n",
     "line 2: job-id: missing"},
    {"job-id disk", "job-id Disk", "line 2: job-id: expected [a-z0-9][a-z0-9-]{0,63}"},
    {"job-id disk", "job-id -disk", "line 2: job-id: expected [a-z0-9][a-z0-9-]{0,63}"},
    {"job-id disk", "job-id ../disk", "line 2: job-id: expected [a-z0-9][a-z0-9-]{0,63}"},
    {"script-sha256 6e", "script-sha256 6E",
     "line 4: script-sha256: expected 64 lower-case hex digits"},
    {"script-sha256 6e", "script-sha256 6",
     "line 4: script-sha256: expected 64 lower-case hex digits"},
    {"script-size 21", "script-size 0", "line 5: script-size: outside 1..4194304"},
    {"script-size 21", "script-size 4194305", "line 5: script-size: outside 1..4194304"},
    {"script-size 21", "script-size 99999999999999999999999999999999",
     "line 5: script-size: outside 1..4194304"},
    {"script-size 21", "script-size -21", "line 5: script-size: outside 1..4194304"},
    {"script-size 21", "script-size +21", "line 5: script-size: not a plain decimal number"},
    {"script-size 21", "script-size 021", "line 5: script-size: not a plain decimal number"},
    {"script-size 21", "script-size 0x15", "line 5: script-size: not a plain decimal number"},
    {"script-size 21", "script-size 21 ", "line 5: trailing blank"},
    {"interpreter /bin/bash", "interpreter bash",
     "line 6: interpreter: expected an absolute path of letters, digits and . _ + -"},
    {"interpreter /bin/bash", "interpreter /bin/../bash", "line 6: interpreter: path is not plain"},
    {"interpreter /bin/bash", "interpreter /bin//bash", "line 6: interpreter: path is not plain"},
    {"interpreter /bin/bash", "interpreter /bin/./bash", "line 6: interpreter: path is not plain"},
    {"interpreter /bin/bash", "interpreter /bin/bash -x",
     "line 6: interpreter: expected an absolute path of letters, digits and . _ + -"},
    {"profile maintain", "profile ../admin", "line 7: profile: expected [a-z][a-z0-9-]{0,31}"},
    {"param path enum:/var/cache|/var/tmp", "param path",
     "line 8: param: expected a name and a rule"},
    {"param path enum:/var/cache|/var/tmp", "param PATH enum:a",
     "line 8: param: name: expected [a-z][a-z0-9_]{0,31}"},
    {"param path enum:/var/cache|/var/tmp", "param path regex:.*",
     "line 8: param: expected int:, enum: or text:"},
    {"param path enum:/var/cache|/var/tmp", "param path enum:a||b", "line 8: param: empty choice"},
    {"param path enum:/var/cache|/var/tmp", "param path enum:a b",
     "line 8: param: blank in a rule"},
    {"param days", "param path", "line 9: param: name used twice"},
    {"int:-1..90", "int:90..-1", "line 9: param: outside 90..9223372036854775807"},
    {"int:-1..90", "int:1-90", "line 9: param: expected int:min..max"},
    {"int:-1..90", "text:0:a", "line 9: param: outside 1..512"},
    {"int:-1..90", "text:5:", "line 9: param: empty character class"},
    {"target group:web-eu\ntarget host:db-1.example\n", "", "line 10: target: missing"},
    {"target group:web-eu", "target web-eu",
     "line 10: target: expected host:ID, group:LABEL or any"},
    {"target group:web-eu",
     "target group:", "line 10: target: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63} after the colon"},
    {"target group:web-eu", "target group:*",
     "line 10: target: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63} after the colon"},
    {"target group:web-eu", "target host", "line 10: target: expected host:ID, group:LABEL or any"},
    {"target group:web-eu", "target any", "line 11: target: any stands alone"},
    {"target host:db-1.example", "target any", "line 11: target: any stands alone"},
    {"target group:web-eu", "target host:db-1.example", "line 11: target: given twice"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 2026-08-22T00:00:60Z",
     "line 12: not-before: no such time of day"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 2026-02-29T00:00:00Z",
     "line 12: not-before: no such day"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 2026-08-22T00:00:00+00:00",
     "line 12: not-before: not a time; write 2026-08-22T00:00:00Z"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 1787356800",
     "line 12: not-before: not a time; write 2026-08-22T00:00:00Z"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 2026-08-29T00:00:00Z",
     "line 13: not-after: not later than not-before"},
    {"not-before 2026-08-22T00:00:00Z", "not-before 2026-09-22T00:00:00Z",
     "line 13: not-after: not later than not-before"},
    {"not-after 2026-08-29T00:00:00Z", "not-after 9999-08-29T00:00:00Z",
     "line 13: not-after: year outside 1970..9998"},
    {"not-after 2026-08-29T00:00:00Z", "not-after 2016-12-31T23:59:60Z",
     "line 13: not-after: no such time of day"},
    {"timeout 900", "timeout 0", "line 14: timeout: outside 1..604800"},
    {"timeout 900", "timeout 15m", "line 14: timeout: not a plain decimal number"},
    {"output-max 1048576", "output-max 1073741825", "line 15: output-max: outside 1..1073741824"},
    {"runs 1\n", "runs 2\n", "line 16: runs: expected 1, n/day or n/hour"},
    {"runs 1\n", "runs 0/day\n", "line 16: runs: outside 1..1000"},
    {"runs 1\n", "runs 1/week\n", "line 16: runs: expected 1, n/day or n/hour"},
    {"runs 1\n", "runs 1/day/day\n", "line 16: runs: expected 1, n/day or n/hour"},
    {"reason CHG-4711, disk full on web-eu\n", "", "line 17: reason: missing"},
    {"reason CHG", "shell rm -rf\nreason CHG", "line 17: unknown key \"shell\""},
    {"reason CHG", "timeout 5\nreason CHG", "line 17: timeout: doubled or out of order"},
    {"\nend\n", "\nend", "line 18: no LF at its end"},
    {"\nend\n", "\n", "line 18: the line \"end\" is missing"},
    {"\nend\n", "\nend \n", "line 18: trailing blank"},
    {"\nend\n", "\nend of story\n", "line 18: unknown key \"end\""},
    {"\nend\n", "\nend\n\n", "line 19: text after end"},
    {"\nend\n", "\nend\nend\n", "line 19: text after end"},
    {"\nend\n", "\nend\n# why", "line 19: text after end"},
};

TEST(Manifest, EachMalformedLineIsNamedWithItsReason) {
    for (const auto& [from, to, error] : kMalformed) {
        const auto job = parse_manifest(replaced(from, to));
        ASSERT_FALSE(job) << to;
        EXPECT_EQ(job.error().what, error) << to;
    }
}

TEST(Manifest, WordsAreOfTheirCharactersAndLength) {
    struct Word {
        bool (*is)(std::string_view);
        std::size_t most;
        std::string_view good;
        std::string_view odd;
    };
    for (const auto& [is, most, good, odd] :
         {Word{is_job_id, 64, "a0-9z", "aA"}, Word{is_job_id, 64, "0-", "a_"},
          Word{is_principal, 64, "aZ0._@+-", "a,"}, Word{is_label, 64, "Za9._-", "a@"},
          Word{is_label, 64, "Az", "[a"}, Word{is_job_id, 64, "z9", "a{"},
          Word{is_profile_name, 32, "a0-9z", "a_"}, Word{is_profile_name, 32, "az", "0a"}}) {
        EXPECT_TRUE(is(good)) << good;
        EXPECT_FALSE(is(odd)) << odd;
        EXPECT_TRUE(is(std::string(most, 'a')));
        EXPECT_FALSE(is(std::string(most + 1, 'a')));
    }
}

TEST(Manifest, AHostAndAGroupMayShareTheirName) {
    EXPECT_TRUE(parse_manifest(replaced("target group:web-eu", "target group:db-1.example")));
}

TEST(Manifest, ANulIsNamedWhereverItStands) {
    for (std::size_t at = 0; at < kGolden.size(); ++at) {
        auto text = kGolden;
        text[at] = '\0';
        const auto job = parse_manifest(text);
        ASSERT_FALSE(job) << at;
        EXPECT_THAT(job.error().what, testing::HasSubstr("byte \\x00 is not printable ASCII"));
    }
}

TEST(Manifest, EveryProperPrefixIsMalformed) {
    for (std::size_t size = 0; size < kGolden.size(); ++size) {
        EXPECT_FALSE(parse_manifest(kGolden.substr(0, size))) << size;
    }
}

TEST(Manifest, NoSingleBitCanBeFlippedUnnoticed) {
    const auto golden = *parse_manifest(kGolden);
    for (std::size_t bit = 0; bit < kGolden.size() * 8; ++bit) {
        auto text = kGolden;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
        const auto job = parse_manifest(text);
        // What still reads as a manifest is another one: it says so and has another digest.
        if (!job) continue;
        EXPECT_EQ(write_manifest(*job), text);
        EXPECT_NE(job->digest, golden.digest);
    }
}

TEST(Manifest, LongLinesAndLargeFilesAreRefused) {
    const auto reason = [](std::size_t size) {
        return replaced("CHG-4711, disk full on web-eu", std::string(size, 'x'));
    };
    EXPECT_TRUE(parse_manifest(reason(kMaxManifestLine - 7)));
    EXPECT_EQ(parse_manifest(reason(kMaxManifestLine - 6)).error().what,
              "line 17: longer than 1024 bytes");
    EXPECT_EQ(parse_manifest(std::string(kMaxManifest + 1, 'x')).error().what,
              "manifest larger than 16384 bytes");
    auto large = kGolden;
    for (char name = 'a'; kMaxManifest - large.size() > 100; ++name) {
        const auto value = std::min<std::size_t>(1000, kMaxManifest - large.size() - 14);
        large.insert(large.find("target"),
                     std::string("param ") + name + " enum:" + std::string(value, 'x') + "\n");
    }
    large.replace(large.find("CHG"), 3, 3 + kMaxManifest - large.size(), '~');
    ASSERT_EQ(large.size(), kMaxManifest);
    EXPECT_TRUE(parse_manifest(large));
    const auto path = [](std::size_t size) {
        return replaced("/bin/bash", "/" + std::string(size - 1, 'x'));
    };
    EXPECT_TRUE(parse_manifest(path(255)));
    EXPECT_EQ(parse_manifest(path(256)).error().what,
              "line 6: interpreter: expected an absolute path of letters, digits and . _ + -");
    EXPECT_EQ(parse_manifest("").error().what, "line 1: empty manifest");
}

TEST(Manifest, ParametersAndTargetsAreBounded) {
    std::string params;
    for (int i = 0; i < 33; ++i) params += "param p" + std::to_string(i) + " int:0..9\n";
    EXPECT_EQ(parse_manifest(replaced("param days int:-1..90\n", params)).error().what,
              "line 40: param: too many");
    std::string targets;
    for (int i = 0; i < 64; ++i) targets += "target host:h" + std::to_string(i) + "\n";
    EXPECT_EQ(parse_manifest(replaced("target group:web-eu\n", targets)).error().what,
              "line 74: target: too many");
}

}  // namespace
}  // namespace bulkhead::approval
