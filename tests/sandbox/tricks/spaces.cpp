// Other processes, other namespaces, the network: what a job sees of the rest of the host.
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

std::string number_of(const Place& place, const char* key) { return place.at(key); }

std::string open_of(const std::string& pid, const std::string& file, int flags = O_RDONLY) {
    return answer(sys::Fd(::open(("/proc/" + pid + "/" + file).c_str(), flags | O_CLOEXEC)).get());
}

// "own" or "host"
std::string space(const Place& place, const std::string& kind) {
    std::error_code failed;
    const auto link = std::filesystem::read_symlink("/proc/self/ns/" + kind, failed).string();
    if (failed) return failed.message();
    return link == place.at("ns-" + kind) ? "host" : "own";
}

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

std::string open_message_queue(const std::string& name) {
    const mqd_t queue = ::mq_open(name.c_str(), O_RDONLY);
    return answer(queue);
}

std::string interfaces() {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/sys/net/ipv4/conf")) {
        const auto name = entry.path().filename().string();
        if (name != "all" && name != "default") all += (all.empty() ? "" : " ") + name;
    }
    return all;
}

}  // namespace

std::vector<Trick> space_tricks() {
    const auto space_trick = [](const std::string& kind, Answers answers) {
        return Trick{"namespace-" + kind, "namespaces", std::move(answers),
                     [kind](const Place& place) { return space(place, kind); }};
    };
    return {
        space_trick("mnt", {"own", "own", "own", "host", "host"}),
        space_trick("net", {"own", "host", "own", "host", "host"}),
        space_trick("ipc", {"own", "own", "own", "host", "host"}),
        space_trick("uts", {"own", "own", "own", "host", "host"}),
        space_trick("pid", {"own", "host", "own", "host", "host"}),

        {"see-broker",
         "namespaces",
         {"ENOENT", "ok", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(number_of(place, "broker"), "comm"); }},
        {"signal-broker",
         "namespaces",
         {"ESRCH", "EPERM uid", "ESRCH", "ok", "ok"},
         [](const Place& place) { return answer(::kill(std::stoi(place.at("broker")), 0)); }},
        {"signal-worker",
         "namespaces",
         {"ESRCH", "EPERM uid", "ESRCH", "ok", "ok"},
         [](const Place& place) { return answer(::kill(std::stoi(place.at("worker")), 0)); }},
        {"pidfd-of-broker",
         "namespaces",
         {"ESRCH", "ok", "ESRCH", "ok", "ok"},
         [](const Place& place) {
             return answer(::syscall(SYS_pidfd_open, std::stoi(place.at("broker")), 0));
         }},
        {"read-brokers-memory",
         "namespaces",
         {"ENOENT", "EACCES", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(place.at("broker"), "mem"); }},
        {"write-brokers-memory",
         "namespaces",
         {"ENOENT", "EACCES", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(place.at("broker"), "mem", O_WRONLY); }},
        {"read-brokers-environment",
         "namespaces",
         {"ENOENT", "EACCES", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(place.at("broker"), "environ"); }},
        {"read-workers-memory",
         "namespaces",
         {"ENOENT", "EACCES", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(place.at("worker"), "mem"); }},
        {"open-brokers-script",
         "namespaces",
         {"ENOENT", "EACCES", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_of(place.at("broker"), "fd/2"); }},
        // Of a namespace of its own; of the host for admin.
        {"kill-init",
         "namespaces",
         {"EPERM@6|ok Landlock", "EPERM uid", "EPERM@6|ok Landlock", "ok", "ok"},
         [](const Place&) { return answer(::kill(1, 0)); }},

        {"shared-memory",
         "namespaces",
         {"ENOENT", "ENOENT", "ENOENT", "ok", "ok"},
         [](const Place& place) { return answer(::shmget(std::stoi(place.at("shm")), 1, 0)); }},
        {"message-queue",
         "namespaces",
         {"ENOENT", "ENOENT", "ENOENT", "ok", "ok"},
         [](const Place& place) { return open_message_queue(place.at("queue")); }},

        {"interfaces",
         "namespaces",
         {"lo", "*", "lo", "*", "*"},
         [](const Place&) { return interfaces(); }},
        {"connect-tcp",
         "namespaces",
         {"ENETUNREACH", "ok", "ENETUNREACH", "ok", "ok"},
         [](const Place& place) { return on_loopback(SOCK_STREAM, place.at("port"), ::connect); }},
        {"connect-udp",
         "namespaces",
         {"ENETUNREACH", "ok", "ENETUNREACH", "ok", "ok"},
         [](const Place& place) { return on_loopback(SOCK_DGRAM, place.at("port"), ::connect); }},
        // In a network of its own nobody else has taken it.
        {"bind-taken-port",
         "namespaces",
         {"ok", "EADDRINUSE", "ok", "EADDRINUSE", "EADDRINUSE"},
         [](const Place& place) { return on_loopback(SOCK_STREAM, place.at("port"), ::bind); }},
        {"connect-abstract-socket",
         "namespaces",
         {"EAFNOSUPPORT seccomp", "EPERM@6|ok Landlock", "EAFNOSUPPORT seccomp", "ok", "ok"},
         [](const Place& place) { return connect_local(place.at("abstract"), true); }},
        {"connect-open-socket",
         "seccomp",
         {"EAFNOSUPPORT", "ok", "EAFNOSUPPORT", "ok", "ok"},
         [](const Place& place) { return connect_local(place.at("root") + "/socket", false); }},
        {"connect-datagram-pair",
         "seccomp",
         {"EPERM", "ok", "EPERM", "ok", "ok"},
         [](const Place& place) {
             return connect_end_of_pair(SOCK_DGRAM, place.at("root") + "/datagrams");
         }},
        // To a local socket a raw one is a datagram one.
        {"connect-raw-pair",
         "seccomp",
         {"EPERM", "ok", "EPERM", "ok", "ok"},
         [](const Place& place) {
             return connect_end_of_pair(SOCK_RAW, place.at("root") + "/datagrams");
         }},
        // These keep the peer they were made with, and programs talk to their children by them.
        {"make-stream-pair",
         "seccomp",
         {"ok", "ok", "ok", "ok", "ok"},
         [](const Place&) { return make_pair_of(SOCK_STREAM); }},
        {"make-packet-pair",
         "seccomp",
         {"ok", "ok", "ok", "ok", "ok"},
         [](const Place&) { return make_pair_of(SOCK_SEQPACKET); }},
        {"connect-status-socket",
         "uid",
         {"EAFNOSUPPORT seccomp", "EACCES uid", "EAFNOSUPPORT seccomp", "ok", "ok"},
         [](const Place& place) {
             return connect_local(place.at("root") + "/run/status/bulkhead.sock", false);
         }},
    };
}

}  // namespace bulkhead::sandbox_test
