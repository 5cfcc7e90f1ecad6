// The scanner "ssh" on files that the broker's own code opens, by rows that its own code parses:
// the shipped ones, below a directory, and those that messages advise.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "broker/reads/host_files.hpp"
#include "common/policy/parse.hpp"
#include "tests/support/files.hpp"
#include "tests/worker/host/scanners/fake_host.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kClosed = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

class RootsHost final : public HostFiles {
  public:
    void set_rows(const std::string& text) {
        policy::Policy policy;
        const auto parsed = policy::parse_file(policy, "reads.policy", text);
        ASSERT_TRUE(parsed) << parsed.error().what << "\n" << text;
        rows_ = policy.reads.at("sshd-config");
    }
    Result<HostRows> each(std::string_view, std::string_view only, const Visit& visit) override {
        if (!broker::are_listed(rows_, only)) return HostRows{"read-not-listed"};
        protocol::OpenHostFile request{.only = protocol::HostPath::clipped(only)};
        for (;;) {
            protocol::HostFilesReply reply;
            broker::open_host_files(rows_, request, reply);
            for (const auto& one : reply.files.items) {
                HostFile file{.path = one.path.str(), .reason = one.reason.str(), .content = {}};
                if (one.file) file.content = TRY(sys::read_from_start(one.file->fd, 4 << 20));
                visit(file);
            }
            if (!reply.more) return HostRows{"ok"};
            request.after = reply.files.items.back().path;
        }
    }

  private:
    std::vector<policy::ReadRow> rows_;
};

struct SshRows : testing::Test {
    std::string top = "/run/bulkhead-ssh-XXXXXX";
    std::string rows;
    RootsHost host;
    test::FakeHost others;
    FindingsConfig settings;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: the files must be root's";
        ASSERT_NE(::mkdtemp(top.data()), nullptr);
        ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
        for (const auto line : split(shipped_, '\n')) {
            if (line.find(" sshd-config ") != line.npos) rows += std::string(line) + "\n";
        }
        rows = std::regex_replace(rows, std::regex(" /(etc|usr)/"), " " + top + "/$1/");
    }
    void TearDown() override {
        if (!top.ends_with("X")) fs::remove_all(top);
    }
    std::string put(const std::string& name, const std::string& content, mode_t mode = 0644) {
        const auto path = top + "/" + name;
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << content;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    void link(const std::string& name, const std::string& to) {
        fs::create_directories(fs::path(top + "/" + name).parent_path());
        fs::create_symlink(top + "/" + to, top + "/" + name);
    }
    // Without what is about `top`: "type key severity" with the key from there.
    std::vector<std::string> scan() {
        host.set_rows(rows);
        const auto systems = [this] { return Result<FileSystems>(others.systems); };
        found_ = scan_ssh({host, settings, {}, systems, disk_}).value();
        auto lines = test::told(found_);
        for (auto& line : lines) line = std::regex_replace(line, std::regex(top + "/"), "");
        return lines;
    }
    std::string messages() const {
        std::string text;
        for (const auto& finding : found_) text += finding.message + "\n";
        return text;
    }
    // Adds the row that a message advises, as an operator's line is: behind the shipped ones.
    void take_advice() {
        static const std::regex kRow("(file|glob) sshd-config .*  # why");
        std::smatch row;
        const auto text = messages();
        ASSERT_TRUE(std::regex_search(text, row, kRow)) << text;
        rows += row.str() + "\n";
    }

  private:
    const std::string shipped_ = test::content_of(SHIPPED_READS);
    std::vector<Finding> found_;
    sys::Fd disk_{::open("/", O_PATH | O_CLOEXEC)};
};

