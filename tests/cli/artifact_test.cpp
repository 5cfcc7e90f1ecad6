// What people do with an eBPF artifact: new-artifact, seal, dry-run, pin.
#include "common/approval/artifact.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/dry_run_artifact.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The head of an object file of the eBPF machine, which is all that is looked at without a loader.
std::string object() {
    Elf64_Ehdr head{};
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_machine = EM_BPF;
    return {reinterpret_cast<const char*>(&head), sizeof head};
}

const std::string kInspected =
    R"({"license":"GPL","btf":true,"core_relocations":2,"programs":[{"name":"count","section":"xdp",)"
    R"("type":"xdp","instructions":12,"helpers":["map_lookup_elem"]}],"maps":[{"name":"dropped",)"
    R"("type":"percpu_array","key_size":4,"value_size":8,"max_entries":1}],"rodata":[{"name":"limit",)"
    R"("size":4}],"problems":[]})";

class Artifact : public ::testing::Test {
  protected:
    Artifact() {
        // Where no loader is installed, whatever was built beside the program.
        std::filesystem::create_directory(site_.path("bin"));
        std::filesystem::copy_file(BULKHEAD_PROGRAM, site_.path("bin/bulkhead"));
        let_sign("bulkhead-job-v1,bulkhead-artifact-v1");
        site_.write("count.o", object());
        for (const auto* file : {"profiles/loader.profile", "seccomp/loader.seccomp"}) {
            site_.ship(file);
        }
        site_.write("policy/artifacts.policy",
                    "allow xdp eth*  # uplinks\nallow lsm file_open  # asked for\n");
        site_.write("policy/approval.policy",
                    site_.read("policy/approval.policy") +
                        "artifacts need 2 of ops valid-for 30d  # two people\n");
    }

    Answer bulkhead(std::vector<std::string> words) const {
        if (std::ranges::count(words, "--policy") > 0) {
            words.insert(words.begin() + 1, {"--vendor-policy", "vendor"});
        }
        return run({.words = std::move(words),
                    .folder = site_.path(),
                    .program = site_.path("bin/bulkhead")});
    }
    // A loader that says this of any object.
    void install_loader(const std::string& says) const {
        const auto path = site_.path("libexec/bulkhead/bulkhead-loader");
        site_.write("libexec/bulkhead/bulkhead-loader", "#!/bin/sh\necho '" + says + "'\n");
        std::filesystem::permissions(path, std::filesystem::perms(0755));
    }
    // Rewrites for which namespaces the keys of allowed_signers count.
    void let_sign(const std::string& name_spaces) const {
        auto text = site_.read("policy/allowed_signers");
        const std::string key = "namespaces=\"";
        for (auto at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
            const auto begin = at + key.size();
            text.replace(begin, text.find('"', begin) - begin, name_spaces);
        }
        site_.write("policy/allowed_signers", text);
    }
    Answer make(std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"new-artifact", "count.o",
                                       "--program",    "count xdp eth0",
                                       "--target",     "group:web",
                                       "--author",     "dave",
                                       "--reason",     "CHG-1",
                                       "--policy",     "policy",
                                       "--not-before", "2026-08-25T00:00:00Z"};
        words.insert(words.end(), more.begin(), more.end());
        return bulkhead(words);
    }
    // Of which hosts load the object from now on.
    std::string made_now(const std::string& target) const {
        const auto answer =
            bulkhead({"new-artifact", "count.o", "--program", "count xdp eth0", "--target", target,
                      "--author", "dave", "--reason", "CHG-1", "--policy", "policy"});
        EXPECT_EQ(answer.code, 0) << answer.err;
        return answer.out;
    }
    // A file with a signature of the manifest.
    std::string sign(const std::string& name, std::string_view manifest,
                     std::string_view name_space = approval::kArtifactNamespace) const {
        const auto file = name + ".sig";
        site_.write(file, armor(SigningKey(name).sign(manifest, {.name_space = name_space})));
        return file;
    }
    Answer dry_run(std::vector<std::string> more) const {
        return run({.words = site_.dry_run(std::move(more)),
                    .folder = site_.path(),
                    .program = site_.path("bin/bulkhead")});
    }

    Site site_;
};

