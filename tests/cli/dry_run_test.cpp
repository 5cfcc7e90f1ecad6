// `bulkhead dry-run` as a program: what it prints, its exit status, and where it works.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/cli/golden.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class DryRun : public ::testing::Test {
  protected:
    Answer ask(std::vector<std::string> more) const {
        return site_.bulkhead(site_.dry_run(std::move(more)));
    }
    ordered_json ask_json(std::vector<std::string> more) const {
        more.push_back("--json");
        return ordered_json::parse(ask(std::move(more)).out);
    }

    Site site_;
};

// The place of the policy, and what a host would say of that place, differ from run to run.
std::string settled(std::string text, const std::string& place) {
    for (auto at = text.find(place); at != text.npos; at = text.find(place)) {
        text.replace(at, place.size(), "/PLACE");
    }
    std::string out;
    for (const auto line : split(text, '\n')) {
        if (!line.contains("a host would not load this directory")) {
            out.append(line).append("\n");
        }
    }
    out.pop_back();
    return out;
}

TEST_F(DryRun, ShowsPeopleTheWholeAnswer) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto answer = ask({"signed.sh"});
    const auto text = settled(answer.out, site_.path());
    EXPECT_EQ(text, golden("admitted.txt", text));
    EXPECT_EQ(answer.err, "");
    EXPECT_EQ(answer.code, 0);
}

TEST_F(DryRun, ShowsAnAuthorWhatIsMissing) {
    const auto answer = ask({"clean.sh"});
    const auto text = settled(answer.out, site_.path());
    EXPECT_EQ(text, golden("unapproved.txt", text));
    EXPECT_EQ(answer.code, 1);
}

TEST_F(DryRun, ShowsASignerWhoElseIsNeeded) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    const auto answer = ask({"signed.sh"});
    const auto text = settled(answer.out, site_.path());
    EXPECT_EQ(text, golden("one-signature.txt", text));
    EXPECT_EQ(answer.code, 1);
}

// A host of a group that grows: the job was signed before there was the host.
TEST_F(DryRun, AsksForAHostThatWasBornLater) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"}, {"--runs", "1"});
    EXPECT_EQ(ask({"signed.sh"}).code, 0);
    EXPECT_THAT(ask({"signed.sh"}).out, HasSubstr("  replay      ? not checked here"));
    const auto born = ask({"signed.sh", "--host-born", "2026-08-25T00:00:01Z"});
    EXPECT_EQ(born.code, 1);
    EXPECT_THAT(born.out, HasSubstr("refuse: before-birth"));
    EXPECT_THAT(born.out, HasSubstr("before-birth admit"));
    EXPECT_THAT(born.out, HasSubstr("birth: the host's ledger was born 2026-08-25T00:00:01Z"));
    EXPECT_EQ(ask({"signed.sh", "--host-born", "2026-08-25T00:00:00Z"}).code, 0);
    EXPECT_EQ(ask({"signed.sh", "--host-born", "yesterday"}).code, 2);
}

// What the host's ledger has of an earlier job of the id "disk-clean", and of the time.
class OnTheHost : public DryRun {
  protected:
    void remember(const std::string& job_id, const std::string& floor) const {
        auto run = records::start_record(1, parse_utc("2026-08-25T09:06:36Z").value());
        run.start.job_id.value = protocol::Name::clipped(job_id);
        site_.write(
            "state/broker/ledger",
            records::file_of({records::clock_record(1, parse_utc("2026-08-01T00:00:00Z").value()),
                              run, records::clock_record(2, parse_utc(floor).value())}));
    }
    Answer ask_here(std::vector<std::string> more = {}) const {
        more.insert(more.end(), {"signed.sh", "--state", "state"});
        return ask(std::move(more));
    }
};

