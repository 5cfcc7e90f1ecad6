#include "worker/host/inventory/own_sockets.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using Uids = std::vector<std::uint32_t>;

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "bulkhead-w0:x:990:990::/:/usr/sbin/nologin\n"
    "bulkhead-w1:x:977:977::/:/usr/sbin/nologin\n"
    "bulkhead-w16:x:970:970::/:/usr/sbin/nologin\n"
    "bulkhead-inspect:x:978:978::/:/usr/sbin/nologin\n"
    "bulkhead-w2:x:0:0::/:/bin/sh\n"
    "+nis\n"
    "bulkhead-w3:x:many:1::/:/bin/sh\n"
    "www1:x:33:33::/:/bin/sh";

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

Socket connection(const char* local, std::uint16_t local_port, const char* remote,
                  std::uint16_t remote_port, std::uint32_t inode, std::uint32_t uid) {
    return {.state = 1,
            .local = ip(local),
            .local_port = local_port,
            .remote = ip(remote),
            .remote_port = remote_port,
            .inode = inode,
            .uid = uid};
}

TEST(WorkerUids, AreThoseOfAllSlots) {
    EXPECT_EQ(worker_uids(kPasswd, 977), (Uids{977, 990}));
    EXPECT_EQ(worker_uids(kPasswd, 990), (Uids{990, 977}));
}

TEST(WorkerUids, AreTheOwnAloneWhereNoNameTellsMore) {
    EXPECT_EQ(worker_uids(kPasswd, 900), Uids{900}) << "an account without a line";
    EXPECT_EQ(worker_uids(kPasswd, 978), Uids{978}) << "a name without a number";
    EXPECT_EQ(worker_uids(kPasswd, 970), Uids{970}) << "there is no slot 16";
    EXPECT_EQ(worker_uids("7:x:7:7::/:/bin/sh\n8:x:8:8::/:/bin/sh\n", 7), Uids{7});
    EXPECT_EQ(worker_uids("", 1), Uids{1});
}

TEST(OwnSockets, GoWithTheirOtherEndsOnThisHostAndNoOthers) {
    std::vector<Socket> all{
        connection("127.0.0.1", 52'256, "127.0.0.1", 443, 1, 990),               // ours
        connection("::ffff:127.0.0.1", 443, "::ffff:127.0.0.1", 52'256, 2, 33),  // its other end
        connection("127.0.0.1", 443, "127.0.0.1", 52'257, 3, 33),                // another client's
        connection("192.0.2.9", 52'258, "198.51.100.7", 443, 4, 0),              // root's
        connection("192.0.2.9", 52'259, "198.51.100.7", 443, 0, 990)};  // nobody's any more
    all.push_back({.state = 10, .local_port = 443, .inode = 5, .uid = 33});
    remove_own_sockets(all, Uids{990, 977}, {});
    Uids left;
    for (const auto& socket : all) left.push_back(socket.inode);
    EXPECT_EQ(left, (Uids{3, 4, 0, 5}));
}

TEST(OwnSockets, ThatHaveEndedAreToldByTheBackendTheyLedTo) {
    const std::vector<Endpoint> backends{{ip("192.0.2.9"), 443}};
    std::vector<Socket> all{
        connection("192.0.2.7", 52'256, "192.0.2.9", 443, 0, 0),           // ours
        connection("::ffff:192.0.2.9", 443, "::ffff:192.0.2.9", 5, 0, 0),  // its end on this host
        connection("192.0.2.9", 443, "192.0.2.8", 6, 0, 0),                // another host's
        connection("192.0.2.7", 7, "192.0.2.9", 443, 8, 33),               // somebody still has it
        connection("192.0.2.7", 9, "192.0.2.9", 444, 0, 0)};
    remove_own_sockets(all, {}, backends);
    Uids left;
    for (const auto& socket : all) left.push_back(socket.remote_port);
    EXPECT_EQ(left, (Uids{6, 443, 444}));
}

// A worker listens on nothing; a container's process may have its number.
TEST(OwnSockets, AreNoListeners) {
    std::vector<Socket> all{{.state = 10, .local_port = 80, .inode = 1, .uid = 990},
                            {.state = 10, .local_port = 80, .inode = 2, .uid = 33}};
    remove_own_sockets(all, Uids{990}, {});
    EXPECT_EQ(all.size(), 2U);
}

}  // namespace
}  // namespace bulkhead::worker
