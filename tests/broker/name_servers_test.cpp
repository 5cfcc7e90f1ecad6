// Whom resolv.conf names, and that it is followed however it is replaced.
#include "broker/name_servers.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

policy::Address at(const std::string& text) { return policy::parse_address(text).value(); }

std::vector<policy::Address> parsed(const std::string& text) {
    std::vector<std::string> remarks;
    auto servers = parse_name_servers(text, remarks);
    EXPECT_THAT(remarks, IsEmpty());
    return servers;
}

TEST(NameServersFile, IsReadAsTheCLibraryReadsIt) {
    EXPECT_THAT(parsed("# made by hand\nsearch example.com\nnameserver 10.0.0.2\n"
                       "nameserver\t169.254.169.254 trailing words\nnameserver fe80::1%eth0"),
                ElementsAre(at("10.0.0.2"), at("169.254.169.254"), at("fe80::1")));
    EXPECT_THAT(parsed("nameserver 10.2\n"), ElementsAre(at("10.0.0.2")));
    EXPECT_THAT(parsed(";nameserver 10.0.0.2\n nameserver 10.0.0.2\nnameservers 10.0.0.2\n"),
                ElementsAre(at("127.0.0.1")));
    EXPECT_THAT(parsed(""), ElementsAre(at("127.0.0.1")));
}

TEST(NameServersFile, WhatIsNotUnderstoodIsPassedOverAndTold) {
    std::vector<std::string> remarks;
    EXPECT_THAT(parse_name_servers("nameserver dns.example\nnameserver \nnameserver 10.0.0.1\n"
                                   "nameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
                                   "nameserver \x1b[2J\n",
                                   remarks),
                ElementsAre(at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")));
    EXPECT_THAT(remarks, ElementsAre(HasSubstr("no address of a name server: dns.example"),
                                     HasSubstr("no address"), HasSubstr("not 10.0.0.4"),
                                     testing::Not(HasSubstr("\x1b"))));
}

TEST(NameServersFile, OnlyItsBeginIsReadAndNoHalfLine) {
    std::vector<std::string> remarks;
    auto text =
        "nameserver 10.0.0.1\n" + std::string(65536 - 20 - 17, '#') + "\nnameserver 10.0.0.2";
    text += "2\n";
    EXPECT_THAT(parse_name_servers(text, remarks), ElementsAre(at("10.0.0.1")));
    EXPECT_THAT(remarks, ElementsAre(HasSubstr("longer than 64 KiB")));
}

class NameServersTest : public testing::Test {
  protected:
    void follow(const std::string& name) {
        servers_.emplace(loop_, log_, tree_.path() + "/" + name);
        servers_->follow([this] { ++changes_; });
    }
    // Until the servers are others; false if that takes too long.
    bool changed() {
        const auto end = sys::Clock::now() + 10s;
        const int before = seen_;
        while (changes_ == before && sys::Clock::now() < end) EXPECT_TRUE(loop_.step(1s));
        seen_ = changes_;
        return changes_ > before;
    }
    void rename(const std::string& from, const std::string& to) const {
        std::filesystem::rename(tree_.path() + "/" + from, tree_.path() + "/" + to);
    }

    test::Tree tree_{{"etc/resolv.conf", "nameserver 10.0.0.1\n"}, {"etc/other", ""}};
    sys::Loop loop_ = sys::Loop::create().value();
    sys::Log log_{"broker", STDERR_FILENO};
    std::optional<NameServers> servers_;
    int changes_ = 0;
    int seen_ = 0;
};

TEST_F(NameServersTest, AreFollowedWhenTheFileIsWrittenReplacedAndGone) {
    follow("etc/resolv.conf");
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.1")));
    const auto file = servers_->file();
    tree_.write("etc/resolv.conf", "nameserver 10.0.0.2\n");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.2")));
    EXPECT_EQ(servers_->file(), file) << "written in place";
    tree_.write("etc/new", "nameserver 10.0.0.3\n");
    rename("etc/new", "etc/resolv.conf");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.3")));
    EXPECT_NE(servers_->file(), file);
    tree_.remove("etc/resolv.conf");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.1")));
    tree_.write("etc/resolv.conf", "nameserver 10.0.0.4\n");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.4")));
}

TEST_F(NameServersTest, AreFollowedBehindLinksIntoDirectoriesThatComeAndGo) {
    tree_.link("etc/link", "../run/resolve/stub.conf");
    follow("etc/link");
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.1")));
    EXPECT_EQ(servers_->file(), 0U);
    tree_.write("run/resolve/stub.conf", "nameserver 127.0.0.53\n");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.53")));
    std::filesystem::remove_all(tree_.path() + "/run/resolve");
    ASSERT_TRUE(changed());
    tree_.write("run/resolve/stub.conf", "nameserver 127.0.0.54\n");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.54")));
    tree_.link("etc/newlink", "resolv.conf");
    rename("etc/newlink", "etc/link");
    ASSERT_TRUE(changed());
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.1")));
}

TEST_F(NameServersTest, OtherFilesBesideItAreNoNews) {
    follow("etc/resolv.conf");
    tree_.write("etc/other", "nameserver 10.0.0.9\n");
    tree_.write("etc/resolv.conf", "nameserver 10.0.0.1\n# the same\n");
    tree_.write("etc/resolv.conf", "nameserver 10.0.0.2\n");
    ASSERT_TRUE(changed());
    EXPECT_EQ(changes_, 1);
}

TEST_F(NameServersTest, WhatIsNoFileIsNotOpened) {
    ::mkfifo((tree_.path() + "/etc/fifo").c_str(), 0644);
    follow("etc/fifo");
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.1")));
    follow("etc");
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("127.0.0.1")));
}

TEST_F(NameServersTest, AreThoseOfTheBeginOfAnEndlessFile) {
    tree_.write("etc/resolv.conf", "nameserver 10.0.0.7\n" + std::string(1 << 20, 'x'));
    follow("etc/resolv.conf");
    EXPECT_THAT(servers_->addresses(), ElementsAre(at("10.0.0.7")));
}

}  // namespace
}  // namespace bulkhead::broker