TEST_F(OnTheHost, TheLedgerIsAsked) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    remember("another", "2026-08-25T09:07:00Z");
    const auto first = ask_here();
    EXPECT_EQ(first.code, 0) << first.out << first.err;
    EXPECT_THAT(first.out, HasSubstr("\n  replay      ok first start\n"));
    EXPECT_THAT(first.out, Not(HasSubstr("  replay: ")));
    const auto before = site_.read("state/broker/ledger");

    remember("disk-clean", "2026-08-25T09:07:00Z");
    const auto again = ask_here();
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.out, HasSubstr("verdict       refuse: job-already-run"));
    EXPECT_THAT(again.out, HasSubstr("an earlier job of this id (disk-clean, manifest "));
    EXPECT_THAT(again.out, HasSubstr(" 2026-08-25T09:06:36Z; give this one another --job-id"));
    auto more = site_.dry_run({"signed.sh", "--state", "state", "--json"});
    const auto document = ordered_json::parse(site_.bulkhead(more).out);
    EXPECT_EQ(document["reason"], "job-already-run");

    // A record that is being written is none yet.
    site_.write("state/broker/ledger", before + std::string(100, 'x'));
    EXPECT_EQ(ask_here().code, 0);
    EXPECT_EQ(site_.read("state/broker/ledger").size(), before.size() + 100)
        << "nothing is written";
}

TEST_F(OnTheHost, ALedgerThatCannotBeReadIsNotTakenForAnEmptyOne) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    EXPECT_EQ(ask_here().code, 2);
    EXPECT_THAT(ask_here().err, HasSubstr("state/broker/ledger: "));
    site_.write("state/broker/ledger", std::string(1024, 'x'));
    EXPECT_EQ(ask_here().code, 2);
    EXPECT_EQ(ask_here().out, "");
}

TEST_F(DryRun, SaysInTheTableWhatWasNotChecked) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto document = ask_json({"signed.sh"});
    std::vector<std::string> names;
    for (const auto& check : document["checks"]) {
        if (check["outcome"] == "not-checked") names.push_back(check["name"]);
        EXPECT_EQ(check["outcome"] == "not-checked",
                  check["detail"].get<std::string>().contains("not checked here: "));
    }
    EXPECT_THAT(names, ElementsAre("interpreter", "time", "replay", "profile", "intake"));
}

TEST_F(DryRun, TellsProgramsTheSame) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    auto document = ask_json({"signed.sh"});
    auto& assumed = document["assumed"];
    const auto last = assumed.back().get<std::string>();
    if (last.contains("a host would not load this directory")) assumed.erase(assumed.size() - 1);
    const auto text = document.dump(2) + "\n";
    EXPECT_EQ(text, golden("admitted.json", text));
}

// The instructions are followed to the letter, by people whose keys lie in files of their names.
class Instructions : public DryRun {
  protected:
    void follow(const std::string& job, const std::string& signers) const {
        std::string commands;
        auto said = ask({job}).out;
        said.erase(0, said.find("\nto get it approved\n"));
        for (const auto line : split(said, '\n')) {
            const auto command = trimmed(line);
            if (command.starts_with("bulkhead unseal ") ||
                command.starts_with("bulkhead new-job ")) {
                commands += std::string(command) + "\n";
            } else if (command.starts_with("ssh-keygen ")) {
                commands += "for KEY in " + signers + "; do " + std::string(command) + "; done\n";
            } else if (command.starts_with("seal: ")) {
                commands += std::string(command.substr(6)) + "\n";
            }
        }
        for (const auto& [from, to] : kChoices) {
            for (auto at = commands.find(from); at != commands.npos;
                 at = commands.find(from, at + to.size())) {
                commands.replace(at, from.size(), to);
            }
        }
        for (const auto* name : {"alice", "bob", "dave"}) {
            site_.write(name, SigningKey(name).private_file());
            ::chmod(site_.path(name).c_str(), 0600);
        }
        const auto done =
            run({.words = {"-e", "-c", commands}, .folder = site_.path(), .program = "/bin/sh"});
        EXPECT_EQ(done.code, 0) << commands << done.err;
        EXPECT_EQ(ask({"SIGNED"}).code, 0) << commands;
    }

  private:
    const std::vector<std::pair<std::string, std::string>> kChoices{
        {"--profile NAME --target WHERE",
         "--not-before 2026-08-25T00:00:00Z --profile maintain --target group:web"},
        {"--author NAME", "--author dave"},
        {"--reason TEXT", "--reason CHG-1"},
        {"bulkhead unseal", std::string(BULKHEAD_PROGRAM) + " unseal"},
        {"bulkhead seal", std::string(BULKHEAD_PROGRAM) + " seal"},
        {"bulkhead new-job", std::string(BULKHEAD_PROGRAM) + " new-job"},
        {"-f KEY", "-f $KEY"},
        {".NAME.sig", ".$KEY.sig"}};
};

TEST_F(Instructions, LeadFromABareScriptToAnAdmittedJob) { follow("clean.sh", "alice bob dave"); }

