// What root opens for the worker, and what becomes of it at the backend.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/sys/clock.hpp"
#include "tests/pair/pair.hpp"
#include "tests/worker/host/scanners/make_certificate.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;

UnixTime in_days(int days) { return sys::now() + std::chrono::days(days) + 1h; }

class Findings : public Pair {
  protected:
    // For findings, not for the connection to the backend.
    std::vector<json> files_read() const {
        auto reads = audit("read");
        std::erase_if(reads, [](const json& event) {
            return event["row"].get<std::string>().starts_with("credential ");
        });
        return reads;
    }
    using Pair::Pair;

    std::string configuration() override {
        return Pair::configuration() + "findings:\n  interval: 10s\n";
    }
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        const auto top = place().path();
        place().write("policy/reads.policy",
                      "glob tls-certificates " + top + "/live/*/fullchain.pem 64KiB links-within " +
                          top + "  # the test's\n" + "glob tls-certificates " + top +
                          "/site/*.pem 64KiB  # the same\n" + "file sshd-config " + top +
                          "/ssh/sshd_config 64KiB  # the same\n");
        for (const auto* folder : {"live", "live/example.com", "archive", "ssh", "site"}) {
            fs::create_directory(place() / folder);
            ASSERT_EQ(::chmod((place() / folder).c_str(), 0700), 0);
        }
    }
    // The link is root's own, as certbot makes it.
    void install_certificate(int days) {
        place().write("archive/fullchain1.pem",
                      certificate_pem({.domains = {"example.com"}, .not_after = in_days(days)}));
        ASSERT_EQ(::symlink("../../archive/fullchain1.pem",
                            (place() / "live/example.com/fullchain.pem").c_str()),
                  0);
    }
    // "type severity" of what the backend holds, once it holds `type`.
    std::vector<std::string> wait_for_finding(std::string_view type) {
        const auto there = [&](const State& state) {
            return std::ranges::any_of(state.findings,
                                       [&](const auto& one) { return one.body["type"] == type; });
        };
        EXPECT_TRUE(backend().wait_for(there, kPatience)) << type << " never came";
        std::vector<std::string> lines;
        for (const auto& finding : backend().findings()) {
            lines.push_back(finding.body["type"].get<std::string>() + " " +
                            finding.body["severity"].get<std::string>());
        }
        return lines;
    }
    json finding(std::string_view type, const std::string& key = "") {
        const auto is_it = [&](const auto& one) {
            return one.body["type"] == type && (key.empty() || one.body["key"] == key);
        };
        const auto there = [&](const State& state) {
            return std::ranges::any_of(state.findings, is_it);
        };
        EXPECT_TRUE(backend().wait_for(there, kPatience)) << type << " never came";
        for (const auto& one : backend().findings()) {
            if (is_it(one)) return one.body;
        }
        return {};
    }
};

TEST_F(Findings, ACertificateThatOnlyRootCanReadAndAnOpenSshServerShowAtTheBackend) {
    install_certificate(3);
    place().write("ssh/sshd_config", "PermitRootLogin yes\nPasswordAuthentication yes\n");
    start_enrolled();
    const auto found = finding("tls.expiring");
    EXPECT_EQ(found["key"], place() / "live/example.com/fullchain.pem");
    EXPECT_EQ(found["metadata"]["daysLeft"], 3);
    EXPECT_THAT(wait_for_finding("ssh.root_login"),
                IsSupersetOf({"tls.expiring critical", "ssh.password_login warn",
                              "ssh.root_login critical"}));
    EXPECT_EQ(files_read().size(), 2U) << "one line for each file";

    // Mended: the next report resolves it, and says nothing new of what was read before.
    fs::remove(place() / "live/example.com/fullchain.pem");
    fs::remove(place() / "archive/fullchain1.pem");
    install_certificate(300);
    const auto resolved = [](const State& state) {
        return std::ranges::none_of(
            state.findings, [](const auto& one) { return one.body["type"] == "tls.expiring"; });
    };
    EXPECT_TRUE(backend().wait_for(resolved, kPatience));
    EXPECT_EQ(files_read().size(), 2U);
}

TEST_F(Findings, AUsersLinkToASecretIsRefusedAuditedAndReported) {
    constexpr uid_t kSomebody = 65'534;
    place().write("secret.pem", certificate_pem({.not_after = in_days(1)}));
    ASSERT_EQ(::chmod((place() / "secret.pem").c_str(), 0600), 0);
    const auto link = place() / "site/mine.pem";
    ASSERT_EQ(::symlink("../secret.pem", link.c_str()), 0);
    ASSERT_EQ(::lchown(link.c_str(), kSomebody, kSomebody), 0);
    start_enrolled();
    const auto found = finding("tls.unreadable");
    EXPECT_EQ(found["key"], link);
    EXPECT_EQ(found["metadata"]["reason"], "read-not-roots");
    auto refused = audit("read-refused");
    std::erase_if(refused, [](const json& event) { return event["row"] != "tls-certificates"; });
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0]["path"], link);
    EXPECT_EQ(refused[0]["reason"], "read-not-roots");
    EXPECT_TRUE(files_read().empty()) << "nothing was opened";
}