TEST_F(Artifact, GoesFromObjectToVerdict) {
    const auto made = make({"--rodata", "limit u32 7", "--drops-map", "dropped"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, AllOf(HasSubstr("\nartifact-id count\n"), HasSubstr("\nttl 1d\n"),
                                HasSubstr("\nprogram count xdp eth0\nrodata limit u32 7\n")));
    EXPECT_THAT(made.err, HasSubstr("-n bulkhead-artifact-v1"));
    site_.write("count.artifact", made.out);
    const auto refused = dry_run({"count.o", "--approval", "count.artifact"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.out, HasSubstr("refuse: not-approved"));

    const auto sealed = bulkhead({"seal", "count.artifact", sign("alice", made.out),
                                  sign("bob", made.out), sign("dave", made.out), "-q"});
    ASSERT_EQ(sealed.code, 0) << sealed.err;
    EXPECT_EQ(sealed.err, "");
    site_.write("approval.artifact", sealed.out);
    const auto admitted = dry_run({"count.o", "--approval", "approval.artifact"});
    EXPECT_EQ(admitted.code, 0) << admitted.out;
    EXPECT_THAT(admitted.out, AllOf(HasSubstr("signed: 2 of ops (alice, bob)"),
                                    HasSubstr("count xdp eth0"), HasSubstr("not checked here")));

    let_sign("bulkhead-job-v1");
    const auto of_jobs = dry_run({"count.o", "--approval", "approval.artifact"});
    EXPECT_EQ(of_jobs.code, 1);
    EXPECT_THAT(of_jobs.out, HasSubstr("refuse: signer-not-valid"));
}

TEST_F(Artifact, SealAddsToWhatIsSealedAndTakesNoSignatureOfAJob) {
    const auto manifest = make().out;
    site_.write("count.artifact", manifest);
    const auto wrong =
        bulkhead({"seal", "count.artifact", sign("alice", manifest, approval::kNamespace)});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_THAT(wrong.err, HasSubstr("not made with -n bulkhead-artifact-v1"));
    const auto one = bulkhead({"seal", "count.artifact", sign("alice", manifest)});
    site_.write("one.artifact", one.out);
    const auto two =
        bulkhead({"seal", "one.artifact", sign("bob", manifest), sign("alice", manifest)});
    ASSERT_EQ(two.code, 0) << two.err;
    EXPECT_TRUE(two.out.starts_with(one.out));
    EXPECT_EQ(two.out.size(), 2 * one.out.size() - manifest.size()) << "alice is there already";
}

TEST_F(Artifact, WhatNoHostWouldLoadNamesItsOption) {
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"--program", "more xdp wlan0"}, "--program: a host refuses it as attach-not-allowed"},
        {{"--program", "more kprobe vfs_read"}, "--program: a host refuses it as program-type-not"},
        {{"--program", "count xdp eth1"}, "--program: name used twice"},
        {{"--program", "more xdp"}, "--program: expected NAME TYPE ATTACH"},
        {{"--rodata", "limit u32 -1"}, "--rodata: value: outside"},
        {{"--ttl", "31d"}, "--ttl: a host refuses it as ttl-over-ceiling"},
        {{"--max-cpu-percent", "50"}, "--max-cpu-percent: a host refuses it as cpu-over-ceiling"},
        {{"--max-cpu-percent", "0"}, "--max-cpu-percent: outside 1..100"},
        {{"--pin"}, "--pin: a host refuses it as pin-not-allowed"},
        {{"--expires", "31d"}, "--expires: a host refuses it as validity-too-long"},
        {{"--artifact-id", "A"}, "--artifact-id: expected"},
    };
    for (const auto& [more, says] : cases) {
        const auto answer = make(more);
        EXPECT_EQ(answer.code, 2) << says;
        EXPECT_THAT(answer.err, HasSubstr(says));
        EXPECT_EQ(answer.out, "");
    }
    site_.write("count.o", "#!/bin/sh\n");
    EXPECT_THAT(make().err, HasSubstr("no object file of the eBPF machine"));
}

