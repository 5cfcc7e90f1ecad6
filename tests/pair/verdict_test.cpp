// `bulkhead check-policy`, a reload and a start judge a policy alike and in the same words.
#include <gmock/gmock.h>

#include <filesystem>

#include "common/base/parse.hpp"
#include "common/policy/needed_calls.hpp"
#include "common/policy/wall.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using testing::HasSubstr;

struct Edit {
    const char* file;
    std::string text;  // appended, or the whole file where `anew`
    std::string told;  // by check-policy and broker; "": no host rejects the policy
    bool anew = false;
    bool by_host = false;  // only --as-host tells
};

class Verdict : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        place().write("policy/allowed_signers", "alice " + alice_.line() + "\nbob " + bob_.line() +
                                                    "\ncarol " + carol_.line() + "\n");
        place().append("policy/approval.policy",
                       "signers ops alice bob  # test\nsigners others alice  # test\n"
                       "profile test need 2 of ops valid-for 30d  # test\n");
        pin({.name = "pinned", .script = "echo pinned\n"});
    }

    Finished check(bool as_host) {
        std::vector<std::string> words{BULKHEAD_CLI, "check-policy", place() / "policy",
                                       "--vendor-policy", place() / "vendor-policy"};
        if (as_host) words.emplace_back("--as-host");
        return run(words);
    }

    // Makes the edit; what undoes it.
    std::function<void()> make(const Edit& edit) {
        const auto name = "policy/" + std::string(edit.file);
        const bool there = place().exists(name);
        const auto before = there ? place().read(name) : "";
        const auto folder = std::filesystem::path(name).parent_path().string();
        const bool is_new_folder = !place().exists(folder);
        if (is_new_folder) std::filesystem::create_directory(place() / folder);
        if (edit.anew || !there) {
            place().write(name, edit.text);
        } else {
            place().append(name, edit.text);
        }
        return [this, name, there, before, folder, is_new_folder] {
            there ? place().write(name, before) : place().remove(is_new_folder ? folder : name);
        };
    }

    // Of a reload: why it was rejected, "" if it was not.
    std::string reloaded() {
        const auto before = audit("policy-rejected").size();
        reload();
        const auto now = audit("policy-rejected");
        if (now.size() == before) return "";
        return without(now.back()["why"], "\\x22", "\"");
    }

    void expect_one_verdict(const Edit& edit) {
        SCOPED_TRACE(std::string(edit.file) + ": " + edit.text.substr(0, 80));
        const auto here = check(true);
        const auto anywhere = check(false);
        const auto why = reloaded();
        if (edit.told.empty()) {
            EXPECT_EQ(here.code, 0) << here.output;
            EXPECT_EQ(why, "");
            return;
        }
        EXPECT_NE(here.code, 0);
        EXPECT_EQ(anywhere.code == 0, edit.by_host) << anywhere.output;
        EXPECT_THAT(why, HasSubstr(edit.told));
        const auto said = without(here.output, ": error:", ":");
        EXPECT_THAT(said, HasSubstr(edit.told));
        // Each error in the same words at the same place.
        for (const auto& line : split(here.output, '\n')) {
            if (!line.contains(": error: ")) continue;
            EXPECT_THAT(why, HasSubstr(without(std::string(line), ": error:", ":")));
        }
        if (here.code == 2) {
            EXPECT_THAT(here.output, HasSubstr(why));
        }
    }

    static std::string without(const std::string& text, std::string_view from,
                               std::string_view to) {
        std::string out;
        std::size_t at = 0;
        for (auto next = text.find(from); next != text.npos; next = text.find(from, at)) {
            out.append(text, at, next - at).append(to);
            at = next + from.size();
        }
        return out.append(text, at);
    }

    // A list of the worker's own calls but one.
    static std::string list_without(std::string_view lacking) {
        std::string calls;
        for (const auto call : policy::needed_calls("worker")) {
            if (call != lacking) calls.append(" ").append(call);
        }
        return "default kill  # test\nallow" + calls + "  # test\n";
    }

    std::vector<Edit> edits() const {
        const auto approval = "approval.policy";
        const auto pinned = place_read("policy/approved/pinned.manifest");
        const auto with = [&](const std::string& from, const std::string& to) {
            auto text = pinned;
            return text.replace(text.find(from), from.size(), to);
        };
        return {
            // What cannot be read.
            {approval, "profile loose neeed 1 of ops valid-for 1d  # x\n", "approval.policy:21:15"},
            {approval, "no line of ours\n", "approval.policy:21:"},
            {approval, "profile loose need 1 of ops  # x\n", "approval.policy:21"},
            {"host.policy", "requires landlock  # x\n", "host.policy:"},
            {"reads.policy", "no line of ours\n", "reads.policy:"},
            {"interpreters.policy", "interpreter bash  # x\n", "interpreters.policy:"},
            {"profiles/test.profile", "read relative  # x\n", "profiles/test.profile:"},
            {"profiles/new.profile", "user nobody  # x\n", "profiles/new.profile"},
            {"revoked-signers", "", "call it revoked_signers"},
            {"revoked_signers", "# x\nbob's key\n", "revoked_signers:2: "},
            {"revoked_jobs", "clean-1\n", "revoked_jobs:1: "},
            {"approved/pinned.manifest", "", "approved/pinned.manifest:1: ", true},
            {"allowed_signers", std::string(70000, 'x'), "allowed_signers"},
            {"jobs.disable", "", "jobs.disable"},
            {"profiles/nosuch.profile.d/a.lines", "nice 1  # x\n", "there is no profiles/nosuch"},
            // What is well-formed and cannot be meant.
            {approval, "profile loose need 1 of dev valid-for 1d  # x\n",
             "approval.policy:21: there is no line \"signers dev"},
            {approval, "profile loose need 3 of ops valid-for 1d  # x\n",
             "approval.policy:21: nobody may use profile loose: it needs 3 signers"},
            {approval, "profile loose need 1 of ops valid-for 1d hardware  # x\n",
             "approval.policy:21: nobody may use profile loose: it needs 1 signers"},
            {approval, "profile loose need 2 of ops and 1 of others valid-for 1d  # x\n",
             "approval.policy:21: nobody may use profile loose"},
            {approval, "profile gone need 1 of ops valid-for 1d  # x\n",
             "approval.policy:21: there is no profiles/gone.profile"},
            {approval, "signers wide alice carrol  # x\n",
             "carrol has no line in allowed_signers; did you mean carol of its line 3?"},
            {"allowed_signers", "", "", true},
            {"approved/pinned.manifest", with("profile test", "profile tset"),
             "approved/pinned.manifest: there is no profiles/tset.profile", true},
            {"host.policy", "require landlok  # x\n",
             "no such feature: landlok; did you mean landlock?"},
            {"host.policy", "require cgroup-memroy  # x\n", "did you mean cgroup-memory?"},
            {"host.policy", "require egress  # x\nwithout egress  # x\n",
             "another line requires egress"},
            {"seccomp/worker.seccomp", list_without("splice"), "allows no splice, without which",
             true},
            {"seccomp/admin.seccomp", "errno EPERM frobnicate  # x\n",
             "there is no system call \"frobnicate\""},
            // What only the host knows.
            {"profiles/worker.profile", "read /nowhere/at/all  # x\n", "/nowhere/at/all: ", false,
             true},
            // A withdrawal, a stricter line, the calendar, another host: nothing is rejected.
            {"revoked_signers", bob_.line() + "\n", ""},
            {"revoked_jobs", "job-id pinned  # no more\n", ""},
            {"allowed_signers", "bob no key\n", ""},
            {"interpreters.policy", "# none\n", "", true},
            {"host.policy", "readers nosuchgroup  # x\n", ""},
            {"approved/pinned.manifest", with("2090", "2021"), "", true},
            {"approved/pinned.manifest", with("timeout ", "timeout 9"), "", true},
        };
    }
    std::string place_read(const std::string& name) const {
        return const_cast<Verdict*>(this)->place().read(name);
    }

    const SigningKey alice_{"alice"};
    const SigningKey bob_{"bob"};
    const SigningKey carol_{"carol"};
};

