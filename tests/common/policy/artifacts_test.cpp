// artifacts.policy, the line "artifacts" of approval.policy, and approved/NAME.artifact.
#include <gmock/gmock.h>

#include "common/policy/check_artifacts.hpp"
#include "common/policy/judge.hpp"
#include "common/policy/parse.hpp"
#include "tests/common/policy/support.hpp"

namespace bulkhead::policy {
namespace {

using approval::ProgramType;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UnixTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 12 / 10}};

const std::string kRules =
    "allow xdp eth*  # uplinks\n"
    "allow tc-ingress lo  # local\n"
    "allow cgroup-connect4 /system.slice/*  # services\n"
    "allow cgroup-connect6 /system.slice/app.service  # the one\n"
    "allow lsm file_open  # asked by audit\n"
    "max-artifacts 3  # few\n"
    "max-cpu-percent 2  # little\n"
    "max-ttl 7d  # a week\n"
    "max-memory 32MiB  # maps\n"
    "pins allowed  # a firewall\n";

std::string manifest() {
    return "bulkhead-artifact v1\nartifact-id count\nauthor alice\nelf-sha256 " +
           std::string(64, 'a') +
           "\nelf-size 9\nprogram count xdp eth0\ntarget any\nnot-before 2026-12-01T00:00:00Z\n"
           "not-after 2026-12-31T00:00:00Z\nttl 12h\nmax-cpu-percent 2\npin no\nreason x\nend\n";
}

ArtifactRules rules_of(const std::string& text) {
    Policy policy;
    const auto parsed = parse_file(policy, "artifacts.policy", text);
    EXPECT_TRUE(parsed) << parsed.error().what;
    return policy.artifacts.value_or(ArtifactRules{});
}

std::string refusal(const std::string& text, const std::string& file = "artifacts.policy") {
    Policy policy;
    const auto parsed = parse_file(policy, file, text);
    return parsed ? "" : parsed.error().what;
}

TEST(ArtifactRules, SayWhatMayBeAttachedWhere) {
    const auto rules = rules_of(kRules);
    const auto may = [&](ProgramType type, const std::string& attach) {
        return allows(rules, {"p", type, attach});
    };
    EXPECT_TRUE(may(ProgramType::xdp, "eth0"));
    EXPECT_FALSE(may(ProgramType::xdp, "lo"));
    EXPECT_FALSE(may(ProgramType::tc_ingress, "eth0"));
    EXPECT_FALSE(may(ProgramType::tc_egress, "lo")) << "another type";
    EXPECT_TRUE(may(ProgramType::cgroup_connect4, "/system.slice/app.service"));
    EXPECT_TRUE(may(ProgramType::cgroup_connect4, "/system.slice/app.service/sub"));
    EXPECT_FALSE(may(ProgramType::cgroup_connect4, "/system.slice"));
    EXPECT_FALSE(may(ProgramType::cgroup_connect4, "/system.slicer/x"));
    EXPECT_FALSE(may(ProgramType::cgroup_connect4, "/"));
    EXPECT_TRUE(may(ProgramType::cgroup_connect6, "/system.slice/app.service"));
    EXPECT_FALSE(may(ProgramType::cgroup_connect6, "/system.slice/app.service/sub"));
    EXPECT_TRUE(may(ProgramType::lsm, "file_open"));
    EXPECT_FALSE(may(ProgramType::lsm, "file_open2"));
    EXPECT_FALSE(may(ProgramType::none, "eth0"));
    EXPECT_EQ(rules.max_artifacts, 3U);
    EXPECT_EQ(rules.max_cpu_percent, 2U);
    EXPECT_EQ(rules.max_ttl, std::chrono::days(7));
    EXPECT_EQ(rules.max_memory, 32U << 20);
    EXPECT_TRUE(rules.pins_allowed);
}

TEST(ArtifactRules, WithoutLinesAllowNothing) {
    const auto rules = rules_of("");
    EXPECT_FALSE(allows(rules, {"p", ProgramType::xdp, "eth0"}));
    EXPECT_FALSE(rules.pins_allowed);
}