TEST_F(Artifact, NamesNothingThatTheObjectLacks) {
    EXPECT_THAT(make().err, HasSubstr("the object was not looked into"));
    EXPECT_THAT(make({"-q"}).err, Not(HasSubstr("not looked into")));
    install_loader(kInspected);
    const auto made = make({"--rodata", "limit u32 7", "--drops-map", "dropped"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.err, Not(HasSubstr("not looked into")));
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"--program", "counts xdp eth1"}, "names program counts, which is not in it"},
        {{"--rodata", "limits u32 7"}, "names rodata limits, which is not in it"},
        {{"--rodata", "limit u64 7"}, "gives rodata limit 8 bytes (u64), and it has 4"},
        {{"--drops-map", "drops"}, "names drops-map drops, which is not in it"},
    };
    for (const auto& [more, says] : cases) {
        const auto answer = make(more);
        EXPECT_EQ(answer.code, 2) << says;
        EXPECT_THAT(answer.err, AllOf(HasSubstr(says), HasSubstr("programs: count; maps: dropped; "
                                                                 "rodata: limit of 4 bytes")));
        EXPECT_EQ(answer.out, "");
    }
}

TEST_F(Artifact, WhoeverMakesOneIsToldWhetherAnybodyCanSignIt) {
    const auto made = make();
    EXPECT_THAT(made.err, Not(HasSubstr("nobody")));
    EXPECT_THAT(made.err, HasSubstr("--approval APPROVAL.artifact --policy policy"));
    EXPECT_THAT(made.err, HasSubstr("bulkhead pin M.artifact --policy policy"));
    let_sign("bulkhead-job-v1");
    const auto unsigned_there = make({"-q"});
    EXPECT_EQ(unsigned_there.code, 0);
    EXPECT_THAT(unsigned_there.err,
                AllOf(HasSubstr("nobody can sign it: nobody may have an artifact loaded by"),
                      HasSubstr("bulkhead-artifact-v1")));
    auto rules = site_.read("policy/approval.policy");
    rules.resize(rules.find("artifacts need"));
    site_.write("policy/approval.policy", rules);
    EXPECT_THAT(make().err, HasSubstr("approval.policy has no line artifacts"));
    site_.write("policy/approval.policy", rules + "artifacts pinned-only  # root\n");
    EXPECT_THAT(make().err, AllOf(Not(HasSubstr("nobody")),
                                  HasSubstr("bulkhead pin M.artifact --policy policy")));
}

TEST_F(Artifact, OneThatIsPinnedComesBare) {
    site_.write("count.artifact", make().out);
    EXPECT_EQ(dry_run({"count.o"}).code, 1);
    const auto pinned = bulkhead({"pin", "count.artifact", "--policy", "policy"});
    ASSERT_EQ(pinned.code, 0) << pinned.err;
    EXPECT_THAT(pinned.out, HasSubstr("/policy/approved/count.artifact\n  artifact count, until"));
    EXPECT_THAT(dry_run({"count.o"}).out, HasSubstr("pinned approved/count.artifact"));
    EXPECT_EQ(dry_run({"count.o"}).code, 0);
    EXPECT_THAT(bulkhead({"pin", "count.artifact", "--policy", "policy"}).err,
                HasSubstr("is there already"));
    site_.write("other.artifact", "bulkhead-artifact v1\nend\n");
    EXPECT_THAT(bulkhead({"pin", "other.artifact", "--policy", "policy"}).err,
                HasSubstr("other.artifact: line 2: artifact-id: missing"));
    site_.write("policy/artifacts.policy", "allow xdp wlan0  # another\n");
    EXPECT_EQ(bulkhead({"pin", "count.artifact", "--policy", "policy", "--replace"}).code, 0)
        << "it was refused before, too";
}