TEST_F(SshRows, RedHatsLinkedCryptoPolicyIsReadAndNothingIsMissing) {
    put("etc/ssh/sshd_config", "Include " + top + "/etc/ssh/sshd_config.d/*.conf\n" + kClosed,
        0600);
    put("etc/ssh/sshd_config.d/50-redhat.conf",
        "Include " + top + "/etc/crypto-policies/back-ends/opensshserver.config\nUsePAM yes\n",
        0600);
    put("usr/share/crypto-policies/DEFAULT/opensshserver.txt", "Ciphers aes256-gcm@openssh.com\n");
    link("etc/crypto-policies/back-ends/opensshserver.config",
         "usr/share/crypto-policies/DEFAULT/opensshserver.txt");
    EXPECT_THAT(scan(), IsEmpty()) << messages();
    put("usr/share/crypto-policies/DEFAULT/opensshserver.txt", "PermitRootLogin yes\n");
    EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn"));
}

TEST_F(SshRows, AVendorsFilesAreReadWhereEtcHasNone) {
    put("usr/etc/ssh/sshd_config", "Include " + top + "/etc/ssh/sshd_config.d/*.conf\nInclude " +
                                       top + "/usr/etc/ssh/sshd_config.d/*.conf\n" + kClosed);
    put("usr/etc/ssh/sshd_config.d/a.conf", "PermitRootLogin yes\n");
    EXPECT_THAT(scan(), ElementsAre("ssh.root_login usr/etc/ssh/sshd_config warn"));
    put("etc/ssh/sshd_config.d/a.conf", "PermitRootLogin no\n");
    EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SshRows, AChainOfRootsLinksIsFollowedAndThroughOthersDirectoriesNone) {
    put("nix/store/0-etc/etc/ssh/sshd_config", kClosed + "PermitRootLogin yes\n");
    link("etc/static", "nix/store/0-etc/etc");
    link("etc/ssh/sshd_config", "etc/static/ssh/sshd_config");
    EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn"));
    ASSERT_EQ(::chmod((top + "/nix/store").c_str(), 01775), 0);
    EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/sshd_config info"));
    EXPECT_THAT(messages(), Not(HasSubstr("reads.policy.d")))
        << "no row helps where others may write";
}

TEST_F(SshRows, TheAdvisedRowHandsOutWhatNoRowHeld) {
    const std::vector<std::pair<std::string, std::string>> kCases{
        {"site.conf", "site.conf"},
        {"site.d/*.conf", "site.d/a.conf"},
        {"site.d/[0-9][!a-z]-*.conf", "site.d/50-a.conf"},
        {"'with blank/x y.conf'", "with blank/x y.conf"},
        {"'with # and [[]/*'", "with # and [/a"},
        {"site.d/.h*", "site.d/.hidden"},
        {"*/sshd_extra", "site.d/sshd_extra"},
    };
    const auto shipped = rows;
    for (const auto& [include, name] : kCases) {
        SCOPED_TRACE(include);
        rows = shipped;
        put("etc/ssh/sshd_config", "Include " + include + "\n" + kClosed);
        const auto path = put("etc/ssh/" + name, "PermitRootLogin yes\n");
        EXPECT_THAT(scan(), ElementsAre(testing::StartsWith("ssh.unreadable etc/ssh/")));
        take_advice();
        EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn")) << rows;
        fs::remove(path);
    }
}