TEST_F(Instructions, LeadFromOneSignatureToAnAdmittedJob) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    follow("signed.sh", "bob");
}

TEST_F(Instructions, LeadFromADamagedSignatureToAnAdmittedJob) {
    site_.seal("clean.sh", "signed.sh", {"alice"});
    auto text = site_.read("signed.sh");
    text[text.size() - 50] ^= 1;
    site_.write("signed.sh", text);
    follow("signed.sh", "alice bob dave");
}

// What no signature mends: the manifest is made anew for the realm, epoch and bounds of the hosts.
TEST_F(Instructions, LeadFromAnotherRealmAndEpochToAnAdmittedJob) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    site_.write("policy/host.policy",
                "policy-format 2  # test\nhost-id web-1  # test\ngroup web  # test\n"
                "realm prod  # test\nepoch 3  # test\n");
    EXPECT_EQ(ask_json({"signed.sh"})["reason"], "realm-mismatch");
    follow("signed.sh", "alice bob dave");
}

TEST_F(Instructions, LeadFromATargetThatIsTooWideToAnAdmittedJob) {
    auto manifest = site_.new_job("clean.sh").out;
    manifest.replace(manifest.find("target group:web"), 16, "target any");
    site_.write("signed.sh.m", manifest);
    std::vector<std::string> words{"seal", "clean.sh", "signed.sh.m"};
    for (const std::string name : {"alice", "bob", "dave"}) {
        site_.write(name + ".sig", SigningKey(name).armored(manifest));
        words.push_back(name + ".sig");
    }
    site_.write("signed.sh", site_.bulkhead(words).out);
    site_.write(
        "policy/approval.policy",
        "signers ops alice bob carol  # the team\n"
        "profile maintain need 2 of ops valid-for 7d no-target-any one-shot-only  # test\n");
    EXPECT_EQ(ask_json({"signed.sh"})["reason"], "target-too-wide");
    follow("signed.sh", "alice bob dave");
}

TEST_F(DryRun, SaysWhoseSignaturesAreStillWanted) {
    const auto wanted = [&](const std::vector<std::string>& people, bool author = true) {
        site_.seal("clean.sh", "signed.sh", people);
        if (!author) {
            std::vector<std::string> words{"seal", "clean.sh", "signed.sh.m"};
            for (const auto& name : people) words.push_back("signed.sh." + name + ".sig");
            site_.write("signed.sh", site_.bulkhead(words).out);
        }
        const auto report = ask_json({"signed.sh"});
        for (const auto& line : report["next"]) {
            const auto text = line.get<std::string>();
            if (text.starts_with("sign: ")) return text.substr(6, text.rfind(", each") - 6);
        }
        return std::string("nobody");
    };
    EXPECT_EQ(wanted({}), "2 of: alice, bob, carol");
    EXPECT_EQ(wanted({"alice"}), "1 more of: bob, carol");
    EXPECT_EQ(wanted({"alice"}, false), "the author dave, and 1 more of: bob, carol");
    EXPECT_EQ(wanted({"alice", "bob"}, false), "the author dave");
    EXPECT_EQ(wanted({"alice", "bob"}), "nobody");
    site_.write("policy/approval.policy",
                "signers ops alice bob  # test\nsigners security bob carol  # test\n"
                "profile maintain need 1 of ops and 1 of security valid-for 7d  # test\n");
    EXPECT_EQ(wanted({"alice"}), "1 more of: bob, carol");
    EXPECT_EQ(wanted({"bob"}), "1 more of: alice, carol");
    EXPECT_EQ(wanted({"carol"}), "1 more of: alice, bob");
}

