#include "worker/session/reloaded_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

class ReloadedFilesTest : public testing::Test {
  protected:
    void put(std::string_view name, std::string_view content, mode_t mode = 0640) {
        files_.write(std::string(name) + ".new", content);
        const auto path = files_.path() + "/" + std::string(name);
        ::chmod((path + ".new").c_str(), mode);
        fs::rename(path + ".new", path);
    }
    // A look for which it is time, long after the one before.
    std::optional<Secret> look(ReloadedFiles& files) {
        now_ += std::chrono::hours(1);
        return files.poll(http_, now_);
    }
    ReloadedFiles::Open opener() {
        return [this](std::string_view key) {
            ++opened_;
            sys::Fd fd(
                ::open((files_.path() + "/" + std::string(key)).c_str(), O_RDONLY | O_CLOEXEC));
            return OpenedFile{.reason = fd ? "ok" : "read-absent", .fd = std::move(fd)};
        };
    }

    bulkhead::test::Tree files_ = bulkhead::test::tree({});
    sys::Loop loop_ = sys::Loop::create().value();
    HttpClient http_ = HttpClient::create(loop_, {.base_url = "https://127.0.0.1:1"}).value();
    sys::Log log_{"test", ::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    BackendConfig config_{.credential_file = "/named/by/the/settings"};
    sys::Clock::time_point now_ = sys::Clock::now();
    int opened_ = 0;
};

TEST_F(ReloadedFilesTest, AFileIsTakenAgainOnceForEachChange) {
    config_.credential = Secret("one");
    put("credential_file", "one");
    ReloadedFiles files(config_, log_, opener());
    EXPECT_FALSE(look(files));
    put("credential_file", "two\n");
    EXPECT_EQ(look(files)->reveal(), "two");
    EXPECT_FALSE(look(files));
    fs::remove(files_.path() + "/credential_file");
    EXPECT_FALSE(look(files)) << "a file that is gone has not changed";
    put("credential_file", "three");
    EXPECT_EQ(look(files)->reveal(), "three");
}

TEST_F(ReloadedFilesTest, ALoginAtAProxyIsTakenAgainToo) {
    config_.credential_file.clear();
    config_.proxy_credential_file = "/named/by/the/settings";
    config_.proxy.login = Secret("bob:hunter1");
    ReloadedFiles files(config_, log_, opener());
    const auto hidden = [this] {
        std::string text = "hunter1 hunter2";
        http_.hide_secrets(text);
        return text;
    };
    put("proxy_credential_file", "no-colon");
    look(files);
    EXPECT_EQ(hidden(), "hunter1 hunter2");
    put("proxy_credential_file", "bob:hunter2\n");
    look(files);
    EXPECT_EQ(hidden(), "hunter1 [secret]") << "the client has the new one";
    EXPECT_EQ(opened_, 2);
}

TEST_F(ReloadedFilesTest, WhatIsNoCredentialLeavesTheOldOne) {
    config_.credential = Secret("one");
    ReloadedFiles files(config_, log_, opener());
    for (const auto* odd : {"", "two lines\nhere"}) {
        put("credential_file", odd);
        EXPECT_FALSE(look(files));
    }
    put("credential_file", "readable-by-all", 0644);
    EXPECT_FALSE(look(files));
    EXPECT_EQ(opened_, 3);
}

TEST_F(ReloadedFilesTest, TheBrokerIsAskedEverySomeMinutesAndSoonWhenReportsFail) {
    config_.credential = Secret("one");
    put("credential_file", "one");
    ReloadedFiles files(config_, log_, opener());
    const auto begin = sys::Clock::now();
    for (int second = 0; second < 601; ++second) {
        files.poll(http_, begin + std::chrono::seconds(second));
    }
    EXPECT_EQ(opened_, 2) << "in ten minutes of beats, one a second";
    files.note_report(false);
    for (int second = 601; second < 631; ++second) {
        files.poll(http_, begin + std::chrono::seconds(second));
    }
    EXPECT_EQ(opened_, 5) << "in half a minute of failures";
    files.note_report(true);
    files.poll_soon();
    files.poll(http_, begin + std::chrono::seconds(632));
    files.poll(http_, begin + std::chrono::seconds(633));
    EXPECT_EQ(opened_, 6) << "after a reload once";
}

TEST_F(ReloadedFilesTest, WhatIsNotNamedIsNotAskedFor) {
    config_.credential_file.clear();
    ReloadedFiles files(config_, log_, opener());
    EXPECT_FALSE(look(files));
    EXPECT_EQ(opened_, 0);
}

}  // namespace
}  // namespace bulkhead::worker