// Mounts of its own, which broker and worker are started among.
class Disks : public Findings {
  protected:
    void SetUp() override {
        Findings::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        for (const auto* folder : {"small", "dead"}) {
            fs::create_directory(place() / folder);
        }
        ASSERT_EQ(::mount("tmpfs", (place() / "small").c_str(), "tmpfs", 0, "size=1m"), 0);
        // One that nobody answers for, as a network file system whose server is gone.
        device_ = sys::Fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
        const auto data = "rootmode=40000,user_id=0,group_id=0,fd=" + std::to_string(device_.get());
        if (!device_) GTEST_SKIP() << "needs FUSE";
        ASSERT_EQ(::mount("dead", (place() / "dead").c_str(), "fuse", 0, data.c_str()), 0);
    }
    void TearDown() override {
        if (device_) ::umount2((place() / "dead").c_str(), MNT_DETACH);
        if (device_) ::umount2((place() / "small").c_str(), MNT_DETACH);
        Findings::TearDown();
    }
    void fill(std::size_t bytes) { place().write("small/file", std::string(bytes, 'x')); }

  private:
    sys::Fd device_;
};

TEST_F(Disks, AFileSystemThatTheWorkerCannotSeeIsFoundFullAndThenNot) {
    const auto rows = place().read("policy/reads.policy");
    place().write("policy/reads.policy", rows + "builtin file-systems 512KiB  # the test's\n");
    fill(950'000);
    start_enrolled();
    // Others may be mounted on this machine, and full.
    const std::string small = place() / "small";
    const auto found = finding("disk.space", small);
    EXPECT_EQ(found["severity"], "warn");
    EXPECT_EQ(found["metadata"]["totalBytes"], 1 << 20);
    EXPECT_EQ(files_read().size(), 1U);
    fill(1'000);
    const auto resolved = [&](const State& state) {
        return std::ranges::none_of(state.findings, [&](const auto& one) {
            return one.body["type"] == "disk.space" && one.body["key"] == small;
        });
    };
    EXPECT_TRUE(backend().wait_for(resolved, kPatience));
}

TEST_F(Findings, OnceScansOnceAndRunsWhatIsWaiting) {
    install_certificate(3);
    pin({.name = "only", .script = "echo one\n"});
    const auto job = queue({.script = "echo one\n"});
    EXPECT_EQ(run_to_end({"--once"}), 0);
    EXPECT_THAT(wait_for_finding("tls.expiring"), Contains("tls.expiring critical"));
    EXPECT_EQ(backend().findings().front().times, 1);
    EXPECT_EQ(backend().job(job)->result["exit_code"], 0);
    EXPECT_EQ(heartbeats().size(), 1U);
}

TEST_F(Findings, OnceWhoseFindingsAreNotTakenEndsWithOneAndHasDoneTheRest) {
    install_certificate(3);
    pin({.name = "only", .script = "echo one\n"});
    const auto job = queue({.script = "echo one\n"});
    backend().misbehave({.path = "/v1/findings", .status = 503});
    EXPECT_EQ(run_to_end({"--once"}), 1);
    EXPECT_TRUE(backend().findings().empty());
    EXPECT_EQ(backend().job(job)->result["exit_code"], 0);
}

TEST_F(Disks, WithoutItsRowTheReportNamesIt) {
    fill(1 << 20);
    start_enrolled();
    const auto found = finding("disk.unreadable");
    EXPECT_EQ(found["key"], "mounts");
    EXPECT_THAT(found["message"].get<std::string>(), HasSubstr("builtin file-systems 512KiB"));
    EXPECT_THAT(wait_for_finding("disk.unreadable"), Not(Contains(HasSubstr("disk.space"))));
}

class HyprboxFindings : public Findings {
  protected:
    HyprboxFindings() : Findings({.node_tokens = {{"node-token", "node-7"}}}) {}
    std::string configuration() override {
        return "backend:\n  dialect: hyprbox\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  credential: node-token\n  options:\n    node_id: node-7\n"
               "heartbeat_interval: 1s\nfindings:\n  interval: 10s\n  tls_paths: [" +
               "/srv/tls/*.crt, " + place().path() + "/live/*/fullchain.pem]\n";
    }
};

TEST_F(HyprboxFindings, ArriveInItsOwnWordsWithTheRowThatIsMissing) {
    install_certificate(20);
    start_enrolled();
    EXPECT_THAT(wait_for_finding("tls.expiring"),
                IsSupersetOf({"tls.expiring WARN", "tls.unreadable INFO"}));
    const auto found = finding("tls.unreadable");
    EXPECT_EQ(found["key"], "/srv/tls/*.crt");
    EXPECT_THAT(found["message"].get<std::string>(),
                HasSubstr("glob tls-certificates /srv/tls/*.crt 64KiB  # why"));
}

}  // namespace
}  // namespace bulkhead::test