TEST_F(DryRun, SaysWhatTheBackendMayChoose) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"},
               {"--target", "host:web-1", "--runs", "4/day", "--expires", "2d", "--param",
                "n int:1..16", "--param", "cmd text:512:a-z"});
    const auto choice = ask_json({"signed.sh"})["backend_may_choose"];
    EXPECT_EQ(choice["hosts"], "hosts of group web, host web-1");
    EXPECT_EQ(choice["runs"], "up to 4 times a day on each host, 12 times in all");
    EXPECT_EQ(choice["parameters"][0]["bits"], 4);
    EXPECT_EQ(choice["parameters"][0]["free_text"], false);
    EXPECT_EQ(choice["parameters"][1]["bits"], 2406);
    EXPECT_EQ(choice["parameters"][1]["free_text"], true);
    EXPECT_EQ(choice["warnings"].size(), 0U);
    EXPECT_THAT(ask({"signed.sh"}).out,
                HasSubstr("\nwhat the backend may choose of it\n"
                          "  where: hosts of group web, host web-1\n"
                          "  when: any moment from 2026-08-25T00:00:00Z to 2026-08-27T00:00:00Z\n"
                          "  how often: up to 4 times a day on each host, 12 times in all\n"
                          "  parameter n: int:1..16, 4 bits\n"
                          "  parameter cmd: text:512:a-z, FREE TEXT of up to 2406 bits\n"));
    auto admin = site_.read("policy/profiles/maintain.profile");
    admin.replace(admin.find("user nobody"), 11, "user root");
    site_.write("policy/profiles/maintain.profile", admin);
    EXPECT_THAT(ask({"signed.sh"}).out,
                HasSubstr("  WARNING: parameter cmd is free text, and profile maintain is root: if "
                          "the script lets its value be executed, whoever holds the backend is "
                          "root\n"));
}

TEST_F(DryRun, TakesHostGroupsTimeAndParametersFromTheCommandLine) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"},
               {"--param", "path enum:/var/cache|/var/tmp"});
    const std::vector<std::string> good{"signed.sh", "--param", "path=/var/tmp"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), good.begin(), good.end());
        return ask_json(more)["reason"].get<std::string>();
    };
    EXPECT_EQ(with({}), "admitted");
    EXPECT_EQ(with({"--host-id", "db-1"}), "admitted");
    EXPECT_EQ(with({"--group", "db"}), "target-mismatch");
    EXPECT_EQ(with({"--group", "db", "--group", "web"}), "admitted");
    EXPECT_EQ(with({"--param", "mode=all"}), "parameter-unknown");
    EXPECT_EQ(ask_json({"signed.sh"})["reason"], "parameter-missing");
    EXPECT_EQ(ask_json({"signed.sh", "--param", "path=/etc"})["reason"], "parameter-invalid");
    const auto at = [&](const char* time) {
        return ordered_json::parse(
                   site_
                       .bulkhead({"dry-run", "--policy", "policy", "--json", "signed.sh", "--param",
                                  "path=/var/tmp", "--at", time})
                       .out)["reason"]
            .get<std::string>();
    };
    EXPECT_EQ(at("2026-08-24T23:59:59Z"), "too-early");
    EXPECT_EQ(at("2026-09-01T00:00:01Z"), "too-late");
}

TEST_F(DryRun, KnowsTheCatalogueAndPinnedScripts) {
    site_.write("policy/approved/clean.manifest", site_.new_job("clean.sh").out);
    EXPECT_EQ(ask_json({"clean.sh"})["rule"], "pinned approved/clean.manifest");
    EXPECT_THAT(ask({"clean.sh"}).out,
                HasSubstr("disk-clean by dave (as claimed; pinned by root)"));
    EXPECT_EQ(ask_json({"--catalogue", "clean"})["reason"], "catalogue-unknown");
    site_.write("policy/approved/clean.script", kScript);
    const auto document = ask_json({"--catalogue", "clean"});
    EXPECT_EQ(document["verdict"], "admit");
    EXPECT_EQ(document["script"]["size"], kScript.size());
    EXPECT_EQ(ask({"--catalogue", "clean", "clean.sh"}).code, 2);
}

TEST_F(DryRun, ObeysTheFileThatSuspendsIntake) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    site_.write("policy/jobs.disabled", "");
    EXPECT_EQ(ask_json({"signed.sh"})["reason"], "intake-suspended");
}

TEST_F(DryRun, ReadsAJobFromStandardInput) {
    EXPECT_THAT(site_.bulkhead(site_.dry_run({"-"}), kScript).out, HasSubstr("not-approved"));
}

