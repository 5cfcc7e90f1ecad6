#include "broker/reads/credentials.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A tree that root alone can change; not under /tmp, where every user may write.
struct Credentials : testing::Test {
    std::string top = "/run/bulkhead-credentials-XXXXXX";
    test::TempDir logs;
    sys::Dir log_dir = logs.open();
    records::Audit audit = records::Audit::open(log_dir).value();
    ReadJournal journal;
    ReadJournal::Time time = ReadJournal::Time() + std::chrono::hours(24);
    std::vector<policy::CredentialRow> rows;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: the files must be root's";
        ASSERT_NE(::mkdtemp(top.data()), nullptr);
        ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
        add("NAME/*");
        add("shared/*");
        add("token");
        add("only", "fleet");
        rows.push_back({.pattern = "$CREDENTIALS_DIRECTORY/NAME.*", .backend = {}, .source = {}});
    }
    void TearDown() override {
        ::unsetenv("CREDENTIALS_DIRECTORY");
        if (!top.ends_with("X")) fs::remove_all(top);
    }

    void add(const std::string& pattern, const std::string& backend = "") {
        rows.push_back({.pattern = top + "/" + pattern, .backend = backend, .source = {}});
    }
    std::string put(const std::string& name, mode_t mode = 0600, std::size_t size = 10) {
        const auto path = top + "/" + name;
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << std::string(size, 'x');
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    CredentialFile ask(std::string_view path, std::string_view backend = "main",
                       std::string_view key = "credential_file") {
        return open_credential({.backend = backend, .key = key, .path = path}, rows, audit, journal,
                               time);
    }
    std::string reason(std::string_view path, std::string_view backend = "main",
                       std::string_view key = "credential_file") {
        const auto file = ask(path, backend, key);
        EXPECT_EQ(static_cast<bool>(file.file), file.reason == "ok") << file.detail;
        EXPECT_EQ(file.detail.empty(), file.reason == "ok") << file.reason;
        return std::string(file.reason);
    }
    std::string log() const { return log_dir.read_file("audit.log", 1 << 20).value(); }
};

TEST_F(Credentials, ABackendsOwnFileIsHandedOutForReadingAndRecorded) {
    const auto path = put("main/token");
    const auto file = ask(path);
    EXPECT_EQ(file.reason, "ok") << file.detail;
    EXPECT_EQ(sys::read_from_start(file.file, 100).value(), "xxxxxxxxxx");
    EXPECT_EQ(::fcntl(file.file.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_THAT(log(), HasSubstr("\"event\":\"read\",\"row\":\"credential main credential_file\""
                                 ",\"path\":\"" +
                                 path + "\""));
}

TEST_F(Credentials, WhatIsAnothersOrTheHostsIsNotInPolicy) {
    for (const auto& path : {put("fleet/token"), put("only"), std::string("/etc/shadow"),
                             std::string("/etc/no-such-file"), top + "/main/a/b"}) {
        const auto file = ask(path);
        EXPECT_EQ(file.reason, "not-in-policy") << path;
        EXPECT_FALSE(file.file);
        EXPECT_THAT(file.detail, HasSubstr("credentials.policy.d/NAME.lines: file " + path +
                                           " backend main  # why"));
        EXPECT_THAT(log(), HasSubstr("\"event\":\"read-refused\",\"row\":\"credential main "
                                     "credential_file\",\"path\":\"" +
                                     path + "\",\"reason\":\"not-in-policy\""));
    }
    EXPECT_EQ(reason(top + "/only", "fleet"), "ok");
}

TEST_F(Credentials, APathThatIsNotPlainIsNotInterpreted) {
    put("main/token");
    for (const auto& path :
         {top + "/main/../main/token", top + "/main//token", top + "/main/./token",
          top + "/main/token/", std::string("main/token"), std::string(""), std::string("/"),
          top + "/main/to" + std::string(1, '\0')}) {
        EXPECT_EQ(reason(path), "path-not-plain") << path;
    }
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"path-not-plain\""));
}