TEST(ArtifactRules, ErrorsNameTheirPlace) {
    const std::pair<std::string, std::string> cases[] = {
        {"allow xdp eth0\n", "artifacts.policy:1:15: no reason"},
        {"allow XDP eth0  # x\n", "artifacts.policy:1:7: no type of program: \"XDP\""},
        {"allow none eth0  # x\n", "no type of program"},
        {"allow xdp  # x\n", "artifacts.policy:1"},
        {"allow xdp eth/0  # x\n", "artifacts.policy:1:11: expected a pattern of interfaces"},
        {"allow cgroup-ingress app*  # x\n", "expected a cgroup"},
        {"allow cgroup-ingress /app*  # x\n", "expected a cgroup"},
        {"allow cgroup-ingress /a/../*  # x\n", "expected a cgroup"},
        {"allow kprobe *  # x\n", "expected the name of one function"},
        {"allow lsm file_*  # x\n", "expected the name of one function"},
        {"allow xdp a  # x\nallow xdp a  # x\n", "artifacts.policy:2:11: has a line already"},
        {"max-artifacts 0  # x\n", "artifacts.policy:1:15"},
        {"max-artifacts 17  # x\n", "artifacts.policy:1:15"},
        {"max-cpu-percent 101  # x\n", "artifacts.policy:1:17"},
        {"max-ttl 366d  # x\n", "artifacts.policy:1:9: expected 1s to 365d"},
        {"max-memory 1MiB  # x\n", "artifacts.policy:1:12: expected 4MiB"},
        {"pins forbidden  # x\n", "artifacts.policy:1:6"},
        {"pins allowed  # x\npins allowed  # x\n", "artifacts.policy:2"},
        {"deny xdp eth0  # x\n", "artifacts.policy:1:1"},
    };
    for (const auto& [text, says] : cases) EXPECT_THAT(refusal(text), HasSubstr(says)) << text;
}

TEST(ArtifactApprovalLine, TakesTheBoundsThatAnArtifactHas) {
    Policy policy;
    const auto parsed = parse_file(policy, "approval.policy",
                                   "artifacts need 2 of ops valid-for 7d no-target-any hardware "
                                   "pinned-valid-for 30d  # two\n");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(policy.artifact_approval->needs[0].people, 2U);
    EXPECT_TRUE(policy.artifact_approval->hardware);
    for (const auto* bound :
         {"one-shot-only", "max-runs 2/day", "params none", "before-birth admit"}) {
        EXPECT_THAT(
            refusal("artifacts need 2 of ops valid-for 7d " + std::string(bound) + "  # x\n",
                    "approval.policy"),
            AllOf(HasSubstr("approval.policy:1:38"), HasSubstr("pinned-valid-for")));
    }
    EXPECT_THAT(
        refusal("artifacts pinned-only  # x\nartifacts pinned-only  # x\n", "approval.policy"),
        HasSubstr("approval.policy:2"));
}

TEST(PinnedArtifact, MayCarryItsSignatures) {
    Policy policy;
    const auto text =
        manifest() + "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
    const auto parsed = parse_file(policy, "approved/count.artifact", text);
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(policy.approved_artifacts.at("count").bytes, manifest());
    EXPECT_THAT(refusal(manifest() + "x\n", "approved/count.artifact"),
                HasSubstr("approved/count.artifact:15: expected a signature"));
    EXPECT_THAT(refusal("x\nend\n", "approved/count.artifact"),
                HasSubstr("approved/count.artifact:1: unknown key"));
}

TEST(RevokedArtifacts, HaveAKeyOfTheirOwn) {
    const auto rows = approval::parse_revoked_jobs(
                          "artifact-id count  # bad\njob-id count  # bad\n"
                          "artifact-id other kill  # bad\n")
                          .value();
    EXPECT_TRUE(rows[0].names_artifact({}, "count"));
    EXPECT_FALSE(rows[0].names({}, "count")) << "a job of that id is another thing";
    EXPECT_FALSE(rows[1].names_artifact({}, "count"));
    EXPECT_FALSE(rows[1].names_artifact({}, "")) << "the empty id of a row is no name";
    EXPECT_TRUE(rows[2].names_artifact({}, "other"));
}

