// The dry run's promise: it says what the host will say. Jobs of every kind are given to both.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <map>
#include <random>
#include <regex>

#include "cli/base/policy_copy.hpp"
#include "cli/dry_run/report.hpp"
#include "common/base/text.hpp"
#include "common/policy/profile_digest.hpp"
#include "common/sys/clock.hpp"
#include "tests/cli/live_broker.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using std::chrono::hours;

constexpr int kJobs = 10'000;
const std::string kQuick = "#!/bin/bash\n:\n";

Result<cli::PolicyCopy> policy_of(const Site& site) {
    static constexpr std::array kOptions{cli::kVendorPolicy};
    const cli::Arguments words{"--vendor-policy", site.path("vendor")};
    const auto options = TRY(cli::Options::parse(words, kOptions));
    return cli::load_policy(site.path("policy"), options);
}

constexpr std::string_view kRealm = "prod";
constexpr std::uint32_t kEpoch = 3;

// Two profiles with every bound, and one with none.
constexpr std::string_view kRules =
    "signers ops alice bob carol  # the team\n"
    "signers security bob dave  # two teams, and one person in both\n"
    "profile maintain need 2 of ops valid-for 7d max-runs 4/day params int,enum,text-raw "
    "pinned-valid-for 30d  # two pairs of eyes\n"
    "profile inspect need 1 of ops and 1 of security valid-for 30d author-counts no-target-any "
    "one-shot-only params none  # two teams\n"
    "profile admin pinned-only  # nobody\n";

// A policy whose jobs start and end quickly, with two pinned manifests, one with its script.
void prepare(const Site& site, UnixTime now) {
    site.write("policy/host.policy",
               "policy-format 2  # test\nhost-id web-1  # test\ngroup web  # test\nrealm prod  # "
               "test\nepoch 3  # test\n");
    site.write("policy/approval.policy", kRules);
    // Erin is in no group.
    site.write("policy/allowed_signers",
               site.read("policy/allowed_signers") + "erin " + SigningKey("erin").line() + "\n");
    auto profile = site.read("policy/profiles/maintain.profile");
    for (const auto& [from, to] :
         {std::pair<std::string, std::string>{"network none ", "network host "},
          {"namespaces mount pid", "namespaces none"},
          {"private-tmp yes", "private-tmp no"},
          {"CAP_DAC_OVERRIDE CAP_FOWNER", "none"}}) {
        profile.replace(profile.find(from), from.size(), to);
    }
    for (const auto* name : {"maintain", "inspect", "admin"}) {
        site.write("policy/profiles/" + std::string(name) + ".profile", profile);
    }
    approval::Manifest job;
    job.format = 2;
    job.realm = kRealm;
    job.author = "whoever";
    job.interpreter = "/bin/bash";
    job.profile = "admin";
    job.targets.push_back({approval::Target::Kind::any, ""});
    job.not_before = now - hours(1);
    job.not_after = now + hours(24);
    job.timeout = std::chrono::seconds(60);
    job.output_max = 4096;
    job.runs = {1000, hours(1)};
    job.reason = "pinned";
    job.params.push_back(approval::parse_param_rule("n", "int:1..9").value());
    for (const std::string name : {"pinned", "listed"}) {
        const auto script = kQuick + "# " + name + "\n";
        job.job_id.value = name;
        job.script_sha256 = crypto::sha256(as_bytes(script));
        job.script_size = script.size();
        site.write("policy/approved/" + name + ".manifest", approval::write_manifest(job));
    }
    site.write("policy/approved/listed.script", kQuick + "# listed\n");
    site.write("policy/revoked_signers", SigningKey("carol").line() + "\n");
}

class Generator {
  public:
    Generator(const policy::Policy& policy, UnixTime now, unsigned seed)
        : policy_(policy), now_(now), random_(seed) {}

    Offer next(int number) {
        Offer offer{.delivery = "delivery-" + std::to_string(number)};
        switch (pick(20)) {
            case 0:
                offer.catalogue = one_of({"listed", "listed", "pinned", "absent"});
                offer.params = values();
                return offer;
            case 1:
                offer.text = kQuick + one_of({"# pinned\n", "# listed\n", "# unknown\n"});
                offer.params = values();
                return offer;
            default:
                break;
        }
        const auto script = script_of(number);
        auto job = job_of(number, script);
        auto manifest = approval::write_manifest(job);
        std::string signatures;
        for (const auto* name : {"alice", "bob", "carol", "dave", "erin", "mallory"}) {
            const std::string who(name);
            if (often(who == job.author ? 95 : who == "alice" || who == "bob" ? 85 : 10)) {
                signatures += SigningKey(name).armored(manifest);
            }
        }
        if (!job.params.empty()) offer.params = values();
        offer.text = damaged(script, manifest, signatures);
        return offer;
    }

