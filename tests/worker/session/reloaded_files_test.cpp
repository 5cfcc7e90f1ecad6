#include "worker/session/reloaded_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/backend/reference_backend.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

class ReloadedFilesTest : public testing::Test {
  protected:
    std::string put(std::string_view name, std::string_view content, mode_t mode = 0640) {
        files_.write(std::string(name) + ".new", content);
        const auto path = files_.path() + "/" + std::string(name);
        ::chmod((path + ".new").c_str(), mode);
        fs::rename(path + ".new", path);
        return path;
    }
    HttpClient client() {
        return HttpClient::create(loop_, {.base_url = "https://127.0.0.1:1"}).value();
    }

    bulkhead::test::Tree files_ = bulkhead::test::tree({});
    sys::Loop loop_ = sys::Loop::create().value();
    sys::Log log_{"test", ::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    BackendConfig config_;
};

TEST_F(ReloadedFilesTest, AFileIsReadAgainOnceForEachChange) {
    config_.credential_file = put("key", "one");
    auto http = client();
    ReloadedFiles files(config_, log_);
    EXPECT_FALSE(files.check(http));
    put("key", "two");
    EXPECT_EQ(files.check(http)->reveal(), "two");
    EXPECT_FALSE(files.check(http));
    fs::remove(config_.credential_file);
    EXPECT_FALSE(files.check(http)) << "a file that is gone has not changed";
    put("key", "three");
    EXPECT_EQ(files.check(http)->reveal(), "three");
}

TEST_F(ReloadedFilesTest, WhatIsNoCredentialLeavesTheOldOne) {
    config_.credential_file = put("key", "one");
    auto http = client();
    ReloadedFiles files(config_, log_);
    for (const auto* odd : {"", "two lines\nhere"}) {
        put("key", odd);
        EXPECT_FALSE(files.check(http));
    }
    put("key", "readable by all", 0644);
    EXPECT_FALSE(files.check(http));
}

TEST(FileMark, SeesARenameThatKeepsSizeAndTime) {
    const auto files = bulkhead::test::tree({{"a", "1"}, {"b", "2"}});
    FileMark mark(files.path() + "/a");
    EXPECT_FALSE(mark.changed());
    fs::last_write_time(files.path() + "/b", fs::last_write_time(files.path() + "/a"));
    fs::rename(files.path() + "/b", files.path() + "/a");
    EXPECT_TRUE(mark.changed());
    EXPECT_FALSE(mark.changed());
    FileMark nothing("");
    EXPECT_FALSE(nothing.changed());
}

}  // namespace
}  // namespace bulkhead::worker