TEST_F(Verdict, OfAReloadIsThatOfCheckPolicy) {
    start_enrolled();
    ASSERT_EQ(check(true).code, 0) << check(true).output;
    for (const auto& edit : edits()) {
        const auto undo = make(edit);
        expect_one_verdict(edit);
        undo();
    }
    EXPECT_EQ(reloaded(), "") << "all is as it was";
}

// Each wall that a kernel may lack: what check-policy finds lacking, the broker does.
TEST_F(Verdict, OnARequiredWallIsThatOfCheckPolicy) {
    start_enrolled();
    std::size_t lacking = 0;
    for (const auto& row : policy::walls()) {
        if (!policy::may_lack(row)) continue;
        const auto name = std::string(row.name);
        const auto undo = make({"host.policy", "require " + name + "  # x\n", ""});
        const auto said = check(true);
        const auto why = reloaded();
        EXPECT_EQ(said.code == 0, why.empty()) << name << ": " << why << "\n" << said.output;
        if (!why.empty()) {
            ++lacking;
            EXPECT_THAT(said.output, HasSubstr("this host lacks the required " + name));
            EXPECT_THAT(why, HasSubstr("this host lacks the required " + name));
        }
        undo();
    }
    RecordProperty("lacking", static_cast<int>(lacking));
}

// The unit's bounding set decides, not what the running broker gave up.
TEST_F(Verdict, OnACapabilityIsThatOfTheNextStart) {
    start_enrolled();
    for (const auto* name : {"CAP_SYS_TIME", "CAP_SYS_RESOURCE", "CAP_CHOWN"}) {
        auto profile = place().read("policy/profiles/test.profile");
        const auto line = profile.find("capabilities none");
        profile.replace(line, profile.find('\n', line) - line,
                        std::string("capabilities ") + name + "  # x");
        const auto undo = make({"profiles/wide.profile", profile, "", true});
        const auto said = check(true);
        const auto why = reloaded();
        EXPECT_EQ(said.code == 0, why.empty()) << name << ": " << why << "\n" << said.output;
        if (name == std::string("CAP_SYS_TIME")) {
            EXPECT_THAT(why, HasSubstr("which this agent gives nobody")) << "a start would fail";
        }
        undo();
    }
}

TEST_F(Verdict, OfAStartIsThatOfCheckPolicy) {
    for (const auto& edit : edits()) {
        // The log has quotes escaped.
        if (edit.told.empty() || edit.told.contains('"')) continue;
        SCOPED_TRACE(std::string(edit.file) + ": " + edit.text.substr(0, 80));
        const auto undo = make(edit);
        start();
        EXPECT_TRUE(wait_for_log(edit.told)) << log();
        stop(broker().running() ? SIGTERM : 0);
        undo();
        place().write("agent.log", "");
    }
    start_enrolled();  // all is as it was
}

}  // namespace
}  // namespace bulkhead::test