TEST_F(SshRows, TheAdvisedRowHandsOutWhatAnotherRowHeldBack) {
    rows += "glob sshd-config " + top + "/etc/ssh/site.d/*.conf 1KiB  # the operator's\n";
    put("etc/ssh/sshd_config", "Include site.d/*.conf\n" + kClosed);
    const auto expect_cured = [&](const std::string& reason, const std::string& name = "a.conf") {
        SCOPED_TRACE(reason);
        const auto before = rows;
        EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/site.d/" + name + " info"));
        take_advice();
        EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn")) << rows;
        rows = before;
        fs::remove(top + "/etc/ssh/site.d/" + name);
    };
    put("etc/ssh/site.d/a.conf", "PermitRootLogin yes\n", 0600);
    expect_cured("closed");
    put("etc/ssh/site.d/a #.conf", "PermitRootLogin yes\n", 0600);
    expect_cured("closed, with an odd name", "a #.conf");
    put("etc/ssh/site.d/a.conf", "PermitRootLogin yes\n" + std::string(2'000, '\n'));
    expect_cured("too large");
    put("etc/ssh/elsewhere", "PermitRootLogin yes\n");
    link("etc/ssh/site.d/a.conf", "etc/ssh/elsewhere");
    expect_cured("a link");
}

TEST_F(SshRows, ADirectoryThatCannotBeListedIsSaidAndNotTakenForEmpty) {
    put("etc/ssh/sshd_config", "Include sshd_config.d/*.conf\n" + kClosed);
    put("etc/ssh/sshd_config.d/a.conf", "PermitRootLogin yes\n");
    ASSERT_EQ(::chmod((top + "/etc/ssh/sshd_config.d").c_str(), 0775), 0);
    const auto said = ElementsAre("ssh.unreadable etc/ssh/sshd_config.d/*.conf info");
    EXPECT_THAT(scan(), said);
    put("etc/ssh/sshd_config", "Include sshd_config.d/a.conf\n" + kClosed);
    EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/sshd_config.d/a.conf info"));
    put("etc/ssh/sshd_config", kClosed);
    EXPECT_THAT(scan(), IsEmpty()) << "nobody includes it";

    put("etc/ssh/sshd_config", "Include sshd_config.d/*.conf\n" + kClosed);
    ASSERT_EQ(::chmod((top + "/etc/ssh/sshd_config.d").c_str(), 0755), 0);
    fs::rename(top + "/etc/ssh/sshd_config.d", top + "/etc/ssh/real.d");
    link("etc/ssh/sshd_config.d", "etc/ssh/real.d");
    EXPECT_THAT(scan(), said);
    EXPECT_THAT(messages(), AllOf(HasSubstr("a symlink is in the way"),
                                  HasSubstr("name the place that the link leads to")));
    put("etc/ssh/sshd_config", "Include real.d/*.conf\n" + kClosed);
    scan();
    take_advice();
    EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn"));
}

TEST_F(SshRows, ARowWithAQuestionMarkIsNotTakenForOneOfEveryName) {
    rows += "glob sshd-config " + top + "/etc/ssh/site.d/?.conf 1KiB  # the operator's\n";
    put("etc/ssh/sshd_config", "Include site.d/*.conf\n" + kClosed);
    put("etc/ssh/site.d/ab.conf", "PermitRootLogin yes\n");
    EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/site.d/*.conf info"));
    put("etc/ssh/sshd_config", "Include site.d/?.conf\n" + kClosed);
    EXPECT_THAT(scan(), IsEmpty());

    rows += "glob sshd-config " + top + "/etc/ssh/more.d/a?*.conf 1KiB  # the operator's\n";
    put("etc/ssh/sshd_config", "Include more.d/a*.conf\n" + kClosed);
    put("etc/ssh/more.d/a.conf", "PermitRootLogin yes\n");
    EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/more.d/a*.conf info"));
    put("etc/ssh/sshd_config", "Include more.d/a??.conf\n" + kClosed);
    EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SshRows, AClosedFileOfAnotherNameIsSaidWhereItIsIncluded) {
    put("etc/ssh/sshd_config", "Include sshd_config.d/*\n" + kClosed);
    put("etc/ssh/sshd_config.d/README", "PermitRootLogin yes\n", 0600);
    EXPECT_THAT(scan(), ElementsAre("ssh.unreadable etc/ssh/sshd_config.d/README info"));
    take_advice();
    EXPECT_THAT(scan(), ElementsAre("ssh.root_login etc/ssh/sshd_config warn"));
    rows.erase(rows.rfind("file"));
    put("etc/ssh/sshd_config", "Include sshd_config.d/*.conf\n" + kClosed);
    EXPECT_THAT(scan(), IsEmpty()) << "sshd does not read it";
}

}  // namespace
}  // namespace bulkhead::worker