// With a policy on disk, as a reload reads it.
class ArtifactGrants : public testing::Test {
  protected:
    ArtifactGrants() {
        copy.write("artifacts.policy", kRules);
        std::filesystem::create_directory(copy.path("approved"));
        copy.write("approved/count.artifact", manifest());
        copy.append("approval.policy", "artifacts pinned-only  # root's alone\n");
    }

    // What is granted after a reload that was rejected.
    Policy granted(const Policy& in_force) {
        auto now = read_grants({}, copy.path(), Trust::root, in_force);
        fault = now.fault;
        auto policy = in_force;
        static_cast<Grants&>(policy) = std::move(now.grants);
        drop_new_grants(policy, in_force);
        static_cast<void>(withdraw_rows(policy, {}, copy.path()));
        return policy;
    }

    test::PolicyCopy copy;
    std::string fault;
};

TEST_F(ArtifactGrants, AreReadWithTheRest) {
    const auto policy = copy.load();
    ASSERT_TRUE(policy) << policy.error().what;
    ASSERT_TRUE(policy->artifacts);
    EXPECT_EQ(policy->artifacts->allowed.size(), 5U);
    EXPECT_TRUE(policy->artifact_approval);
    EXPECT_TRUE(policy->approved_artifacts.contains("count"));
    EXPECT_THAT(policy->file_list,
                AllOf(HasSubstr("artifacts.policy\n"), HasSubstr("approved/count.artifact\n")));
}

TEST_F(ArtifactGrants, LinesMayBeAddedAndAVendorShipsNone) {
    std::filesystem::create_directory(copy.path("artifacts.policy.d"));
    copy.write("artifacts.policy.d/10-more.lines", "allow xdp wlan0  # more\n");
    const auto operators = read(copy.path(), Trust::root).value();
    EXPECT_EQ(merge({}, operators)->artifacts->allowed.size(), 6U);
    Files vendor{.directory = "/usr/lib/bulkhead/policy", .texts = {{"artifacts.policy", kRules}}};
    EXPECT_THAT(merge(vendor, operators).error().what, HasSubstr("a decision of the operator's"));
}

TEST_F(ArtifactGrants, ARejectedReloadStillWithdraws) {
    const auto in_force = copy.load().value();
    copy.append("interpreters.policy", "nonsense\n");
    ASSERT_FALSE(copy.load());
    EXPECT_TRUE(granted(in_force).approved_artifacts.contains("count"));

    copy.write("artifacts.policy", "allow lsm file_open  # asked\nmax-ttl 1d  # less\n");
    const auto less = granted(in_force);
    EXPECT_EQ(less.artifacts->allowed.size(), 1U);
    EXPECT_EQ(less.artifacts->max_ttl, std::chrono::days(1));
    EXPECT_FALSE(less.artifacts->pins_allowed);

    std::filesystem::remove(copy.path("approved/count.artifact"));
    EXPECT_THAT(granted(in_force).approved_artifacts, IsEmpty());
    std::filesystem::remove(copy.path("artifacts.policy"));
    EXPECT_FALSE(granted(in_force).artifacts);
    EXPECT_EQ(fault, "");
    copy.write("revoked_jobs", "artifact-id count  # bad\n");
    EXPECT_TRUE(granted(in_force).revoked_jobs.at(0).names_artifact({}, "count"));
}

TEST_F(ArtifactGrants, ARejectedReloadGrantsNothingAnew) {
    const auto before = copy.load().value();
    copy.append("interpreters.policy", "nonsense\n");
    copy.write("approved/more.artifact", manifest());
    copy.write("artifacts.policy", kRules + "allow kprobe vfs_read  # new\n");
    const auto now = granted(before);
    EXPECT_FALSE(now.approved_artifacts.contains("more"));
    EXPECT_FALSE(allows(*now.artifacts, {"p", ProgramType::kprobe, "vfs_read"}));
    EXPECT_EQ(now.artifacts->allowed.size(), 5U);

    auto without = before;
    without.artifacts.reset();
    without.artifact_approval.reset();
    EXPECT_FALSE(granted(without).artifacts);
    EXPECT_FALSE(granted(without).artifact_approval);
}

