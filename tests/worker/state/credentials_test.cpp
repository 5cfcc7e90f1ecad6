#include "worker/state/credentials.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

class Credentials : public testing::Test {
  protected:
    Credentials() : store_(*CredentialStore::open(state_)) {}

    std::string path(const std::string& name) const {
        return state_.path() + "/credentials/" + name + ".credential";
    }
    mode_t mode_of(const std::string& path) const {
        struct stat info {};
        EXPECT_EQ(::stat(path.c_str(), &info), 0);
        return info.st_mode & 07777;
    }
    std::string trouble() const {
        const auto loaded = store_.load("main");
        return loaded ? "none" : loaded.error().what;
    }

    bulkhead::test::Tree state_ = bulkhead::test::tree({});
    CredentialStore store_;
};

const Identity kIdentity{.agent_id = "agent 1", .credential = Secret("bhc_x")};

TEST_F(Credentials, AreKeptByBackend) {
    EXPECT_EQ(store_.load("main")->has_value(), false);
    ASSERT_TRUE(store_.save("main", kIdentity));
    ASSERT_TRUE(store_.save("other", {.agent_id = "", .credential = Secret("y")}));
    const auto again = CredentialStore::open(state_);
    const auto main = *again->load("main");
    ASSERT_TRUE(main);
    EXPECT_EQ(main->agent_id, "agent 1");
    EXPECT_EQ(main->credential.reveal(), "bhc_x");
    EXPECT_EQ((*again->load("other"))->agent_id, "");
}

TEST_F(Credentials, ANewOneReplacesTheOld) {
    ASSERT_TRUE(store_.save("main", kIdentity));
    ASSERT_TRUE(store_.save("main", {.agent_id = "2", .credential = Secret("z")}));
    EXPECT_EQ((*store_.load("main"))->credential.reveal(), "z");
}

TEST_F(Credentials, CanBeForgotten) {
    ASSERT_TRUE(store_.save("main", kIdentity));
    ASSERT_TRUE(store_.forget("main"));
    EXPECT_FALSE(store_.load("main")->has_value());
    EXPECT_TRUE(store_.forget("main"));
}

TEST_F(Credentials, ArePrivate) {
    const auto before = ::umask(0);
    const auto saved = store_.save("main", kIdentity);
    ::umask(before);
    ASSERT_TRUE(saved);
    EXPECT_EQ(mode_of(path("main")), 0600U);
    EXPECT_EQ(mode_of(state_.path() + "/credentials"), 0700U);
    ASSERT_EQ(::chmod(path("main").c_str(), 0640), 0);
    EXPECT_NE(trouble().find("others than its owner"), std::string::npos);
}

TEST_F(Credentials, ADamagedFileIsAnErrorAndNotAnIdentity) {
    ASSERT_TRUE(store_.save("main", kIdentity));
    const auto whole = *state_.open().read_file("credentials/main.credential", 10'000);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        state_.write("credentials/main.credential", whole.substr(0, length));
        EXPECT_NE(trouble(), "none") << length;
    }
    for (const auto& content :
         {whole + "more\n", std::string("bulkhead-credential v2\n") + whole.substr(23),
          std::string("bulkhead-credential v1\ncredential a\nagent-id b\nend\n"),
          std::string(100'000, 'x')}) {
        state_.write("credentials/main.credential", content);
        EXPECT_NE(trouble(), "none");
    }
    state_.write("credentials/main.credential", whole);
    EXPECT_EQ(trouble(), "none");
}

TEST_F(Credentials, ALinkIsNotFollowed) {
    state_.write("elsewhere", "bulkhead-credential v1\nagent-id a\ncredential b\nend\n");
    state_.link("credentials/main.credential", "../elsewhere");
    EXPECT_NE(trouble(), "none");
}

TEST_F(Credentials, WhatWouldNotFitTheFileIsNotSaved) {
    EXPECT_FALSE(store_.save("main", {.agent_id = "a", .credential = Secret("")}));
    EXPECT_FALSE(store_.save("main", {.agent_id = "a", .credential = Secret("x\nend")}));
    EXPECT_FALSE(store_.save("main", {.agent_id = "a\nb", .credential = Secret("x")}));
    EXPECT_FALSE(store_.load("main")->has_value());
}

TEST(Fingerprint, IsTheBeginningOfTheSha256) {
    EXPECT_EQ(fingerprint(Secret("abc")), "ba7816bf");
    EXPECT_EQ(fingerprint(Secret()), "none");
}

TEST_F(Credentials, AKeyIsAFileOfItsOwnThatOthersCannotRead) {
    EXPECT_EQ(store_.load_key("main")->has_value(), false);
    const std::string octets("\0key\n\xff", 6);
    ASSERT_TRUE(store_.save_key("main", Secret(octets)));
    EXPECT_EQ((*store_.load_key("main"))->reveal(), octets);
    EXPECT_FALSE(store_.load("main")->has_value()) << "it is no credential";
    const auto file = state_.path() + "/credentials/main.key";
    EXPECT_EQ(mode_of(file), 0600U);
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
    EXPECT_FALSE(store_.load_key("main"));
}

}  // namespace
}  // namespace bulkhead::worker
