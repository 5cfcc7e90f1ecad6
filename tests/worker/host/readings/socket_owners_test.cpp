#include "worker/host/readings/socket_owners.hpp"

#include <gtest/gtest.h>

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::worker {
namespace {

Bytes rows(std::initializer_list<std::tuple<std::uint64_t, std::uint32_t, std::string_view>> all) {
    protocol::Encoder out;
    for (const auto& [inode, pid, name] : all) {
        protocol::SocketOwner row{.inode = inode, .pid = pid};
        std::ranges::copy(as_bytes(name), row.name.begin());
        out.put(row);
    }
    return out.bytes();
}

TEST(SocketOwners, ARowHasTheSizeItSays) {
    EXPECT_EQ(rows({{1, 2, "sshd"}}).size(), protocol::SocketOwner::kBytes);
}

TEST(SocketOwners, AreFoundByTheirInode) {
    const auto owners =
        parse_socket_owners(rows({{4'711, 12, "sshd"}, {5, 13, "a b\xff"}})).value();
    EXPECT_EQ(owners.by_inode.size(), 2U);
    EXPECT_EQ(owners.by_inode.at(4'711).pid, 12U);
    EXPECT_EQ(owners.by_inode.at(4'711).name, "sshd");
    EXPECT_EQ(owners.by_inode.at(5).name, "a b\xff");
    EXPECT_TRUE(parse_socket_owners({}).value().by_inode.empty());
}

TEST(SocketOwners, ASharedSocketIsTheLowestProcesss) {
    const auto owners =
        parse_socket_owners(rows({{1, 100, "child"}, {1, 99, "parent"}, {1, 101, "child"}}))
            .value();
    EXPECT_EQ(owners.by_inode.at(1).name, "parent");
}

TEST(SocketOwners, HalfARowIsAnError) {
    auto bytes = rows({{1, 2, "sshd"}});
    bytes.pop_back();
    EXPECT_EQ(parse_socket_owners(bytes).error().what, "socket owners: not whole rows");
}

}  // namespace
}  // namespace bulkhead::worker