TEST_F(ArtifactGrants, RulesThatCannotBeReadAreAFault) {
    const auto in_force = copy.load().value();
    copy.write("artifacts.policy", "allow xdp\n");
    static_cast<void>(granted(in_force));
    EXPECT_THAT(fault, HasSubstr("artifacts.policy:1"));
}

auto warns(const std::string& where, const std::string& text) {
    return Contains(AllOf(Field(&PolicyRemark::error, false), Field(&PolicyRemark::where, where),
                          Field(&PolicyRemark::text, HasSubstr(text))));
}

TEST(CheckArtifacts, TellsOfWhatIsWide) {
    Policy policy;
    policy.artifacts = rules_of(
        "allow xdp *  # x\nallow xdp eth*  # x\nallow cgroup-ingress /*  # x\n"
        "allow cgroup-ingress /app.slice  # x\nallow kprobe vfs_read  # x\nallow lsm file_open  # "
        "x\n"
        "pins allowed  # x\nmax-cpu-percent 50  # x\n");
    const auto remarks = check_artifacts(policy, kNow);
    EXPECT_THAT(remarks, warns("artifacts.policy:1", "is any interface"));
    EXPECT_THAT(remarks, testing::Not(warns("artifacts.policy:2", "")));
    EXPECT_THAT(remarks, warns("artifacts.policy:3", "reaches every process"));
    EXPECT_THAT(remarks, testing::Not(warns("artifacts.policy:4", "")));
    EXPECT_THAT(remarks, warns("artifacts.policy:5", "reads the kernel's memory"));
    EXPECT_THAT(remarks, warns("artifacts.policy:6", "may refuse what any process asks"));
    EXPECT_THAT(remarks, warns("artifacts.policy:7", "where the broker has ended"));
    EXPECT_THAT(remarks, warns("artifacts.policy", "max-cpu-percent 50"));
    EXPECT_THAT(remarks, warns("artifacts.policy", "nobody can approve an artifact"));
    policy.artifacts = rules_of("");
    EXPECT_THAT(check_artifacts(policy, kNow), warns("artifacts.policy", "allows no program"));
}

TEST(CheckArtifacts, TellsOfAThresholdThatIsNone) {
    Policy policy;
    policy.artifact_approval = ApprovalRule{.needs = {{1, "ops"}},
                                            .author_counts = true,
                                            .max_validity = std::chrono::days(60),
                                            .source = {"approval.policy", 3, "x"}};
    const auto remarks = check_artifacts(policy, kNow);
    EXPECT_THAT(remarks, warns("approval.policy:3", "no artifacts.policy"));
    EXPECT_THAT(remarks, warns("approval.policy:3", "one person's approval is enough"));
    EXPECT_THAT(remarks, warns("approval.policy:3", "one person alone may write and approve"));
    EXPECT_THAT(remarks, warns("approval.policy:3", "may last 60 days"));
}

TEST(JudgeArtifacts, KeysForJobsAloneApproveNoArtifact) {
    Policy policy;
    policy.artifact_approval = ApprovalRule{
        .needs = {{1, "ops"}}, .author_counts = true, .source = {"approval.policy", 3, "x"}};
    policy.signer_groups["ops"].principals = {"alice"};
    policy.signers.signers.push_back(
        {.principals = {"alice"}, .key = {}, .namespaces = {"bulkhead-job-v1"}});
    const auto errors = judge(policy, nullptr);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0].text, AllOf(HasSubstr("nobody may have an artifact loaded"),
                                      HasSubstr("\"bulkhead-artifact-v1\"")));
    policy.signers.signers[0].namespaces.emplace_back("bulkhead-artifact-v1");
    EXPECT_THAT(judge(policy, nullptr), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::policy
