// check-policy warns of what policy/README.md says to be strict about.
#include <gmock/gmock.h>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// A bullet of the chapter, by how it begins, and an edit that makes a warning of it.
struct Strict {
    const char* bullet;
    const char* file;      // empty: no program can see it, for the reason in `warning`
    std::string addition;  // appended to the file
    const char* warning;
};

class BeStrict : public testing::Test {
  protected:
    void append(const std::string& file, const std::string& text) const {
        const auto name = "policy/" + file;
        site_.write(name, site_.read(name) + text);
    }
    void replace(const std::string& file, const std::string& from, const std::string& to) const {
        auto text = site_.read("policy/" + file);
        const auto at = text.find(from);
        ASSERT_NE(at, text.npos) << from;
        site_.write("policy/" + file, text.replace(at, from.size(), to));
    }
    std::string checked() const { return site_.bulkhead({"check-policy", "policy"}).out; }
    static std::string pinned(const std::string& profile, const std::string& id,
                              UnixTime until = sys::now() + std::chrono::days(90)) {
        return "bulkhead-job v2\njob-id " + id + "\nauthor alice\nscript-sha256 " +
               crypto::hex(crypto::sha256(as_bytes(id))) +
               "\nscript-size 5\ninterpreter /bin/bash\nprofile " + profile +
               "\nparam what text:64:a-z\ntarget any\nnot-before 2026-01-01T00:00:00Z\nnot-after " +
               format_utc(until) + "\ntimeout 60\noutput-max 4096\nruns 9/day\nreason test\nend\n";
    }
    static std::vector<std::string> bullets() {
        const auto page = sys::Dir::open(POLICY).value().read_file("README.md", 1 << 20).value();
        const auto begin = page.find("## What to be strict about");
        const auto chapter = page.substr(begin, page.find("\n## ", begin) - begin);
        std::vector<std::string> all;
        for (const auto line : split(chapter, '\n')) {
            if (line.starts_with("- ")) all.emplace_back(line);
        }
        return all;
    }

    Site site_;
};

TEST_F(BeStrict, OfEachBulletOfTheChapterThereIsAWarning) {
    const std::vector<Strict> rows{
        {"- **`profile admin`.**", "profiles/root.profile", "",
         "asks for no more people than profile maintain"},
        {"- **`write` with capabilities.**", "", "", "who may write to /var/cache is root before"},
        {"- **`files host`**", "", "", "user root: nothing but its approvals holds its jobs"},
        {"- **`without`**", "profiles/maintain.profile", "without landlock  # an old kernel\n",
         "its jobs run where"},
        {"- **`groups`**", "", "", "let its jobs ask daemons of this host"},
        {"- **A `glob` with `private-too`**", "reads.policy",
         "glob sshd-config /etc/ssh/*.conf 4KiB private-too  # x\n",
         "with private-too hands out whatever matches"},
        {"- **`if-present`**", nullptr, "", "which paths matter is the operator's to say"},
        {"- **`text:` parameters**", "approved/a.manifest", pinned("root", "a"),
         "parameter what is free text, and profile root is root"},
        {"- **An interpreter**", "interpreters.policy",
         "interpreter /usr/bin/env  # x\ninterpreter /usr/bin/python3  # x\n",
         "/usr/bin/env runs whatever its arguments name"},
        {"- **The worker's rows and ports.**", "profiles/worker.profile",
         "read /  # x\nconnect 10.0.0.0/8 22  # x\n", "port 22 is ssh's"},
        {"- **A key that is revoked**", "revoked_signers", SigningKey("bob").line() + "\n",
         "bob's key is in revoked_signers"},
        {"- **A job id**", "approved/b.manifest", pinned("maintain", "a"),
         "has the job id of approved/a.manifest"},
        {"- **What ends within 14 days**", "approved/soon.manifest",
         pinned("maintain", "soon", sys::now() + std::chrono::days(3)), "pinned job soon ends in "},
    };
    auto root = site_.read("policy/profiles/admin.profile");
    root.replace(root.find("user nobody"), 11, "user root");
    root.replace(root.find("groups none"), 11, "groups adm ");
    root.replace(root.find("network none"), 12, "network host");
    site_.write("policy/profiles/root.profile", root);
    append("approval.policy", "profile root need 2 of ops valid-for 365d author-counts  # x\n");
    for (const auto& row : rows) {
        if (row.file == nullptr || row.addition.empty()) continue;
        const auto name = "policy/" + std::string(row.file);
        const bool is_new = std::string_view(row.file).starts_with("approved/") ||
                            std::string_view(row.file) == "revoked_signers";
        site_.write(name, (is_new ? "" : site_.read(name)) + row.addition);
    }
    const auto said = checked();
    const auto all = bullets();
    EXPECT_EQ(all.size(), rows.size());
    for (const auto& bullet : all) {
        const auto row = std::ranges::find_if(
            rows, [&](const auto& one) { return bullet.starts_with(one.bullet); });
        ASSERT_NE(row, rows.end()) << bullet << ": no warning of it is known here";
        if (row->file != nullptr) {
            EXPECT_THAT(said, HasSubstr(row->warning)) << bullet;
        }
    }
    for (const auto* more :
         {"an approval may last 365 days", "the author of a job is one of those who approve it",
          "let one last a day (valid-for 24h)", "/usr/bin/python3 is no shell",
          "could read all of /"}) {
        EXPECT_THAT(said, HasSubstr(more));
    }
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy"}).code, 0) << "they are warnings";
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy", "--strict"}).code, 1);
}

TEST_F(BeStrict, OnePersonForAProfileThatIsRootIsOneTooFew) {
    replace("profiles/admin.profile", "user nobody", "user root");
    replace("approval.policy", "profile admin pinned-only",
            "profile admin need 1 of ops valid-for 24h");
    const auto said = checked();
    EXPECT_THAT(said, HasSubstr("approval.policy:4: warning: profile admin has no bounds but its "
                                "approvals, and one person's is enough; need 2"));
    EXPECT_THAT(said, Not(HasSubstr("valid-for 24h")));
}

TEST_F(BeStrict, OfAKeyThatEndsSoon) {
    const auto end = format_utc(sys::now() + std::chrono::days(3));
    auto digits = end;
    std::erase_if(digits, [](char c) { return c == '-' || c == ':' || c == 'T'; });
    append("allowed_signers",
           "erin valid-before=\"" + digits + "\" " + SigningKey("erin").line() + "\n");
    EXPECT_THAT(checked(), HasSubstr("allowed_signers:5: warning: signer erin ends in "));
}

}  // namespace
}  // namespace bulkhead::test