TEST_F(Artifact, AnObjectIsPinnedOnceForAHostAndATime) {
    site_.write("count.artifact", made_now("host:web-1"));
    const auto pin = [&](std::vector<std::string> more) {
        std::vector<std::string> words{"pin", "count.artifact", "--policy", "policy"};
        words.insert(words.end(), more.begin(), more.end());
        return bulkhead(words);
    };
    ASSERT_EQ(pin({"--name", "first"}).code, 0);
    for (const auto* name : {"a-before", "second"}) {
        const auto twice = pin({"--name", name});
        EXPECT_EQ(twice.code, 1) << name << twice.out;
        EXPECT_THAT(twice.err,
                    AllOf(HasSubstr("approved/" + std::string(name) + ".artifact: pins "),
                          HasSubstr("the object of approved/first.artifact"),
                          HasSubstr("--name first --replace")));
        EXPECT_FALSE(std::filesystem::exists(
            site_.path("policy/approved/" + std::string(name) + ".artifact")));
    }
    EXPECT_EQ(pin({"--name", "first", "--replace"}).code, 0);

    site_.write("count.artifact", made_now("host:web-2"));
    const auto elsewhere = pin({"--name", "second"});
    EXPECT_EQ(elsewhere.code, 0) << elsewhere.err;
    site_.write("count.artifact", make().out);
    const auto over = pin({"--name", "third"});
    EXPECT_EQ(over.code, 0) << "its time is over: " << over.err;
}

TEST_F(Artifact, AManifestIsNoScript) {
    site_.write("count.artifact", make().out);
    for (const auto& more : {std::vector<std::string>{"count.artifact"},
                             {"count.artifact", "--approval", "count.artifact"}}) {
        const auto answer = dry_run(more);
        EXPECT_EQ(answer.code, 2) << answer.out;
        EXPECT_THAT(answer.err,
                    HasSubstr("give its object, and this to --approval: bulkhead dry-run OBJECT.o "
                              "--approval count.artifact"));
    }
    EXPECT_THAT(bulkhead({"dry-run", "--help"}).out, HasSubstr("OBJECT.o"));
}

TEST_F(Artifact, OfABackendThatWasLeftNothingIsRemembered) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root removes what a worker keeps";
    site_.write("state/workers/main/artifacts/0123", "{}");
    site_.write("state/broker/requests/x", "");
    for (const auto* place : {"state/workers/main", "state/workers/main/artifacts"}) {
        ASSERT_EQ(::chown(site_.path(place).c_str(), kNobody, kNobody), 0);
    }
    const auto left = bulkhead({"leave", "main", "--yes", "--untold", "--state", "state"});
    ASSERT_EQ(left.code, 0) << left.err;
    EXPECT_FALSE(std::filesystem::exists(site_.path("state/workers/main/artifacts/0123")));
    EXPECT_THAT(left.out, AllOf(HasSubstr("artifacts that it brought stay loaded until"),
                                HasSubstr("bulkhead artifacts remove ID")));
}

TEST_F(Artifact, TheReportForProgramsHasItsSchema) {
    site_.write("count.artifact", make().out);
    const auto answer = dry_run({"count.o", "--approval", "count.artifact", "--json"});
    const auto report = nlohmann::json::parse(answer.out);
    EXPECT_EQ(report["schema"], "bulkhead.dry-run-artifact/1");
    EXPECT_EQ(report["reason"], "not-approved");
    EXPECT_EQ(report["manifest"]["programs"][0]["attach"], "eth0");
    EXPECT_EQ(report["exit"], 1);
    EXPECT_EQ(report["kernel"]["outcome"], "not-checked");
}

TEST(Inspection, IsComparedWithTheManifest) {
    const auto object = cli::parse_inspection(kInspected).value();
    approval::ArtifactManifest manifest;
    manifest.programs = {{"count", approval::ProgramType::xdp, "eth0"}};
    manifest.rodata = {{"limit", "u32", "7", std::string(4, 'x')}};
    manifest.drops_map = "dropped";
    EXPECT_THAT(cli::problems_of(&manifest, object), ElementsAre());
    manifest.programs[0].name = "counts";
    manifest.rodata[0].bytes.resize(8);
    manifest.drops_map = "drops";
    EXPECT_THAT(cli::problems_of(&manifest, object),
                ElementsAre(HasSubstr("program counts"), HasSubstr("it has 4"),
                            HasSubstr("drops-map drops")));
}

TEST(Inspection, OfAnotherFormIsAnError) {
    for (const auto* text : {"", "{}", "[]", R"({"license":1})"}) {
        EXPECT_FALSE(cli::parse_inspection(text)) << text;
    }
}

}  // namespace
}  // namespace bulkhead::test
