#include "broker/reads/socket_owners.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::Contains;
using testing::ElementsAre;

// "inode pid name" for each.
std::vector<std::string> rows(const Reading& owners) {
    std::vector<std::string> lines;
    std::vector<sys::Fd> none;
    EXPECT_EQ(owners.bytes.size() % protocol::SocketOwner::kBytes, 0U);
    for (std::size_t at = 0; at < owners.bytes.size(); at += protocol::SocketOwner::kBytes) {
        protocol::SocketOwner owner;
        const auto one = as_bytes(owners.bytes).subspan(at, protocol::SocketOwner::kBytes);
        EXPECT_TRUE(protocol::Decoder(one, none).get(owner));
        const auto name = as_text(owner.name);
        lines.push_back(std::to_string(owner.inode) + " " + std::to_string(owner.pid) + " " +
                        std::string(name.substr(0, name.find('\0'))));
    }
    return lines;
}

TEST(SocketOwners, ASocketOfOursIsFoundUnderOurNumberAndName) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const sys::Fd one(ends[0]);
    const sys::Fd two(ends[1]);
    const auto owners = read_socket_owners(1 << 20).value();
    for (const int fd : ends) {
        struct stat info {};
        ASSERT_EQ(::fstat(fd, &info), 0);
        EXPECT_THAT(rows(owners), Contains(std::to_string(info.st_ino) + " " +
                                           std::to_string(::getpid()) + " broker_reads_te"));
    }
}

TEST(SocketOwners, OnlySocketsCountAndOddNamesStayWhatTheyAre) {
    const auto proc = test::tree({{"12/comm", "a b)\xff\n"}, {"self/comm", "x\n"}, {"stat", ""}});
    proc.link("12/fd/0", "/dev/null");
    proc.link("12/fd/1", "socket:[4711]");
    proc.link("12/fd/2", "socket:[18446744073709551616]");
    proc.link("12/fd/3", "socket:[12x]");
    proc.link("12/fd/4", "socket:[12");
    proc.link("12/fd/5", "/tmp/" + std::string(200, 'x'));
    proc.link("12/fd/6", "pipe:[12345678]");
    proc.link("13/fd/1", "socket:[1]");
    proc.link("self/fd/1", "socket:[2]");
    const auto owners = read_socket_owners(1 << 20, proc.path()).value();
    EXPECT_THAT(rows(owners), ElementsAre("4711 12 a b)\xff", "1 13 "));
    EXPECT_TRUE(owners.complete);
}

TEST(SocketOwners, WhatMayNotBeLookedAtLeavesTheReadingIncomplete) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user for a while";
    const auto proc = test::tree({{"12/comm", "ours\n"}, {"13/comm", "theirs\n"}});
    proc.link("12/fd/1", "socket:[4711]");
    proc.link("13/fd/1", "socket:[4712]");
    ASSERT_EQ(::chmod(proc.path().c_str(), 0755), 0);
    for (const auto* folder : {"12", "12/fd", "13"}) {
        ASSERT_EQ(::chmod((proc.path() + "/" + folder).c_str(), 0755), 0);
    }
    ASSERT_EQ(::chmod((proc.path() + "/13/fd").c_str(), 0700), 0);
    ASSERT_EQ(::seteuid(65534), 0);
    const auto owners = read_socket_owners(1 << 20, proc.path());
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_THAT(rows(*owners), ElementsAre("4711 12 ours"));
    EXPECT_FALSE(owners->complete);
}

TEST(SocketOwners, AtItsBoundTheReadingEndsAndSaysSo) {
    const auto proc = test::tree({{"12/comm", "many\n"}});
    for (int i = 0; i < 20; ++i) {
        proc.link("12/fd/" + std::to_string(i), "socket:[" + std::to_string(i) + "]");
    }
    const auto cut = read_socket_owners(10 * protocol::SocketOwner::kBytes + 5, proc.path());
    EXPECT_EQ(rows(*cut).size(), 10U);
    EXPECT_FALSE(cut->complete);
    const auto whole = read_socket_owners(20 * protocol::SocketOwner::kBytes, proc.path());
    EXPECT_EQ(rows(*whole).size(), 20U);
    EXPECT_TRUE(whole->complete);
}

}  // namespace
}  // namespace bulkhead::broker
