// Whom a job can connect to: the network, and sockets of the host.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

sockaddr_in loopback(const std::string& port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    return address;
}

std::string on_loopback(int type, const std::string& port,
                        int (*act)(int, const sockaddr*, socklen_t)) {
    const sys::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (!socket) return answer(-1);
    const auto address = loopback(port);
    return answer(act(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

std::string connect_local(const sys::Fd& socket, const std::string& name, bool abstract) {
    if (!socket) return answer(-1);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
    return answer(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address),
                            static_cast<socklen_t>(size)));
}

std::string connect_local(const std::string& name, bool abstract) {
    return connect_local(sys::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), name, abstract);
}

std::string make_pair_of(int type) {
    std::array<int, 2> ends{};  // the process ends with them
    return answer(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()));
}

// Without socket(2): an end of a pair of datagram sockets takes any other peer.
std::string connect_end_of_pair(int type, const std::string& name) {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return answer(-1);
    return connect_local(sys::Fd(ends[0]), name, false);
}
}  // namespace

std::vector<Trick> socket_tricks() {
    return {
        {.name = "connect-tcp",
         .layer = "namespaces",
         .answers = {.inspect = "ENETUNREACH",
                     .diagnose = "ok",
                     .maintain = "ENETUNREACH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return on_loopback(SOCK_STREAM, place.at("port"), ::connect);
             }},
        {.name = "connect-udp",
         .layer = "namespaces",
         .answers = {.inspect = "ENETUNREACH",
                     .diagnose = "ok",
                     .maintain = "ENETUNREACH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return on_loopback(SOCK_DGRAM, place.at("port"), ::connect);
             }},
        // In a network of its own nobody else has taken it.
        {.name = "bind-taken-port",
         .layer = "namespaces",
         .answers = {.inspect = "ok",
                     .diagnose = "EADDRINUSE",
                     .maintain = "ok",
                     .admin = "EADDRINUSE",
                     .bare = "EADDRINUSE"},
         .play =
             [](const Place& place) { return on_loopback(SOCK_STREAM, place.at("port"), ::bind); }},
        {.name = "connect-abstract-socket",
         .layer = "namespaces",
         .answers = {.inspect = "EAFNOSUPPORT seccomp",
                     .diagnose = "EPERM@6|ok Landlock",
                     .maintain = "EAFNOSUPPORT seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return connect_local(place.at("abstract"), true); }},
        {.name = "connect-open-socket",
         .layer = "seccomp",
         .answers = {.inspect = "EAFNOSUPPORT",
                     .diagnose = "ok",
                     .maintain = "EAFNOSUPPORT",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return connect_local(place.at("root") + "/socket", false); }},
        {.name = "connect-datagram-pair",
         .layer = "seccomp",
         .answers = {.inspect = "EPERM",
                     .diagnose = "ok",
                     .maintain = "EPERM",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_end_of_pair(SOCK_DGRAM, place.at("root") + "/datagrams");
             }},
        // To a local socket a raw one is a datagram one.
        {.name = "connect-raw-pair",
         .layer = "seccomp",
         .answers = {.inspect = "EPERM",
                     .diagnose = "ok",
                     .maintain = "EPERM",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_end_of_pair(SOCK_RAW, place.at("root") + "/datagrams");
             }},
        // These keep the peer they were made with, and programs talk to their children by them.
        {.name = "make-stream-pair",
         .layer = "seccomp",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return make_pair_of(SOCK_STREAM); }},
        {.name = "make-packet-pair",
         .layer = "seccomp",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return make_pair_of(SOCK_SEQPACKET); }},
        {.name = "connect-status-socket",
         .layer = "uid",
         .answers = {.inspect = "EAFNOSUPPORT seccomp",
                     .diagnose = "EACCES uid",
                     .maintain = "EAFNOSUPPORT seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_local(place.at("root") + "/run/status/bulkhead.sock", false);
             }},
    };
}

}  // namespace bulkhead::sandbox_test