TEST_F(Credentials, AnAbsentFileIsToldAndNotRecorded) {
    const auto before = audit.head().lines;
    EXPECT_EQ(reason(top + "/main/token"), "read-absent");
    EXPECT_EQ(audit.head().lines, before);
}

TEST_F(Credentials, NoLinkIsFollowed) {
    const auto path = put("main/token");
    fs::create_symlink("token", top + "/main/link");
    EXPECT_EQ(reason(top + "/main/link"), "read-link");
    fs::rename(top + "/main", top + "/elsewhere");
    fs::create_directory_symlink("elsewhere", top + "/main");
    EXPECT_EQ(reason(path), "read-link");
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"read-link\""));
    EXPECT_THAT(ask(path).detail, HasSubstr("name the file where it leads"));
}

TEST_F(Credentials, WhatOthersCouldHavePutThereIsRefused) {
    const auto path = put("main/token");
    ASSERT_EQ(::chown(path.c_str(), 65'534, 65'534), 0);
    EXPECT_EQ(reason(path), "read-not-roots");
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0620), 0);
    EXPECT_EQ(reason(path), "read-not-roots");
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(reason(path), "ok");
    ASSERT_EQ(::chmod((top + "/main").c_str(), 0777), 0);
    EXPECT_EQ(reason(path), "read-not-roots");
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"read-not-roots\""));
}

TEST_F(Credentials, OnlyARegularFileIsOpened) {
    fs::create_directories(top + "/main/folder");
    ASSERT_EQ(::mkfifo((top + "/main/fifo").c_str(), 0600), 0);
    EXPECT_EQ(reason(top + "/main/folder"), "read-not-regular");
    EXPECT_EQ(reason(top + "/main/fifo"), "read-not-regular");
    EXPECT_EQ(reason(put("main/program", 04755)), "read-not-regular");
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"read-not-regular\""));
}

TEST_F(Credentials, ASecretAmongFilesOfAllBackendsStaysThere) {
    EXPECT_EQ(reason(put("shared/ca.pem", 0644), "main", "ca_file"), "ok");
    EXPECT_EQ(reason(put("shared/client.key", 0640)), "read-not-public");
    EXPECT_EQ(reason(put("token", 0600)), "ok") << "a path that is named whole";
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"read-not-public\""));
}

TEST_F(Credentials, OnlyAuthoritiesMayBeLarge) {
    const auto at_most = put("main/a", 0600, 64 << 10);
    const auto more = put("main/b", 0600, (64 << 10) + 1);
    const auto large = put("main/c", 0600, 1 << 20);
    const auto too_large = put("main/d", 0600, (1 << 20) + 1);
    EXPECT_EQ(reason(at_most), "ok");
    EXPECT_EQ(reason(more), "read-too-large");
    EXPECT_EQ(reason(large, "main", "ca_file"), "ok");
    EXPECT_EQ(reason(too_large, "main", "ca_file"), "read-too-large");
    EXPECT_THAT(log(), HasSubstr("\"reason\":\"read-too-large\""));
}

TEST_F(Credentials, OfTheServicesDirectoryEachHasItsOwn) {
    const auto path = put("service/main.token");
    EXPECT_EQ(reason(path), "not-in-policy");
    ::setenv("CREDENTIALS_DIRECTORY", (top + "/service").c_str(), 1);
    EXPECT_EQ(reason(path), "ok");
    EXPECT_EQ(reason(path, "fleet"), "not-in-policy");
}

TEST_F(Credentials, WhatCannotBeRecordedIsNotHandedOut) {
    const auto path = put("main/token");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    const auto file = ask(path);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(file.reason, "audit-write-failed");
    EXPECT_FALSE(file.file);
}

}  // namespace
}  // namespace bulkhead::broker