  private:
    std::size_t pick(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }
    bool often(unsigned percent) { return pick(100) < percent; }
    std::string one_of(std::vector<std::string> words) { return words[pick(words.size())]; }

    std::vector<admission::ParamValue> values() {
        std::vector<admission::ParamValue> given;
        given.push_back({"n", often(90) ? "5" : "10"});
        if (often(4)) given.push_back(given[0]);
        if (often(4)) given.push_back({"m", "5\xc3\xa4"});
        if (often(4)) given.clear();
        return given;
    }

    std::string script_of(int number) {
        if (often(1)) return "";
        return kQuick + "# " + std::to_string(number) + "\n";
    }

    // Mostly good, each field now and then not.
    approval::Manifest job_of(int number, const std::string& script) {
        approval::Manifest job;
        job.job_id.value = "job-" + std::to_string(number);
        job.format = often(95) ? 2 : 1;
        job.author = often(90) ? "dave" : one_of({"alice", "alice", "Alice", "bob@example.com"});
        if (job.format == 2) {
            if (often(96)) job.realm = often(97) ? kRealm : "lab";
            if (often(96)) job.epoch = often(97) ? kEpoch : 2;
        }
        job.script_sha256 = crypto::sha256(as_bytes(script));
        job.script_size = std::max<std::size_t>(script.size(), 1);
        job.interpreter = often(96) ? "/bin/bash" : "/bin/dash";
        job.profile = often(60) ? "maintain" : one_of({"inspect", "inspect", "admin", "unknown"});
        const auto* profile = policy::find(policy_.profiles, job.profile);
        if (job.format == 2 && profile != nullptr && often(10)) {
            job.profile_sha256 = policy::profile_digest(policy_, *profile);
            if (often(20)) job.profile_sha256->front() ^= std::byte{1};
        }
        const auto target = often(90) ? one_of({"any", "group:web", "host:web-1"})
                                      : one_of({"host:web-2", "group:db"});
        job.targets.push_back(approval::parse_target(target).value());
        job.not_before = now_ - (often(95) ? hours(1) : hours(-5));
        job.not_after = job.not_before + (often(92)   ? hours(48)
                                          : often(50) ? hours(24 * 8)
                                                      : hours(24 * 40));
        if (often(3)) {
            job.not_before = now_ - hours(50);
            job.not_after = now_ - hours(2);
        }
        job.timeout = std::chrono::seconds(often(95) ? 60 : 7200);
        job.output_max = often(95) ? 4096 : 64_MiB;
        if (often(20)) job.runs = {often(90) ? 2U : 5U, hours(24)};
        if (often(20)) job.params.push_back(approval::parse_param_rule("n", "int:1..9").value());
        job.reason = "CHG-" + std::to_string(number);
        return job;
    }

    // One of the three parts, or the way they are put together, is hurt in a quarter of all jobs.
    std::string damaged(std::string script, std::string manifest, std::string signatures) {
        const auto flip = [&](std::string& text) {
            if (text.empty()) return;
            auto& byte = text[pick(text.size())];
            byte = static_cast<char>(byte ^ static_cast<char>(1U << pick(7)));
        };
        switch (pick(24)) {
            case 0:
                flip(script);
                break;
            case 1:
                script += "#\n";
                break;
            case 2:
                flip(manifest);
                break;
            case 3:
                flip(signatures);
                break;
            case 4:
                signatures.clear();
                break;
            case 5:
                return script;
            default:
                break;
        }
        std::string text = script + std::string(approval::kTailMarker) + "\n";
        const auto mark = [&](const char* with, const std::string& part) {
            for (std::size_t at = 0; at < part.size();) {
                const auto end = std::min(part.find('\n', at), part.size() - 1) + 1;
                text.append(with).append(part, at, end - at);
                at = end;
            }
        };
        mark("#m ", manifest);
        mark("#s ", signatures);
        return often(1) ? text + "true\n" : text;
    }

    const policy::Policy& policy_;
    UnixTime now_;
    std::mt19937 random_;
};

// A detail may have the time of the decision in it, and the clock goes on between the two.
json at_any_time(const json& value) {
    static const std::regex clock(R"(this host's clock \([^)]*\))");
    if (!value.is_string()) return value;
    return std::regex_replace(value.get<std::string>(), clock, "this host's clock");
}