TEST_F(DryRun, HasAnExitStatusOfItsOwnForAWrongCallOrPolicy) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    EXPECT_EQ(ask({"signed.sh"}).code, 0);
    EXPECT_EQ(ask({"clean.sh"}).code, 1);
    EXPECT_EQ(ask({"absent.sh"}).code, 2);
    EXPECT_EQ(ask({"policy"}).code, 2);
    EXPECT_EQ(ask({"signed.sh", "clean.sh"}).code, 1);
    EXPECT_EQ(ask({}).code, 2);
    EXPECT_EQ(ask({"signed.sh", "--param", "path"}).code, 2);
    EXPECT_EQ(ask({"signed.sh", "--host-id", "a b"}).code, 2);
    EXPECT_EQ(ask({"signed.sh", "--group", "-"}).code, 2);
    const auto at = [&](const char* time) {
        return site_.bulkhead({"dry-run", "signed.sh", "--policy", "policy", "--at", time});
    };
    EXPECT_EQ(at("2026-06-30T23:59:60Z").code, 2);
    EXPECT_EQ(at("9999-01-01T00:00:00Z").code, 2);
    EXPECT_THAT(at("yesterday").err, HasSubstr("--at: not a time; write 2026-08-22T00:00:00Z"));
    const auto none = site_.bulkhead({"dry-run", "--policy", "absent", "signed.sh"});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.err, HasSubstr("/absent: there is no such directory"));
    site_.write("policy/host.policy", "host-id web-1  # test\ngroups web  # test\n");
    const auto broken = ask({"signed.sh"});
    EXPECT_EQ(broken.code, 2);
    EXPECT_THAT(broken.err, HasSubstr("/policy: host.policy:2:1: unknown key \"groups\""));
}

// As on a laptop: an account without any power, a copy of the policy, no agent installed.
TEST_F(DryRun, NeedsNoPrivilege) {
    if (::geteuid() != 0) GTEST_SKIP() << "already nobody in particular";
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    const auto mine = ask({"signed.sh"});
    const auto theirs =
        run({.words = site_.dry_run({"signed.sh"}), .folder = site_.path(), .user = kNobody});
    EXPECT_EQ(theirs.code, 0) << theirs.err;
    EXPECT_EQ(settled(theirs.out, site_.path()), settled(mine.out, site_.path()));
}

TEST_F(DryRun, ReadsAPolicyThatBelongsToTheCaller) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs files of somebody else";
    const auto chowned = run({.words = {"-R", "65534", site_.path()}, .program = "/bin/chown"});
    ASSERT_EQ(chowned.code, 0);
    const auto theirs =
        run({.words = site_.dry_run({"clean.sh"}), .folder = site_.path(), .user = kNobody});
    EXPECT_EQ(theirs.code, 1) << theirs.err;
    EXPECT_THAT(theirs.out, HasSubstr("a host would not load this directory where it lies"));
}

TEST_F(DryRun, SaysSoWhenItsOwnOutputIsLost) {
    const auto answer = run({.words = {"-c", std::string(BULKHEAD_PROGRAM) +
                                                 " dry-run --policy policy clean.sh > /dev/full"},
                             .folder = site_.path(),
                             .program = "/bin/sh"});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("standard output: "));
}

TEST_F(DryRun, IsWhatTheBrokerCalls) {
    site_.seal("clean.sh", "signed.sh", {"alice", "bob"});
    auto words = site_.dry_run({"signed.sh"});
    words[0] = "--dry-run";
    const auto asked = run({.words = words, .folder = site_.path(), .program = BROKER_PROGRAM});
    const auto direct = ask({"signed.sh"});
    EXPECT_EQ(asked.out, direct.out);
    EXPECT_EQ(asked.code, direct.code);
}

TEST_F(DryRun, IsMissedByABrokerThatWasInstalledWithoutIt) {
    site_.write("alone/broker", sys::Dir::open("/")
                                    .value()
                                    .read_file(std::string(BROKER_PROGRAM).substr(1), 1_GiB)
                                    .value());
    ::chmod(site_.path("alone/broker").c_str(), 0755);
    const auto answer = run({.words = {"--dry-run", "clean.sh"},
                             .folder = site_.path(),
                             .program = site_.path("alone/broker")});
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.err, HasSubstr("it belongs to this package: install it, or call bulkhead"));
}

TEST_F(DryRun, ExplainsItself) {
    const auto answer = site_.bulkhead({"dry-run", "--help"});
    EXPECT_EQ(answer.code, 0);
    EXPECT_THAT(answer.out, HasSubstr("[--policy DIR]"));
    EXPECT_EQ(site_.bulkhead({}).code, 2);
    EXPECT_EQ(site_.bulkhead({"--help"}).code, 0);
    EXPECT_EQ(site_.bulkhead({"dance"}).code, 2);
}

}  // namespace
}  // namespace bulkhead::test
