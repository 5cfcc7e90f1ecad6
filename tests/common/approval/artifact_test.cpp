#include "common/approval/artifact.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include "common/approval/sshsig.hpp"

namespace bulkhead::approval {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');

std::string golden() {
    return "bulkhead-artifact v1\n"
           "artifact-id drop-counter\n"
           "author alice\n"
           "realm prod\n"
           "epoch 4\n"
           "elf-sha256 " +
           kDigest +
           "\n"
           "elf-size 5120\n"
           "program count xdp eth0\n"
           "program guard cgroup-connect4 /system.slice/app.service\n"
           "program watch lsm file_open\n"
           "rodata limit u32 100\n"
           "rodata below i16 -2\n"
           "rodata peer ipv4 192.0.2.1\n"
           "drops-map dropped\n"
           "target host:web-1\n"
           "target group:edge\n"
           "not-before 2026-12-01T00:00:00Z\n"
           "not-after 2026-12-31T00:00:00Z\n"
           "ttl 12h\n"
           "max-cpu-percent 2\n"
           "pin no\n"
           "reason count what the firewall drops\n"
           "end\n";
}

std::string with(std::string_view from, std::string_view to) {
    auto text = golden();
    const auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
    const auto parsed = parse_artifact_manifest(text);
    return parsed ? "" : parsed.error().what;
}

TEST(ArtifactManifest, IsReadAndWrittenBackByteForByte) {
    const auto parsed = parse_artifact_manifest(golden());
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(write_artifact_manifest(*parsed), golden());
    EXPECT_EQ(parsed->digest, crypto::sha256(as_bytes(golden())));
    ASSERT_EQ(parsed->programs.size(), 3U);
    EXPECT_EQ(parsed->programs[1].type, ProgramType::cgroup_connect4);
    EXPECT_EQ(parsed->programs[1].attach, "/system.slice/app.service");
    EXPECT_EQ(parsed->ttl, std::chrono::hours(12));
    EXPECT_FALSE(parsed->pin);
}

TEST(ArtifactManifest, ConstantsAreBytesAsTheObjectHasThem) {
    const auto parsed = parse_artifact_manifest(golden()).value();
    std::uint32_t limit = 0;
    ASSERT_EQ(parsed.rodata[0].bytes.size(), sizeof limit);
    std::memcpy(&limit, parsed.rodata[0].bytes.data(), sizeof limit);
    EXPECT_EQ(limit, 100U);
    std::int16_t below = 0;
    ASSERT_EQ(parsed.rodata[1].bytes.size(), sizeof below);
    std::memcpy(&below, parsed.rodata[1].bytes.data(), sizeof below);
    EXPECT_EQ(below, -2);
    EXPECT_EQ(parsed.rodata[2].bytes, std::string("\xc0\x00\x02\x01", 4));
}

TEST(ArtifactManifest, WhatMayBeLeftOutMay) {
    auto text = golden();
    for (const auto* line :
         {"realm prod\n", "epoch 4\n", "rodata limit u32 100\n", "rodata below i16 -2\n",
          "rodata peer ipv4 192.0.2.1\n", "drops-map dropped\n"}) {
        text.erase(text.find(line), std::strlen(line));
    }
    const auto parsed = parse_artifact_manifest(text);
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(write_artifact_manifest(*parsed), text);
}

TEST(ArtifactManifest, AnErrorNamesLineAndKey) {
    const std::pair<std::string, std::string> cases[] = {
        {with("artifact v1", "artifact v2"), "line 1: bulkhead-artifact: expected v1"},
        {with("artifact v1", "job v1"), "line 1: unknown key \"bulkhead-job\""},
        {with("drop-counter", "Drop"), "line 2: artifact-id: expected [a-z0-9]"},
        {with("elf-size 5120", "elf-size 0"), "line 7: elf-size: outside 1..4194304"},
        {with("elf-size 5120", "elf-size 05120"), "line 7: elf-size: not a plain decimal number"},
        {with("count xdp eth0", "count xdp"), "line 8: program: expected NAME TYPE ATTACH"},
        {with("count xdp eth0", "count xdp  eth0"), "line 8: program: expected NAME TYPE ATTACH"},
        {with("count xdp eth0", "count XDP eth0"), "line 8: program: no type of program: \"XDP\""},
        {with("count xdp eth0", "count none eth0"), "no type of program: \"none\"; there are xdp"},
        {with("count xdp eth0", "1count xdp eth0"), "line 8: program: name: expected [A-Za-z_]"},
        {with("count xdp eth0", "count xdp a234567890123456"), "expected a network interface"},
        {with("count xdp eth0", "count xdp eth*"), "expected a network interface"},
        {with("count xdp eth0", "count xdp .."), "expected a network interface"},
        {with("count xdp eth0", "guard xdp eth0"), "line 9: program: name used twice"},
        {with("/system.slice/app", "/system.slice/../app"), "line 9: program: expected a cgroup"},
        {with("/system.slice/app", "system.slice/app"), "line 9: program: expected a cgroup"},
        {with("/system.slice/app", "/system.slice//app"), "line 9: program: expected a cgroup"},
        {with("/system.slice/app.service", "/*"), "line 9: program: expected a cgroup"},
        {with("lsm file_open", "lsm file-open"), "line 10: program: expected a function"},
        {with("u32 100", "u32 -1"), "line 11: rodata: value: outside 0..4294967295"},
        {with("u32 100", "u32 4294967296"), "line 11: rodata: value: outside 0..4294967295"},
        {with("u32 100", "int 100"), "line 11: rodata: expected u8, u16"},
        {with("rodata below", "rodata limit"), "line 12: rodata: name used twice"},
        {with("192.0.2.1", "192.0.2"), "line 13: rodata: value: expected an address"},
        {with("192.0.2.1", "192.0.2.01"), "line 13: rodata: value: expected an address"},
        {with("192.0.2.1", "192.0.2.1.1"), "line 13: rodata: value: expected an address"},
        {with("dropped", "a234567890123456"), "line 14: drops-map: expected [A-Za-z_]"},
        {with("group:edge", "any"), "line 16: target: any stands alone"},
        {with("2026-12-31", "2026-11-30"), "line 18: not-after: not later than not-before"},
        {with("ttl 12h", "ttl 24h"), "line 19: ttl: write it as 1d"},
        {with("ttl 12h", "ttl 0s"), "line 19: ttl: expected a time"},
        {with("ttl 12h", "ttl 366d"), "line 19: ttl: expected a time"},
        {with("ttl 12h", "ttl 1500ms"), "line 19: ttl: expected a time"},
        {with("percent 2", "percent 101"), "line 20: max-cpu-percent: outside 1..100"},
        {with("pin no", "pin maybe"), "line 21: pin: expected yes or no"},
        {with("pin no\n", ""), "line 21: pin: missing"},
        {with("end\n", ""), "the line \"end\" is missing"},
        {golden() + "x", "line 24: text after end"},
        {with("author alice\n", "author alice\r\n"), "line 3: ends with CR LF"},
    };
    for (const auto& [text, says] : cases) EXPECT_THAT(error_of(text), HasSubstr(says));
    EXPECT_EQ(error_of(golden()), "");
}

TEST(ArtifactManifest, AJobsManifestIsNone) {
    EXPECT_THAT(error_of("bulkhead-job v2\njob-id x\n"), HasSubstr("unknown key"));
}

TEST(ArtifactManifest, HasAtMostSoManyPrograms) {
    const auto programs = [](std::size_t count) {
        std::string lines;
        for (std::size_t i = 0; i < count; ++i) {
            lines += "program p" + std::to_string(i) + " xdp eth0\n";
        }
        return with("program count xdp eth0\n", lines);
    };
    EXPECT_EQ(error_of(programs(kMaxPrograms - 2)), "");
    EXPECT_THAT(error_of(programs(kMaxPrograms - 1)), HasSubstr("program: too many"));
}

TEST(ArtifactManifest, EveryTypeHasItsNameAndItsKindOfPlace) {
    for (int i = 1; i <= static_cast<int>(ProgramType::kLast); ++i) {
        const auto type = static_cast<ProgramType>(i);
        EXPECT_EQ(parse_program_type(name_of(type)).value(), type);
    }
    EXPECT_EQ(name_of(ProgramType::none), "none");
    EXPECT_EQ(attach_kind(ProgramType::tc_egress), AttachKind::interface);
    EXPECT_EQ(attach_kind(ProgramType::cgroup_egress), AttachKind::cgroup);
    EXPECT_EQ(attach_kind(ProgramType::kprobe), AttachKind::function);
}

TEST(ArtifactApproval, IsAManifestWithSignaturesBehindIt) {
    const std::string signature =
        "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
    const auto both = golden() + signature;
    const auto parts = split_artifact_approval(both).value();
    EXPECT_EQ(parts.manifest, golden());
    EXPECT_EQ(parts.signatures, signature);
    EXPECT_EQ(split_artifact_approval(golden()).value().signatures, "");
}

TEST(ArtifactApproval, OtherTextBehindTheManifestIsRefused) {
    const auto wrong = [](const std::string& text) {
        const auto parts = split_artifact_approval(text);
        return parts ? "" : parts.error().what;
    };
    EXPECT_THAT(wrong(golden() + "program more xdp eth1\n"), HasSubstr("line 24: expected a sign"));
    EXPECT_THAT(wrong(golden() + "\n"), HasSubstr("line 24"));
    EXPECT_THAT(wrong("x"), HasSubstr("\"end\" is missing"));
    EXPECT_THAT(wrong(golden() + std::string(40'000, ' ')), HasSubstr("larger"));
}

}  // namespace
}  // namespace bulkhead::approval