// The members of a dry run's report under the names that the audit log has for them.
json as_record(const json& report) {
    const auto text = [](const json& value) { return value.is_null() ? json("") : value; };
    return {{"decision", report["verdict"]},
            {"reason", report["reason"]},
            {"job", text(report["job_id"])},
            {"manifest", text(report["manifest_sha256"])},
            {"profile", text(report["profile"])},
            {"rule", report["rule"]},
            {"signers", report["signers"]},
            {"detail", quoted(report["detail"].get<std::string>(), 992)}};
}

TEST(SameDecision, OfDryRunAndBrokerForTenThousandJobs) {
    if (::geteuid() != 0) GTEST_SKIP() << "the broker is root";
    const Site site;
    const auto now = sys::now();
    prepare(site, now);
    const auto copy = policy_of(site);
    ASSERT_OK(copy);
    ASSERT_EQ(copy->host_would_say, "");
    LiveBroker live(site.path("policy"));
    Generator generator(copy->policy, now, 20261122);
    std::map<std::string, int> seen;
    for (int number = 0; number < kJobs; ++number) {
        const auto offer = generator.next(number);
        const cli::Question question{.file = "job.sh",
                                     .text = offer.text,
                                     .catalogue = offer.catalogue,
                                     .params = offer.params,
                                     .now = sys::now()};
        const auto report =
            json::parse(cli::json_of(question, cli::examine(question, *copy), *copy));
        const auto record = live.decide(offer);
        ++seen[record["reason"].get<std::string>()];
        if (record["reason"] == "job-unusable") {
            ASSERT_EQ(report["reason"], "job-unusable") << offer.text;
            ASSERT_EQ(report["verdict"], "refuse");
            continue;
        }
        const auto predicted = as_record(report);
        for (const auto& [key, value] : predicted.items()) {
            ASSERT_EQ(at_any_time(record[key]), at_any_time(value))
                << key << " of job " << number << "\n"
                << offer.text;
        }
        if (offer.catalogue.empty() && !report["script"].is_null()) {
            ASSERT_EQ(record["script"], report["script"]["sha256"]);
        }
    }
    // A test of ten thousand refusals of one kind would say little.
    for (const auto* reason : {"admitted",
                               "job-unusable",
                               "script-empty",
                               "manifest-malformed",
                               "not-approved",
                               "catalogue-unknown",
                               "signature-malformed",
                               "signature-invalid",
                               "signer-unknown",
                               "signer-revoked",
                               "signer-not-in-group",
                               "author-does-not-count",
                               "author-unknown",
                               "author-unsigned",
                               "format-not-accepted",
                               "realm-mismatch",
                               "epoch-mismatch",
                               "not-one-shot",
                               "runs-over-ceiling",
                               "target-too-wide",
                               "parameter-not-allowed",
                               "profile-changed",
                               "threshold-not-met",
                               "profile-not-signable",
                               "validity-too-long",
                               "script-hash-mismatch",
                               "script-size-mismatch",
                               "interpreter-not-allowed",
                               "target-mismatch",
                               "too-early",
                               "too-late",
                               "parameter-unknown",
                               "parameter-missing",
                               "parameter-invalid",
                               "timeout-over-ceiling",
                               "output-over-ceiling"}) {
        EXPECT_GT(seen[reason], 0) << reason;
    }
    for (const auto& [reason, count] : seen) RecordProperty(reason, count);
    EXPECT_EQ(seen["admitted"], static_cast<int>(live.jobs_run()));
    EXPECT_GT(seen["admitted"], kJobs / 20);
}

// The broker refuses to read what is too large, so it knows less of it; the reason is the same.
TEST(SameDecision, OfPartsThatAreTooLarge) {
    if (::geteuid() != 0) GTEST_SKIP() << "the broker is root";
    const Site site;
    const auto copy = policy_of(site);
    ASSERT_OK(copy);
    LiveBroker live(site.path("policy"));
    const auto lines = [](const std::string& line, std::size_t bytes) {
        std::string text;
        while (text.size() <= bytes) text += line + "\n";
        return text;
    };
    const std::string wide(60, 'x');
    const auto tail = kQuick + std::string(approval::kTailMarker) + "\n";
    for (const auto& text : {std::string(4_MiB + 1, '#'), tail + lines("#m " + wide, 20_KiB),
                             tail + "#m x\n" + lines("#s " + wide, 20_KiB)}) {
        const cli::Question question{.file = "job.sh", .text = text, .now = sys::now()};
        const auto record = live.decide({.delivery = "large", .text = text});
        EXPECT_EQ(record["reason"], "size-exceeded");
        EXPECT_EQ(cli::examine(question, *copy).reason, "size-exceeded");
    }
}

}  // namespace
}  // namespace bulkhead::test
